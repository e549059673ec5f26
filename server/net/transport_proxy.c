/* The transport of a connection from a trusted proxy until its PROXY header has come. TLS or the
 * session begins right after the header, so no byte beyond it may be read: input is peeked at, and
 * only what belongs to the header is then read, at once, so that the poll does not report it again.
 * A partial header is kept like other input. */
#include "net/door.h"
#include "net/listener.h"
#include "net/net.h"
#include "net/refusal.h"
#include "net/tls/tls.h"
#include "net/transport.h"
#include "simul/proxy_header.h"

#include <errno.h>
#include <sys/socket.h>

/* The header has been read: treats the connection as if it had just been accepted from the client.
 */
static enum io_result begin(struct conn *c, const struct proxy_header *header)
{
    c->awaits_proxy = false;
    c->in.len = 0;
    if (header->family != PROXY_FAMILY_NONE) {
        struct addr peer = header->family == PROXY_FAMILY_UNIX
                               ? (struct addr){.is_unix = 1}
                               : addr_from_ip(header->source.ip, header->source.port);
        enum door_verdict verdict = conn_set_peer(c, &peer);
        if (verdict != DOOR_ADMITTED && !refusal_take_over(c, verdict)) {
            conn_count_end(c, END_REFUSED);
            conn_note_end(c, "refused");
            errno = EPERM;
            return IO_FAILED;
        }
    }
    if (conn_net(c)->listeners[c->listener].tls && tls_accept(c) != OK) {
        conn_count_end(c, END_NO_MEMORY);
        errno = ENOMEM;
        return IO_FAILED;
    }
    return IO_OK;
}

static const char *fault_of(enum err e)
{
    switch (e) {
    case ERR_LIMIT:
        return "the PROXY header is too long";
    case ERR_VERSION:
        return "the PROXY header is of a version that is not known";
    default:
        return "a proxy has sent no PROXY header, or a wrong one";
    }
}

static enum io_result proxy_read(struct conn *c, uint8_t *to, size_t cap, size_t *got)
{
    size_t held = c->in.len; /* in front of `to` */
    *got = 0;
    metric_add(&conn_net(c)->loop->metrics.reads, 1);
    ssize_t n = recv(c->io.fd, to, cap, MSG_PEEK);
    if (n == 0) {
        errno = ECONNRESET; /* a proxy's check, say: nobody is left to serve */
        return IO_FAILED;
    }
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? IO_AGAIN : IO_FAILED;
    struct proxy_header header;
    bool is_whole;
    enum err e = proxy_header_parse(span_of(to - held, held + (size_t)n), &header, &is_whole);
    if (e != OK) {
        conn_fail(c, fault_of(e));
        errno = EPROTO;
        return IO_FAILED;
    }
    size_t own = is_whole ? header.bytes - held : (size_t)n;
    if (recv(c->io.fd, to, own, 0) != (ssize_t)own)
        return IO_FAILED;
    if (is_whole)
        return begin(c, &header);
    *got = own;
    c->wants_input = true;
    return IO_OK;
}

static enum io_result proxy_write(struct conn *c, const struct iovec *iov, int count, size_t *taken)
{
    return transport_plain.write(c, iov, count, taken);
}

static enum io_result proxy_shutdown(struct conn *c)
{
    return transport_plain.shutdown(c);
}

static bool proxy_is_ready(const struct conn *c)
{
    (void)c;
    return false;
}

static void proxy_free(struct conn *c)
{
    transport_plain.free(c);
}

const struct transport transport_proxy = {
    .name = "proxy",
    .read = proxy_read,
    .write = proxy_write,
    .shutdown = proxy_shutdown,
    .is_ready = proxy_is_ready,
    .free = proxy_free,
};
