/* WHO (https://modern.ircdocs.horse, WHO message) and WHOX
 * (https://ircv3.net/specs/extensions/whox): of a channel, of one user, or of all whom a mask
 * means. The long ones walk a roster, a part at a time. */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "simul/decimal.h"

struct who {
    struct hub_call *call;
    struct span mask;
    bool is_opers_only;
    bool is_extended;  /* WHOX: 354 with `fields`, instead of 352 */
    uint32_t fields;   /* bit i: the field with the i-th letter of the alphabet */
    struct span token; /* of WHOX */
};

/* "[flags][%fields[,token]]" */
static struct who who_of(struct hub_call *call)
{
    struct who w = {.call = call, .mask = call->line->params[0], .token = SPAN("0")};
    struct span options = call->line->param_count > 1 ? call->line->params[1] : SPAN_EMPTY;
    size_t flags = span_find(options, '%');
    w.is_opers_only = span_find(span_take(options, flags), 'o') < flags;
    if (flags == options.len)
        return w;
    w.is_extended = true;
    options = span_drop(options, flags + 1);
    size_t letters = span_find(options, ',');
    for (size_t i = 0; i < letters; i++)
        if (options.ptr[i] >= 'a' && options.ptr[i] <= 'z')
            w.fields |= 1u << (options.ptr[i] - 'a');
    struct span token = letters < options.len ? span_drop(options, letters + 1) : SPAN_EMPTY;
    bool is_number = token.len >= 1 && token.len <= 3;
    for (size_t i = 0; is_number && i < token.len; i++)
        is_number = token.ptr[i] >= '0' && token.ptr[i] <= '9';
    if (is_number)
        w.token = token;
    return w;
}

/* --- one row ----------------------------------------------------------------------------- */

enum { FLAGS_CHARS = 8 };

/* Here or gone, '*' for an operator, the roles in the channel, 'B' for a bot. */
static struct span flags_of(const struct who *w, const struct user *u, const struct membership *m,
                            char out[FLAGS_CHARS])
{
    struct span prefix = m == NULL ? SPAN_EMPTY : membership_prefix(m, w->call->caps);
    int n =
        snprintf(out, FLAGS_CHARS, "%c%s%.*s%s", u->away == NULL ? 'H' : 'G',
                 u->modes & USER_OPER ? "*" : "", SPAN_ARG(prefix), u->modes & USER_BOT ? "B" : "");
    CHECK(n > 0 && n < FLAGS_CHARS);
    return span_of(out, (size_t)n);
}

static void reply_plain(const struct who *w, const struct user *u, struct span channel,
                        struct span flags)
{
    char hops_and_name[2 + HUB_REALNAME_BYTES_MAX + 1];
    int n = snprintf(hops_and_name, sizeof(hops_and_name), "0 %s", u->realname);
    CHECK(n > 0 && (size_t)n < sizeof(hops_and_name));
    REPLY(w->call, "352", channel, user_name(u), user_host(u),
          span_str(w->call->hub->options.server_name), user_nick(u), flags,
          span_of(hops_and_name, (size_t)n));
}

/* In the order of the specification, whatever that of the letters was. */
static void reply_extended(const struct who *w, const struct user *u, struct span channel,
                           struct span flags)
{
    const struct hub_call *call = w->call;
    bool knows_ip = u == call->user || call->user->modes & USER_OPER;
    char idle[DECIMAL_CHARS];
    const struct {
        char letter;
        struct span value;
    } fields[] = {
        {'t', w->token},     {'c', channel},
        {'u', user_name(u)}, {'i', knows_ip ? span_str(user_ip(u)) : SPAN("255.255.255.255")},
        {'h', user_host(u)}, {'s', span_str(call->hub->options.server_name)},
        {'n', user_nick(u)}, {'f', flags},
        {'d', SPAN("0")},    {'l', decimal((call->at.ms - u->active_ms) / 1000, idle)},
        {'a', SPAN("0")}, /* nobody is logged in */
        {'o', SPAN("n/a")},  {'r', span_str(u->realname)},
    };
    struct span params[sizeof(fields) / sizeof(fields[0])];
    size_t count = 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (w->fields & 1u << (fields[i].letter - 'a'))
            params[count++] = fields[i].value;
    reply(w->call, "354", params, count);
}

