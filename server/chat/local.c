#include "chat/local.h"

#include "chat/session.h"
#include "chat/welcome.h"
#include "config.h"
#include "net/net.h"

#include <openssl/crypto.h>

/* --- registration --------------------------------------------------------------------------- */

static void already_registered(struct conn *c)
{
    NUMERIC(c, "462", SPAN("You may not reregister"));
}

void local_pass(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    if (s->is_registered) {
        already_registered(c);
        return;
    }
    struct span want = span_str(conn_net(c)->config->server.password);
    struct span got = line->params[0];
    s->knows_password = want.len == got.len && CRYPTO_memcmp(want.ptr, got.ptr, want.len) == 0;
}

/* Registered sessions change their nick in the hub. */
void local_nick(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    if (line->param_count == 0 || line->params[0].len == 0) {
        NUMERIC(c, "431", SPAN("No nickname given"));
        return;
    }
    struct span nick = line->params[0];
    if (!irc_nick_is_valid(nick, (size_t)conn_net(c)->config->chat.nick_length)) {
        NUMERIC(c, "432", nick, SPAN("Erroneous nickname"));
        return;
    }
    memcpy(s->registration->nick, nick.ptr, nick.len);
    s->registration->nick_bytes = (uint8_t)nick.len;
}

/* Nobody vouches for the name, which the '~' says; the real name has no use yet. */
void local_user(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    if (s->is_registered) {
        already_registered(c);
        return;
    }
    struct registration_command *r = s->registration;
    r->user[0] = '~';
    size_t len = irc_user_clean(line->params[0], (uint8_t *)r->user + 1, sizeof(r->user) - 1);
    if (len == 0) {
        NUMERIC(c, "468", SPAN("Your username is not valid"));
        return;
    }
    r->user_bytes = (uint8_t)(1 + len);
}

/* --- capabilities --------------------------------------------------------------------------- */

static const struct {
    struct span name;
    uint8_t bit;
} caps[] = {
    {SPAN("echo-message"), CAP_ECHO_MESSAGE},
    {SPAN("message-tags"), CAP_MESSAGE_TAGS},
    {SPAN("server-time"), CAP_SERVER_TIME},
};
enum { CAP_COUNT = sizeof(caps) / sizeof(caps[0]), CAP_LIST_BYTES_MAX = 64 };

/* The names of those in `bits`, with a space between. */
static struct span list_caps(uint8_t bits, char out[CAP_LIST_BYTES_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < CAP_COUNT; i++) {
        if (!(bits & caps[i].bit))
            continue;
        if (len > 0)
            out[len++] = ' ';
        memcpy(out + len, caps[i].name.ptr, caps[i].name.len);
        len += caps[i].name.len;
    }
    return span_of(out, len);
}

static uint8_t find_cap(struct span name)
{
    for (size_t i = 0; i < CAP_COUNT; i++)
        if (span_eq(name, caps[i].name))
            return caps[i].bit;
    return 0;
}

/* Applies "a -b c" to *bits; false, with *bits half changed, at a name that is not known. */
static bool apply_request(struct span list, uint8_t *bits)
{
    while (list.len > 0) {
        size_t n = span_find(list, ' ');
        struct span name = span_take(list, n);
        list = span_drop(list, n < list.len ? n + 1 : n);
        if (name.len == 0)
            continue;
        bool is_off = name.ptr[0] == '-';
        uint8_t bit = find_cap(is_off ? span_drop(name, 1) : name);
        if (bit == 0)
            return false;
        *bits = is_off ? *bits & (uint8_t)~bit : *bits | bit;
    }
    return true;
}

/* All or nothing. */
static void request_caps(struct conn *c, struct chat_session *s, struct span list)
{
    uint8_t bits = s->caps;
    struct span nick = chat_session_nick(s);
    if (!apply_request(list, &bits)) {
        SAY(c, "CAP", nick, SPAN("NAK"), list);
        return;
    }
    SAY(c, "CAP", nick, SPAN("ACK"), list);
    s->caps = bits;
}

void local_cap(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    struct span what = line->params[0], nick = chat_session_nick(s);
    struct span list = line->param_count > 1 ? line->params[1] : SPAN_EMPTY;
    char names[CAP_LIST_BYTES_MAX];
    if (span_eq_nocase(what, SPAN("END"))) {
        s->is_negotiating = false;
    } else if (span_eq_nocase(what, SPAN("LS"))) {
        s->is_negotiating = !s->is_registered;
        SAY(c, "CAP", nick, SPAN("LS"), list_caps(UINT8_MAX, names));
    } else if (span_eq_nocase(what, SPAN("LIST"))) {
        SAY(c, "CAP", nick, SPAN("LIST"), list_caps(s->caps, names));
    } else if (span_eq_nocase(what, SPAN("REQ"))) {
        s->is_negotiating = !s->is_registered;
        request_caps(c, s, list);
    } else {
        NUMERIC(c, "410", what, SPAN("Invalid CAP command"));
    }
}

/* --- the rest ------------------------------------------------------------------------------- */

void local_ping(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)s;
    SAY(c, "PONG", span_str(conn_net(c)->config->server.name), line->params[0]);
}

/* That it came is all that it says. */
void local_pong(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)c;
    (void)s;
    (void)line;
}

void local_motd(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)s;
    (void)line;
    welcome_write_motd(c);
}

void local_quit(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)c;
    (void)line;
    s->reason = "Quit";
}
