#include "sim/model.h"

#include "sim/model_call.h"
#include "sim/sim.h"
#include "simul/irc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void model_init(struct model *m, unsigned rows_max, unsigned quiet_members)
{
    memset(m, 0, sizeof(*m));
    m->rows_max = rows_max;
    m->quiet_members = quiet_members;
}

/* --- lookups ----------------------------------------------------------------------------- */

static bool is_same(struct handle a, struct handle b)
{
    return a.loop == b.loop && a.slot == b.slot && a.generation == b.generation;
}

struct model_user *model_user_of(struct model *m, struct handle h)
{
    for (int i = 0; i < MODEL_USERS_MAX; i++)
        if (m->users[i].is_in && is_same(m->users[i].handle, h))
            return &m->users[i];
    return NULL;
}

struct model_user *model_user_named(struct model *m, const char *nick)
{
    for (int i = 0; i < MODEL_USERS_MAX; i++)
        if (m->users[i].is_in && strcasecmp(m->users[i].nick, nick) == 0)
            return &m->users[i];
    return NULL;
}

struct model_channel *model_channel(struct model *m, const char *name)
{
    for (int i = 0; i < MODEL_CHANNELS_MAX; i++)
        if (m->channels[i].is_in && strcasecmp(m->channels[i].name, name) == 0)
            return &m->channels[i];
    return NULL;
}

struct model_member *model_member(struct model_channel *ch, const struct model_user *u)
{
    for (unsigned i = 0; i < ch->member_count; i++)
        if (ch->members[i].user == u)
            return &ch->members[i];
    return NULL;
}

void model_leave(struct model_channel *ch, const struct model_user *u)
{
    struct model_member *at = model_member(ch, u);
    memmove(at, at + 1, (size_t)(ch->members + --ch->member_count - at) * sizeof(*at));
    ch->is_in = ch->member_count > 0;
}

struct model_channel *model_next_channel(struct model *m, const struct model_user *u,
                                         uint64_t *since)
{
    struct model_channel *next = NULL;
    uint64_t number = UINT64_MAX;
    for (int k = 0; k < MODEL_CHANNELS_MAX; k++) {
        struct model_channel *ch = &m->channels[k];
        const struct model_member *mm = ch->is_in ? model_member(ch, u) : NULL;
        if (mm == NULL || mm->since <= *since || mm->since >= number)
            continue;
        next = ch;
        number = mm->since;
    }
    *since = number;
    return next;
}

const char *model_prefix(const struct model_call *c, const struct model_member *mm)
{
    if (mm->is_op && mm->is_voiced && c->e->line->caps & CAP_MULTI_PREFIX)
        return "@+";
    return mm->is_op ? "@" : mm->is_voiced ? "+" : "";
}

/* --- params ------------------------------------------------------------------------------ */

void model_copy(char *out, size_t size, struct span s)
{
    SIM_CHECK(s.len < size, "the model has no room for %.*s", SPAN_ARG(s));
    if (s.len > 0)
        memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
}

size_t model_param_count(const struct model_call *c)
{
    return c->e->line->line->param_count;
}

struct span model_param(const struct model_call *c, size_t i)
{
    const struct irc_line *line = c->e->line->line;
    return i < line->param_count ? line->params[i] : SPAN_EMPTY;
}

bool model_next_target(struct span *list, char out[MODEL_NAME_CHARS])
{
    while (list->len > 0) {
        size_t n = span_find(*list, ',');
        model_copy(out, MODEL_NAME_CHARS, span_take(*list, n));
        *list = span_drop(*list, n < list->len ? n + 1 : n);
        if (n > 0)
            return true;
    }
    return false;
}

void model_each_target(struct model_call *c,
                       bool (*serve)(struct model_call *c, const char *target))
{
    struct model_walk *w = &c->user->walk;
    struct span list = model_param(c, 0);
    char target[MODEL_NAME_CHARS];
    for (unsigned n = 0; model_next_target(&list, target); n++) {
        if (n < w->target)
            continue;
        if (!serve(c, target))
            return;
        *w = (struct model_walk){.unfinished = w->unfinished, .target = n + 1};
    }
}

bool model_take_row(struct model_call *c)
{
    c->is_unfinished = c->rows_left == 0;
    c->rows_left -= !c->is_unfinished;
    return !c->is_unfinished;
}

