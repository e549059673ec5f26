#include "load/client.h"

#include "load/tls.h"
#include "scenario/scenario.h"
#include "simul/check.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const struct scenario *scenario_of(const struct client *c)
{
    return c->driver->plan->scenario;
}

static bool is_opening(const struct client *c)
{
    return c->state > CLIENT_CLOSED && c->state < CLIENT_OPEN;
}

void client_init(struct client *c, struct driver *d, uint32_t index)
{
    const struct plan *plan = d->plan;
    c->driver = d;
    c->index = index;
    if (client_is_beside(c)) {
        c->url = &plan->beside_url;
        c->address = &plan->beside_addresses.items[index % plan->beside_addresses.count];
    } else {
        c->url = &plan->urls[index % plan->url_count];
        c->address = &plan->addresses.items[index % plan->addresses.count];
    }
    c->wire = wire_of(c->url->scheme->carrier);
    c->io.fd = -1;
}

/* ---- the end ---- */

/* Lets go of everything; the scenario hears of it last. */
static void tear_down(struct client *c)
{
    struct driver *d = c->driver;
    bool was_opening = is_opening(c);
    ev_io_stop(d->ev, &c->io);
    tls_stop(c);
    close(c->io.fd);
    c->io.fd = -1;
    if (c->wire->deinit != NULL)
        c->wire->deinit(c);
    memset(&c->wire_state, 0, sizeof c->wire_state);
    buf_deinit(&c->in);
    buf_deinit(&c->out);
    c->out_taken = 0;
    list_remove(&c->deadline);
    if (d->writing == c) {
        d->writing = NULL;
        d->output.len = 0;
    }
    c->state = CLIENT_CLOSED;
    d->left_open--;
    if (c->was_open)
        lane_count_add(d->lane, COUNT_ENDED, 1);
    if (was_opening)
        d->opening--;
    if (scenario_of(c)->on_close != NULL)
        scenario_of(c)->on_close(c);
    if (was_opening)
        driver_opened(d);
}

void client_close(struct client *c)
{
    if (c->state != CLIENT_CLOSED)
        tear_down(c);
}

/* Counts a fault and says it in words. */
static void count_fault(struct client *c, enum fault fault, const char *text)
{
    lane_fault_add(c->driver->lane, fault, 1);
    lane_reason_add(c->driver->lane, text);
}

void client_fail(struct client *c, enum fault fault, const char *format, ...)
{
    char text[REASON_BYTES];
    va_list args;
    if (c->state == CLIENT_CLOSED)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    /* However a connection ends that is ending anyway, nothing is wrong. */
    if (c->state != CLIENT_LEAVING) {
        count_fault(c, fault, text);
        if (c->was_open)
            lane_count_add(c->driver->lane, COUNT_CLOSED, 1);
    }
    tear_down(c);
}

/* The peer has ended its half. */
static void meet_eof(struct client *c)
{
    if (c->state == CLIENT_LEAVING || (c->wire->on_eof != NULL && c->wire->on_eof(c)))
        client_close(c);
    else if (c->state == CLIENT_OPEN)
        client_fail(c, FAULT_CLOSED, "closed by the server, without a word");
    else
        client_fail(c, FAULT_HANDSHAKE, "closed by the server before the handshake was done");
}

/* ---- output ---- */

static void watch(struct client *c, int events)
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
        return taken;
    }
    ssize_t n = send(c->io.fd, from, len, MSG_NOSIGNAL);
    if (n < 0)
        c->is_broken = errno != EAGAIN && errno != EINTR;
    return n < 0 ? 0 : (size_t)n;
}

/* All is sent: the scenario may send more, or we end our half. Where the wire has said goodbye the
 * server closes (RFC 6455 section 7.1.1), and has the port in TIME_WAIT instead of us. */
static void meet_drained(struct client *c)
{
    if (c->state == CLIENT_LEAVING && c->wire->leave == NULL) {
        tls_shutdown(c);
        shutdown(c->io.fd, SHUT_WR);
    } else if (c->state == CLIENT_OPEN && scenario_of(c)->on_writable != NULL) {
        scenario_of(c)->on_writable(c);
        client_flush(c);
    }
}

