/* PRIVMSG, NOTICE and TAGMSG. They differ in little: a NOTICE is never answered with an error (RFC
 * 1459 section 4.4.2), and a TAGMSG has tags instead of a text (IRCv3 message-tags). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/target.h"

struct speech {
    const char *verb;
    bool is_silent;    /* answers no errors */
    bool is_tags_only; /* has no text */
    struct span tags;  /* client-only */
    struct span text;
};

static struct message *message_to(struct hub_call *call, const struct speech *sp,
                                  struct span target)
{
    struct span params[] = {target, sp->text};
    struct message *m = hub_message(call, user_source(call->user), sp->verb, sp->tags, params,
                                    sp->is_tags_only ? 1 : 2);
    m->need = sp->is_tags_only ? CAP_MESSAGE_TAGS : 0;
    return m;
}

/* With roles, "@#channel" and "+#channel", only to members that have one of them; else to all. */
static void say_to_channel(struct hub_call *call, const struct speech *sp, struct span target,
                           uint8_t roles)
{
    struct span name = roles == 0 ? target : span_drop(target, 1);
    struct channel *ch = channel_find(call->hub, name);
    if (ch == NULL) {
        if (!sp->is_silent)
            REPLY(call, "403", name, SPAN("No such channel"));
        return;
    }
    if (!channel_may_speak(ch, call->user)) {
        if (!sp->is_silent)
            REPLY(call, "404", channel_name(ch), SPAN("Cannot send to channel"));
        return;
    }
    struct message *m = message_to(call, sp, roles == 0 ? channel_name(ch) : target);
    bool hears_itself = roles == 0 && channel_member(ch, call->user) != NULL;
    if (!hears_itself)
        hub_send_echo(call, message_get(m));
    ch->messages += roles == 0 && !sp->is_tags_only;
    if (roles == 0)
        hub_send_channel(call, ch, m, true);
    else
        hub_send_ranked(call, ch, roles, m);
}

static void say_to_user(struct hub_call *call, const struct speech *sp, struct span nick)
{
    struct user *u = user_find(call->hub, nick);
    if (u == NULL) {
        if (!sp->is_silent)
            REPLY(call, "401", nick, SPAN("No such nick/channel"));
        return;
    }
    struct message *m = message_to(call, sp, user_nick(u));
    hub_send_echo(call, message_get(m));
    struct response *response = call->response;
    call->response = NULL; /* what one says to oneself is no answer; its echo is */
    hub_send_user(call, u, m);
    call->response = response;
    if (u->away != NULL && !sp->is_silent && !sp->is_tags_only)
        REPLY(call, "301", user_nick(u), span_str(u->away));
}

static void say_to(struct hub_call *call, const struct speech *sp, struct span target)
{
    bool is_ranked = target.len > 1 && target.ptr[1] == '#';
    if (target.ptr[0] == '#')
        say_to_channel(call, sp, target, 0);
    else if (is_ranked && target.ptr[0] == '@')
        say_to_channel(call, sp, target, ROLE_OP);
    else if (is_ranked && target.ptr[0] == '+')
        say_to_channel(call, sp, target, ROLE_OP | ROLE_VOICE);
    else
        say_to_user(call, sp, target);
}

static void say(struct hub_call *call, const struct speech *sp)
{
    struct span list = call->line->params[0], target;
    int n = 0;
    for (; target_next(&list, &target); n++) {
        if (n == HUB_TARGETS_MAX) {
            if (!sp->is_silent)
                REPLY(call, "407", target, SPAN("Too many targets"));
            return;
        }
        say_to(call, sp, target);
    }
    if (n == 0 && !sp->is_silent)
        REPLY(call, "411", SPAN("No recipient given"));
}

/* The tags that travel on, in *tags, which the caller frees. */
static void take_tags(struct hub_call *call, struct speech *sp, struct buf *tags)
{
    CHECK(irc_tags_client_only(call->line->tags, tags) == OK);
    sp->tags = buf_span(tags);
}

static void say_text(struct hub_call *call, const char *verb, bool is_silent)
{
    const struct irc_line *line = call->line;
    struct speech sp = {.verb = verb, .is_silent = is_silent};
    if (line->param_count == 0) {
        if (!is_silent)
            REPLY(call, "411", SPAN("No recipient given"));
        return;
    }
    if (line->param_count == 1 || line->params[1].len == 0) {
        if (!is_silent)
            REPLY(call, "412", SPAN("No text to send"));
        return;
    }
    struct buf tags = {0};
    take_tags(call, &sp, &tags);
    sp.text = line->params[1];
    call->user->active_ms = call->at.ms;
    say(call, &sp);
    buf_deinit(&tags);
}

void cmd_privmsg(struct hub_call *call)
{
    say_text(call, "PRIVMSG", false);
}

void cmd_notice(struct hub_call *call)
{
    say_text(call, "NOTICE", true);
}

void cmd_tagmsg(struct hub_call *call)
{
    struct speech sp = {.verb = "TAGMSG", .is_tags_only = true};
    struct buf tags = {0};
    take_tags(call, &sp, &tags);
    if (sp.tags.len > 0)
        say(call, &sp);
    buf_deinit(&tags);
}
