#!/bin/sh
# Installs what simul needs from Debian's packages (Debian 12 and 13), and for the tests from npm.
# Asks first what is missing, and says and does nothing when that is nothing.
#   deploy/install-deps.sh [build|run|test]
#     build  what compiles it (the default)
#     run    the shared libraries alone, for a machine that gets the finished program
#     test   what compiles it and what tests/run.sh uses
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
    12) llhttp=node-llhttp llhttp_run='' clang_rt=libclang-rt-14-dev ev_run=libev4 ssl_run=libssl3 ;;
    *) llhttp=libllhttp-dev llhttp_run=libllhttp9.2 clang_rt=libclang-rt-19-dev
        ev_run=libev4t64 ssl_run=libssl3t64 ;;
    esac

    run_packages="$ev_run $ssl_run $llhttp_run libwslay1 libinih1 libjansson4"
    build_packages="gcc libc6-dev cmake ninja-build libev-dev libwslay-dev $llhttp libssl-dev
        libinih-dev libjansson-dev"
    test_packages="clang clang-tidy $clang_rt gcc-aarch64-linux-gnu libc6-dev-arm64-cross libcriterion-dev
        valgrind procps python3 python3-pytest python3-websockets ca-certificates curl openssl
        netcat-openbsd ii chromium"
    # A node that is there already, from wherever, does.
    command -v node >/dev/null || test_packages="$test_packages nodejs"
    command -v npm >/dev/null || test_packages="$test_packages npm"
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
    output=$(as_root env DEBIAN_FRONTEND=noninteractive \
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

# promtool alone, out of prometheus' package: installing that would also start its service, on the
# port where simuld has its metrics.
install_promtool() {
    tools=$root/build-tools
    command -v promtool >/dev/null || [ -x "$tools/promtool" ] && return 0
    echo "installing from Debian: promtool (out of prometheus)"
    rm -rf "$tools/unpacked"
    mkdir -p "$tools/unpacked"
    (cd "$tools/unpacked" && apt-get -qq -o APT::Sandbox::User=root download prometheus &&
        dpkg-deb -x prometheus_*.deb . && mv usr/bin/promtool ..)
    rm -rf "$tools/unpacked"
}

install_node_modules() {
    lock=$root/tests/package-lock.json
    installed_lock=$root/tests/node_modules/.installed-lock.json
    cmp -s "$lock" "$installed_lock" && return 0
    echo "installing from npm: ws, playwright-core"
    npm ci --silent --no-audit --no-fund --ignore-scripts --prefix "$root/tests"
    cp "$lock" "$installed_lock"
}

name_packages
# shellcheck disable=SC2086 # lists of words
case ${1:-build} in
build) install_packages $build_packages ;;
run) install_packages $run_packages ;;
test)
    install_packages $build_packages $test_packages
    install_promtool
    install_node_modules
    ;;
*) fail "usage: $0 [build|run|test]" ;;
esac
