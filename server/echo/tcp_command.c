/* The TCP echo of a listener where echo.commands is on: a first line such as "?drop=1/20&seed=7"
 * asks for faults, and is not echoed. Whatever begins otherwise is echoed as it comes, the first
 * byte at once. */
#include "echo/echo.h"
#include "echo/faults.h"
#include "echo/tcp_faulty.h"
#include "net/net.h"

#include <ctype.h>
#include <stdio.h>

enum { LINE_BYTES_MAX = 1024 };

/* One line, and the end. */
static void refuse(struct conn *c, const char *why)
{
    char text[FAULTS_MESSAGE_CHARS + 32];
    int len = snprintf(text, sizeof(text), "error: %s\n", why);
    conn_write(c, span_of(text, (size_t)len));
    conn_note_end(c, "the command is not valid"); /* `why` does not last that long */
    conn_fail(c, why);
}

/* The line without its end; `len` of it are used up. */
static bool find_line(struct span in, struct span *line, size_t *len)
{
    size_t end = span_find(in, '\n');
    if (end == in.len)
        return false;
    *len = end + 1;
    *line = span_take(in, end > 0 && in.ptr[end - 1] == '\r' ? end - 1 : end);
    return true;
}

/* As in the target of an HTTP request, all else stands as %XX. */
static bool is_plain(struct span line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] <= ' ' || line.ptr[i] > '~')
            return false;
    return true;
}

/* Names are shown only where they are the harmless word that somebody has mistyped. */
static void refuse_name(struct conn *c, struct span name)
{
    char why[FAULTS_MESSAGE_CHARS];
    bool is_word = name.len < 32;
    for (size_t i = 0; i < name.len && is_word; i++)
        is_word = isalnum(name.ptr[i]) || name.ptr[i] == '_';
    snprintf(why, sizeof(why), "there is no fault %.*s; /echo/help lists them",
             is_word ? (int)name.len : 0, (const char *)name.ptr);
    refuse(c, why);
}

static void obey(struct conn *c, struct span query)
{
    struct faults faults;
    char message[FAULTS_MESSAGE_CHARS];
    struct span unknown = faults_find_unknown(query);
    if (!is_plain(query)) {
        refuse(c, "the first line has a blank, or what is no ASCII");
        return;
    }
    if (unknown.len > 0) {
        refuse_name(c, unknown);
        return;
    }
    if (faults_parse(query, FAULTS_TCP, true, &faults, message) != OK) {
        refuse(c, message);
        return;
    }
    metric_add(&conn_net(c)->loop->metrics.faulty_echoes, faults.named != 0);
    void *frame = conn_become(c, &tcp_faulty_session);
    if (frame != NULL)
        tcp_faulty_session_init(frame, &faults);
}

static enum co_result run(struct conn *c, void *frame)
{
    (void)frame;
    struct span line;
    size_t len;
    CO_BEGIN(c);
    conn_set_timer(c, TIMER_NONE);
    while (c->in.len == 0 && !c->eof && !c->draining)
        CO_AWAIT(conn_try_event(c)); /* woken by a read, or by the drain */
    if (c->in.len == 0 || c->in.ptr[0] != '?') {
        conn_become(c, &tcp_echo_session);
        CO_RETURN;
    }
    conn_set_timer(c, TIMER_HANDSHAKE);
    while (!find_line(conn_input(c), &line, &len) && c->in.len < LINE_BYTES_MAX) {
        if (c->eof || c->timed_out || c->draining) {
            refuse(c, "the first line has no end");
            CO_RETURN;
        }
        CO_AWAIT(conn_try_event(c)); /* woken by a read, the timer, or the drain */
    }
    if (!find_line(conn_input(c), &line, &len) || len > LINE_BYTES_MAX) {
        refuse(c, "the first line is longer than 1024 bytes");
        CO_RETURN;
    }
    obey(c, span_drop(line, 1));
    conn_take(c, len);
    CO_END;
}

const struct session_type tcp_command_session = {
    .name = "tcp-command",
    .protocol = PROTOCOL_TCP,
    .is_lasting = true,
    .input_bytes = 16 * 1024,
    .resume = run,
};
