#include "sim/peer.h"

#include "sim/chatter.h"
#include "sim/sim.h"

#include <errno.h>
#include <ev.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

struct peer peers[PEERS_MAX];
static unsigned limit; /* those from here on are never open in this run */

enum { LINE_CHARS = 4096 };

/* --- clients ----------------------------------------------------------------------------- */

static void say(struct peer *p, struct span line)
{
    if (p->ws.is_on) {
        peer_ws_say(p, line);
        return;
    }
    enum err e = buf_append(&p->said, line);
    SIM_CHECK(e == OK && buf_append(&p->said, SPAN("\r\n")) == OK, "out of memory");
}

void peer_say(struct peer *p, const char *format, ...)
{
    char line[LINE_CHARS];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    bool has_tags = line[0] == '@';
    struct span rest = span_drop(span_of(line, (size_t)n), has_tags);
    struct buf whole = {0};
    enum err e = OK;
    if (p->label[0] != '\0')
        e = buf_printf(&whole, "@label=%s%c", p->label, has_tags ? ';' : ' ');
    else if (has_tags)
        e = buf_append(&whole, SPAN("@"));
    p->label[0] = '\0';
    SIM_CHECK(e == OK && buf_append(&whole, rest) == OK, "out of memory");
    say(p, buf_span(&whole));
    buf_deinit(&whole);
}

void peer_begin_command(struct peer *p, bool is_labeled)
{
    p->commands++;
    SIM_CHECK(buf_append(&p->labeled, is_labeled ? SPAN("1") : SPAN("0")) == OK, "out of memory");
    if (is_labeled)
        snprintf(p->label, sizeof(p->label), "c%u", p->commands);
}

void peer_begin_local(struct peer *p, bool is_labeled)
{
    struct peer_local local = {.commands = p->commands};
    if (is_labeled)
        snprintf(local.label, sizeof(local.label), "l%u", sim_below(1000));
    strcpy(p->label, local.label);
    SIM_CHECK(buf_append(&p->locals, span_of(&local, sizeof(local))) == OK, "out of memory");
}

void peer_init(unsigned most)
{
    limit = most;
    peer_ws_init();
}

void peer_done(void)
{
    peer_ws_deinit();
}

struct peer *peer_any(void)
{
    return &peers[sim_below(limit)];
}

int peer_connect(void)
{
    struct peer *p = peer_any();
    if (p->is_open)
        return -1;
    *p = (struct peer){.is_open = true, .asked_caps = chatter_any_caps()};
    p->ws = peer_ws_any();
    p->caps = p->asked_caps;
    chatter_begin(p);
    return PEER_FD + (int)peer_number(p);
}

int peer_events(const struct peer *p)
{
    bool readable = p->said.len > 0 || p->is_eof || p->is_reset;
    bool writable = !p->is_slow || p->is_reset || sim_chance(5);
    return (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);
}

void peer_hurry_all(void)
{
    for (struct peer *p = peers; p < peers + PEERS_MAX; p++) {
        p->is_slow = false;
        p->is_eof = p->is_eof || p->was_shut;
    }
}

void peer_reset_all(void)
{
    for (struct peer *p = peers; p < peers + PEERS_MAX; p++)
        p->is_reset = true;
}

/* --- the server's system calls ----------------------------------------------------------- */

ssize_t __wrap_socket_recv(int fd, void *to, size_t cap);
ssize_t __wrap_socket_send(int fd, const struct iovec *iov, size_t count);
int __wrap_shutdown(int fd, int how);
int __wrap_close(int fd);
int __real_close(int fd);

static struct peer *peer_at(int fd)
{
    SIM_CHECK(fd >= PEER_FD && fd < PEER_FD + PEERS_MAX && peers[fd - PEER_FD].is_open,
              "the server uses descriptor %d, which it does not have", fd);
    return &peers[fd - PEER_FD];
}

static ssize_t fail(int number)
{
    errno = number;
    return -1;
}

ssize_t __wrap_socket_recv(int fd, void *to, size_t cap)
{
    struct peer *p = peer_at(fd);
    if (p->is_reset)
        return fail(ECONNRESET);
    if (p->said.len == 0)
        return p->is_eof ? 0 : fail(EAGAIN);
    size_t n = p->said.len < cap ? p->said.len : cap;
    if (sim_chance(20))
        n = 1 + sim_below((uint32_t)n); /* a segment ends anywhere */
    memcpy(to, p->said.data, n);
    buf_consume(&p->said, n);
    return (ssize_t)n;
}

/* How much of that the socket takes now. */
static size_t room(const struct peer *p, size_t len)
{
    if (!p->is_slow)
        return sim_chance(5) ? sim_below((uint32_t)len) : len;
    size_t few = sim_chance(10) ? sim_below(600) : 0;
    return few < len ? few : len;
}

ssize_t __wrap_socket_send(int fd, const struct iovec *iov, size_t count)
{
    struct peer *p = peer_at(fd);
    SIM_CHECK(!p->was_shut, "the server sends after its own end");
    if (p->is_reset)
        return fail(EPIPE);
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += iov[i].iov_len;
    size_t left = room(p, len), taken = 0;
    if (left == 0 && len > 0)
        return fail(EAGAIN);
    for (size_t i = 0; left > 0; i++) {
        const struct iovec *v = &iov[i];
        size_t n = v->iov_len < left ? v->iov_len : left;
        peer_hear(p, span_of(v->iov_base, n));
        left -= n;
        taken += n;
    }
    return (ssize_t)taken;
}

int __wrap_shutdown(int fd, int how)
{
    (void)how;
    struct peer *p = peer_at(fd);
    if (p->is_reset)
        return (int)fail(ENOTCONN);
    p->was_shut = true;
    return 0;
}

int __wrap_close(int fd)
{
    if (fd < PEER_FD)
        return __real_close(fd);
    struct peer *p = peer_at(fd);
    peer_ws_close(&p->ws);
    buf_deinit(&p->said);
    buf_deinit(&p->heard);
    buf_deinit(&p->expected);
    buf_deinit(&p->labeled);
    buf_deinit(&p->locals);
    p->is_open = false;
    return 0;
}
