/* What only asks, as the model has it: ISON, LIST, LUSERS, STATS, USERHOST, WHO,
 * WHOIS, WHOWAS. */
#include "sim/model_call.h"
#include "simul/irc.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static unsigned long long seconds(uint64_t ms)
{
    return (unsigned long long)ms / 1000;
}

/* --- LUSERS, ISON, USERHOST -------------------------------------------------------------- */

void model_lusers(struct model_call *c)
{
    unsigned users = 0, invisible = 0, opers = 0, channels = 0;
    for (int i = 0; i < MODEL_USERS_MAX; i++) {
        const struct model_user *u = &c->m->users[i];
        users += u->is_in;
        invisible += u->is_in && u->has_mode['i'];
        opers += u->is_in && u->has_mode['o'];
    }
    for (int k = 0; k < MODEL_CHANNELS_MAX; k++)
        channels += c->m->channels[k].is_in;
    model_say(c, "251", ":There are %u users and %u invisible on 1 server", users - invisible,
              invisible);
    model_say(c, "252", "%u :operator(s) online", opers);
    model_say(c, "254", "%u :channels formed", channels);
    model_say(c, "255", ":I have %u clients and 0 servers", users);
    model_say(c, "265", "%u %u :Current local users %u, max %u", users, c->m->users_max, users,
              c->m->users_max);
    model_say(c, "266", "%u %u :Current global users %u, max %u", users, c->m->users_max, users,
              c->m->users_max);
}

/* The nicks stand in params of their own. */
static void tell_found(struct model_call *c, const char *numeric, bool has_details)
{
    char text[512] = ":", nick[MODEL_NAME_CHARS];
    size_t len = 1;
    for (size_t i = 0; i < model_param_count(c); i++) {
        COPY(nick, model_param(c, i));
        const struct model_user *u = model_user_named(c->m, nick);
        if (u == NULL)
            continue;
        len += (size_t)sprintf(text + len, "%s%s", len > 1 ? " " : "", u->nick);
        if (has_details)
            len += (size_t)sprintf(text + len, "%s=%c%s", u->has_mode['o'] ? "*" : "",
                                   u->away[0] == '\0' ? '+' : '-', u->tail + 1);
    }
    model_say(c, numeric, "%s", text);
}

void model_ison(struct model_call *c)
{
    tell_found(c, "303", false);
}

void model_userhost(struct model_call *c)
{
    tell_found(c, "302", true);
}

/* --- LIST -------------------------------------------------------------------------------- */

/* "<3" or ">3" is how many users it is to have. */
static void list_row(struct model_call *c, struct model_channel *ch)
{
    struct span condition = model_param(c, 0);
    bool is_wanted = true;
    if (condition.len > 0 && condition.ptr[0] != '#') {
        unsigned users = (unsigned)condition.ptr[1] - '0';
        is_wanted = condition.ptr[0] == '<' ? ch->member_count < users : ch->member_count > users;
    }
    if (is_wanted && model_sees_channel(ch, c->user))
        model_say(c, "322", "%s %u :%s", ch->name, ch->member_count, ch->topic);
}

/* The first channel made behind the number; NULL at the end. */
static struct model_channel *next_made(struct model *m, uint64_t after)
{
    struct model_channel *next = NULL;
    for (int k = 0; k < MODEL_CHANNELS_MAX; k++) {
        struct model_channel *ch = &m->channels[k];
        if (ch->is_in && ch->number > after && (next == NULL || ch->number < next->number))
            next = ch;
    }
    return next;
}

static bool list_all(struct model_call *c)
{
    struct model_walk *w = &c->user->walk;
    for (struct model_channel *ch; (ch = next_made(c->m, w->after)) != NULL;) {
        if (!model_take_row(c))
            return false;
        w->after = ch->number;
        list_row(c, ch);
    }
    return true;
}