/* m: as what the user is shown, or NULL. */
static void reply_row(const struct who *w, const struct user *u, const struct membership *m)
{
    if (w->is_opers_only && !(u->modes & USER_OPER))
        return;
    char text[FLAGS_CHARS];
    struct span flags = flags_of(w, u, m, text);
    struct span channel = m == NULL ? SPAN("*") : channel_name(m->channel);
    if (w->is_extended)
        reply_extended(w, u, channel, flags);
    else
        reply_plain(w, u, channel, flags);
}

/* With the first of its channels that the asker may know it to be in. */
static void reply_user(const struct who *w, const struct user *u)
{
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next) {
        const struct membership *m = container_of(n, struct membership, in_user);
        if (membership_is_visible(m, w->call->user)) {
            reply_row(w, u, m);
            return;
        }
    }
    reply_row(w, u, NULL);
}

/* --- which rows -------------------------------------------------------------------------- */

/* False when there is more to come, as below. */
static bool who_channel(const struct who *w, const struct channel *ch)
{
    struct hub_call *call = w->call;
    uint64_t at = call->cursor->after;
    for (const struct membership *m; (m = roster_next(&ch->members, &at)) != NULL;) {
        if (!call_take_row(call))
            return false;
        call->cursor->after = at;
        if (membership_is_visible(m, call->user))
            reply_row(w, m->user, m);
    }
    return true;
}

static bool is_meant(const struct who *w, const struct user *u)
{
    if (span_find(w->mask, '!') < w->mask.len || span_find(w->mask, '@') < w->mask.len)
        return irc_mask_matches(w->mask, user_source(u));
    return irc_mask_matches(w->mask, user_nick(u)) || irc_mask_matches(w->mask, user_name(u)) ||
           irc_mask_matches(w->mask, user_host(u)) ||
           irc_mask_matches(w->mask, span_str(u->realname)) ||
           (w->call->user->modes & USER_OPER && irc_mask_matches(w->mask, span_str(user_ip(u))));
}

/* Those who are not meant are rows too: they take their time. */
static bool who_mask(const struct who *w)
{
    struct hub_call *call = w->call;
    uint64_t at = call->cursor->after;
    for (const struct user *u; (u = roster_next(&call->hub->user_order, &at)) != NULL;) {
        if (!call_take_row(call))
            return false;
        call->cursor->after = at;
        if (is_meant(w, u) && user_is_visible(u, call->user))
            reply_user(w, u);
    }
    return true;
}

static bool has_wildcard(struct span mask)
{
    return span_find(mask, '*') < mask.len || span_find(mask, '?') < mask.len;
}

/* Who is asked for by nick is shown even if invisible: the asker knows. */
static bool who(struct who *w)
{
    struct hub *hub = w->call->hub;
    if (span_eq(w->mask, SPAN("0")))
        w->mask = SPAN("*");
    if (w->mask.len > 0 && w->mask.ptr[0] == '#') {
        const struct channel *ch = channel_find(hub, w->mask);
        return ch == NULL || !channel_is_visible(ch, w->call->user) || who_channel(w, ch);
    }
    if (has_wildcard(w->mask))
        return who_mask(w);
    const struct user *u = user_find(hub, w->mask);
    if (u != NULL)
        reply_user(w, u);
    return true;
}

void cmd_who(struct hub_call *call)
{
    struct who w = who_of(call);
    if (who(&w))
        REPLY(call, "315", call->line->params[0], SPAN("End of WHO list"));
}
