# shellcheck shell=sh
# Sourced by tests/docker.sh and by what it runs, behind tests/steps/common.sh.
: "${root:?}"

# verify NAME COMMAND…: like check, with a line in any case.
verify() {
    verify_name=$1
    shift
    if "$@"; then
        count 1 0 0
        echo "ok: $verify_name"
    else
        count 0 1 0
        echo "FAILED: $verify_name"
    fi
}

# sum_up: the last line; not ended well if there was a failure.
sum_up() {
    awk '{ p += $1; f += $2; s += $3 }
        END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 }' "$COUNTS"
}

# container_of SERVICE: the one of the compose files.
container_of() {
    docker ps --all --quiet --filter "label=com.docker.compose.service=$1"
}

# pid_of CONTAINER: the id of its first process, here.
pid_of() {
    docker inspect -f '{{.State.Pid}}' "$1"
}

# status_of CONTAINER FIELD: what the kernel says of its first process.
status_of() {
    sed -n "s/^$2:[[:space:]]*//p" "/proc/$(pid_of "$1")/status"
}

health_of() {
    docker inspect -f '{{.State.Health.Status}}' "$1"
}

# is_health CONTAINER STATUS
is_health() {
    [ "$(health_of "$1")" = "$2" ]
}

# becomes_healthy CONTAINER
becomes_healthy() {
    wait_for 60 is_health "$1" healthy || {
        docker logs "$1" 2>&1 | tail -n 20
        return 1
    }
}

# is_confined CONTAINER: no user root, no capability, no way to get one, a root that is read-only.
is_confined() {
    case $(status_of "$1" Uid) in
    0*) return 1 ;;
    esac
    for set in Inh Prm Eff Bnd Amb; do
        [ "$(status_of "$1" "Cap$set")" = 0000000000000000 ] || return 1
    done
    [ "$(status_of "$1" NoNewPrivs)" = 1 ] &&
        grep -q '^[0-9]* [0-9]* [^ ]* [^ ]* / ro[, ]' "/proc/$(pid_of "$1")/mountinfo"
}

# has_ended CONTAINER STATUS: 137 would be that of one that was ended by force, its time being up.
has_ended() {
    [ "$(docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$1")" = "exited $2" ]
}

# client ARGUMENTS…: tests/docker/client.py
client() {
    timeout 60 /usr/bin/python3 "$root/tests/docker/client.py" "$@"
}

# options_of DIRECTORY FILES: what names these to docker compose.
options_of() {
    # shellcheck disable=SC2086 # a list of words
    printf -- "--file $1/%s " $2
}

# compose FILES COMMAND…: docker compose with some of deploy/compose*.yaml, with the images built here.
# What is otherwise for the tests is in files of the same names in this directory.
compose() {
    file_options="$(options_of "$root/deploy" "$1")$(options_of "$root/tests/docker" "$1")"
    shift
    # shellcheck disable=SC2086,SC3045 # a list of words; dash and bash know -H
    SIMUL_IMAGE=simul SIMUL_LOAD_IMAGE=simul-load PROMETHEUS_IMAGE=simul-prometheus \
        HAPROXY_IMAGE=simul-haproxy CERTIFICATES=$work/certificates SIMUL_LOG_ACCESS=on \
        SIMUL_DESCRIPTORS=$(ulimit -Hn) LOAD_SECONDS=3 \
        docker compose $file_options "$@" >"${work:?}/compose.log" 2>&1 || {
        cat "$work/compose.log"
        return 1
    }
}

# compose_is_content FILES: docker compose has not even a warning, about the files as they are.
compose_is_content() {
    # shellcheck disable=SC2046 # a list of words
    said=$(docker compose $(options_of "$root/deploy" "$1") --profile load config --quiet 2>&1) ||
        said="it fails: $said"
    [ -z "$said" ] || {
        echo "$said"
        return 1
    }
}
