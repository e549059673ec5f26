#include "sim/model_call.h"

#include "chat/hub.h"
#include "chat/target.h"
#include "sim/sim.h"
#include "simul/irc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void model_init(struct model *m)
{
    memset(m, 0, sizeof(*m));
}

/* --- lookups -------------------------------------------------------------------------------- */

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

void model_copy(char *out, size_t size, struct span s)
{
    SIM_CHECK(s.len < size, "the model has no room for %.*s", SPAN_ARG(s));
    if (s.len > 0)
        memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
}

/* Takes the next target of a list as a text. */
static bool next_target(struct span *list, char out[MODEL_NAME_CHARS])
{
    struct span target;
    if (!target_next(list, &target))
        return false;
    model_copy(out, MODEL_NAME_CHARS, target);
    return true;
}

/* --- what is heard -------------------------------------------------------------------------- */

struct peer_message model_message(struct model_call *c, const char *format, ...)
{
    struct peer_message pm = {.at = c->e->at, .part = c->parts++};
    int n = snprintf(pm.text, sizeof(pm.text), ":%s%s ", c->user->nick, c->user->tail);
    va_list args;
    va_start(args, format);
    vsnprintf(pm.text + n, sizeof(pm.text) - (size_t)n, format, args);
    va_end(args);
    return pm;
}

void model_tell_channel(const struct model_channel *ch, const struct peer_message *pm)
{
    for (unsigned i = 0; i < ch->member_count; i++)
        peer_expect_message(ch->members[i].user->handle, pm);
}

/* Everybody who shares a channel with u, once. */
static void tell_peers(struct model *m, const struct model_user *u, const struct peer_message *pm)
{
    for (int i = 0; i < MODEL_USERS_MAX; i++) {
        bool is_peer = false;
        for (int k = 0; k < MODEL_CHANNELS_MAX; k++) {
            struct model_channel *ch = &m->channels[k];
            is_peer = is_peer || (ch->is_in && model_member(ch, u) != NULL &&
                                  model_member(ch, &m->users[i]) != NULL);
        }
        if (is_peer)
            peer_expect_message(m->users[i].handle, pm);
    }
}

void model_reply(struct model_call *c, const char *numeric)
{
    peer_expect_line(c->e->from, false, ":s.test %s %s ", numeric, c->user->nick);
}

/* --- membership ----------------------------------------------------------------------------- */

static struct model_channel *new_channel(struct model_call *c, const char *name)
{
    struct model_channel *ch = c->m->channels;
    while (ch->is_in)
        SIM_CHECK(++ch < c->m->channels + MODEL_CHANNELS_MAX, "the model has too few channels");
    *ch = (struct model_channel){
        .is_in = true, .no_outsiders = true, .topic_by_ops = true, .created_ms = c->e->at.ms};
    COPY(ch->name, span_str(name));
    return ch;
}

static void leave(struct model_channel *ch, const struct model_user *u)
{
    struct model_member *at = model_member(ch, u);
    if (at == NULL)
        return;
    memmove(at, at + 1, (size_t)(ch->members + --ch->member_count - at) * sizeof(*at));
    ch->is_in = ch->member_count > 0;
}

static void quit(struct model_call *c, const char *text)
{
    struct model_user *u = c->user;
    struct peer_message pm = model_message(c, "QUIT :%s", text);
    pm.from = u->handle;
    pm.is_for_others = true;
    tell_peers(c->m, u, &pm);
    for (int k = 0; k < MODEL_CHANNELS_MAX; k++)
        if (c->m->channels[k].is_in)
            leave(&c->m->channels[k], u);
    u->is_in = false;
}

/* Those outside do not see who is invisible. */
static void names(struct model_call *c, struct model_channel *ch)
{
    bool is_outside = model_member(ch, c->user) == NULL;
    char text[600];
    int n = snprintf(text, sizeof(text), ":s.test 353 %s = %s :", c->user->nick, ch->name);
    bool is_first = true;
    for (unsigned i = 0; i < ch->member_count; i++) {
        const struct model_member *mm = &ch->members[i];
        const char *prefix = mm->is_op ? "@" : mm->is_voiced ? "+" : "";
        if (is_outside && mm->user->is_invisible)
            continue;
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%s%s", is_first ? "" : " ", prefix,
                      mm->user->nick);
        is_first = false;
    }
    SIM_CHECK(n <= IRC_REST_BYTES_MAX, "the names of %s do not fit one line", ch->name);
    if (!is_first)
        peer_expect_line(c->e->from, true, "%s", text);
    model_reply(c, "366");
}

