/* MONITOR (https://ircv3.net/specs/extensions/monitor). */
#include "chat/hub/cmd.h"
#include "chat/hub/held.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/reply_list.h"
#include "chat/hub/target.h"

#include <stdio.h>

/* Who is online (730) and who is not (731), put together. */
struct presence {
    struct hub *hub;
    struct reply_list online, offline;
};

static void presence_init(struct presence *p, struct hub_call *call)
{
    p->hub = call->hub;
    reply_list_init(&p->online, call, "730", ',', NULL, 0);
    reply_list_init(&p->offline, call, "731", ',', NULL, 0);
}

static void presence_add(struct presence *p, struct span nick)
{
    const struct user *u = user_find(p->hub, nick);
    if (u != NULL)
        reply_list_add(&p->online, SPAN_EMPTY, user_source(u));
    else
        reply_list_add(&p->offline, SPAN_EMPTY, nick);
}

static void presence_end(struct presence *p)
{
    reply_list_end(&p->online);
    reply_list_end(&p->offline);
}

static void list_full(struct hub_call *call, struct span rest)
{
    char limit[16];
    int n = snprintf(limit, sizeof(limit), "%d", HUB_WATCHES_MAX);
    REPLY(call, "734", span_of(limit, (size_t)n), rest, SPAN("Monitor list is full"));
}

/* What is no nick is passed over: nobody will ever have it. */
static void add(struct hub_call *call, struct span list)
{
    struct hub_session *s = call->session;
    struct presence p;
    struct span rest = list, nick;
    bool is_full = false;
    presence_init(&p, call);
    while (!is_full && target_next(&rest, &nick)) {
        bool is_new = irc_nick_is_valid(nick, call->hub->options.nick_bytes_max) &&
                      watch_find(s, nick) == NULL;
        is_full = is_new && s->watch_count == HUB_WATCHES_MAX;
        if (is_full)
            continue;
        if (is_new) {
            watch_add(call->hub, s, nick);
            presence_add(&p, nick);
        }
        list = rest; /* what has not been looked at */
    }
    presence_end(&p);
    held_tell(call, call->user);
    if (is_full)
        list_full(call, list);
}

static void drop(struct hub_call *call, struct span list)
{
    for (struct span nick; target_next(&list, &nick);) {
        struct watch *w = watch_find(call->session, nick);
        if (w != NULL)
            watch_end(call->hub, w);
    }
    held_tell(call, call->user);
}

static void drop_all(struct hub_call *call)
{
    watch_end_all(call->hub, call->session);
    held_tell(call, call->user);
}

static struct span watched_nick(const struct list *in_session)
{
    return span_str(container_of(in_session, struct watch, in_session)->watched->nick);
}

static void show_list(struct hub_call *call)
{
    struct reply_list l;
    reply_list_init(&l, call, "732", ',', NULL, 0);
    const struct list *watches = &call->session->watches;
    for (const struct list *n = watches->next; n != watches; n = n->next)
        reply_list_add(&l, SPAN_EMPTY, watched_nick(n));
    reply_list_end(&l);
    REPLY(call, "733", SPAN("End of MONITOR list"));
}

static void show_status(struct hub_call *call)
{
    struct presence p;
    presence_init(&p, call);
    const struct list *watches = &call->session->watches;
    for (const struct list *n = watches->next; n != watches; n = n->next)
        presence_add(&p, watched_nick(n));
    presence_end(&p);
}

void cmd_monitor(struct hub_call *call)
{
    struct span what = call->line->params[0];
    bool has_list = call->line->param_count > 1;
    struct span list = has_list ? call->line->params[1] : SPAN_EMPTY;
    bool is_adding = span_eq(what, SPAN("+"));
    if ((is_adding || span_eq(what, SPAN("-"))) && !has_list)
        REPLY(call, "461", SPAN("MONITOR"), SPAN("Not enough parameters"));
    else if (is_adding)
        add(call, list);
    else if (span_eq(what, SPAN("-")))
        drop(call, list);
    else if (span_eq_nocase(what, SPAN("C")))
        drop_all(call);
    else if (span_eq_nocase(what, SPAN("L")))
        show_list(call);
    else if (span_eq_nocase(what, SPAN("S")))
        show_status(call);
    else
        reply_fail(call, "MONITOR", "INVALID_SUBCOMMAND", SPAN("Try + - C L or S"));
}