/* --- what is heard ----------------------------------------------------------------------- */

/* Only what takes a position in the log may be told apart by it. */
__attribute__((format(printf, 3, 0))) static struct peer_message
message(struct model_call *c, const char *source, const char *format, va_list args)
{
    SIM_CHECK(!c->e->is_query, "a query makes messages");
    struct peer_message pm = {.at = c->e->at, .part = c->parts++, .from = c->e->from};
    int n = snprintf(pm.text, sizeof(pm.text), ":%s ", source);
    vsnprintf(pm.text + n, sizeof(pm.text) - (size_t)n, format, args);
    return pm;
}

__attribute__((format(printf, 3, 0))) static struct peer_message
user_message(struct model_call *c, const struct model_user *u, const char *format, va_list args)
{
    char source[MODEL_NAME_CHARS + MODEL_TEXT_CHARS];
    snprintf(source, sizeof(source), "%s%s", u->nick, u->tail);
    struct peer_message pm = message(c, source, format, args);
    pm.is_bot = u->has_mode['B'];
    return pm;
}

struct peer_message model_message(struct model_call *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct peer_message pm = user_message(c, c->user, format, args);
    va_end(args);
    return pm;
}

struct peer_message model_message_of(struct model_call *c, const struct model_user *u,
                                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct peer_message pm = user_message(c, u, format, args);
    va_end(args);
    return pm;
}

struct peer_message model_server_message(struct model_call *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct peer_message pm = message(c, "s.test", format, args);
    va_end(args);
    return pm;
}

void model_tell_channel(const struct model_channel *ch, const struct peer_message *pm)
{
    for (unsigned i = 0; i < ch->member_count; i++)
        peer_expect_message(ch->members[i].user->handle, pm);
}

static bool is_quiet(const struct model *m, const struct model_channel *ch,
                     const struct model_member *mm)
{
    return ch->member_count > m->quiet_members && !mm->is_op && !mm->is_voiced;
}

void model_tell_membership(const struct model *m, const struct model_channel *ch,
                           const struct model_member *about, const struct peer_message *pm)
{
    if (is_quiet(m, ch, about))
        peer_expect_message(about->user->handle, pm);
    else
        model_tell_channel(ch, pm);
}

/* Whether a channel that hears of u has `other` in it. */
static bool is_peer(struct model *m, const struct model_user *u, const struct model_user *other)
{
    for (int k = 0; k < MODEL_CHANNELS_MAX; k++) {
        struct model_channel *ch = &m->channels[k];
        const struct model_member *mm = ch->is_in ? model_member(ch, u) : NULL;
        if (mm != NULL && !is_quiet(m, ch, mm) && model_member(ch, other) != NULL)
            return true;
    }
    return false;
}

void model_tell_peers(struct model *m, struct model_user *u, const struct peer_message *pm)
{
    for (int i = 0; i < MODEL_USERS_MAX; i++)
        if (m->users[i].is_in && (&m->users[i] == u || is_peer(m, u, &m->users[i])))
            peer_expect_message(m->users[i].handle, pm);
}

void model_tell_change(struct model *m, struct model_user *u, const struct peer_message *pm)
{
    struct peer_message to_watchers = *pm;
    to_watchers.need |= CAP_EXTENDED_MONITOR;
    for (int i = 0; i < MODEL_USERS_MAX; i++) {
        const struct model_user *other = &m->users[i];
        if (other->is_in && other != u && model_watches(other, u->nick) && !is_peer(m, u, other))
            peer_expect_message(other->handle, &to_watchers);
    }
    model_tell_peers(m, u, pm);
}

void model_reply(struct model_call *c, const char *numeric)
{
    peer_expect_line(c->e->from, false, ":s.test %s %s ", numeric, c->user->nick);
}

void model_say(struct model_call *c, const char *numeric, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    peer_expect_line(c->e->from, true, ":s.test %s %s %s", numeric, c->user->nick, text);
}

void model_words_init(struct model_words *l, struct model_call *c, const char *format, ...)
{
    *l = (struct model_words){.call = c, .separator = ' '};
    va_list args;
    va_start(args, format);
    vsnprintf(l->head, sizeof(l->head), format, args);
    va_end(args);
}

