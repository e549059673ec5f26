# shellcheck shell=sh
# Sourced by the steps that try the Debian package, after common.sh: the package, and roots of this
# machine's own release to install it in, since the libraries must fit.
: "${root:?common.sh comes first}"
# shellcheck source=tests/deploy/base_root.sh
. "$root/tests/deploy/base_root.sh"

package_work=$root/build-test/package
package_release=$(. /etc/os-release && echo "$VERSION_CODENAME")
# The root that others are copied from stays here for the next run; remove it for a fresh one.
package_root=$package_work/$package_release
package=$package_work/simul.deb
package_newer=$package_work/simul-newer.deb

# Built from a copy of the sources, so that what depends on where they lie would differ from build/.
build_package() {
    rm -rf "$package_work/source"
    mkdir -p "$package_work/source"
    tar -C "$root" --exclude='./build*' --exclude=./.git --exclude=./tests -cf - . |
        tar -C "$package_work/source" -xf -
    cmake -S "$package_work/source" -B "$package_work/build" -G Ninja -DCMAKE_INSTALL_PREFIX=/usr \
        >/dev/null &&
        cmake --build "$package_work/build" -- --quiet || return 1
    pack "$package"
}

# pack FILE: what is built, in a package that claims to be as old as its changelog.
pack() {
    rm -rf "$package_work/cpack"
    SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$root/deploy/debian/changelog" -S Timestamp) \
        sh -c 'cd "$1/build" && cpack -B "$1/cpack"' sh "$package_work" >"$package_work/cpack.log" || {
        cat "$package_work/cpack.log"
        return 1
    }
    cp "$package_work"/cpack/simul_*.deb "$1"
}

# The same once more as the next version, whose default settings differ in a line.
build_newer_package() {
    rm -rf "$package_work/newer"
    dpkg-deb -R "$package" "$package_work/newer"
    sed -i 's/^Version: .*/&+newer/' "$package_work/newer/DEBIAN/control"
    echo '; the newer default' >>"$package_work/newer/etc/simul/simuld.conf"
    dpkg-deb --root-owner-group -Zgzip -b "$package_work/newer" "$package_newer" >/dev/null
}

make_package_root() {
    [ ! -d "$package_root" ] || return 0
    make_base_tar "${TMPDIR:-/tmp}/simul-roots" "$package_release"
    rm -rf --one-file-system "$package_root.new"
    unpack_root "$package_root.new"
    # Nobody misses it when this machine loses its power.
    echo force-unsafe-io >"$package_root.new/etc/dpkg/dpkg.cfg.d/unsafe-io"
    (apt_in_root "$package_root.new" update &&
        apt_in_root "$package_root.new" install systemd systemd-sysv dbus logrotate man-db)
    mv "$package_root.new" "$package_root"
}

# apt_in_root DIRECTORY ARGUMENTS…: settings that somebody has changed stay, which apt otherwise
# asks about.
apt_in_root() {
    apt_directory=$1
    shift
    (in_root "$apt_directory" env DEBIAN_FRONTEND=noninteractive apt-get -qq \
        --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@")
}

# copy_package_root DIRECTORY: a root of one's own, with both packages in /packages.
copy_package_root() {
    rm -rf --one-file-system "$1"
    cp -a "$package_root" "$1"
    mkdir "$1/packages"
    cp "$package" "$package_newer" "$1/packages/"
}

# leaves_nothing DIRECTORY: nothing in a root has our name, but pages that man keeps as it does.
leaves_nothing() {
    left=$(cd "$1" && find . -xdev -name '*simul*' ! -path './packages/*' ! -path './var/cache/man/*')
    [ -z "$left" ] || {
        echo "left behind: $left"
        return 1
    }
}
