/* ISON, USERHOST and LUSERS: who of those that one knows is here, from where, and how many are
 * (https://modern.ircdocs.horse, optional messages and server queries). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/lusers.h"
#include "chat/hub/reply_list.h"

#include <stdio.h>

enum { USERHOST_NICKS_MAX = 5 };

/* Clients wait for the reply, so an empty list is told too. */
static void end_list(struct reply_list *l)
{
    reply_list_end(l);
    if (l->lines == 0)
        REPLY(l->call, l->numeric, SPAN_EMPTY);
}

/* The nicks stand in params of their own, or all in one; both are in use. */
void cmd_ison(struct hub_call *call)
{
    struct reply_list here;
    reply_list_init(&here, call, "303", ' ', NULL, 0);
    for (size_t i = 0; i < call->line->param_count; i++) {
        struct span nicks = call->line->params[i];
        while (nicks.len > 0) {
            const struct user *u = user_find(call->hub, span_take_until(&nicks, ' '));
            if (u != NULL)
                reply_list_add(&here, SPAN_EMPTY, user_nick(u));
        }
    }
    end_list(&here);
}

/* "nick[*]=(+|-)user@host" */
static void add_userhost(struct reply_list *l, const struct user *u)
{
    char text[UINT8_MAX + sizeof("*=+") + HUB_USER_BYTES_MAX + sizeof("@") + HUB_HOST_BYTES_MAX];
    struct span nick = user_nick(u), address = span_drop(user_source(u), nick.len + 1);
    int n =
        snprintf(text, sizeof(text), "%.*s%s=%c%.*s", SPAN_ARG(nick),
                 u->modes & USER_OPER ? "*" : "", u->away == NULL ? '+' : '-', SPAN_ARG(address));
    CHECK(n > 0 && (size_t)n < sizeof(text));
    reply_list_add(l, SPAN_EMPTY, span_of(text, (size_t)n));
}

void cmd_userhost(struct hub_call *call)
{
    struct reply_list found;
    reply_list_init(&found, call, "302", ' ', NULL, 0);
    for (size_t i = 0; i < call->line->param_count && i < USERHOST_NICKS_MAX; i++) {
        const struct user *u = user_find(call->hub, call->line->params[i]);
        if (u != NULL)
            add_userhost(&found, u);
    }
    end_list(&found);
}

static void say_reply(void *to, const char *numeric, const struct span *params, size_t count)
{
    reply(to, numeric, params, count);
}

void cmd_lusers(struct hub_call *call)
{
    struct hub_counts counts = hub_counts(call->hub);
    lusers_say(&counts, say_reply, call);
}