static void topic(struct model_call *c, const struct model_channel *ch)
{
    peer_expect_line(c->e->from, true, ":s.test 332 %s %s :%s", c->user->nick, ch->name, ch->topic);
    peer_expect_line(c->e->from, true, ":s.test 333 %s %s %s :%llu", c->user->nick, ch->name,
                     ch->topic_setter, (unsigned long long)ch->topic_ms / 1000);
}

static void join(struct model_call *c, const char *name)
{
    if (name[0] != '#') {
        model_reply(c, "403");
        return;
    }
    if (strchr(name, '\a') != NULL) {
        model_reply(c, "476");
        return;
    }
    struct model_channel *ch = model_channel(c->m, name);
    if (ch != NULL && model_member(ch, c->user) != NULL)
        return;
    if (ch == NULL)
        ch = new_channel(c, name);
    struct model_member *mm = &ch->members[ch->member_count++];
    *mm = (struct model_member){.user = c->user, .is_op = ch->member_count == 1};
    struct peer_message pm = model_message(c, "JOIN :%s", ch->name);
    model_tell_channel(ch, &pm);
    if (ch->topic[0] != '\0')
        topic(c, ch);
    names(c, ch);
}

static void part(struct model_call *c, const char *name, struct span reason)
{
    struct model_channel *ch = model_channel(c->m, name);
    if (ch == NULL || model_member(ch, c->user) == NULL) {
        model_reply(c, ch == NULL ? "403" : "442");
        return;
    }
    struct peer_message pm = reason.len > 0
                                 ? model_message(c, "PART %s :%.*s", ch->name, SPAN_ARG(reason))
                                 : model_message(c, "PART :%s", ch->name);
    model_tell_channel(ch, &pm);
    leave(ch, c->user);
}

/* --- messages ------------------------------------------------------------------------------- */

static void say_to(struct model_call *c, const char *verb, bool is_silent, const char *target)
{
    const struct irc_line *line = c->e->line.line;
    bool is_tags_only = strcmp(verb, "TAGMSG") == 0;
    struct model_channel *ch = target[0] == '#' ? model_channel(c->m, target) : NULL;
    struct model_user *u = target[0] == '#' ? NULL : model_user_named(c->m, target);
    bool is_member = ch != NULL && model_member(ch, c->user) != NULL;
    const char *refusal = NULL;
    if (ch == NULL && u == NULL)
        refusal = target[0] == '#' ? "403" : "401";
    else if (ch != NULL && !is_member && ch->no_outsiders)
        refusal = "404";
    if (refusal != NULL) {
        if (!is_silent)
            model_reply(c, refusal);
        return;
    }
    const char *name = ch != NULL ? ch->name : u->nick;
    struct peer_message pm =
        is_tags_only ? model_message(c, "%s :%s", verb, name)
                     : model_message(c, "%s %s :%.*s", verb, name, SPAN_ARG(line->params[1]));
    COPY(pm.tags, span_take(line->tags, span_find(line->tags, ';'))); /* theirs comes first */
    pm.is_tags_only = is_tags_only;
    pm.from = c->e->from;
    pm.is_echo = true;
    if (!is_member)
        peer_expect_message(c->e->from, &pm);
    pm.is_echo = ch != NULL; /* one who speaks to itself hears it as everybody else would */
    if (ch != NULL)
        model_tell_channel(ch, &pm);
    else
        peer_expect_message(u->handle, &pm);
}

static void say(struct model_call *c, const char *verb)
{
    const struct irc_line *line = c->e->line.line;
    bool is_silent = strcmp(verb, "NOTICE") == 0;
    bool is_tags_only = strcmp(verb, "TAGMSG") == 0;
    if (is_tags_only && line->tags.len == 0)
        return;
    if (!is_tags_only && line->param_count < 2) {
        if (!is_silent)
            model_reply(c, line->param_count == 0 ? "411" : "412");
        return;
    }
    struct span list = line->params[0];
    char target[MODEL_NAME_CHARS];
    for (int n = 0; next_target(&list, target); n++) {
        if (n == HUB_TARGETS_MAX) {
            if (!is_silent)
                model_reply(c, "407");
            return;
        }
        say_to(c, verb, is_silent, target);
    }
}

/* --- the other commands --------------------------------------------------------------------- */

