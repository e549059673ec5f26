#!/bin/sh
# deploy/compose.yaml with deploy/compose.haproxy.yaml. Called by tests/docker.sh, where the
# containers' network is.
# shellcheck source=tests/steps/common.sh
. "$(dirname "$0")/../steps/common.sh"
# shellcheck source=tests/deploy/base_root.sh
. "$root/tests/deploy/base_root.sh"
# shellcheck source=tests/docker/common.sh
. "$root/tests/docker/common.sh"

files="compose.yaml compose.haproxy.yaml"
client_address=127.0.0.77

make_certificate() {
    mkdir -p "$work/certificates" &&
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
            -subj /CN=localhost -addext subjectAltName=DNS:localhost \
            -out "$work/certificates/simul.pem" -keyout "$work/certificates/simul.pem.key" \
            2>/dev/null &&
        chmod a+r "$work/certificates/simul.pem.key"
}

# The certificate is the one that was made.
page_comes() {
    curl -fsS --cacert "$work/certificates/simul.pem" https://localhost:8443/ | grep -qi '<html'
}

irc_answers() {
    printf 'NICK guest\r\nUSER guest 0 * :guest\r\nQUIT\r\n' | timeout 60 openssl s_client -quiet -connect localhost:6697 \
        -CAfile "$work/certificates/simul.pem" -verify_return_error 2>/dev/null | grep -q ' 001 guest '
}

log_has_the_client() {
    docker logs "$(container_of simul)" 2>&1 | grep -q "peer=$client_address:"
}

nobody_listens_without_tls() {
    ! nc -z 127.0.0.1 8080 && ! nc -z 127.0.0.1 6667
}

echo "compose.haproxy.yaml:"
verify "a certificate is made" make_certificate
verify "docker compose has no complaint" compose_is_content "$files"
verify "it starts" compose "$files" up --detach --no-build
verify "simul is healthy" becomes_healthy "$(container_of simul)"
verify "HAProxy is confined" is_confined "$(container_of haproxy)"
verify "the page comes over HTTPS" wait_for 60 page_comes
verify "chat works over WSS" client chat wss://127.0.0.1:8443/chat "$client_address"
verify "simul knows the client's address" wait_for 60 log_has_the_client
verify "IRC answers over TLS" irc_answers
verify "nobody listens without TLS" nobody_listens_without_tls
verify "the load test ends with status 0" compose "$files" run --rm load
verify "it stops" compose "$files" stop
verify "simul ended with status 0" has_ended "$(container_of simul)" 0
verify "it goes" compose "$files" down --volumes