void model_words_add(struct model_words *l, const char *prefix, const char *word)
{
    size_t len = strlen(l->words);
    size_t more = strlen(prefix) + strlen(word) + (len > 0);
    if (strlen(l->head) + len + more > IRC_REST_BYTES_MAX) {
        model_words_end(l);
        len = 0;
    }
    if (len > 0)
        l->words[len++] = l->separator;
    snprintf(l->words + len, sizeof(l->words) - len, "%s%s", prefix, word);
}

void model_words_end(struct model_words *l)
{
    if (l->words[0] != '\0')
        peer_expect_line(l->call->e->from, true, "%s%s", l->head, l->words);
    l->words[0] = '\0';
}

/* --- entries ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*apply)(struct model_call *c);
} verbs[] = {
    {"AWAY", model_away},         {"ISON", model_ison},       {"JOIN", model_join},
    {"INVITE", model_invite},     {"KICK", model_kick},       {"KILL", model_kill},
    {"OPER", model_oper},         {"WALLOPS", model_wallops}, {"LIST", model_list},
    {"LUSERS", model_lusers},     {"MODE", model_mode},       {"MONITOR", model_monitor},
    {"NAMES", model_names},       {"NICK", model_nick},       {"NOTICE", model_notice},
    {"PART", model_part},         {"PRIVMSG", model_privmsg}, {"QUIT", model_quit},
    {"SETNAME", model_setname},   {"TAGMSG", model_tagmsg},   {"TOPIC", model_topic},
    {"USERHOST", model_userhost}, {"WHO", model_who},         {"WHOIS", model_whois},
    {"WHOWAS", model_whowas},     {"STATS", model_stats},
};

static void apply_line(struct model_call *c)
{
    struct model_walk *w = &c->user->walk;
    SIM_CHECK(w->unfinished == NULL || w->unfinished == c->e,
              "%s is answered before what was unfinished", c->user->nick);
    if (w->unfinished == NULL)
        *w = (struct model_walk){0};
    c->rows_left = c->m->rows_max;
    struct span name = c->e->line->line->command;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (!span_eq(name, span_str(verbs[i].name)))
            continue;
        verbs[i].apply(c);
        w->unfinished = c->is_unfinished ? c->e : NULL;
        return;
    }
    sim_fail("the model does not know %.*s", SPAN_ARG(name));
}

static enum err apply_register(struct model_call *c)
{
    struct model *m = c->m;
    const struct entry *e = c->e;
    char name[MODEL_NAME_CHARS];
    COPY(name, e->registration->nick);
    if (model_user_named(m, name) != NULL || model_user_of(m, e->from) != NULL)
        return ERR_EXISTS;
    struct model_user *u = m->users;
    while (u->is_in)
        SIM_CHECK(++u < m->users + MODEL_USERS_MAX, "the model has too few users");
    *u = (struct model_user){.is_in = true, .handle = e->from, .number = ++m->users_ever};
    u->signon_ms = u->active_ms = e->at.ms;
    COPY(u->nick, e->registration->nick);
    COPY(u->ip, e->registration->ip);
    COPY(u->realname, e->registration->realname);
    snprintf(u->tail, sizeof(u->tail), "!%.*s@%.*s", SPAN_ARG(e->registration->user),
             SPAN_ARG(e->registration->host));
    uint32_t count = 0;
    for (int i = 0; i < MODEL_USERS_MAX; i++)
        count += m->users[i].is_in;
    m->users_max = count > m->users_max ? count : m->users_max;
    model_tell_online(c, u);
    return OK;
}

enum err model_apply(struct model *m, const struct entry *e)
{
    struct model_call c = {.m = m, .e = e, .user = model_user_of(m, e->from)};
    m->is_unfinished = false;
    peer_begin_answer(e->kind == ENTRY_LINE ? &e->from : NULL);
    if (e->kind == ENTRY_REGISTER)
        return apply_register(&c);
    if (c.user == NULL && e->kind == ENTRY_LINE)
        peer_expect_answered(e->from); /* it was killed meanwhile */
    if (c.user == NULL)
        return OK;
    if (e->kind == ENTRY_CLOSE)
        model_user_quits(&c, c.user, e->reason);
    else
        apply_line(&c);
    m->is_unfinished = c.is_unfinished;
    if (e->kind == ENTRY_LINE && !c.is_unfinished)
        peer_expect_answered(e->from);
    return OK;
}
