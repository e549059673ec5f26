#!/bin/sh
# deploy/compose.yaml. Called by tests/docker.sh, where the containers' network is.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/../steps/common.sh"
# shellcheck source=tests/deploy/base_root.sh
. "$root/tests/deploy/base_root.sh"
# shellcheck source=tests/docker/common.sh
. "$root/tests/docker/common.sh"

files=compose.yaml

prometheus_says() {
    curl -fsS "http://127.0.0.1:9091/api/v1/$1" | grep -q "$2"
}

sees_load() {
    prometheus_says 'query?query=sum(simul_accepted_total)' '"value":\[[^,]*,"[1-9][0-9][0-9]'
}

echo "compose.yaml:"
verify "docker compose has no complaint" compose_is_content "$files"
verify "it starts" compose "$files" up --detach --no-build
verify "simul is healthy" becomes_healthy "$(container_of simul)"
verify "simul is confined" is_confined "$(container_of simul)"
verify "Prometheus is confined" is_confined "$(container_of prometheus)"
verify "web, echo, IRC and admin answer" check_server
verify "Prometheus finds it up" wait_for 60 prometheus_says 'query?query=up' '"job":"simul"},"value":\[[^,]*,"1"'
verify "Prometheus has the alerts" prometheus_says rules SimulDown
verify "the load test ends with status 0" compose "$files" run --rm load
verify "Prometheus has seen it" wait_for 60 sees_load
verify "it stops" compose "$files" stop
verify "simul ended with status 0" has_ended "$(container_of simul)" 0
verify "it goes" compose "$files" down --volumes
