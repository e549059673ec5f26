#!/bin/sh
# Debian 13, which CI's machines are not: a root of it gets those packages of
# deploy/install-deps.sh that are used there, and has the others. Both compilers build there, and the
# unit tests and the integration tests with one loop run under the sanitizers; not those to which a
# release makes no difference: thousands of slow peers, echo's faults, what simul-load measures and
# Prometheus adds up. The root stays in build-test/debian13 for the next run; remove that for a fresh
# one.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/deploy/base_root.sh
. "$root/tests/deploy/base_root.sh"

cache=$root/build-test/debian13
guest=$cache/root

make_guest() {
    [ ! -d "$guest" ] || return 0
    make_base_tar "$cache" trixie
    rm -rf "$guest.new"
    unpack_root "$guest.new"
    # Nobody misses it when this machine loses its power.
    echo force-unsafe-io >"$guest.new/etc/dpkg/dpkg.cfg.d/simul"
    mv "$guest.new" "$guest"
    rm "$base_tar"
}

# The tree as it is now, committed or not, with the modules from npm. What was built there before
# stays.
copy_tree() {
    mkdir -p "$guest/simul"
    find "$guest/simul" -mindepth 1 -maxdepth 1 ! -name 'build*' -exec rm -rf {} +
    tar -C "$root" --exclude='./build*' --exclude=./.git -cf - . |
        tar -C "$guest/simul" -xf -
}

install_packages() {
    (in_root "$guest" sh -c 'sh /simul/deploy/install-deps.sh test-server && apt-get clean')
}

could_install_all_packages() {
    # shellcheck disable=SC2016 # expanded inside
    (in_root "$guest" sh -c 'apt-get -qq --simulate --no-install-recommends install \
        $(sh /simul/deploy/install-deps.sh --list test)')
}

# builds FUNCTION: one of those in common.sh; every warning is an error.
builds() {
    (in_root "$guest" sh -euc ". /simul/tests/steps/common.sh; $1" /simul/tests/steps/run)
}

# run_step NAME: one of the steps beside this one, inside.
run_step() {
    left_out='loops4 or slowloris or faults or test_load_ or dashboard'
    (in_root "$guest" env COUNTS=/simul/build-test/log/counts \
        PYTEST_ADDOPTS="-k 'not ($left_out)'" sh "/simul/tests/steps/$1.sh")
}

[ "$(id -u)" -eq 0 ] || skip "only root may make a root of Debian 13"
unshare --mount --pid --fork mount -t tmpfs none /mnt || skip "this machine allows no mounts"

make_guest
copy_tree
check "its packages are there" install_packages
check "it has all packages" could_install_all_packages
check "gcc builds the release" builds build_release
check "clang builds the programs without a warning" \
    builds "CC=clang build build-clang -DCMAKE_BUILD_TYPE=Debug"

mkdir -p "$guest/simul/build-test/log"
rm -f "$guest/simul/build-test/log/counts"
status=0
for step in unit integration; do
    run_step $step || status=$?
done
cat "$guest/simul/build-test/log/counts" >>"$COUNTS"
exit "$status"
