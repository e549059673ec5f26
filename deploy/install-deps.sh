#!/bin/sh
# Installs what simul needs from Debian's packages (Debian 12 and 13), and for the tests from npm.
# Asks first what is missing, and says and does nothing when that is nothing.
#   deploy/install-deps.sh [--list] [build|run|package|test-server|test|docker|bench]
#     build        what compiles it (the default)
#     run          the shared libraries alone, for a machine that gets the finished program
#     package      what compiles it and makes a Debian package of it
#     test-server  what compiles it and what tests/steps/{unit,integration}.sh use
#     test         what compiles it and what tests/run.sh uses
#     docker       what tests/docker.sh uses beside that of test-server
#     bench        what compiles it and the servers that loadtest/bench compares it with
# --list prints the names of the packages and installs nothing.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)

fail() {
    echo "install-deps.sh: $*" >&2
    exit 1
}

# The names that differ between releases. llhttp has a library in Debian 13; in Debian 12 its C
# sources come inside node-llhttp.
name_packages() {
    command -v apt-get >/dev/null || fail "this is not Debian: see the package names in $0"
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "${VERSION_ID:-}")
    case $release in
    12) llhttp=node-llhttp llhttp_run='' clang_rt=libclang-rt-14-dev ev_run=libev4 ssl_run=libssl3
        promtool=prometheus docker=docker.io ;;
    *) llhttp=libllhttp-dev llhttp_run=libllhttp9.2 clang_rt=libclang-rt-19-dev
        ev_run=libev4t64 ssl_run=libssl3t64 promtool="promtool prometheus"
        docker="docker.io docker-cli" ;;
    esac

    run_packages="$ev_run $ssl_run $llhttp_run libwslay1 libinih1 libjansson4 libseccomp2
        zlib1g"
    build_packages="gcc libc6-dev cmake ninja-build libev-dev libwslay-dev $llhttp libssl-dev
        libinih-dev libjansson-dev libseccomp-dev zlib1g-dev"
    deb_packages="dpkg-dev file"
    server_test_packages="clang libcriterion-dev procps python3 python3-pytest python3-pytest-xdist
        python3-websockets libwebsockets-dev pkgconf ca-certificates curl openssl netcat-openbsd ii
        irssi weechat-headless weechat-plugins mandoc testssl.sh systemd busybox logrotate"
    server_test_programs="haproxy nginx libnginx-mod-stream ngircd $promtool"
    other_test_packages="clang-tidy $clang_rt gcc-aarch64-linux-gnu libc6-dev-arm64-cross valgrind
        chromium mmdebstrap systemd-container"
    bench_packages="libwebsockets-dev pkgconf python3"
    docker_packages="mmdebstrap iproute2"
    docker_programs=''
    # A node or an engine that is there already, from wherever, does.
    command -v dockerd >/dev/null || docker_packages="$docker_packages $docker"
    docker compose version >/dev/null 2>&1 || case $release in
    12) docker_programs="docker-compose" ;; # of Debian 13: it has version 1 itself
    *) docker_packages="$docker_packages docker-compose" ;;
    esac
    node='' npm=''
    command -v node >/dev/null || node=nodejs
    command -v npm >/dev/null || npm=npm
}

# Prints those of its arguments that are not installed.
list_missing() {
    installed=" $(dpkg-query -W -f '${Package}/${db:Status-Status} ' "$@" 2>/dev/null || true)"
    for package in "$@"; do
        case $installed in
        *" $package/installed "*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "not root and there is no sudo. As root, run:
  apt-get install --no-install-recommends $missing"
    fi
}

# What apt says is shown only where it fails.
apt_get() {
    output=$(as_root env DEBIAN_FRONTEND=noninteractive ${APT_CONFIG:+"APT_CONFIG=$APT_CONFIG"} \
        apt-get -qq -o DPkg::Lock::Timeout=300 "$@" 2>&1) || {
        echo "$output" >&2
        exit 1
    }
}

install_packages() {
    missing=$(list_missing "$@")
    [ -n "$missing" ] || return 0
    echo "installing from Debian: $missing"
    apt_get update
    # shellcheck disable=SC2086 # a list of words
    apt_get install --no-install-recommends $missing
}

# Programs whose packages would also start services on this machine: they and the libraries that
# they need go to build-tools/, not into the system.
unpack_programs() {
    tools=$root/build-tools
    wanted=''
    for package in "$@"; do
        grep -qsx "$package" "$tools/packages" || wanted="$wanted $package"
    done
    [ -n "$wanted" ] || return 0
    echo "unpacking from Debian:$wanted"
    apt_get update
    mkdir -p "$tools"
    # shellcheck disable=SC2086 # a list of words
    missing=$(apt-get -qq --simulate --no-install-recommends install $wanted |
        sed -n 's/^Inst \([^ ]*\) .*/\1/p')
    # shellcheck disable=SC2086 # a list of words
    [ -z "$missing" ] || (cd "$tools" &&
        apt-get -qq -o APT::Sandbox::User=root download $missing &&
        for archive in *.deb; do dpkg-deb -x "$archive" .; done &&
        rm ./*.deb)
    # shellcheck disable=SC2086 # a list of words
    printf '%s\n' $wanted >>"$tools/packages"
}

# Where this machine gets Debian's packages from; nothing, if it has not looked yet.
print_mirror() {
    # shellcheck disable=SC2016 # apt's variable
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1
}

# From here on apt sees the packages of Debian 13, by lists of their own; the system knows nothing of
# them.
use_debian_13() {
    apt=$root/build-tools/debian13
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    mirror=$(print_mirror)
    [ -n "$mirror" ] || {
        apt_get update
        mirror=$(print_mirror)
    }
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" \
        >"$apt/sources.list"
    cat >"$apt/apt.conf" <<HERE
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
HERE
    export APT_CONFIG="$apt/apt.conf"
}

install_node_modules() {
    lock=$root/tests/package-lock.json
    installed_lock=$root/tests/node_modules/.installed-lock.json
    cmp -s "$lock" "$installed_lock" && return 0
    echo "installing from npm what tests/package.json names"
    npm ci --silent --no-audit --no-fund --ignore-scripts --prefix "$root/tests"
    cp "$lock" "$installed_lock"
}

name_packages
list=no
if [ "${1:-}" = --list ]; then
    list=yes
    shift
fi
programs='' later_programs=''
case ${1:-build} in
build) packages=$build_packages ;;
run) packages=$run_packages ;;
package) packages="$build_packages $deb_packages" ;;
test-server)
    packages="$build_packages $server_test_packages $node"
    programs=$server_test_programs
    ;;
test)
    packages="$build_packages $deb_packages $server_test_packages $other_test_packages $node
        $npm"
    programs=$server_test_programs
    ;;
docker)
    packages=$docker_packages
    later_programs=$docker_programs
    ;;
bench)
    packages="$build_packages $bench_packages $node $npm"
    programs="ngircd inspircd"
    ;;
*) fail "usage: $0 [--list] [build|run|package|test-server|test|docker|bench]" ;;
esac
# shellcheck disable=SC2086 # lists of words
if [ $list = yes ]; then
    echo $packages $programs $later_programs
    exit
fi
# shellcheck disable=SC2086 # lists of words
install_packages $packages
# shellcheck disable=SC2086 # a list of words
[ -z "$later_programs" ] || (use_debian_13 && unpack_programs $later_programs)
[ -n "$programs" ] || exit 0
# shellcheck disable=SC2086 # a list of words
unpack_programs $programs
install_node_modules
