# shellcheck shell=sh
# Sourced by the scripts beside it: bare Debian roots, where apt works as it does on this machine.

# make_base_tar CACHE SUITE: makes CACHE/SUITE.tar, a root with nothing but Debian's required
# packages, unless it is there already.
make_base_tar() {
    base_tar=$1/$2.tar
    [ ! -f "$base_tar" ] || return 0
    command -v debootstrap >/dev/null || apt-get -qq install --no-install-recommends debootstrap
    # shellcheck disable=SC2016 # apt's variable
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' |
        head -n 1)
    echo "making a bare root of $2"
    mkdir -p "$1"
    rm -rf "$1/$2.new"
    if ! debootstrap --variant=minbase "$2" "$1/$2.new" "$mirror" >"$1/$2.log" 2>&1; then
        tail -n 20 "$1/$2.log" >&2
        return 1
    fi
    # Proxies and the like. The directories that it names are the usual ones.
    apt-config dump Acquire >"$1/$2.new/etc/apt/apt.conf.d/99host"
    tar -C "$1/$2.new" -cf "$base_tar.part" .
    rm -rf "$1/$2.new"
    mv "$base_tar.part" "$base_tar"
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
    curl -fsS http://127.0.0.1:9090/readyz >/dev/null
    curl -fsS http://127.0.0.1:8080/ | grep -qi '<html'
    [ "$(curl -fsS --data-binary hello http://127.0.0.1:8080/echo)" = hello ]
    [ "$(printf 'hello\n' | nc -N -w 5 127.0.0.1 7007)" = hello ]
    printf 'NICK guest\r\nUSER guest 0 * :guest\r\nQUIT\r\n' | nc -w 5 127.0.0.1 6667 |
        grep -q ' 001 guest '
}