/* The socket takes more. What it took is dropped when it is half of what there is, so that each
 * byte is moved once, however long the message. */
static void write_out(struct client *c)
{
    struct span rest = span_drop(buf_span(&c->out), c->out_taken);
    c->out_taken += rest.len == 0 ? 0 : send_some(c, rest.ptr, rest.len);
    if (c->is_broken)
        c->out_taken = c->out.len; /* nobody will want it */
    if (c->out_taken >= c->out.len / 2) {
        buf_consume(&c->out, c->out_taken);
        c->out_taken = 0;
    }
    if (c->out.len > 0)
        return;
    buf_deinit(&c->out);
    watch(c, EV_READ);
    meet_drained(c);
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
    watch(c, c->out.len > 0 || wants_more ? EV_READ | EV_WRITE : EV_READ);
}

/* ---- opening ---- */

/* Clients that are opening stand in the order in which their stages began: each stage may take the
 * time-out. */
static void enter(struct client *c, enum client_state state)
{
    c->state = (uint8_t)state;
    c->stage_ns = c->driver->now_ns;
    list_remove(&c->deadline);
    if (is_opening(c))
        list_push_back(&c->driver->deadlines, &c->deadline);
}

void client_greeted(struct client *c)
{
    CHECK(c->state == CLIENT_GREETING);
    enter(c, CLIENT_INTRODUCING);
    if (scenario_of(c)->introduce != NULL)
        scenario_of(c)->introduce(c);
    else
        client_opened(c);
}

void client_opened(struct client *c)
{
    struct driver *d = c->driver;
    CHECK(c->state == CLIENT_INTRODUCING);
    c->was_open = true;
    enter(c, CLIENT_OPEN);
    d->opening--;
    lane_count_add(d->lane, COUNT_OPENED, 1);
    if (scenario_of(c)->on_open != NULL)
        scenario_of(c)->on_open(c);
    driver_opened(d);
}

static void begin_greeting(struct client *c)
{
    enter(c, CLIENT_GREETING);
    watch(c, EV_READ);
    c->wire->greet(c);
    client_flush(c);
}

static void secure(struct client *c)
{
    struct driver *d = c->driver;
    switch (tls_handshake(c)) {
    case TLS_WANT_READ:
        watch(c, EV_READ);
        return;
    case TLS_WANT_WRITE:
        watch(c, EV_WRITE);
        return;
    case TLS_DONE:
        driver_clock(d);
        driver_time(d, TIMING_TLS, c->stage_ns);
        if (tls_was_resumed(c))
            lane_count_add(d->lane, COUNT_RESUMED, 1);
        begin_greeting(c);
        return;
    case TLS_EOF:
    case TLS_FAILED:
        client_fail(c, FAULT_TLS, "TLS handshake: %s", tls_reason(c));
        return;
    }
}

/* Why connect failed, as a fault and for people. */
static enum fault explain_connect(const struct client *c, int code, char text[REASON_BYTES])
{
    char address[ADDRESS_TEXT_BYTES];
    address_print(c->address, address);
    if (code == EADDRNOTAVAIL) {
        snprintf(text, REASON_BYTES, "no port is left to %s: give ranges as --source", address);
        return FAULT_LOCAL;
    }
    snprintf(text, REASON_BYTES, "connect to %s: %s", address, strerror(code));
    switch (code) {
    case ECONNREFUSED:
        return FAULT_REFUSED;
    case ETIMEDOUT:
        return FAULT_TIMEOUT;
    case EACCES:
        return FAULT_LOCAL;
    default:
        return FAULT_CONNECT;
    }
}

static void meet_connected(struct client *c)
{
    struct driver *d = c->driver;
    int code = 0;
    socklen_t bytes = sizeof code;
    getsockopt(c->io.fd, SOL_SOCKET, SO_ERROR, &code, &bytes);
    driver_clock(d);
    if (code != 0) {
        char text[REASON_BYTES];
        enum fault fault = explain_connect(c, code, text);
        client_fail(c, fault, "%s", text);
        return;
    }
    driver_time(d, TIMING_CONNECT, c->stage_ns);
    if (!c->url->scheme->tls) {
        begin_greeting(c);
        return;
    }
    enter(c, CLIENT_SECURING);
    if (!tls_start(c))
        driver_out_of_memory(d);
    secure(c);
}

