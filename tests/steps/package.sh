#!/bin/sh
# What cmake --install and cpack make: staged prefixes, and the Debian package, which is installed,
# upgraded, removed and purged in a bare root of this machine's own release.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/deploy/package.sh
. "$root/tests/deploy/package.sh"
# shellcheck source=tests/deploy/booted_root.sh
. "$root/tests/deploy/booted_root.sh"

stage=$package_work/stage
guest=$package_work/chroot
settings=$guest/etc/simul/simuld.conf

# --- staged ------------------------------------------------------------------------------------

# list_files DIRECTORY
list_files() {
    (cd "$1" && find . -type f | sort)
}

# Of a prefix, but for its settings.
expected_files() {
    cat <<'HERE'
./bin/simul-load
./bin/simuld
./lib/systemd/system/simuld.service
./lib/systemd/system/simuld.socket
./share/doc/simul/README.md
./share/doc/simul/SECURITY.md
./share/doc/simul/copyright
./share/doc/simul/sysctl.md
./share/man/man1/simul-load.1
./share/man/man5/simuld.conf.5
./share/man/man8/simuld.8
./share/simul/grafana/simul.json
./share/simul/prometheus/prometheus.yml
./share/simul/prometheus/simul.rules.yml
HERE
}

expected_settings() {
    printf './etc/%s\n' logrotate.d/simul simul/simuld.conf
}

prefix_has_all_files() {
    rm -rf "$stage"
    cmake --install "$root/build" --prefix "$stage" >/dev/null || return 1
    { expected_settings && expected_files; } | sort >"$package_work/expected"
    list_files "$stage" | diff "$package_work/expected" - &&
        grep -q "^ExecStart=$stage/bin/simuld -c $stage/etc/simul/simuld.conf\$" \
            "$stage/lib/systemd/system/simuld.service"
}

# On free ports, and with settings that somebody has changed.
prefix_serves() {
    sed -i '1i drain_seconds = 0' "$stage/etc/simul/simuld.conf"
    "$stage/bin/simuld" -t -c "$stage/etc/simul/simuld.conf" || return 1
    rm -f "$stage.log" # the last run's is ready already
    "$stage/bin/simuld" -c "$stage/etc/simul/simuld.conf" -o listen.web.port=0 \
        -o listen.irc.port=0 -o listen.echo.port=0 -o admin.port=0 >"$stage.log" 2>&1 &
    server=$!
    wait_for 60 grep -q '^ready' "$stage.log"
    was_ready=$?
    kill "$server"
    wait "$server" && [ "$was_ready" -eq 0 ]
}

settings_are_kept() {
    cmake --install "$root/build" --prefix "$stage" | grep -q '^-- Kept: .*/simuld.conf' &&
        grep -q '^drain_seconds = 0' "$stage/etc/simul/simuld.conf"
}

programs_are_reproducible() {
    cmp "$root/build/bin/simuld" "$package_work/build/bin/simuld" &&
        cmp "$root/build/bin/simul-load" "$package_work/build/bin/simul-load"
}

destdir_has_all_files() {
    rm -rf "$stage"
    DESTDIR=$stage cmake --install "$package_work/build" >/dev/null || return 1
    { expected_settings && expected_files | sed 's,^\.,./usr,'; } | sort >"$package_work/expected"
    list_files "$stage" | diff "$package_work/expected" - &&
        grep -q '^ExecStart=/usr/bin/simuld -c /etc/simul/simuld.conf$' \
            "$stage/usr/lib/systemd/system/simuld.service"
}

# --- the package -------------------------------------------------------------------------------

# has_field NAME PATTERN
has_field() {
    value=$(dpkg-deb -f "$package" "$1")
    echo "$value" | grep -qE "$2" || {
        echo "$1: $value"
        return 1
    }
}

control_is_sane() {
    has_field Package '^simul$' &&
        has_field Version "^$("$package_work/build/bin/simuld" --version | cut -d ' ' -f 2)\$" &&
        has_field Architecture "^$(dpkg --print-architecture)\$" &&
        has_field Depends 'libc6 .*libev4.*libssl3.*libwslay1' &&
        has_field Description '^echo and chat server' &&
        has_field Installed-Size '^[0-9]+$'
}

conffiles_are_all_in_etc() {
    dpkg-deb --fsys-tarfile "$package" | tar -t | sed -n 's,^\.\(/etc/.*[^/]\)$,\1,p' | sort \
        >"$package_work/expected"
    dpkg-deb -I "$package" conffiles | sort | diff "$package_work/expected" -
}