static bool list_named(struct model_call *c)
{
    struct span list = model_param(c, 0);
    char name[MODEL_NAME_CHARS];
    for (unsigned n = 0; model_next_target(&list, name); n++) {
        if (n < c->user->walk.target || name[0] != '#')
            continue;
        if (!model_take_row(c))
            return false;
        c->user->walk.target = n + 1;
        struct model_channel *ch = model_channel(c->m, name);
        if (ch != NULL)
            list_row(c, ch);
    }
    return true;
}

/* Clients give channels, or a number of users. */
void model_list(struct model_call *c)
{
    if (!c->user->walk.is_begun)
        model_reply(c, "321");
    c->user->walk.is_begun = true;
    bool has_names = span_find(model_param(c, 0), '#') < model_param(c, 0).len;
    if (has_names ? list_named(c) : list_all(c))
        model_reply(c, "323");
}

/* --- WHO --------------------------------------------------------------------------------- */

/* "352 nick #channel user host server nick flags :0 realname", or what "%tcnf,7" asks for. */
static void who_row(struct model_call *c, const struct model_user *u, struct model_channel *ch)
{
    struct span options = model_param(c, 1);
    if (span_find(options, 'o') < options.len && !u->has_mode['o'])
        return;
    char tail[MODEL_TEXT_CHARS], flags[16];
    strcpy(tail, u->tail);
    char *host = strchr(tail, '@');
    *host++ = '\0';
    const char *name = ch == NULL ? "*" : ch->name;
    snprintf(flags, sizeof(flags), "%c%s%s%s", u->away[0] == '\0' ? 'H' : 'G',
             u->has_mode['o'] ? "*" : "", ch == NULL ? "" : model_prefix(c, model_member(ch, u)),
             u->has_mode['B'] ? "B" : "");
    if (span_find(options, '%') < options.len)
        model_say(c, "354", "7 %s %s :%s", name, u->nick, flags);
    else
        model_say(c, "352", "%s %s %s s.test %s %s :0 %s", name, tail + 1, host, u->nick, flags,
                  u->realname);
}

/* With the first of its channels that may be told. */
static void who_user(struct model_call *c, const struct model_user *u)
{
    uint64_t since = 0;
    struct model_channel *ch;
    while ((ch = model_next_channel(c->m, u, &since)) != NULL)
        if (model_sees_membership(ch, u, c->user))
            break;
    who_row(c, u, ch);
}

static bool who_channel(struct model_call *c, struct model_channel *ch)
{
    struct model_walk *w = &c->user->walk;
    for (unsigned i = 0; i < ch->member_count; i++) {
        const struct model_member *mm = &ch->members[i];
        if (mm->number <= w->after)
            continue;
        if (!model_take_row(c))
            return false;
        w->after = mm->number;
        if (model_sees_membership(ch, mm->user, c->user))
            who_row(c, mm->user, ch);
    }
    return true;
}

/* The first user that came behind the number; NULL at the end. */
static struct model_user *next_come(struct model *m, uint64_t after)
{
    struct model_user *next = NULL;
    for (int i = 0; i < MODEL_USERS_MAX; i++) {
        struct model_user *u = &m->users[i];
        if (u->is_in && u->number > after && (next == NULL || u->number < next->number))
            next = u;
    }
    return next;
}

static bool who_mask(struct model_call *c, const char *mask)
{
    struct model_walk *w = &c->user->walk;
    for (struct model_user *u; (u = next_come(c->m, w->after)) != NULL;) {
        if (!model_take_row(c))
            return false;
        w->after = u->number;
        if (model_mask_means(mask, u->nick) && model_sees_user(c->m, u, c->user))
            who_user(c, u);
    }
    return true;
}

/* Masks are of nicks. */
void model_who(struct model_call *c)
{
    char mask[MODEL_NAME_CHARS];
    COPY(mask, model_param(c, 0));
    struct model_channel *ch = model_channel(c->m, mask);
    const struct model_user *u = model_user_named(c->m, mask);
    bool is_done = true;
    if (mask[0] == '#')
        is_done = ch == NULL || !model_sees_channel(ch, c->user) || who_channel(c, ch);
    else if (strchr(mask, '*') != NULL)
        is_done = who_mask(c, mask);
    else if (u != NULL)
        who_user(c, u);
    if (is_done)
        model_reply(c, "315");
}

