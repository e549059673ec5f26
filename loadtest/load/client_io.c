/* What goes through a client's socket: output that is gathered and sent once, input that is read
 * once and given to the wire. */
#include "load/client_internal.h"
#include "load/tls.h"

#include <errno.h>
#include <openssl/ssl.h>

/* --- output ------------------------------------------------------------------------------ */

void client_watch(struct client *c, int events)
{
    if (c->io.events == events && ev_is_active(&c->io))
        return;
    ev_io_stop(c->driver->ev, &c->io);
    ev_io_modify(&c->io, events);
    ev_io_start(c->driver->ev, &c->io);
}

/* Sends once. How much was taken; 0 too where sending failed, which reading will tell. */
static size_t send_some(struct client *c, const uint8_t *from, size_t len)
{
    size_t taken = 0;
    if (c->is_broken)
        return 0;
    if (c->ssl != NULL) {
        enum tls_result r = tls_write(c, from, len, &taken);
        c->is_broken = r == TLS_FAILED || r == TLS_EOF;
    } else {
        ssize_t n = send(c->io.fd, from, len, MSG_NOSIGNAL);
        if (n < 0) {
            c->is_broken = errno != EAGAIN && errno != EINTR;
            c->is_reset = errno == ECONNRESET;
        }
        taken = n < 0 ? 0 : (size_t)n;
    }
    lane_count_add(c->driver->lane, COUNT_SENT_WIRE, taken);
    return taken;
}

void client_meet_drained(struct client *c)
{
    if (c->state == CLIENT_LEAVING && c->wire->leave == NULL) {
        tls_shutdown(c);
        shutdown(c->io.fd, SHUT_WR);
    } else if (c->state == CLIENT_OPEN && scenario_of(c)->on_writable != NULL) {
        scenario_of(c)->on_writable(c);
        client_flush(c);
    }
}

void client_write_out(struct client *c)
{
    struct span rest = span_drop(buf_span(&c->out), c->out_taken);
    c->out_taken += rest.len == 0 ? 0 : send_some(c, rest.ptr, rest.len);
    if (c->is_broken)
        c->out_taken = c->out.len; /* nobody will want it */
    /* Dropped when it is half of what there is, so that each byte is moved once, however long the
     * message. */
    if (c->out_taken >= c->out.len / 2) {
        buf_consume(&c->out, c->out_taken);
        c->out_taken = 0;
    }
    if (c->out.len > 0)
        return;
    buf_deinit(&c->out);
    client_watch(c, EV_READ);
    client_meet_drained(c);
}

uint8_t *client_put(struct client *c, size_t bytes)
{
    struct driver *d = c->driver;
    struct buf *to = &c->out;
    if (c->out.len == 0) {
        if (d->writing != c)
            driver_settle(d);
        d->writing = c;
        to = &d->output;
    }
    if (buf_reserve(to, bytes) != OK)
        driver_out_of_memory(d);
    to->len += bytes;
    return to->data + to->len - bytes;
}

void client_flush(struct client *c)
{
    struct driver *d = c->driver;
    if (d->writing != c)
        return;
    d->writing = NULL;
    struct span rest = buf_span(&d->output);
    d->output.len = 0;
    rest = span_drop(rest, send_some(c, rest.ptr, rest.len));
    if (rest.len > 0 && !c->is_broken && buf_append(&c->out, rest) != OK)
        driver_out_of_memory(d);
    /* A scenario that sends whenever it can is told so even if all went out at once. */
    bool wants_more = c->state == CLIENT_OPEN && scenario_of(c)->on_writable != NULL;
    client_watch(c, c->out.len > 0 || wants_more ? EV_READ | EV_WRITE : EV_READ);
}

/* --- input ------------------------------------------------------------------------------- */

static void meet_reset(struct client *c, int code)
{
    client_fail(c, FAULT_RESET, "the connection broke: %s", strerror(code));
}

/* The peer has ended its half. */
static void meet_eof(struct client *c)
{
    if (c->state == CLIENT_LEAVING || (c->wire->on_eof != NULL && c->wire->on_eof(c)))
        client_close(c);
    else if (c->is_reset)
        meet_reset(c, ECONNRESET);
    else if (c->state == CLIENT_OPEN)
        client_fail(c, FAULT_CLOSED, "closed by the server, without a word");
    else
        client_fail(c, FAULT_HANDSHAKE, "closed by the server before the handshake was done");
}

enum read_result { READ_SOME, READ_LATER, READ_EOF, READ_FAILED };

static enum read_result read_once(struct client *c, uint8_t *to, size_t *got)
{
    if (c->ssl != NULL) {
        switch (tls_read(c, to, DRIVER_INPUT_BYTES, got)) {
        case TLS_DONE:
            return READ_SOME;
        case TLS_EOF:
            return READ_EOF;
        case TLS_FAILED:
            return READ_FAILED;
        default:
            return READ_LATER;
        }
    }
    ssize_t n = recv(c->io.fd, to, DRIVER_INPUT_BYTES, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? READ_LATER : READ_FAILED;
    *got = (size_t)n;
    return n == 0 ? READ_EOF : READ_SOME;
}

static void meet_read_failure(struct client *c)
{
    if (c->ssl != NULL)
        client_fail(c, FAULT_TLS, "TLS: %s", tls_reason(c));
    else
        meet_reset(c, errno);
}

/* Gives the wire what there is, and keeps what it leaves. */
static void decode(struct client *c, struct ws_input in)
{
    c->wire->decode(c, &in);
    if (c->state == CLIENT_CLOSED)
        return;
    if (c->state == CLIENT_LEAVING)
        in.len = 0;
    if (in.len > DRIVER_CARRY_BYTES) {
        client_fail(c, FAULT_PROTOCOL, "a line, head or frame that is too long");
        return;
    }
    c->in.len = 0;
    if (in.len == 0)
        buf_deinit(&c->in);
    else if (buf_append(&c->in, span_of(in.ptr, in.len)) != OK)
        driver_out_of_memory(c->driver);
}

void client_read_in(struct client *c)
{
    struct driver *d = c->driver;
    size_t carried = c->in.len, got = 0;
    do {
        if (carried > 0)
            memcpy(d->input, c->in.data, carried);
        switch (read_once(c, d->input + carried, &got)) {
        case READ_LATER:
            return;
        case READ_EOF:
            meet_eof(c);
            return;
        case READ_FAILED:
            meet_read_failure(c);
            return;
        case READ_SOME:
            break;
        }
        driver_clock(d);
        lane_count_add(d->lane, COUNT_RECEIVED_WIRE, got);
        if (c->state != CLIENT_LEAVING)
            decode(c, (struct ws_input){d->input, carried + got});
        if (c->state == CLIENT_CLOSED)
            return;
        driver_settle(d);
        carried = c->in.len;
        /* What OpenSSL holds already, epoll will not tell. */
    } while (c->ssl != NULL && SSL_has_pending(c->ssl));
}
