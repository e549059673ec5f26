/* MONITOR, as the model has it. */
#include "sim/model_call.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- the list ---------------------------------------------------------------------------- */

/* Its place; watch_count when it is not there. */
static unsigned find(const struct model_user *u, const char *nick)
{
    unsigned i = 0;
    while (i < u->watch_count && strcasecmp(u->watches[i], nick) != 0)
        i++;
    return i;
}

bool model_watches(const struct model_user *watcher, const char *nick)
{
    return find(watcher, nick) < watcher->watch_count;
}

/* Everybody has the spelling of whoever was the first. */
static void add(struct model *m, struct model_user *u, const char *nick)
{
    SIM_CHECK(u->watch_count < MODEL_WATCHES_MAX, "the model has no room for watches");
    const char *spelling = nick;
    for (int i = 0; i < MODEL_USERS_MAX; i++)
        if (m->users[i].is_in && model_watches(&m->users[i], nick))
            spelling = m->users[i].watches[find(&m->users[i], nick)];
    strcpy(u->watches[u->watch_count++], spelling);
}

static void drop(struct model_user *u, const char *nick)
{
    unsigned i = find(u, nick);
    if (i == u->watch_count)
        return;
    u->watch_count--;
    memmove(u->watches[i], u->watches[i + 1], (u->watch_count - i) * sizeof(u->watches[0]));
}

/* --- what is told ------------------------------------------------------------------------ */

static void tell(struct model_call *c, const struct model_user *about, struct peer_message *pm)
{
    bool is_heard = false;
    for (int i = 0; i < MODEL_USERS_MAX; i++) {
        const struct model_user *u = &c->m->users[i];
        if (!u->is_in || !model_watches(u, about->nick))
            continue;
        peer_expect_message(u->handle, pm);
        is_heard = true;
    }
    c->parts -= !is_heard; /* nobody made it */
}

void model_tell_online(struct model_call *c, const struct model_user *u)
{
    struct peer_message pm = model_server_message(c, "730 * :%s%s", u->nick, u->tail);
    tell(c, u, &pm);
}

void model_tell_offline(struct model_call *c, const struct model_user *u)
{
    struct peer_message pm = model_server_message(c, "731 * :%s", u->nick);
    tell(c, u, &pm);
}

/* --- the command ------------------------------------------------------------------------- */

struct presence {
    struct model_words online, offline;
};

static void presence_init(struct presence *p, struct model_call *c)
{
    model_words_init(&p->online, c, ":s.test 730 %s :", c->user->nick);
    model_words_init(&p->offline, c, ":s.test 731 %s :", c->user->nick);
    p->online.separator = p->offline.separator = ',';
}

static void presence_add(struct presence *p, struct model *m, const char *nick)
{
    const struct model_user *u = model_user_named(m, nick);
    char source[MODEL_NAME_CHARS + MODEL_TEXT_CHARS];
    if (u == NULL) {
        model_words_add(&p->offline, "", nick);
    } else {
        snprintf(source, sizeof(source), "%s%s", u->nick, u->tail);
        model_words_add(&p->online, "", source);
    }
}

static void presence_end(struct presence *p)
{
    model_words_end(&p->online);
    model_words_end(&p->offline);
}

static void show(struct model_call *c, bool has_status)
{
    struct presence p;
    struct model_words names;
    presence_init(&p, c);
    model_words_init(&names, c, ":s.test 732 %s :", c->user->nick);
    names.separator = ',';
    for (unsigned i = 0; i < c->user->watch_count; i++)
        if (has_status)
            presence_add(&p, c->m, c->user->watches[i]);
        else
            model_words_add(&names, "", c->user->watches[i]);
    presence_end(&p);
    model_words_end(&names);
    if (!has_status)
        model_reply(c, "733");
}

static void change(struct model_call *c, bool is_adding)
{
    struct span list = model_param(c, 1);
    char nick[MODEL_NAME_CHARS];
    struct presence p;
    presence_init(&p, c);
    while (model_next_target(&list, nick)) {
        bool is_there = model_watches(c->user, nick);
        if (is_adding && !is_there) {
            add(c->m, c->user, nick);
            presence_add(&p, c->m, nick);
        } else if (!is_adding) {
            drop(c->user, nick);
        }
    }
    presence_end(&p);
}

void model_monitor(struct model_call *c)
{
    switch (model_param(c, 0).ptr[0]) {
    case 'C':
        c->user->watch_count = 0;
        break;
    case 'L':
        show(c, false);
        break;
    case 'S':
        show(c, true);
        break;
    default:
        change(c, model_param(c, 0).ptr[0] == '+');
    }
}
