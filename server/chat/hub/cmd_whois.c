/* WHOIS (https://modern.ircdocs.horse, WHOIS message). */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/reply_list.h"
#include "chat/hub/target.h"
#include "simul/decimal.h"

static void reply_channels(struct hub_call *call, const struct user *u)
{
    struct reply_list channels;
    reply_list_init(&channels, call, "319", ' ', (struct span[]){user_nick(u)}, 1);
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next) {
        const struct membership *m = container_of(n, struct membership, in_user);
        if (membership_is_visible(m, call->user))
            reply_list_add(&channels, membership_prefix(m, call->caps), channel_name(m->channel));
    }
    reply_list_end(&channels);
}

/* "nick user@address address", for oneself and operators: elsewhere the host may be a cloak. */
static void reply_address(struct hub_call *call, const struct user *u)
{
    char text[HUB_USER_BYTES_MAX + 1 + HUB_HOST_BYTES_MAX + 2];
    struct span ip = span_str(user_ip(u));
    int n = snprintf(text, sizeof(text), "%.*s@%s", SPAN_ARG(user_name(u)), user_ip(u));
    CHECK(n > 0 && (size_t)n < sizeof(text));
    REPLY(call, "338", user_nick(u), span_of(text, (size_t)n), ip,
          SPAN("Actual user@host, Actual IP"));
}

static void reply_fingerprint(struct hub_call *call, const struct user *u)
{
    static const char BEFORE[] = "has client certificate fingerprint ";
    char text[sizeof(BEFORE) + HUB_FINGERPRINT_BYTES_MAX];
    int n = snprintf(text, sizeof(text), "%s%s", BEFORE, u->fingerprint);
    CHECK(n > 0 && (size_t)n < sizeof(text));
    REPLY(call, "276", user_nick(u), span_of(text, (size_t)n));
}

static void reply_idle(struct hub_call *call, const struct user *u)
{
    char idle[DECIMAL_CHARS], signon[DECIMAL_CHARS];
    REPLY(call, "317", user_nick(u), decimal((call->at.ms - u->active_ms) / 1000, idle),
          decimal(u->signon_ms / 1000, signon), SPAN("seconds idle, signon time"));
}

static void whois(struct hub_call *call, struct span target)
{
    const struct user *u = user_find(call->hub, target);
    if (u == NULL) {
        REPLY(call, "401", target, SPAN("No such nick/channel"));
        return;
    }
    struct span nick = user_nick(u);
    REPLY(call, "311", nick, user_name(u), user_host(u), SPAN("*"), span_str(u->realname));
    reply_channels(call, u);
    REPLY(call, "312", nick, span_str(call->hub->options.server_name),
          SPAN("simul, an IRC server"));
    if (u->away != NULL)
        REPLY(call, "301", nick, span_str(u->away));
    if (u->modes & USER_OPER)
        REPLY(call, "313", nick, SPAN("is an IRC operator"));
    if (u->modes & USER_BOT)
        REPLY(call, "335", nick, SPAN("is a bot"));
    bool may_see = u == call->user || call->user->modes & USER_OPER;
    if (may_see)
        reply_address(call, u);
    if (u->is_secure)
        REPLY(call, "671", nick, SPAN("is using a secure connection"));
    if (may_see && u->fingerprint != NULL)
        reply_fingerprint(call, u);
    reply_idle(call, u);
}

/* There is one server, which is named, or whose user is. */
static bool is_server(struct hub_call *call, struct span name)
{
    return span_eq_nocase(name, span_str(call->hub->options.server_name)) ||
           user_find(call->hub, name) != NULL;
}

/* WHOIS [<server>] <nick>{,<nick>} */
void cmd_whois(struct hub_call *call)
{
    const struct irc_line *line = call->line;
    struct span nicks = SPAN_EMPTY, nick;
    if (line->param_count > 0)
        nicks = line->params[line->param_count > 1];
    if (nicks.len == 0) {
        REPLY(call, "431", SPAN("No nickname given"));
        return;
    }
    struct span rest = nicks;
    if (line->param_count > 1 && !is_server(call, line->params[0]))
        REPLY(call, "402", line->params[0], SPAN("No such server"));
    else
        for (int n = 0; n < HUB_TARGETS_MAX && target_next(&rest, &nick); n++)
            whois(call, nick);
    REPLY(call, "318", nicks, SPAN("End of /WHOIS list"));
}
