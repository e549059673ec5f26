/* Drives the hub with entries and plays its loops: deliveries change who is in which channel and
 * what each session has heard, as fan-out would. Sessions are numbered from 0. */
#pragma once

#include "chat/hub/caps.h"
#include "chat/hub/held.h"
#include "chat/hub/hub.h"
#include "chat/hub/numeric.h"
#include "chat/verb.h"
#include "simul/list.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { FIX_SESSIONS = 80, FIX_CHANNELS = 256, FIX_LOOPS = 3 };

static struct {
    struct hub_sink sink;
    struct hub *hub;
    unsigned loops;
    unsigned sessions;
    uint64_t seq;
    size_t deliveries, messages; /* since the last hear() */
    size_t parts;                /* in which the last line was answered */
    size_t quiet_members;        /* of the hub that fix_init makes; 0: none is */
    uint32_t rows_max;           /* of the hub that fix_init makes; 0: as in the server */
    uint32_t caps[FIX_SESSIONS]; /* enum chat_cap, as the hub is told; echoes[] is the loop's */
    bool echoes[FIX_SESSIONS];
    bool is_member[FIX_SESSIONS][FIX_CHANNELS];
    char *ended[FIX_SESSIONS]; /* why; NULL: not */
    unsigned rehashes;
    uint8_t held_steps[FIX_SESSIONS];
    struct buf heard[FIX_SESSIONS];
} fix;

/* Session n lives on loop n % loops; slots are dense on each loop. */
static struct handle fix_handle(unsigned n)
{
    return (struct handle){
        .slot = n / fix.loops, .generation = 7 + n, .loop = (uint16_t)(n % fix.loops)};
}

static unsigned fix_session(struct handle h)
{
    unsigned n = h.slot * fix.loops + h.loop;
    cr_assert_eq(h.generation, 7 + n);
    return n;
}

static void fix_hear(unsigned n, const struct message *m)
{
    if ((fix.caps[n] & m->need) != m->need || fix.caps[n] & m->avoid)
        return;
    if (m->tags_bytes > 0) {
        cr_assert_eq(buf_append(&fix.heard[n], SPAN("@")), OK);
        cr_assert_eq(buf_append(&fix.heard[n], message_tags(m)), OK);
        cr_assert_eq(buf_append(&fix.heard[n], SPAN(" ")), OK);
    }
    cr_assert_eq(buf_append(&fix.heard[n], message_text(m)), OK);
    cr_assert_eq(buf_append(&fix.heard[n], SPAN("\n")), OK);
}

static void fix_hear_members(unsigned loop, const struct delivery *d)
{
    bool anybody = false;
    for (unsigned n = loop; n < fix.sessions; n += fix.loops) {
        bool is_in = false;
        for (uint32_t i = 0; i < d->channel_count; i++)
            is_in = is_in || fix.is_member[n][d->channels[i]];
        anybody = anybody || is_in;
        bool is_for_sender = d->is_echo ? fix.echoes[n] : !d->message->is_for_others;
        if (is_in && (is_for_sender || n != fix_session(d->session)))
            fix_hear(n, d->message);
    }
    cr_assert(anybody, "a loop without members is not told");
}

static void fix_send(struct hub_sink *sink, unsigned loop, struct delivery *d)
{
    (void)sink;
    cr_assert_lt(loop, fix.loops);
    unsigned n = fix_session(d->session);
    fix.deliveries++;
    fix.messages += d->message != NULL;
    switch ((enum delivery_kind)d->head.kind) {
    case DELIVERY_JOINED:
        cr_assert_not(fix.is_member[n][d->channels[0]]);
        fix.is_member[n][d->channels[0]] = true;
        break;
    case DELIVERY_PARTED:
        for (uint32_t i = 0; i < d->channel_count; i++)
            fix.is_member[n][d->channels[i]] = false;
        break;
    case DELIVERY_CHANNELS:
        fix_hear_members(loop, d);
        break;
    case DELIVERY_SESSION:
        if (!d->is_echo || fix.echoes[n])
            fix_hear(n, d->message);
        break;
    case DELIVERY_SESSIONS:
        cr_assert_gt(d->session_count, 0, "a loop without recipients is not told");
        for (uint32_t i = 0; i < d->session_count; i++)
            fix_hear(fix_session(d->sessions[i]), d->message);
        break;
    case DELIVERY_REPLY:
        cr_assert_eq(buf_append(&fix.heard[n], message_text(d->message)), OK);
        break;
    case DELIVERY_ENDED:
        free(fix.ended[n]);
        fix.ended[n] = strdup((const char *)message_text(d->message).ptr);
        break;
    case DELIVERY_REHASH:
        cr_assert_eq(loop, d->session.loop);
        fix.rehashes++;
        break;
    case DELIVERY_HELD:
        fix.held_steps[n] = d->held_steps;
        break;
    case DELIVERY_RENAMED:
        break;
    case DELIVERY_RETURN:
        cr_assert_fail("the hub does not send commands back");
    }
    delivery_free(d);
}