/* --- STATS ------------------------------------------------------------------------------- */

/* Who is an operator. */
void model_stats(struct model_call *c)
{
    struct model_walk *w = &c->user->walk;
    if (!c->user->has_mode['o']) {
        model_reply(c, "481");
        return;
    }
    for (struct model_user *u; (u = next_come(c->m, w->after)) != NULL;) {
        if (!model_take_row(c))
            return;
        w->after = u->number;
        if (u->has_mode['o'])
            model_say(c, "243", "O %s * :%s", u->tail + 1, u->nick);
    }
    model_reply(c, "219");
}

/* --- WHOIS ------------------------------------------------------------------------------- */

static void whois_channels(struct model_call *c, const struct model_user *u)
{
    struct model_words names;
    uint64_t since = 0;
    model_words_init(&names, c, ":s.test 319 %s %s :", c->user->nick, u->nick);
    for (struct model_channel *ch; (ch = model_next_channel(c->m, u, &since)) != NULL;)
        if (model_sees_membership(ch, u, c->user))
            model_words_add(&names, model_prefix(c, model_member(ch, u)), ch->name);
    model_words_end(&names);
}

static void whois(struct model_call *c, const char *nick)
{
    const struct model_user *u = model_user_named(c->m, nick), *to = c->user;
    if (u == NULL) {
        model_reply(c, "401");
        return;
    }
    char tail[MODEL_TEXT_CHARS];
    strcpy(tail, u->tail);
    char *host = strchr(tail, '@');
    *host++ = '\0';
    model_say(c, "311", "%s %s %s * :%s", u->nick, tail + 1, host, u->realname);
    whois_channels(c, u);
    model_reply(c, "312");
    if (u->away[0] != '\0')
        model_say(c, "301", "%s :%s", u->nick, u->away);
    if (u->has_mode['o'])
        model_reply(c, "313");
    if (u->has_mode['B'])
        model_reply(c, "335");
    if (u == to || to->has_mode['o'])
        model_say(c, "338", "%s %s@%s %s :Actual user@host, Actual IP", u->nick, tail + 1, u->ip,
                  u->ip);
    model_say(c, "317", "%s %llu %llu :seconds idle, signon time", u->nick,
              seconds(c->e->at.ms - u->active_ms), seconds(u->signon_ms));
}

void model_whois(struct model_call *c)
{
    struct span list = model_param(c, 0);
    char nick[MODEL_NAME_CHARS];
    while (model_next_target(&list, nick))
        whois(c, nick);
    model_reply(c, "318");
}

/* --- WHOWAS ------------------------------------------------------------------------------ */

static void whowas_rows(struct model_call *c, const struct model_past *p)
{
    char tail[MODEL_TEXT_CHARS], until[32];
    strcpy(tail, p->tail);
    char *host = strchr(tail, '@');
    *host++ = '\0';
    model_say(c, "314", "%s %s %s * :%s", p->nick, tail + 1, host, p->realname);
    if (c->user->has_mode['o'])
        model_say(c, "338", "%s %s :was actually using host", p->nick, p->ip);
    time_t time = (time_t)(p->until_ms / 1000);
    strftime(until, sizeof(until), "%Y-%m-%d %H:%M:%S UTC", gmtime(&time));
    model_say(c, "312", "%s s.test :%s", p->nick, until);
}

/* The newest first, and no more than a part of a long answer has rows. */
void model_whowas(struct model_call *c)
{
    char nick[MODEL_NAME_CHARS];
    unsigned found = 0;
    COPY(nick, model_param(c, 0));
    for (unsigned i = c->m->past_count; i > 0 && found < c->m->rows_max; i--) {
        if (strcasecmp(c->m->past[i - 1].nick, nick) != 0)
            continue;
        whowas_rows(c, &c->m->past[i - 1]);
        found++;
    }
    if (found == 0)
        model_reply(c, "406");
    model_reply(c, "369");
}
