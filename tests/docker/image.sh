#!/bin/sh
# The image by itself. Called by tests/docker.sh, where the containers' network is.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/../steps/common.sh"
# shellcheck source=tests/deploy/base_root.sh
. "$root/tests/deploy/base_root.sh"
# shellcheck source=tests/docker/common.sh
. "$root/tests/docker/common.sh"

# run ARGUMENTS…: a container with as little as there can be, which is looked at every second.
run() {
    docker run --detach --network host --name simul --read-only --cap-drop ALL \
        --security-opt no-new-privileges --health-interval 1s --health-retries 1 "$@" simul >/dev/null &&
        becomes_healthy simul
}

remove() {
    docker rm --force --volumes simul >/dev/null 2>&1 || true
}

label() {
    docker image inspect -f "{{index .Config.Labels \"org.opencontainers.image.$1\"}}" simul
}

has_labels() {
    [ "$(docker run --rm --network none simul --version)" = "simuld $(label version)" ] &&
        [ "$(label revision)" = "${revision:?}" ] &&
        [ "$(label title) $(label licenses)" = "simul MIT" ] && [ -n "$(label description)" ]
}

has_no_shell() {
    ! docker exec simul sh -c true >/dev/null 2>&1
}

is_user() {
    [ "$(status_of simul Uid)" = "$(printf '10001\t10001\t10001\t10001')" ] &&
        docker logs simul 2>&1 | grep -q 'msg=starting .*user=simul'
}

workers_are_filtered() {
    docker logs simul 2>&1 | grep -q 'msg=starting .*seccomp=on'
}

has_the_terms() {
    docker cp simul:/usr/share/doc - | tar -t >"$work/terms" &&
        grep -q "/simul/copyright" "$work/terms" && grep -q "/libssl3.*/copyright" "$work/terms"
}

has_a_volume() {
    [ "$(stat -c %u:%g "/proc/$(pid_of simul)/root/var/lib/simul")" = 10001:10001 ] &&
        grep -q ' /var/lib/simul rw' "/proc/$(pid_of simul)/mountinfo"
}

# Clients who are there when the server is told to go.
stays() {
    rm -f "$work/stay"
    client stay ws://127.0.0.1:8080/chat 127.0.0.1 >"$work/stay" 2>&1 &
    staying=$!
    wait_for 60 grep -q here "$work/stay"
}

# The clients are told one after the other in ten minutes, so there is time to look.
becomes_unhealthy() {
    docker kill --signal TERM simul >/dev/null && wait_for 60 is_health simul unhealthy
}

says_why() {
    docker inspect -f '{{range .State.Health.Log}}{{.Output}}{{end}}' simul | grep -q draining &&
        [ "$(curl -s http://127.0.0.1:9090/readyz)" = draining ]
}

leaves_at_once() {
    docker kill --signal TERM simul >/dev/null && wait_for 60 has_ended simul 0 && wait "$staying"
}

stops() {
    docker stop --time 60 simul >/dev/null && has_ended simul 0
}

clients_are_told() {
    wait "$staying" && [ "$(tail -n 1 "$work/stay")" = 1001 ]
}

listens_as_the_file_says() {
    [ "$(printf 'hello\n' | nc -N -w 5 127.0.0.1 7008)" = hello ] &&
        ! nc -z 127.0.0.1 7007 && ! nc -z 127.0.0.1 6667
}

is_refused() {
    docker run --network none --name simul --volume "$work/file.conf:/etc/simul/simuld.conf:ro" \
        simul 2>&1 | grep -q 'lops.*loops' && has_ended simul 1
}

echo "the image:"
verify "it is healthy: read-only, without a capability" run --env SIMUL_DRAIN_SECONDS=600
verify "it is confined" is_confined simul
verify "its user is simul" is_user
verify "it has no shell" has_no_shell
verify "it has labels" has_labels
verify "it has the terms of what is in it" has_the_terms
verify "it has a volume" has_a_volume
verify "its workers are filtered" workers_are_filtered
verify "web, echo, IRC and admin answer" check_server
verify "chat works over WebSocket" client chat ws://127.0.0.1:8080/chat 127.0.0.1
verify "clients stay" stays
verify "TERM makes it unhealthy" becomes_unhealthy
verify "it says that it drains" says_why
verify "a second TERM ends it at once, with status 0" leaves_at_once
remove

verify "it takes settings from the environment" run --env SIMUL_SERVER_NETWORK=Dockside \
    --env SIMUL_TLS_SELF_SIGNED=on --env SIMUL_ADMIN_PORT=9099 --env SIMUL_DRAIN_SECONDS=2
verify "these are in force" client chat wss://127.0.0.1:8443/chat 127.0.0.1 Dockside
verify "clients stay" stays
verify "docker stop: status 0 within the grace" stops
verify "the clients were told, by 1001" clients_are_told
remove

printf '[listen.web]\nport = off\n[listen.irc]\nport = off\n[listen.echo]\nport = 7008\n' >"$work/file.conf"
verify "it takes settings from a file" run --volume "$work/file.conf:/etc/simul/simuld.conf:ro"
verify "that is in force, whole" listens_as_the_file_says
remove
echo 'lops = 1' >"$work/file.conf"
verify "a wrong file ends it with status 1" is_refused
remove