static void fix_init(unsigned loops)
{
    fix.sink.send = fix_send;
    fix.loops = loops;
    const struct hub_options options = {
        .server_name = "s.test",
        .nick_bytes_max = 16,
        .channel_bytes_max = 20,
        .loops = loops,
        .settings = {.quiet_members = fix.quiet_members == 0 ? SIZE_MAX : fix.quiet_members},
        .held_step_bytes = HELD_STEP_BYTES,
        .rows_max = fix.rows_max == 0 ? 256 : fix.rows_max,
        .key = {"0123456789abcde"},
    };
    fix.hub = hub_new(&options, &fix.sink);
}

/* Leaves everything as it was before fix_init; may be called again. */
static void fix_done(void)
{
    if (fix.hub != NULL)
        hub_free(fix.hub);
    for (unsigned n = 0; n < FIX_SESSIONS; n++) {
        buf_deinit(&fix.heard[n]);
        free(fix.ended[n]);
    }
    memset(&fix, 0, sizeof(fix));
}

static struct position fix_position(void)
{
    return (struct position){.ms = 1000000 + 1000 * ++fix.seq};
}

static enum err fix_register_at(unsigned n, const char *nick)
{
    const struct registration registration = {
        .nick = span_str(nick),
        .user = SPAN("~u"),
        .host = SPAN("h"),
        .ip = SPAN("192.0.2.1"),
        .realname = SPAN("Real Name"),
    };
    struct entry e = {.at = fix_position(),
                      .from = fix_handle(n),
                      .kind = ENTRY_REGISTER,
                      .registration = &registration};
    return hub_apply(fix.hub, &e);
}

/* A new session with that nick. */
static unsigned fix_user(const char *nick)
{
    unsigned n = fix.sessions++;
    cr_assert_eq(fix_register_at(n, nick), OK);
    return n;
}

/* The session sends a line, which must be one for the hub. */
static void fix_say(unsigned n, const char *text)
{
    struct irc_line line;
    cr_assert_eq(irc_parse(span_str(text), &line), OK);
    const struct verb *verb = verb_find(line.command);
    cr_assert_not_null(verb);
    cr_assert_not_null(verb->hub);
    if (verb->judge == NULL) /* what has been judged may be shorter */
        cr_assert_geq(line.param_count, verb->params_min);
    struct entry_line said = {.apply = verb->hub, .line = &line, .caps = fix.caps[n]};
    struct entry e = {.at = fix_position(), .from = fix_handle(n), .kind = ENTRY_LINE};
    e.line = &said;
    fix.parts = 0;
    do {
        cr_assert_eq(hub_apply(fix.hub, &e), OK);
        fix.parts++;
    } while (said.is_unfinished);
}

static inline void fix_close(unsigned n, const char *reason)
{
    /* The loop takes the session out at once, before the hub hears of it. */
    memset(fix.is_member[n], 0, sizeof(fix.is_member[n]));
    struct entry e = {.at = fix_position(), .from = fix_handle(n), .kind = ENTRY_CLOSE};
    e.reason = reason;
    cr_assert_eq(hub_apply(fix.hub, &e), OK);
}

/* What the session has heard since the last time, lines ended by LF; forgets it. Valid until the
 * session hears more. */
static inline const char *fix_heard(unsigned n)
{
    cr_assert_eq(buf_append(&fix.heard[n], span_of("", 1)), OK);
    fix.heard[n].len = 0;
    return (const char *)fix.heard[n].data;
}

static inline void fix_forget(void)
{
    for (unsigned n = 0; n < FIX_SESSIONS; n++)
        fix.heard[n].len = 0;
    fix.deliveries = fix.messages = 0;
}

#define HEARS(n, text) cr_assert_str_eq(fix_heard(n), text)
/* The session says a line, and hears just that. */
#define SAYS_HEARS(n, line, text)                                                                  \
    do {                                                                                           \
        fix_say(n, line);                                                                          \
        HEARS(n, text);                                                                            \
    } while (0)
