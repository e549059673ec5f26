#!/bin/sh
# Holds many idle WebSocket connections on this machine, then has a sample of them echo.
#
#     loadtest/million.sh [N]                  N connections, 1,000,000 if it is not said
#
# A process has only so many descriptors, so there are as many servers as that makes necessary, each
# on a loopback address of its own; simul-load starts its processes by itself. Needs neither root
# nor settings of the kernel. Refuses what does not fit into memory, and stops everything that it
# started, whatever happens. Progress on standard error, at the end a table on standard output.
#
# SIMULD and SIMUL_LOAD name the programs, if they are not in build/bin; HOLD_SECONDS how long they
# are held once all are open.
# shellcheck disable=SC3045 # every sh of Linux has ulimit -n
set -eu

n=${1:-1000000}
bin=$(dirname "$0")/../build/bin
simuld=${SIMULD:-$bin/simuld}
simul_load=${SIMUL_LOAD:-$bin/simul-load}

HOLD_SECONDS=${HOLD_SECONDS:-20}
SAMPLE=1000        # connections that echo at the end
KERNEL_BYTES=10240 # of a connection, both ends: what is needed at least, seen on Linux 6
USER_BYTES=640     # of a connection, in the server and in simul-load
PROCESS_KB=16384   # of a server with its workers, and of a process of simul-load
SPARE_DESCRIPTORS=1000

fail() {
    echo "million.sh: $*" >&2
    exit 1
}

case $n in
'' | *[!0-9]* | 0*) fail "'$n' is not a number of connections" ;;
esac
[ "$n" -gt "$SAMPLE" ] || SAMPLE=$n
for program in "$simuld" "$simul_load"; do
    [ -x "$program" ] || fail "$program is missing: build it, or set SIMULD and SIMUL_LOAD"
done

# ---- what it takes ----

ulimit -n "$(ulimit -Hn)"
each=$(($(ulimit -n) - SPARE_DESCRIPTORS))
[ "$each" -gt 0 ] || fail "$(ulimit -n) descriptors (ulimit -Hn) are too few"
servers=$(((n + each - 1) / each))

kb_of() {
    sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}

needed_kb=$((n * (KERNEL_BYTES + USER_BYTES) / 1024 + 2 * servers * PROCESS_KB))
available_kb=$(kb_of MemAvailable)
[ "$needed_kb" -le $((available_kb - available_kb / 20)) ] ||
    fail "$n connections need about $((needed_kb / 1024)) MiB, and $((available_kb / 1024)) MiB" \
        "are available: about $((n * (available_kb - available_kb / 20) / needed_kb)) fit"

[ "$servers" -le 250 ] || fail "$servers servers are needed: more than the addresses used here"
files_max=$(cat /proc/sys/fs/file-max)
files_open=$(cut -f 1 /proc/sys/fs/file-nr)
[ $((2 * n + files_open + 10000)) -le "$files_max" ] ||
    fail "$n connections are $((2 * n)) open files, and fs.file-max is $files_max"

# ---- servers ----

directory=$(mktemp -d)
pids=
load=

stop() {
    trap '' INT TERM
    [ -z "$load" ] || kill -9 "$load" 2>/dev/null || true
    # shellcheck disable=SC2086 # one word for each
    [ -z "$pids" ] || kill $pids 2>/dev/null || true
    wait
    rm -rf "$directory"
}
trap stop EXIT
trap 'exit 1' INT TERM

# The server number $1, on port $2. Pings are turned off: these connections are to be idle.
start_server() {
    "$simuld" -o loops=1 -o "listen.web.address=127.1.0.$1" -o "listen.web.port=$2" \
        -o listen.irc.port=off -o listen.echo.port=off -o admin.port=off -o jobs.workers=1 \
        -o ws.ping_seconds=0 -o drain_seconds=0 -o log.level=warn \
        >"$directory/server$1" 2>"$directory/log$1" &
    pids="$pids $!"
    tries=0
    until grep -q '^ready$' "$directory/server$1" 2>/dev/null; do
        tries=$((tries + 1))
        if ! kill -0 "$!" 2>/dev/null || [ "$tries" -gt 300 ]; then
            cat "$directory/log$1" >&2
            fail "server $1 did not start"
        fi
        sleep 0.1
    done
}

