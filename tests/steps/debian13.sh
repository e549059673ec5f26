#!/bin/sh
# Debian 13, which CI's machines are not: a root of it gets what deploy/install-deps.sh installs;
# both compilers build there, and the unit tests and the integration tests with one loop run under
# the sanitizers; not those with thousands of slow peers, to which a release makes no difference. The
# root stays in build-test/debian13 for the next run; remove that for a fresh one.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/deploy/base_root.sh
. "$root/tests/deploy/base_root.sh"

cache=$root/build-test/debian13
guest=$cache/root

# skip REASON
skip() {
    echo "SKIPPED: $*"
    count 0 0 1
    exit 0
}

make_guest() {
    [ ! -d "$guest" ] || return 0
    make_base_tar "$cache" trixie
    rm -rf "$guest.new"
    unpack_root "$guest.new"
    mv "$guest.new" "$guest"
    rm "$base_tar"
}

# The tree as it is now, committed or not. What was built there before stays.
copy_tree() {
    mkdir -p "$guest/simul"
    find "$guest/simul" -mindepth 1 -maxdepth 1 ! -name 'build*' -exec rm -rf {} +
    tar -C "$root" --exclude='./build*' --exclude=./.git --exclude=node_modules -cf - . |
        tar -C "$guest/simul" -xf -
}

install_packages() {
    (in_root "$guest" sh -c 'sh /simul/deploy/install-deps.sh test && apt-get clean')
}

# builds_with COMPILER: for release, tests too, where every warning is an error.
builds_with() {
    (in_root "$guest" env "CC=$1" cmake -S /simul -B "/simul/build-$1" -G Ninja \
        -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSIMUL_TESTS=ON) &&
        (in_root "$guest" cmake --build "/simul/build-$1" -- --quiet)
}

[ "$(id -u)" -eq 0 ] || skip "only root may make a root of Debian 13"
unshare --mount --pid --fork mount -t tmpfs none /mnt || skip "this machine allows no mounts"

make_guest
copy_tree
check "its packages are there" install_packages
check "gcc builds it" builds_with gcc
check "clang builds it" builds_with clang

rm -f "$guest"/simul/build-test/log/*.counts
status=0
(in_root "$guest" env "PYTEST_ADDOPTS=-k 'not loops4 and not slowloris'" \
    sh /simul/tests/run.sh unit integration) || status=$?
cat "$guest"/simul/build-test/log/*.counts >>"$COUNTS"
exit "$status"
