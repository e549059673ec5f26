#include "sim/peer.h"

#include "chat/position.h"
#include "sim/chatter.h"
#include "sim/sim.h"

#include <errno.h>
#include <ev.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct peer peers[PEERS_MAX];
static unsigned limit; /* those from here on are never open in this run */

enum { LINE_CHARS = 4096 };
/* What the items of `expected` begin with. */
enum { ITEM_LINE = '=', ITEM_BEGINNING = '^', ITEM_ANSWERED = '!' };

static unsigned number_of(const struct peer *p)
{
    return (unsigned)(p - peers);
}

/* --- clients -------------------------------------------------------------------------------- */

void peer_say(struct peer *p, const char *format, ...)
{
    char line[LINE_CHARS];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    SIM_CHECK(buf_append(&p->said, span_of(line, (size_t)n)) == OK, "out of memory");
    SIM_CHECK(buf_append(&p->said, SPAN("\r\n")) == OK, "out of memory");
}

void peer_init(unsigned most)
{
    limit = most;
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
    *p = (struct peer){.is_open = true, .caps = chatter_any_caps()};
    chatter_begin(p);
    return PEER_FD + (int)number_of(p);
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

/* --- what is to be heard -------------------------------------------------------------------- */

static struct peer *peer_of(struct handle h)
{
    for (struct peer *p = peers; p < peers + PEERS_MAX; p++)
        if (p->is_open && p->handle.loop == h.loop && p->handle.slot == h.slot &&
            p->handle.generation == h.generation)
            return p;
    return NULL;
}

static void expect(struct peer *p, char item, const char *text)
{
    SIM_CHECK(buf_printf(&p->expected, "%c%s\n", item, text) == OK, "out of memory");
}

void peer_expect_message(struct handle to, const struct peer_message *pm)
{
    struct peer *p = peer_of(to);
    if (p == NULL || p->is_gone || (p->caps & pm->need) != pm->need || p->caps & pm->avoid)
        return;
    if (p == peer_of(pm->from) &&
        (pm->is_for_others || (pm->is_echo && !(p->caps & CAP_ECHO_MESSAGE))))
        return;
    char time[POSITION_TIME_CHARS], msgid[POSITION_MSGID_CHARS_MAX], line[LINE_CHARS];
    position_time(pm->at.ms, time);
    size_t msgid_chars = position_msgid(&pm->at, pm->part, msgid);
    int n = 0;
    if (p->caps & CAP_SERVER_TIME)
        n += sprintf(line + n, "@time=%.*s", POSITION_TIME_CHARS, time);
    if (p->caps & CAP_MESSAGE_TAGS)
        n += sprintf(line + n, "%smsgid=%.*s%s%s%s", n == 0 ? "@" : ";", (int)msgid_chars, msgid,
                     pm->is_bot ? ";bot" : "", pm->tags[0] == '\0' ? "" : ";", pm->tags);
    snprintf(line + n, sizeof(line) - (size_t)n, "%s%s", n == 0 ? "" : " ", pm->text);
    expect(p, ITEM_LINE, line);
}

void peer_expect_line(struct handle to, bool is_whole, const char *format, ...)
{
    struct peer *p = peer_of(to);
    if (p == NULL)
        return;
    char line[LINE_CHARS];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    expect(p, is_whole ? ITEM_LINE : ITEM_BEGINNING, line);
}

void peer_expect_no_more(struct handle to)
{
    struct peer *p = peer_of(to);
    if (p != NULL)
        p->is_gone = true;
}

void peer_expect_answered(struct handle to)
{
    struct peer *p = peer_of(to);
    if (p == NULL)
        return;
    char number[16];
    snprintf(number, sizeof(number), "%u", ++p->applied);
    expect(p, ITEM_ANSWERED, number);
}

/* The next item, without its LF; empty when there is none. Marks before it are taken. */
static struct span next_expected(struct peer *p)
{
    for (;;) {
        struct span rest = span_drop(buf_span(&p->expected), p->expected_at);
        struct span item = span_take(rest, span_find(rest, '\n'));
        if (item.len == 0) {
            p->expected.len = p->expected_at = 0;
            return SPAN_EMPTY;
        }
        if (item.ptr[0] != ITEM_ANSWERED)
            return item;
        p->answered++;
        p->expected_at += item.len + 1;
    }
}

void peer_check_all_heard(void)
{
    for (struct peer *p = peers; p < peers + PEERS_MAX; p++) {
        if (!p->is_open || p->is_over)
            continue;
        struct span item = next_expected(p);
        SIM_CHECK(item.len == 0, "peer %u never heard: %.*s", number_of(p), SPAN_ARG(item));
        SIM_CHECK(p->answered == p->commands, "peer %u waits for the answer to command %u",
                  number_of(p), p->answered + 1);
    }
}

/* --- what is heard -------------------------------------------------------------------------- */

static bool is_expected(struct peer *p, struct span line)
{
    struct span item = next_expected(p);
    if (item.len == 0)
        return false;
    struct span text = span_drop(item, 1);
    if (item.ptr[0] == ITEM_LINE ? !span_eq(line, text) : !span_starts_with(line, text))
        return false;
    p->expected_at += item.len + 1;
    return true;
}

/* An answer of the loop's own: whatever was said before it is answered. */
static void hear_pong(struct peer *p, struct span line)
{
    unsigned commands = 0;
    SIM_CHECK(sscanf((const char *)line.ptr, ":s.test PONG s.test :%u", &commands) == 1,
              "peer %u heard: %.*s", number_of(p), SPAN_ARG(line));
    next_expected(p);
    SIM_CHECK(p->answered >= commands, "peer %u: a PONG came before the answer to command %u",
              number_of(p), p->answered + 1);
}

static bool is_numeric(struct span line, const char *numerics)
{
    static const char source[] = ":s.test ";
    char numeric[4] = "";
    if (!span_starts_with(line, span_str(source)) || line.len < sizeof(source) + 3)
        return false;
    memcpy(numeric, line.ptr + sizeof(source) - 1, 3);
    return strstr(numerics, numeric) != NULL;
}

/* The last words: whoever said QUIT, or was killed, has heard all there was. */
static void hear_error(struct peer *p)
{
    SIM_CHECK(!p->is_gone || next_expected(p).len == 0,
              "peer %u was let go before it heard everything", number_of(p));
    p->is_over = true;
}

/* What the loop says of itself. Between welcome and ERROR that is only PONG. */
static void hear_local(struct peer *p, struct span line)
{
    if (span_starts_with(line, SPAN("ERROR :"))) {
        hear_error(p);
    } else if (span_starts_with(line, SPAN(":s.test PONG"))) {
        hear_pong(p, line);
    } else if (!p->is_registered && is_numeric(line, "433")) {
        chatter_take_nick(p);
    } else if (!p->is_registered && is_numeric(line, "001")) {
        p->is_registered = p->is_being_told = true;
    } else if (p->is_being_told &&
               is_numeric(line, "002 003 004 005 251 252 254 255 265 266 422")) {
        p->is_being_told = !is_numeric(line, "422");
    } else if (p->is_registered || !span_starts_with(line, SPAN(":s.test CAP * ACK "))) {
        struct span item = next_expected(p);
        sim_fail("peer %u heard   : %.*s\ninstead of: %.*s", number_of(p), SPAN_ARG(line),
                 SPAN_ARG(item));
    }
}

static void hear_line(struct peer *p, struct span line)
{
    SIM_CHECK(!p->is_over, "peer %u heard after its ERROR: %.*s", number_of(p), SPAN_ARG(line));
    if (!p->is_registered || p->is_being_told || !is_expected(p, line))
        hear_local(p, line);
}

static void hear(struct peer *p, struct span bytes)
{
    SIM_CHECK(buf_append(&p->heard, bytes) == OK, "out of memory");
    struct span rest = buf_span(&p->heard);
    for (size_t n; (n = span_find(rest, '\n')) < rest.len; rest = span_drop(rest, n + 1)) {
        SIM_CHECK(n > 0 && rest.ptr[n - 1] == '\r', "peer %u heard a line without CR",
                  number_of(p));
        hear_line(p, span_take(rest, n - 1));
    }
    buf_consume(&p->heard, p->heard.len - rest.len);
}

/* --- the server's system calls -------------------------------------------------------------- */

ssize_t __wrap_recv(int fd, void *to, size_t cap, int flags);
ssize_t __wrap_send(int fd, const void *from, size_t len, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
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

ssize_t __wrap_recv(int fd, void *to, size_t cap, int flags)
{
    (void)flags;
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

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    (void)flags;
    struct peer *p = peer_at(fd);
    SIM_CHECK(!p->was_shut, "the server sends after its own end");
    if (p->is_reset)
        return fail(EPIPE);
    size_t len = 0;
    for (size_t i = 0; i < message->msg_iovlen; i++)
        len += message->msg_iov[i].iov_len;
    size_t left = room(p, len), taken = 0;
    if (left == 0 && len > 0)
        return fail(EAGAIN);
    for (size_t i = 0; left > 0; i++) {
        const struct iovec *v = &message->msg_iov[i];
        size_t n = v->iov_len < left ? v->iov_len : left;
        hear(p, span_of(v->iov_base, n));
        left -= n;
        taken += n;
    }
    return (ssize_t)taken;
}

ssize_t __wrap_send(int fd, const void *from, size_t len, int flags)
{
    struct iovec v = {.iov_base = (void *)(uintptr_t)from, .iov_len = len};
    struct msghdr message = {.msg_iov = &v, .msg_iovlen = 1};
    return __wrap_sendmsg(fd, &message, flags);
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
    buf_deinit(&p->said);
    buf_deinit(&p->heard);
    buf_deinit(&p->expected);
    p->is_open = false;
    return 0;
}
