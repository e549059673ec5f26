#!/bin/sh
# What can be seen without running anything.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"

# compile COMPILER ARGUMENTS…
compile() {
    compiler=$1
    shift
    "$compiler" -std=gnu17 -D_GNU_SOURCE '-DSIMUL_VERSION=""' -Wall -Wextra -Werror \
        "-I$root/include" "-I$root/server" "-I$root/loadtest" -isystem /usr/share/include/llhttp "$@"
}

header_stands_alone() {
    compile gcc -fsyntax-only -x c -include "$1" /dev/null
}

# The libraries' headers are this machine's, which fit any 64-bit machine. -idirafter keeps its C
# library behind that of the compiler.
compiles_for_arm64() {
    compile aarch64-linux-gnu-gcc -O1 -c -o /dev/null "$1" -idirafter /usr/include \
        -idirafter "/usr/include/$(gcc -print-multiarch)"
}

# each FUNCTION DIRECTORY… -name PATTERN: calls the function with every file found, on all cores.
each() {
    function=$1
    shift
    find "$@" -print0 | xargs -0 -n 1 -P "$(nproc)" sh "$0" "$function"
}

# The hub knows nothing of sessions, loops at work or the network.
hub_includes_its_own_only() {
    ! grep -n '#include "' "$root"/server/chat/hub/*.[ch] |
        grep -vE '"(chat/hub|simul)/|"core/(loop|mailbox|siphash|top)\.h"'
}

# includes_only FOLDER PATTERN: beside itself and simul/.
includes_only() {
    ! find "$root/server/$1" -name '*.[ch]' ! -path '*/web/admin/*' -exec grep -n '#include "' {} + |
        grep -vE "\"(simul/|$1/|$2)"
}

# Each folder of the server stands on others, never the other way round. What is not here, the admin
# listener's routes among it, sees all of the server. REHASH is chat's way to a reload.
server_folders_keep_their_order() {
    includes_only core '-' &&
        includes_only config 'core/|net/(addr|networks|unix_socket|tls/sni)\.h' &&
        includes_only net 'core/|config/config\.h' &&
        includes_only jobs 'core/|net/|daemon/identity\.h' &&
        includes_only web 'core/|config/config\.h|net/|jobs/' &&
        includes_only echo 'core/|config/config\.h|net/|web/' &&
        includes_only chat 'core/|config/config\.h|net/|web/|reload\.h'
}

# simul-load knows base and proto, and nothing of the server.
load_includes_its_own_only() {
    ! grep -n '#include "' "$root"/loadtest/main.c "$root"/loadtest/*/*.[ch] |
        grep -v /baselines/ | grep -vE '"(simul|plan|load|scenario|report)/'
}

# The level shows in no program, so it is looked for in the commands that made them.
all_are_fortified() {
    commands=$root/build/compile_commands.json
    [ -s "$commands" ] && ! grep -E '"command".* -c .*/(proto|server|loadtest)/' "$commands" |
        grep -v -e /baselines/ -e ' -D_FORTIFY_SOURCE=3 '
}

is_tidy() {
    clang-tidy -p "$root/build" --quiet "$1" 2>/dev/null
}

if [ $# -gt 0 ]; then
    "$@"
    exit
fi
build_release
check "the programs are hardened" sh "$root/tests/unit/hardening.sh" "$root/build/bin/simuld" \
    "$root/build/bin/simul-load"
check "they are fortified at level 3" all_are_fortified
check "clang builds all without a warning" build_clang
check "proto is sans-IO" sh "$root/tests/unit/layering.sh" "$root/build/libsimul_proto.a"
check "the hub is deterministic" sh "$root/tests/unit/layering.sh" \
    "$root"/build/CMakeFiles/simul_server.dir/server/chat/hub/*.o
check "the server's folders keep their order" server_folders_keep_their_order
check "the hub stands on nothing above it" hub_includes_its_own_only
check "simul-load knows nothing of the server" load_includes_its_own_only
check "the table of clauses is true" /usr/bin/python3 "$root/tests/conformance/check_table.py"
cd "$root" # the rest names what is compiled; loadtest/bench/ needs a library of its own
set -- proto server loadtest/main.c loadtest/plan loadtest/load loadtest/scenario loadtest/report \
    loadtest/baselines deploy/man
check "each header compiles alone" each header_stands_alone include "$@" -name '*.h'
check "compiles for arm64" each compiles_for_arm64 "$@" -name '*.c'
check "clang-tidy has no complaint" each is_tidy "$@" -name '*.c'
