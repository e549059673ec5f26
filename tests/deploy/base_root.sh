# shellcheck shell=sh
# Sourced by the scripts beside it: bare Debian roots, where apt works as it does on this machine.

# make_base_tar CACHE SUITE: makes CACHE/SUITE.tar, a root with nothing but Debian's required
# packages, unless it is there already.
make_base_tar() {
    base_tar=$1/$2.tar
    [ ! -f "$base_tar" ] || return 0
    command -v mmdebstrap >/dev/null || apt-get -qq install --no-install-recommends mmdebstrap
    # shellcheck disable=SC2016 # apt's variable
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' |
        head -n 1)
    echo "making a bare root of $2"
    mkdir -p "$1"
    # Proxies and the like. The directories that it names are the usual ones.
    apt-config dump Acquire >"$1/$2.apt.conf"
    if ! mmdebstrap --variant=minbase --format=tar --aptopt="$1/$2.apt.conf" "$2" "$base_tar.part" \
        "$mirror" >"$1/$2.log" 2>&1; then
        tail -n 20 "$1/$2.log" >&2
        return 1
    fi
    mv "$base_tar.part" "$base_tar"
}

# unpack_root DIRECTORY: the root of base_tar, where names are resolved and certificates trusted as
# they are here.
unpack_root() {
    mkdir -p "$1"
    tar -C "$1" -xf "$base_tar"
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    [ -z "${NODE_EXTRA_CA_CERTS:-}" ] || cp -L "$NODE_EXTRA_CA_CERTS" "$1/etc/host-ca.pem"
}

# in_root DIRECTORY COMMAND…: becomes the command, inside the root. It sees mounts and processes of
# its own, which end with it, and nothing of this machine's environment but how the network is
# reached. The directory $packages, if set, keeps the packages that apt fetches.
in_root() {
    directory=$1
    shift
    # shellcheck disable=SC2016 # expanded inside
    exec unshare --mount --pid --fork --kill-child sh -euc '
        root=$1 packages=$2
        shift 2
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        [ -z "$packages" ] || mount --bind "$packages" "$root/var/cache/apt/archives"
        exec env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
            ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS=/etc/host-ca.pem} \
            chroot "$root" "$@"' in_root "$directory" "${packages:-}" "$@"
}

# copy_checkout DIRECTORY: what is committed here, as a fresh clone has it.
copy_checkout() {
    mkdir -p "$1"
    checkout=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
    git -C "$checkout" archive HEAD | tar -C "$1" -xf -
}

# wait_for SECONDS COMMAND…: until the command succeeds.
wait_for() {
    tries=$(($1 * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.2
    done
}

# check_server: the default listeners of this machine's loopback all answer.
check_server() {
    curl -fsS http://127.0.0.1:9090/readyz >/dev/null &&
        curl -fsS http://127.0.0.1:8080/ | grep -qi '<html' &&
        [ "$(curl -fsS --data-binary hello http://127.0.0.1:8080/echo)" = hello ] &&
        [ "$(printf 'hello\n' | nc -N -w 30 127.0.0.1 7007)" = hello ] &&
        printf 'NICK guest\r\nUSER guest 0 * :guest\r\nQUIT\r\n' | nc -w 30 127.0.0.1 6667 |
        grep -q ' 001 guest '
}
