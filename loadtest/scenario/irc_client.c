#include "scenario/irc_client.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    TRIES_MAX = 20,
    WELCOME = 1,
    NO_MOTD = 422, /* no error, for all its number */
    NICK_IN_USE = 433,
    NICK_COLLIDES = 436,
    NICK_UNAVAILABLE = 437,
};

void irc_client_say(struct client *c, const char *format, ...)
{
    char line[IRC_REST_BYTES_MAX + 1];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t bytes = (size_t)len < sizeof line ? (size_t)len : sizeof line - 1;
    client_send(c, span_of(line, bytes), !c->driver->plan->binary);
}

/* Each client has numbers of its own, however often it tries. */
static void take_nick(struct irc_client *irc, struct client *c)
{
    const struct plan *plan = c->driver->plan;
    uint64_t number = c->index + (uint64_t)irc->tries * plan->connections;
    snprintf(irc->nick, sizeof irc->nick, "%.20s%llu", plan->nick, (unsigned long long)number);
    irc_client_say(c, "NICK %s", irc->nick);
}

void irc_client_introduce(struct irc_client *irc, struct client *c)
{
    const struct plan *plan = c->driver->plan;
    irc->tries = 0;
    irc->is_registered = false;
    if (plan->password != NULL)
        irc_client_say(c, "PASS :%s", plan->password);
    take_nick(irc, c);
    irc_client_say(c, "USER %.20s 0 * :simul-load", plan->nick);
}

bool irc_client_is_source(const struct irc_client *irc, const struct irc_line *line)
{
    return irc_eq(span_take(line->source, span_find(line->source, '!')), span_str(irc->nick));
}

/* 0: it is none. */
static unsigned numeric_of(struct span command)
{
    unsigned n = 0;
    if (command.len != 3)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (command.ptr[i] < '0' || command.ptr[i] > '9')
            return 0;
        n = n * 10 + command.ptr[i] - '0';
    }
    return n;
}

static enum irc_heard meet_refusal(struct client *c, const struct irc_line *line)
{
    char text[REASON_BYTES];
    struct span why = line->param_count > 0 ? line->params[line->param_count - 1] : SPAN_EMPTY;
    snprintf(text, sizeof text, "the server answers %.*s: %.*s", SPAN_ARG(line->command),
             SPAN_ARG(why));
    if (c->state == CLIENT_INTRODUCING) {
        client_fail(c, FAULT_HANDSHAKE, "%s", text);
        return IRC_GONE;
    }
    lane_fault_add(c->driver->lane, FAULT_STATUS, 1);
    lane_reason_add(c->driver->lane, text);
    return IRC_HEARD;
}

static enum irc_heard meet_error(struct client *c, const struct irc_line *line)
{
    struct span why = line->param_count > 0 ? line->params[0] : SPAN_EMPTY;
    client_fail(c, c->state == CLIENT_INTRODUCING ? FAULT_HANDSHAKE : FAULT_CLOSED,
                "closed by the server: %.*s", SPAN_ARG(why));
    return IRC_GONE;
}

/* The server's word for who we are is the first param: it may have made the nick shorter. */
static enum irc_heard meet_welcome(struct irc_client *irc, struct client *c,
                                   const struct irc_line *line)
{
    struct span nick = line->param_count > 0 ? line->params[0] : SPAN_EMPTY;
    if (irc->is_registered)
        return IRC_HEARD;
    if (nick.len > 0 && nick.len < sizeof irc->nick)
        snprintf(irc->nick, sizeof irc->nick, "%.*s", SPAN_ARG(nick));
    irc->is_registered = true;
    driver_time(c->driver, TIMING_HANDSHAKE, c->stage_ns);
    return IRC_REGISTERED;
}

static enum irc_heard hear_numeric(struct irc_client *irc, struct client *c, unsigned numeric,
                                   const struct irc_line *line)
{
    bool is_taken =
        numeric == NICK_IN_USE || numeric == NICK_COLLIDES || numeric == NICK_UNAVAILABLE;
    if (numeric == WELCOME)
        return meet_welcome(irc, c, line);
    if (is_taken && !irc->is_registered && irc->tries < TRIES_MAX) {
        irc->tries++;
        take_nick(irc, c);
        return IRC_HEARD;
    }
    if (numeric >= 400 && numeric < 600 && numeric != NO_MOTD)
        return meet_refusal(c, line);
    return IRC_OTHER;
}

enum irc_heard irc_client_hear(struct irc_client *irc, struct client *c, const struct message *m,
                               struct irc_line *line)
{
    if (!m->first || !m->last) {
        client_fail(c, FAULT_PROTOCOL, "an IRC line that came in pieces");
        return IRC_GONE;
    }
    if (m->payload.len == 0)
        return IRC_HEARD;
    if (irc_parse(m->payload, line) != OK) {
        client_fail(c, FAULT_PROTOCOL, "the server sent what is no line of IRC");
        return IRC_GONE;
    }
    unsigned numeric = numeric_of(line->command);
    if (numeric != 0)
        return hear_numeric(irc, c, numeric, line);
    if (span_eq_nocase(line->command, SPAN("PING"))) {
        struct span token = line->param_count > 0 ? line->params[0] : SPAN_EMPTY;
        if (!client_is_clogged(c))
            irc_client_say(c, "PONG :%.*s", SPAN_ARG(token));
        return IRC_HEARD;
    }
    if (span_eq_nocase(line->command, SPAN("ERROR")))
        return meet_error(c, line);
    /* https://ircv3.net/specs/extensions/standard-replies */
    if (span_eq_nocase(line->command, SPAN("FAIL")))
        return meet_refusal(c, line);
    return IRC_OTHER;
}
