#!/bin/sh
# The README's two commands in a bare Debian, where nothing is installed yet. As root; slow, and
# therefore not part of tests/run.sh.
#   tests/deploy/bare_root.sh [--suite bookworm] [--quickstart-only] [CACHE]
# CACHE (a directory under TMPDIR) keeps the bare root and the packages fetched, for the next run.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/deploy/base_root.sh
. "$here/base_root.sh"

suite=bookworm
quickstart_only=no
while [ $# -gt 0 ]; do
    case $1 in
    --suite) suite=$2; shift ;;
    --quickstart-only) quickstart_only=yes ;;
    *) break ;;
    esac
    shift
done
cache=${1:-${TMPDIR:-/tmp}/simul-roots}

# quickstart SECONDS: runs the first command until the server is ready, and checks that it answers
# and that it ends as it should.
quickstart() {
    rm -f "$log"
    in_root "$root" sh /simul/deploy/quickstart.sh >"$log" 2>&1 &
    server=$!
    wait_for "$1" is_ready_or_gone || true
    sed 's/^/    /' "$log"
    check_server
    kill "$(pgrep -P "$server")"
    wait "$server"
    server=
    echo "it answered, and ended with status 0"
}

is_ready_or_gone() {
    grep -q '^ready' "$log" || ! kill -0 "$server"
}

clean_up() {
    [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
    wait
    rm -rf --one-file-system "$root"
}

make_base_tar "$cache" "$suite"
packages=$cache/$suite.packages
mkdir -p "$packages/partial"
root=$(mktemp -d "$cache/root.XXXXXX")
log=$root/quickstart.log
trap clean_up EXIT
trap 'exit 1' INT TERM
unpack_root "$root"
copy_checkout "$root/simul"

echo "sh deploy/quickstart.sh, with nothing installed"
quickstart 900
echo "the same once more"
quickstart 60
[ "$quickstart_only" = yes ] && exit 0
echo "sh tests/run.sh"
(in_root "$root" sh /simul/tests/run.sh)