static void set_topic(struct model_call *c, const char *name)
{
    const struct irc_line *line = c->e->line.line;
    struct model_channel *ch = model_channel(c->m, name);
    if (ch == NULL) {
        model_reply(c, "403");
        return;
    }
    if (line->param_count == 1) {
        if (ch->topic[0] == '\0')
            model_reply(c, "331");
        else
            topic(c, ch);
        return;
    }
    struct model_member *mm = model_member(ch, c->user);
    if (mm == NULL || (ch->topic_by_ops && !mm->is_op)) {
        model_reply(c, mm == NULL ? "442" : "482");
        return;
    }
    COPY(ch->topic, line->params[1]);
    snprintf(ch->topic_setter, sizeof(ch->topic_setter), "%s%s", c->user->nick, c->user->tail);
    ch->topic_ms = c->e->at.ms;
    struct peer_message pm = model_message(c, "TOPIC %s :%s", ch->name, ch->topic);
    model_tell_channel(ch, &pm);
}

static void nick(struct model_call *c, const char *name)
{
    struct model_user *holder = model_user_named(c->m, name);
    if (!irc_nick_is_valid(span_str(name), 16) || (holder != NULL && holder != c->user)) {
        model_reply(c, holder == NULL ? "432" : "433");
        return;
    }
    if (strcmp(name, c->user->nick) == 0)
        return;
    struct peer_message pm = model_message(c, "NICK :%s", name);
    tell_peers(c->m, c->user, &pm);
    bool is_anywhere = false;
    for (int k = 0; k < MODEL_CHANNELS_MAX; k++)
        is_anywhere = is_anywhere || (c->m->channels[k].is_in &&
                                      model_member(&c->m->channels[k], c->user) != NULL);
    if (!is_anywhere)
        peer_expect_message(c->user->handle, &pm);
    COPY(c->user->nick, span_str(name));
}

/* --- entries -------------------------------------------------------------------------------- */

static void apply_line(struct model_call *c)
{
    const struct irc_line *line = c->e->line.line;
    char verb[16], target[MODEL_NAME_CHARS];
    COPY(verb, line->command);
    struct span list = line->param_count > 0 ? line->params[0] : SPAN_EMPTY;
    if (strcmp(verb, "PRIVMSG") == 0 || strcmp(verb, "NOTICE") == 0 ||
        strcmp(verb, "TAGMSG") == 0) {
        say(c, verb);
        return;
    }
    if (strcmp(verb, "QUIT") == 0) {
        char text[MODEL_TEXT_CHARS];
        snprintf(text, sizeof(text), "Quit: %.*s", SPAN_ARG(list));
        quit(c, text);
        return;
    }
    while (next_target(&list, target)) {
        if (strcmp(verb, "JOIN") == 0)
            join(c, target);
        else if (strcmp(verb, "PART") == 0)
            part(c, target, line->param_count > 1 ? line->params[1] : SPAN_EMPTY);
        else if (strcmp(verb, "TOPIC") == 0)
            set_topic(c, target);
        else if (strcmp(verb, "NICK") == 0)
            nick(c, target);
        else if (strcmp(verb, "MODE") == 0 && target[0] == '#')
            model_mode_channel(c, target);
        else if (strcmp(verb, "MODE") == 0)
            model_mode_user(c, target);
        else if (strcmp(verb, "NAMES") == 0 && model_channel(c->m, target) != NULL)
            names(c, model_channel(c->m, target));
        else if (strcmp(verb, "NAMES") == 0)
            model_reply(c, "366");
        else
            sim_fail("the model does not know %s", verb);
    }
}

static enum err apply_register(struct model *m, const struct entry *e)
{
    char name[MODEL_NAME_CHARS];
    COPY(name, e->registration.nick);
    if (model_user_named(m, name) != NULL || model_user_of(m, e->from) != NULL)
        return ERR_EXISTS;
    struct model_user *u = m->users;
    while (u->is_in)
        SIM_CHECK(++u < m->users + MODEL_USERS_MAX, "the model has too few users");
    *u = (struct model_user){.is_in = true, .handle = e->from};
    COPY(u->nick, e->registration.nick);
    snprintf(u->tail, sizeof(u->tail), "!%.*s@%.*s", SPAN_ARG(e->registration.user),
             SPAN_ARG(e->registration.host));
    uint32_t count = 0;
    for (int i = 0; i < MODEL_USERS_MAX; i++)
        count += m->users[i].is_in;
    m->users_max = count > m->users_max ? count : m->users_max;
    return OK;
}

enum err model_apply(struct model *m, const struct entry *e)
{
    struct model_call c = {.m = m, .e = e, .user = model_user_of(m, e->from)};
    if (e->kind == ENTRY_REGISTER)
        return apply_register(m, e);
    if (c.user == NULL)
        return OK;
    if (e->kind == ENTRY_CLOSE)
        quit(&c, e->reason);
    else
        apply_line(&c);
    peer_expect_answered(e->from);
    return OK;
}
