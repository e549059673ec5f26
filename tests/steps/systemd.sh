#!/bin/sh
# The service in a system that systemd has booted, in a container: the package of step package, what
# the unit promises, what happens to those who are connected.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/deploy/package.sh
. "$root/tests/deploy/package.sh"
# shellcheck source=tests/deploy/booted_root.sh
. "$root/tests/deploy/booted_root.sh"

guest=$package_work/booted
unit=/lib/systemd/system/simuld.service
drop_ins=$guest/etc/systemd/system
said=$package_work/said
heard=$package_work/heard

# --- tools -------------------------------------------------------------------------------------

# configure LINE…: the settings, all others being default.
configure() {
    printf '%s\n' "$@" >"$guest/etc/simul/simuld.conf"
}

# drop_in UNIT LINE…: overrides what the unit says, until no_drop_ins.
drop_in() {
    mkdir -p "$drop_ins/$1.d"
    drop_in_file=$drop_ins/$1.d/test.conf
    shift
    printf '%s\n' "$@" >"$drop_in_file"
    in_booted systemctl daemon-reload
}

no_drop_ins() {
    rm -rf "$drop_ins/simuld.service.d" "$drop_ins/simuld.socket.d"
    in_booted systemctl daemon-reload
}

# value_of PROPERTY
value_of() {
    in_booted systemctl show -P "$1" simuld.service
}

is_active() {
    [ "$(value_of ActiveState)" = active ]
}

# process_has PATTERN: in the main process's status, or in what is said about it otherwise.
process_has() {
    in_booted cat "/proc/$(value_of MainPID)/status" | grep -qE "$1"
}

# journal_has PATTERN: since the last mark.
mark_journal() {
    journal_cursor=$(in_booted journalctl -q -n 0 --show-cursor | sed -n 's/^-- cursor: //p')
}

journal_has() {
    in_booted journalctl -q -u simuld --after-cursor "$journal_cursor" | grep -qE "$1"
}

# get PATH [ARGUMENTS…]
get() {
    get_path=$1
    shift
    in_network_of "$booted" curl -fsS -m 20 "$@" "http://127.0.0.1:8080$get_path"
}

# Faults of the echo are the setting that tests change: it takes effect on reload.
faults_are_on() {
    get '/echo?chop=1000' >/dev/null 2>&1
}

# --- the unit ----------------------------------------------------------------------------------

verify_says_nothing() {
    [ -z "$(in_booted systemd-analyze verify "$unit" "${unit%service}socket" 2>&1)" ]
}

exposure_is_low() {
    in_booted systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" |
        tail -n 1
    in_booted systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" >/dev/null
}

# It is asked the moment that systemd says it has started.
ready_means_that_it_answers() {
    mark_journal
    in_booted systemctl restart simuld && check_server_of "$booted"
}

has_no_rights() {
    uid=$(value_of UID)
    [ "$uid" -ge 61184 ] && [ "$uid" -le 65519 ] &&
        process_has "^Uid:.$uid.$uid.$uid.$uid\$" && process_has '^NoNewPrivs:.1$' &&
        process_has '^Seccomp:.2$' && process_has '^CapEff:.0*$' && process_has '^CapPrm:.0*$' &&
        process_has '^CapBnd:.0*$'
}

workers_are_locked_in() {
    wait_for 30 journal_has 'msg=starting .*landlock=on seccomp=on'
}

# --- reload ------------------------------------------------------------------------------------

reload_changes_settings() {
    ! faults_are_on || return 1
    configure '[echo]' 'faults = on'
    in_booted systemctl reload simuld && wait_for 30 faults_are_on
}

broken_settings_change_nothing() {
    configure '[echo]' 'fautls = off'
    mark_journal
    ! in_booted systemctl reload simuld 2>/dev/null &&
        wait_for 30 journal_has 'simuld.conf:2: unknown setting echo.fautls; .*echo.faults' &&
        is_active && faults_are_on
}

# --- watchdog and drain ------------------------------------------------------------------------

has_restarted() {
    [ "$(value_of NRestarts)" -gt 0 ] && is_active
}

stuck_loop_is_ended_and_started_again() {
    configure '[debug]' 'stall = on'
    drop_in simuld.service '[Service]' 'WatchdogSec=3'
    mark_journal
    in_booted systemctl restart simuld || return 1
    in_network_of "$booted" curl -s -m 20 \
        'http://127.0.0.1:9090/debug/stall?ms=60000&by=sleep' >/dev/null || true
    wait_for 60 has_restarted && wait_for 20 journal_has "Failed with result 'watchdog'" &&
        check_server_of "$booted"
}

# A guest whose connection stays open for as long as descriptor 3 does.
start_guest() {
    rm -f "$said" "$heard"
    mkfifo "$said"
    in_network_of "$booted" nc 127.0.0.1 6667 <"$said" >"$heard" 2>&1 &
    chatter=$!
    exec 3>"$said"
    printf 'NICK guest\r\nUSER guest 0 * :guest\r\n' >&3
    wait_for 30 grep -q ' 001 guest ' "$heard"
}

end_guest() {
    exec 3>&-
    wait "$chatter" || true
}

