/* AWAY (https://modern.ircdocs.horse), and what others are told of it (IRCv3 away-notify). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "simul/utf8.h"

struct message *away_message(struct hub_call *call, const struct user *u)
{
    struct span text = u->away == NULL ? SPAN_EMPTY : span_str(u->away);
    struct message *m =
        hub_message(call, user_source(u), "AWAY", SPAN_EMPTY, &text, u->away == NULL ? 0 : 1);
    m->need = CAP_AWAY_NOTIFY;
    m->is_for_others = true; /* the numeric tells the user itself */
    return m;
}

void cmd_away(struct hub_call *call)
{
    struct user *u = call->user;
    struct span text = call->line->param_count == 0 ? SPAN_EMPTY : call->line->params[0];
    text = utf8_cut(text, HUB_AWAY_BYTES_MAX);
    if (!span_eq(text, u->away == NULL ? SPAN_EMPTY : span_str(u->away))) {
        free(u->away);
        u->away = text.len == 0 ? NULL : text_copy(text);
        hub_send_change(call, u, away_message(call, u));
    }
    if (text.len == 0)
        REPLY(call, "305", SPAN("You are no longer marked as being away"));
    else
        REPLY(call, "306", SPAN("You have been marked as being away"));
}
