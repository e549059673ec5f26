#include "load/client.h"

#include "load/client_internal.h"
#include "load/tls.h"
#include "simul/check.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

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

/* Clients that are opening stand in the order in which their stages began: each stage may take the
 * time-out. So do those that are leaving. */
static void enter(struct client *c, enum client_state state)
{
    struct driver *d = c->driver;
    c->state = (uint8_t)state;
    c->stage_ns = d->now_ns;
    list_remove(&c->deadline);
    if (is_opening(c))
        list_push_back(&d->deadlines, &c->deadline);
    else if (state == CLIENT_LEAVING)
        list_push_back(&d->leaving, &c->deadline);
}

/* --- the end ----------------------------------------------------------------------------- */

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
    if (c->state == CLIENT_CLOSED)
        return;
    tls_shutdown(c);
    tear_down(c);
}

/* Counts a fault and says it in words. */
static void count_fault(struct client *c, enum fault fault, const char *text)
{
    lane_fault_add(c->driver->lane, fault, 1);
    lane_reason_add(c->driver->lane, text);
}

/* Counts why a connection ends, which it does not through us. */
__attribute__((format(printf, 3, 0))) static void count_end(struct client *c, enum fault fault,
                                                            const char *format, va_list args)
{
    char text[REASON_BYTES];
    vsnprintf(text, sizeof text, format, args);
    count_fault(c, fault, text);
    if (c->was_open)
        lane_count_add(c->driver->lane, COUNT_CLOSED, 1);
}

void client_fail(struct client *c, enum fault fault, const char *format, ...)
{
    va_list args;
    if (c->state == CLIENT_CLOSED)
        return;
    va_start(args, format);
    /* However a connection ends that is ending anyway, nothing is wrong. */
    if (c->state != CLIENT_LEAVING)
        count_end(c, fault, format, args);
    va_end(args);
    tear_down(c);
}

void client_part(struct client *c, enum fault fault, const char *format, ...)
{
    va_list args;
    CHECK(client_is_talking(c));
    va_start(args, format);
    count_end(c, fault, format, args);
    va_end(args);
    bool was_opening = is_opening(c);
    enter(c, CLIENT_LEAVING);
    client_flush(c);
    if (was_opening) {
        c->driver->opening--;
        driver_opened(c->driver);
    }
}

/* --- opening ----------------------------------------------------------------------------- */

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
    client_watch(c, EV_READ);
    c->wire->greet(c);
    client_flush(c);
}

static void secure(struct client *c)
{
    struct driver *d = c->driver;
    switch (tls_handshake(c)) {
    case TLS_WANT_READ:
        client_watch(c, EV_READ);
        return;
    case TLS_WANT_WRITE:
        client_watch(c, EV_WRITE);
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

/* --- one in the place of another --------------------------------------------------------- */

bool client_renew(struct client *c)
{
    if (scenario_of(c)->never_renews)
        return false;
    CHECK(c->state == CLIENT_OPEN);
    enter(c, CLIENT_LEAVING);
    c->is_spent = true;
    return true;
}

static void replace(struct client *c)
{
    if (c->driver->phase < PHASE_DRAINING)
        client_open(c);
}

void client_give_up(struct client *c)
{
    bool is_spent = c->is_spent;
    if (!is_spent && c->driver->phase < PHASE_CLOSING)
        lane_reason_add(c->driver->lane, "not closed by the server within 1 s after our goodbye");
    client_close(c);
    if (is_spent)
        replace(c);
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
            client_write_out(c);
        if (events & EV_READ && c->state != CLIENT_CLOSED)
            client_read_in(c);
    }
    if (c->is_spent && c->state == CLIENT_CLOSED)
        replace(c);
    pace_resume(&d->pace);
}

/* --- the beginning ----------------------------------------------------------------------- */

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
    c->was_open = c->is_broken = c->is_reset = c->is_spent = false;
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
    enter(c, CLIENT_LEAVING);
    client_flush(c);
    if (c->out.len == 0)
        client_meet_drained(c);
}