echo "$n connections: $servers servers on 127.1.0.1-127.1.0.$servers," \
    "$((needed_kb / 1024)) of $((available_kb / 1024)) MiB" >&2
start_server 1 0
port=$(sed -n 's/^listening web .*:\([0-9]*\)$/\1/p' "$directory/server1")
i=2
while [ "$i" -le "$servers" ]; do
    start_server "$i" "$port"
    i=$((i + 1))
done

# ---- measuring ----

# Memory of processes in kB, what they share divided among them.
pss_kb() {
    for pid in "$@"; do
        cat "/proc/$pid/smaps_rollup" 2>/dev/null || true
    done | awk '/^Pss:/ { kb += $2 } END { print kb + 0 }'
}

# Memory of the kernel in kB, whatever other programs do meanwhile: sockets and all that belongs to
# them are slab. What an earlier run has left there in reserve is not seen.
kernel_kb() {
    awk '/^(Slab|KernelStack|PageTables|VmallocUsed):/ { kb += $2 } END { print kb }' /proc/meminfo
}

sockets() {
    awk '/^sockets:/ { print $3 }' /proc/net/sockstat
}

# Processes of simul-load: the one that watches, and those that carry the load.
load_pids() {
    echo "$load" "$(cat "/proc/$load/task/$load/children" 2>/dev/null || true)"
}

# shellcheck disable=SC2086
servers_before_kb=$(pss_kb $pids)
kernel_before_kb=$(kernel_kb)
sockets_before=$(sockets)

"$simul_load" hold "ws://127.1.0.1:$port/echo" -c "$n" -d "$HOLD_SECONDS" --timeout 60 \
    --destination "127.1.0.1-127.1.0.$servers" --source 127.2.0.1-127.2.0.50 \
    --echo-sample "$SAMPLE" --json "$directory/report" >"$directory/summary" &
load=$!

# All are open when both ends of each are there, give or take what others do meanwhile; then memory
# is looked at while nothing moves.
is_held=
while kill -0 "$load" 2>/dev/null; do
    if [ -z "$is_held" ] && [ "$(($(sockets) - sockets_before))" -ge $((2 * n - n / 25)) ]; then
        sleep $((HOLD_SECONDS / 2))
        is_held=yes
        # shellcheck disable=SC2086
        servers_kb=$(($(pss_kb $pids) - servers_before_kb))
        # shellcheck disable=SC2046
        load_kb=$(pss_kb $(load_pids))
        kernel_grown_kb=$(($(kernel_kb) - kernel_before_kb))
    fi
    sleep 0.5
done
status=0
wait "$load" || status=$?
load=
[ "$status" -eq 0 ] || fail "simul-load ended with status $status"

# ---- the table ----

# Numbers of the report: a figure, and a count of the whole run.
figure() {
    sed -n "s/^  \"$1\": \([0-9.]*\).*/\1/p" "$directory/report"
}

total() {
    sed -n "/^  \"totals\"/,/^  }/s/^ *\"$1\": \([0-9]*\).*/\1/p" "$directory/report"
}

row() {
    printf '  %-44s %12s  %s\n' "$1" "$2" "$3"
}

echo
grep -v '^$' "$directory/summary" | sed -n '1,3p'
echo
row "connections held at once" "$(figure open_max)" "of $n"
row "opened" "$(printf %.0f "$(figure connect.rate)")" "a second"
row "closed by a server, or failed" "$(figure errors)" ""
row "sample that echoed while all were held" "$(total received)" "of $SAMPLE"
if [ -n "$is_held" ]; then
    row "memory of the kernel, both ends" $((kernel_grown_kb * 1024 / n)) "bytes a connection"
    row "memory of the servers" $((servers_kb * 1024 / n)) "bytes a connection"
    row "memory of simul-load" $((load_kb * 1024 / n)) "bytes a connection"
else
    echo "  not all were open at once: no figures of memory"
fi
[ "$(figure open_max)" -eq "$n" ] && [ "$(figure errors)" -eq 0 ]