# Directories and programs are for all to enter and to run, files to read, and root's to change.
modes_are_right() {
    wrong=$(dpkg-deb -c "$package" | awk '
        /^d/ || $6 ~ "^./usr/bin/[^/]+$" { expected = "rwxr-xr-x" }
        /^-/ && $6 !~ "^./usr/bin/" { expected = "rw-r--r--" }
        substr($1, 2) != expected || $2 != "root/root"')
    [ -z "$wrong" ] || {
        echo "$wrong"
        return 1
    }
}

changelog_is_of_this_version() {
    dpkg-deb --fsys-tarfile "$package" | tar -xO ./usr/share/doc/simul/changelog.gz | gunzip |
        dpkg-parsechangelog -l - -S Version | grep -qx "$(dpkg-deb -f "$package" Version)"
}

# Later, and with files that are from another time.
package_is_reproducible() {
    touch "$package_work/source/README.md" && pack "$package_work/again.deb" &&
        cmp "$package" "$package_work/again.deb"
}

pages_are_compressed() {
    [ "$(dpkg-deb -c "$package" | grep -cE '/man/man[158]/[a-z.-]+\.[158]\.gz$')" -eq 3 ]
}

# --- in a root ---------------------------------------------------------------------------------

files_are_as_packed() {
    said=$(in_root "$guest" dpkg --verify simul) && [ -z "$said" ]
}

man_finds_pages() {
    (in_root "$guest" man -w 8 simuld) && (in_root "$guest" man -w 5 simuld.conf) &&
        (in_root "$guest" man -w 1 simul-load)
}

# In a network of its own, since ports of this machine's may be taken.
serve_by_default() {
    # shellcheck disable=SC2016 # expanded inside
    exec unshare --net sh -euc '
        . "$1/tests/deploy/base_root.sh"
        busybox ip link set lo up
        in_root "$2" simuld -c /etc/simul/simuld.conf' sh "$root" "$guest"
}

package_serves_by_default() {
    rm -f "$guest.log"
    serve_by_default >"$guest.log" 2>&1 &
    server=$!
    wait_for 60 grep -q '^ready' "$guest.log" && check_server_of "$server"
    was_good=$?
    kill "$(pgrep -P "$server")" || true
    if ! wait "$server" || [ "$was_good" -ne 0 ]; then
        cat "$guest.log"
        return 1
    fi
}

upgrade_keeps_settings() {
    echo '; changed by hand' >>"$settings"
    apt_in_root "$guest" install /packages/simul-newer.deb &&
        (in_root "$guest" dpkg -s simul) | grep -q '^Version: .*+newer$' &&
        grep -q '^; changed by hand' "$settings" && ! grep -q '^; the newer default' "$settings" &&
        grep -q '^; the newer default' "$settings.dpkg-dist"
}

remove_leaves_settings() {
    apt_in_root "$guest" remove simul && grep -q '^; changed by hand' "$settings" &&
        [ -z "$(find "$guest/usr" -name '*simul*')" ]
}

purge_leaves_nothing() {
    apt_in_root "$guest" purge simul && leaves_nothing "$guest"
}

clean_up() {
    rm -rf --one-file-system "$guest" "$stage"
}

mkdir -p "$package_work"
trap clean_up EXIT
trap 'exit 1' INT TERM
build_release
check "a prefix has all files" prefix_has_all_files
check "what is installed there serves" prefix_serves
check "settings that are there are kept" settings_are_kept
check "there is a package" build_package
check "the programs are the same, built elsewhere" programs_are_reproducible
check "DESTDIR has all files" destdir_has_all_files
check "the package's description is sane" control_is_sane
check "its settings are conffiles" conffiles_are_all_in_etc
check "its files have the right modes" modes_are_right
check "its manual pages are compressed" pages_are_compressed
check "its changelog is of this version" changelog_is_of_this_version
check "it is the same when it is made again" package_is_reproducible

[ "$(id -u)" -eq 0 ] || skip "only root may make a root to install the package in"
unshare --mount --pid --net --fork mount -t tmpfs none /mnt || skip "this machine allows no mounts"
build_newer_package
make_package_root
copy_package_root "$guest"
apt_in_root "$guest" update
check "apt installs it" apt_in_root "$guest" install /packages/simul.deb
check "its files are as packed" files_are_as_packed
check "man finds its pages" man_finds_pages
check "it serves with its default settings" package_serves_by_default
check "an upgrade keeps settings" upgrade_keeps_settings
check "removing it leaves the settings" remove_leaves_settings
check "purging it leaves nothing" purge_leaves_nothing