# Not even where systemd would wait for less: it is told how long this takes. The guest's nc stays
# after the goodbye, so it takes as long as it may; that nothing was ended by force tells the result.
stopping_drains() {
    configure 'drain_seconds = 4'
    drop_in simuld.service '[Service]' 'TimeoutStopSec=2'
    in_booted systemctl restart simuld && start_guest || return 1
    began=$(date +%s)
    in_booted systemctl stop simuld
    seconds=$(($(date +%s) - began))
    end_guest
    grep -q '^ERROR :' "$heard" && [ "$seconds" -ge 3 ] &&
        [ "$(value_of Result)" = success ] && [ "$(value_of ActiveState)" = inactive ]
}

# --- sockets -----------------------------------------------------------------------------------

connection_starts_it() {
    configure ''
    in_booted systemctl enable --now -q simuld.socket && ! is_active || return 1
    [ "$(echo hello | in_network_of "$booted" nc -N -w 60 127.0.0.1 7007)" = hello ] &&
        is_active && check_server_of "$booted"
}

serves_port_80() {
    in_network_of "$booted" curl -fsS -m 60 http://127.0.0.1/ | grep -qi '<html'
}

sockets_may_have_low_ports() {
    configure '[listen.web]' 'port = 80' '[listen.irc]' 'port = off' '[listen.echo]' 'port = off'
    drop_in simuld.socket '[Socket]' 'ListenStream=' 'ListenStream=127.0.0.1:80'
    in_booted systemctl stop simuld.socket simuld && in_booted systemctl start simuld.socket &&
        serves_port_80 && in_booted systemctl reload simuld && serves_port_80
}

# --- logs --------------------------------------------------------------------------------------

log=$guest/var/log/private/simul/simuld.log

log_is_rotated() {
    configure '[log]' 'file = /var/log/simul/simuld.log'
    in_booted systemctl restart simuld && wait_for 30 grep -q msg=starting "$log" || return 1
    in_booted logrotate -f /etc/logrotate.d/simul && grep -q msg=starting "$log.1" || return 1
    in_booted systemctl reload simuld && wait_for 30 grep -q 'configuration reloaded' "$log"
}

# --- the package in a system that runs ---------------------------------------------------------

upgrade() {
    in_booted dpkg --force-confold --install /packages/simul-newer.deb
}

upgrade_leaves_what_it_would_break() {
    configure 'lops = 1'
    before=$(value_of MainPID)
    upgrade 2>&1 | grep 'left running' && [ "$(value_of MainPID)" = "$before" ] &&
        check_server_of "$booted"
}

upgrade_restarts_it() {
    configure '; changed by hand' 'drain_seconds = 1'
    in_booted systemctl reload simuld && start_guest || return 1
    before=$(value_of MainPID)
    upgrade && is_active && [ "$(value_of MainPID)" != "$before" ] &&
        grep -q '^; changed by hand' "$guest/etc/simul/simuld.conf" && check_server_of "$booted" &&
        end_guest && grep -q '^ERROR :' "$heard"
}

runs() {
    in_booted sh -c 'cat /proc/[0-9]*/comm' | grep -q '^simul'
}

purge_stops_it_and_leaves_nothing() {
    in_booted systemctl enable -q simuld.socket && runs || return 1
    in_booted dpkg --purge simul && ! runs && leaves_nothing "$guest"
}

installing_starts_it() {
    in_booted dpkg --force-confold --install /packages/simul.deb && is_active && check_server_of "$booted"
}

clean_up() {
    end_boot
    rm -rf --one-file-system "$guest" "$said"
}

[ "$(id -u)" -eq 0 ] || skip "only root may boot a container"
mkdir -p "$package_work"
trap clean_up EXIT
trap 'exit 1' INT TERM
build_package
build_newer_package
make_package_root
copy_package_root "$guest"
apt_in_root "$guest" update
apt_in_root "$guest" install /packages/simul.deb
boot_root "$guest" || {
    cat "$guest.console"
    skip "this machine boots no container: the systemd unit was not tried"
}
check "it is started when the system boots" is_active
check "verify says nothing" verify_says_nothing
check "its exposure is low" exposure_is_low
check "ready means that it answers" ready_means_that_it_answers
check "it has no rights" has_no_rights
check "its workers are locked in" workers_are_locked_in
check "a reload changes settings" reload_changes_settings
check "broken settings change nothing" broken_settings_change_nothing
check "a stuck loop is ended, and started again" stuck_loop_is_ended_and_started_again
no_drop_ins
check "stopping it drains" stopping_drains
no_drop_ins
check "a connection starts it" connection_starts_it
check "sockets may have low ports" sockets_may_have_low_ports
no_drop_ins
in_booted systemctl disable --now -q simuld.socket
check "its log is rotated" log_is_rotated
check "an upgrade leaves it running if it would not start" upgrade_leaves_what_it_would_break
check "an upgrade restarts it, and the clients are told" upgrade_restarts_it
check "purging it stops it and leaves nothing" purge_stops_it_and_leaves_nothing
check "installing it starts it" installing_starts_it
in_booted journalctl -q --no-pager -u simuld -u simuld.socket
