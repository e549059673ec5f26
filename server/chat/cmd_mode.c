/* MODE: of channels o, v, n, t; of users in mode_user.c. Changes that change nothing are not told.
 */
#include "chat/cmd.h"
#include "chat/hub_state.h"
#include "chat/mode.h"

#include <stdio.h>

/* The changes that were made, as the channel hears of them: "+o-v nick nick". */
struct changes {
    char letters[64];
    size_t len;
    char sign; /* of the last letter; 0 = none yet */
    struct span params[HUB_MODES_MAX];
    size_t param_count;
};

/* A line may switch n and t back and forth for ever; what does not fit is not done. */
static bool changes_have_room(const struct changes *c)
{
    return c->len + 2 <= sizeof(c->letters);
}

static void changes_add(struct changes *c, char sign, char letter)
{
    if (c->sign != sign)
        c->letters[c->len++] = c->sign = sign;
    c->letters[c->len++] = letter;
}

/* --- channels ------------------------------------------------------------------------------- */

static void query_channel(struct hub_call *call, const struct channel *ch)
{
    char modes[8], seconds[24];
    int n = snprintf(modes, sizeof(modes), "+%s%s", ch->modes & CHANNEL_NO_OUTSIDERS ? "n" : "",
                     ch->modes & CHANNEL_TOPIC_BY_OPS ? "t" : "");
    REPLY(call, "324", channel_name(ch), span_of(modes, (size_t)n));
    n = snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)(ch->created_ms / 1000));
    REPLY(call, "329", channel_name(ch), span_of(seconds, (size_t)n));
}

static void set_channel_mode(struct channel *ch, char sign, char letter, struct changes *c)
{
    uint8_t bit = letter == 'n' ? CHANNEL_NO_OUTSIDERS : CHANNEL_TOPIC_BY_OPS;
    uint8_t modes = sign == '+' ? ch->modes | bit : ch->modes & (uint8_t)~bit;
    if (modes == ch->modes)
        return;
    ch->modes = modes;
    changes_add(c, sign, letter);
}

static void set_role(struct hub_call *call, struct channel *ch, char sign, char letter,
                     struct span nick, struct changes *c)
{
    struct user *u = user_find(call->hub, nick);
    if (u == NULL) {
        REPLY(call, "401", nick, SPAN("No such nick/channel"));
        return;
    }
    struct membership *m = channel_member(ch, u);
    if (m == NULL) {
        REPLY(call, "441", user_nick(u), channel_name(ch), SPAN("They aren't on that channel"));
        return;
    }
    uint8_t bit = letter == 'o' ? ROLE_OP : ROLE_VOICE;
    uint8_t roles = sign == '+' ? m->roles | bit : m->roles & (uint8_t)~bit;
    if (roles == m->roles)
        return;
    m->roles = roles;
    changes_add(c, sign, letter);
    c->params[c->param_count++] = user_nick(u);
}

/* The character at the front, whole: what goes out must be UTF-8 too. */
static struct span first_character(struct span s)
{
    size_t len = 1;
    while (len < s.len && (s.ptr[len] & 0xc0) == 0x80)
        len++;
    return span_take(s, len);
}

/* Stops at the first letter that cannot be applied, so that a line of nonsense costs one reply. */
static void apply_letters(struct hub_call *call, struct channel *ch, struct changes *c)
{
    const struct irc_line *line = call->line;
    size_t next_param = 2;
    char sign = '+';
    for (struct span s = line->params[1]; s.len > 0 && changes_have_room(c); s = span_drop(s, 1)) {
        char letter = (char)s.ptr[0];
        switch (letter) {
        case '+':
        case '-':
            sign = letter;
            break;
        case 'n':
        case 't':
            set_channel_mode(ch, sign, letter, c);
            break;
        case 'o':
        case 'v':
            if (next_param == line->param_count) {
                REPLY(call, "461", SPAN("MODE"), SPAN("Not enough parameters"));
                return;
            }
            if (next_param == 2 + HUB_MODES_MAX)
                return;
            set_role(call, ch, sign, letter, line->params[next_param++], c);
            break;
        default:
            REPLY(call, "472", first_character(s), SPAN("is unknown mode char to me"));
            return;
        }
    }
}

static void mode_channel(struct hub_call *call, struct channel *ch)
{
    if (call->line->param_count == 1) {
        query_channel(call, ch);
        return;
    }
    struct membership *m = channel_member(ch, call->user);
    if (m == NULL) {
        REPLY(call, "442", channel_name(ch), SPAN("You're not on that channel"));
        return;
    }
    if (!(m->roles & ROLE_OP)) {
        REPLY(call, "482", channel_name(ch), SPAN("You're not channel operator"));
        return;
    }
    struct changes c = {0};
    apply_letters(call, ch, &c);
    if (c.len == 0)
        return;
    struct span params[2 + HUB_MODES_MAX] = {channel_name(ch), span_of(c.letters, c.len)};
    memcpy(params + 2, c.params, c.param_count * sizeof(c.params[0]));
    hub_send_channel(
        call, ch,
        hub_message(call, user_source(call->user), "MODE", SPAN_EMPTY, params, 2 + c.param_count),
        false);
}

void cmd_mode(struct hub_call *call)
{
    struct span target = call->line->params[0];
    if (target.len == 0 || target.ptr[0] != '#') {
        mode_user(call, target);
        return;
    }
    struct channel *ch = channel_find(call->hub, target);
    if (ch == NULL)
        REPLY(call, "403", target, SPAN("No such channel"));
    else
        mode_channel(call, ch);
}