/* ---- input ---- */

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
        client_fail(c, FAULT_RESET, "the connection broke: %s", strerror(errno));
}

/* Gives the wire what there is, and keeps what it leaves. */
static void decode(struct client *c, struct ws_input in)
{
    c->wire->decode(c, &in);
    if (c->state == CLIENT_CLOSED)
        return;
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

static void read_in(struct client *c)
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
        if (c->state != CLIENT_LEAVING)
            decode(c, (struct ws_input){d->input, carried + got});
        if (c->state == CLIENT_CLOSED)
            return;
        driver_settle(d);
        carried = c->in.len;
        /* What OpenSSL holds already, epoll will not tell. */
    } while (c->ssl != NULL && SSL_has_pending(c->ssl));
}

bool client_renew(struct client *c)
{
    if (scenario_of(c)->never_renews)
        return false;
    CHECK(c->state == CLIENT_OPEN);
    c->state = CLIENT_LEAVING;
    c->is_spent = true;
    return true;
}

void client_replace(struct client *c)
{
    client_close(c);
    if (c->driver->phase < PHASE_DRAINING)
        client_open(c);
}

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    struct client *c = (struct client *)((uint8_t *)w - offsetof(struct client, io));
    struct driver *d = c->driver;
    (void)ev;
    if (c->state == CLIENT_CONNECTING) {
        meet_connected(c);
    } else if (c->state == CLIENT_SECURING) {
        secure(c);
    } else {
        if (events & EV_WRITE)
            write_out(c);
        if (events & EV_READ && c->state != CLIENT_CLOSED)
            read_in(c);
    }
    if (c->is_spent && c->state == CLIENT_CLOSED)
        client_replace(c);
    pace_resume(&d->pace);
}

/* ---- the beginning ---- */

/* From an address of --source; the port is chosen by connect, so that one port can serve many
 * destinations. */
static bool bind_source(struct client *c)
{
    const struct plan *plan = c->driver->plan;
    if (plan->sources.count == 0)
        return true;
    const struct address *from =
        &plan->sources.items[c->index / plan->addresses.count % plan->sources.count];
    int on = 1;
    setsockopt(c->io.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(c->io.fd, &from->any, from->bytes) == 0;
}

static bool fail_at_once(struct client *c, enum fault fault, const char *text)
{
    count_fault(c, fault, text);
    if (c->io.fd >= 0)
        close(c->io.fd);
    c->io.fd = -1;
    return false;
}

bool client_open(struct client *c)
{
    struct driver *d = c->driver;
    char text[REASON_BYTES];
    int on = 1;
    CHECK(c->state == CLIENT_CLOSED);
    lane_count_add(d->lane, COUNT_STARTED, 1);
    c->io.fd = socket(c->address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->io.fd < 0) {
        snprintf(text, sizeof text, "no socket: %s", strerror(errno));
        return fail_at_once(c, FAULT_LOCAL, text);
    }
    if (!bind_source(c)) {
        snprintf(text, sizeof text, "cannot connect from that --source: %s", strerror(errno));
        return fail_at_once(c, FAULT_LOCAL, text);
    }
    setsockopt(c->io.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    driver_clock(d);
    if (connect(c->io.fd, &c->address->any, c->address->bytes) != 0 && errno != EINPROGRESS) {
        enum fault fault = explain_connect(c, errno, text);
        return fail_at_once(c, fault, text);
    }
    c->was_open = c->is_broken = c->is_spent = false;
    enter(c, CLIENT_CONNECTING);
    ev_io_init(&c->io, on_io, c->io.fd, EV_WRITE);
    ev_io_start(d->ev, &c->io);
    d->opening++;
    d->left_open++;
    return true;
}

void client_leave(struct client *c)
{
    if (c->state == CLIENT_LEAVING)
        return;
    if (c->state != CLIENT_OPEN) {
        client_close(c);
        return;
    }
    if (scenario_of(c)->on_leave != NULL)
        scenario_of(c)->on_leave(c);
    if (c->wire->leave != NULL)
        c->wire->leave(c);
    c->state = CLIENT_LEAVING;
    client_flush(c);
    if (c->out.len == 0)
        meet_drained(c);
}
