# shellcheck shell=sh
# Sourced after base_root.sh: boots a root's own systemd in a container, beside this machine's. Its
# network is of its own, with nothing in it but the loopback interface.

# boot_root DIRECTORY: until it runs; what its console shows is in DIRECTORY.console. Not all of
# systemd-nspawn's versions let programs inside use Landlock by themselves.
boot_root() {
    systemd-nspawn --quiet --directory="$1" --boot --register=no --keep-unit --link-journal=no \
        --private-network --system-call-filter='landlock_create_ruleset landlock_add_rule
        landlock_restrict_self' >"$1.console" 2>&1 </dev/null &
    nspawn=$!
    wait_for 180 has_booted_or_ended && has_booted
}

has_booted_or_ended() {
    has_booted || has_ended
}

# Its first process is systemd-nspawn's child.
has_booted() {
    booted=$(pgrep -P "$nspawn") && in_booted systemctl is-system-running |
        grep -qE '^(running|degraded)$'
}

# in_booted COMMAND…: the root's own.
in_booted() {
    nsenter --target "$booted" --all env -i HOME=/root LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# in_network_of PID COMMAND…: this machine's, where that process sends and listens.
in_network_of() {
    network_pid=$1
    shift
    nsenter --target "$network_pid" --net "$@"
}

# check_server_of PID: whether all default listeners in its network answer.
check_server_of() {
    # shellcheck disable=SC2016 # expanded inside
    in_network_of "$1" sh -euc '. "$1"; check_server' sh "$(dirname "$0")/../deploy/base_root.sh"
}

end_boot() {
    [ -n "${nspawn:-}" ] || return 0
    in_booted systemctl poweroff >/dev/null 2>&1 && wait_for 30 has_ended ||
        kill "$nspawn" 2>/dev/null || true
    wait "$nspawn" || true
    nspawn=
}

has_ended() {
    ! kill -0 "$nspawn"
}
