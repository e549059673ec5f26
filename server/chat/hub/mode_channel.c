/* MODE of channels (https://modern.ircdocs.horse, channel modes). A row for each letter, and a
 * function for each kind of letter. Changes that change nothing are not told. */
#include "chat/hub/held.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/mode.h"
#include "chat/hub/require.h"
#include "simul/decimal.h"

/* As CHANMODES and PREFIX in ISUPPORT tell them apart (welcome.c). */
enum mode_kind { MODE_LIST, MODE_KEY, MODE_LIMIT, MODE_FLAG, MODE_ROLE };

struct mode {
    char letter;
    uint8_t kind;  /* enum mode_kind */
    uint8_t value; /* enum channel_list, channel_mode or member_role */
};

/* 324 tells them in this order. */
static const struct mode modes[] = {
    {'b', MODE_LIST, LIST_BANS},
    {'e', MODE_LIST, LIST_EXCEPTED},
    {'I', MODE_LIST, LIST_INVITED},
    {'i', MODE_FLAG, CHANNEL_INVITE_ONLY},
    {'k', MODE_KEY, 0},
    {'l', MODE_LIMIT, 0},
    {'m', MODE_FLAG, CHANNEL_MODERATED},
    {'n', MODE_FLAG, CHANNEL_NO_OUTSIDERS},
    {'s', MODE_FLAG, CHANNEL_SECRET},
    {'t', MODE_FLAG, CHANNEL_TOPIC_BY_OPS},
    {'o', MODE_ROLE, ROLE_OP},
    {'v', MODE_ROLE, ROLE_VOICE},
};
enum { MODE_COUNT = sizeof(modes) / sizeof(modes[0]) };

static const struct mode *mode_find(char letter)
{
    for (size_t i = 0; i < MODE_COUNT; i++)
        if (modes[i].letter == letter)
            return &modes[i];
    return NULL;
}

/* --- which are set ----------------------------------------------------------------------- */

static void query(struct hub_call *call, const struct channel *ch)
{
    bool is_member = channel_member(ch, call->user) != NULL;
    char letters[1 + MODE_COUNT] = "+", number[DECIMAL_CHARS];
    size_t len = 1, count = 2;
    struct span params[4] = {channel_name(ch)};
    for (size_t i = 0; i < MODE_COUNT; i++) {
        const struct mode *mode = &modes[i];
        if (mode->kind == MODE_FLAG && ch->modes & mode->value) {
            letters[len++] = mode->letter;
        } else if (mode->kind == MODE_KEY && ch->key != NULL) {
            letters[len++] = mode->letter;
            params[count++] = is_member ? span_str(ch->key) : SPAN("*");
        } else if (mode->kind == MODE_LIMIT && ch->limit > 0) {
            letters[len++] = mode->letter;
            params[count++] = decimal(ch->limit, number);
        }
    }
    params[1] = span_of(letters, len);
    reply(call, "324", params, count);
    REPLY(call, "329", channel_name(ch), decimal(ch->created_ms / 1000, number));
}

/* --- changes ----------------------------------------------------------------------------- */

/* One MODE being applied, and the changes that were made and not told yet: "+o-v nick nick". */
struct changes {
    struct hub_call *call;
    struct channel *ch;
    bool is_operator; /* who does it */
    size_t next_param;
    char sign;       /* as the line has it last */
    unsigned listed; /* bit by enum channel_list: told already */

    char letters[64];
    size_t len;
    char letters_sign; /* of the last letter; 0 = none yet */
    struct span params[HUB_MODES_MAX];
    size_t param_count;
    uint8_t text[HUB_MODES_MAX * HUB_MASK_BYTES_MAX]; /* of the params */
    size_t text_len;
};

/* A line may switch n and t back and forth for ever; what does not fit is not done. */
static bool changes_have_room(const struct changes *c)
{
    return c->len + 2 <= sizeof(c->letters);
}

static void changes_tell(struct changes *c)
{
    if (c->len == 0)
        return;
    struct hub_call *call = c->call;
    struct span params[2 + HUB_MODES_MAX] = {channel_name(c->ch), span_of(c->letters, c->len)};
    memcpy(params + 2, c->params, c->param_count * sizeof(c->params[0]));
    hub_send_channel(
        call, c->ch,
        hub_message(call, user_source(call->user), "MODE", SPAN_EMPTY, params, 2 + c->param_count),
        false);
    c->len = c->param_count = c->text_len = 0;
    c->letters_sign = 0;
}

/* How long the params may be together, so that the line which tells them is never cut. */
static size_t params_bytes_max(const struct changes *c)
{
    return IRC_REST_BYTES_MAX - strlen(": MODE   :") - c->call->user->source_bytes -
           channel_name(c->ch).len - sizeof(c->letters) - HUB_MODES_MAX;
}

/* Params may be more than the line had: "-k" without a key is told with one. */
static void changes_add(struct changes *c, const struct mode *mode, struct span param)
{
    bool is_full = c->param_count == HUB_MODES_MAX && param.len > 0;
    if (is_full || c->text_len + param.len > params_bytes_max(c))
        changes_tell(c);
    if (c->letters_sign != c->sign)
        c->letters[c->len++] = c->letters_sign = c->sign;
    c->letters[c->len++] = mode->letter;
    if (param.len == 0)
        return;
    CHECK(c->text_len + param.len <= sizeof(c->text));
    memcpy(c->text + c->text_len, param.ptr, param.len);
    c->params[c->param_count++] = span_of(c->text + c->text_len, param.len);
    c->text_len += param.len;
}

/* --- what a letter needs; without it the rest of the line is not applied ----------------- */

/* Who was an operator when the line began may end it, whatever it has done to itself. */
static bool needs_operator(const struct changes *c)
{
    if (c->is_operator)
        return true;
    const struct membership *m = require_member(c->call, c->ch);
    return m != NULL && require_channel_operator(c->call, m);
}

static bool has_param(const struct changes *c)
{
    return c->next_param < c->call->line->param_count && c->next_param < 2 + HUB_MODES_MAX;
}

static bool needs_param(struct changes *c, struct span *param)
{
    if (has_param(c)) {
        *param = c->call->line->params[c->next_param++];
        return true;
    }
    if (c->next_param == c->call->line->param_count)
        REPLY(c->call, "461", SPAN("MODE"), SPAN("Not enough parameters"));
    return false;
}

static void refuse_param(struct changes *c, const struct mode *mode, struct span param,
                         struct span why)
{
    REPLY(c->call, "696", channel_name(c->ch), span_of(&mode->letter, 1), param, why);
}

/* --- the kinds: each returns whether the rest of the line is applied --------------------- */

static bool change_flag(struct changes *c, const struct mode *mode)
{
    if (!needs_operator(c))
        return false;
    uint8_t bits = c->sign == '+' ? c->ch->modes | mode->value : c->ch->modes & ~mode->value;
    if (bits != c->ch->modes)
        changes_add(c, mode, SPAN_EMPTY);
    c->ch->modes = bits;
    return true;
}

static bool change_role(struct changes *c, const struct mode *mode)
{
    struct hub_call *call = c->call;
    struct span nick;
    if (!needs_operator(c) || !needs_param(c, &nick))
        return false;
    struct membership *m = require_other(call, c->ch, nick);
    if (m == NULL)
        return true;
    uint8_t roles = c->sign == '+' ? m->roles | mode->value : m->roles & ~mode->value;
    if (roles != m->roles)
        changes_add(c, mode, user_nick(m->user));
    membership_set_roles(m, roles);
    return true;
}

/* It must be able to stand between the commas of a JOIN. */
static bool key_is_valid(struct span key)
{
    return key.len > 0 && key.len <= HUB_KEY_BYTES_MAX && key.ptr[0] != ':' &&
           span_find(key, ',') == key.len && span_find(key, ' ') == key.len;
}

/* Taking it away needs no key, but a param that is there belongs to it. */
static bool change_key(struct changes *c, const struct mode *mode)
{
    struct channel *ch = c->ch;
    struct span key = SPAN_EMPTY;
    bool is_set = c->sign == '+';
    if (!needs_operator(c) || ((is_set || has_param(c)) && !needs_param(c, &key)))
        return false;
    if (is_set && !key_is_valid(key)) {
        refuse_param(c, mode, SPAN("*"), SPAN("Invalid key")); /* it may be meant to be secret */
        return true;
    }
    bool is_same = is_set ? ch->key != NULL && span_eq(key, span_str(ch->key)) : ch->key == NULL;
    if (is_same)
        return true;
    free(ch->key);
    ch->key = is_set ? text_copy(key) : NULL;
    changes_add(c, mode, is_set ? key : SPAN("*"));
    return true;
}

/* 0 when it is no number from 1 to 999,999,999. */
static uint32_t limit_of(struct span text)
{
    uint64_t limit;
    return decimal_parse(text, 999999999, &limit) ? (uint32_t)limit : 0;
}

static bool change_limit(struct changes *c, const struct mode *mode)
{
    struct span param = SPAN_EMPTY;
    bool is_set = c->sign == '+';
    if (!needs_operator(c) || (is_set && !needs_param(c, &param)))
        return false;
    uint32_t limit = is_set ? limit_of(param) : 0;
    if (is_set && limit == 0) {
        refuse_param(c, mode, param, SPAN("Invalid limit"));
        return true;
    }
    char number[DECIMAL_CHARS];
    if (limit != c->ch->limit)
        changes_add(c, mode, is_set ? decimal(limit, number) : SPAN_EMPTY);
    c->ch->limit = limit;
    return true;
}

static const struct {
    const char *row, *end;
    struct span end_text;
} list_numerics[CHANNEL_LISTS] = {
    [LIST_BANS] = {"367", "368", SPAN("End of channel ban list")},
    [LIST_EXCEPTED] = {"348", "349", SPAN("End of channel exception list")},
    [LIST_INVITED] = {"346", "347", SPAN("End of channel invite exception list")},
};

/* Everybody may see the bans; the other lists are the operators'. */
static bool show_list(struct changes *c, enum channel_list which)
{
    if (which != LIST_BANS && !needs_operator(c))
        return false;
    if (c->listed & 1u << which)
        return true;
    c->listed |= 1u << which;
    const struct mask_list *l = &c->ch->lists[which];
    char number[DECIMAL_CHARS];
    for (size_t i = 0; i < l->count; i++)
        REPLY(c->call, list_numerics[which].row, channel_name(c->ch), span_str(l->at[i].mask),
              span_str(l->at[i].setter), decimal(l->at[i].set_ms / 1000, number));
    REPLY(c->call, list_numerics[which].end, channel_name(c->ch), list_numerics[which].end_text);
    return true;
}

static void add_mask(struct changes *c, const struct mode *mode, struct span mask)
{
    struct hub_call *call = c->call;
    struct mask_list *l = &c->ch->lists[mode->value];
    if (mask_list_find(l, mask) != NULL)
        return;
    if (channel_mask_count(c->ch) >= HUB_MASKS_MAX) {
        REPLY(call, "478", channel_name(c->ch), span_of(&mode->letter, 1),
              SPAN("Channel list is full"));
        return;
    }
    mask_list_add(l, mask, user_source(call->user), call->at.ms);
    held_tell(call, c->ch->oldest->user);
    changes_add(c, mode, mask);
}

/* Told as it was added, so that clients find it in their lists. */
static void remove_mask(struct changes *c, const struct mode *mode, struct span mask)
{
    struct mask_list *l = &c->ch->lists[mode->value];
    struct mask_entry *e = mask_list_find(l, mask);
    if (e == NULL)
        return;
    changes_add(c, mode, span_str(e->mask));
    mask_list_remove(l, e);
    held_tell(c->call, c->ch->oldest->user);
}

static bool change_list(struct changes *c, const struct mode *mode)
{
    struct span param;
    if (!has_param(c))
        return show_list(c, mode->value);
    if (!needs_operator(c) || !needs_param(c, &param))
        return false;
    struct buf mask = {0};
    enum err e = irc_mask_complete(param, &mask);
    CHECK(e != ERR_NOMEM);
    if (e != OK || mask.len > HUB_MASK_BYTES_MAX)
        refuse_param(c, mode, param, SPAN("Invalid mask"));
    else if (c->sign == '+')
        add_mask(c, mode, buf_span(&mask));
    else
        remove_mask(c, mode, buf_span(&mask));
    buf_deinit(&mask);
    return true;
}

/* --- the line ---------------------------------------------------------------------------- */

/* The character at the front, whole: what goes out must be UTF-8 too. */
static struct span first_character(struct span s)
{
    size_t len = 1;
    while (len < s.len && (s.ptr[len] & 0xc0) == 0x80)
        len++;
    return span_take(s, len);
}

static bool apply_letter(struct changes *c, struct span rest)
{
    static bool (*const change[])(struct changes * c, const struct mode *mode) = {
        [MODE_LIST] = change_list, [MODE_KEY] = change_key,   [MODE_LIMIT] = change_limit,
        [MODE_FLAG] = change_flag, [MODE_ROLE] = change_role,
    };
    char letter = (char)rest.ptr[0];
    if (letter == '+' || letter == '-') {
        c->sign = letter;
        return true;
    }
    const struct mode *mode = mode_find(letter);
    if (mode != NULL)
        return change[mode->kind](c, mode);
    REPLY(c->call, "472", first_character(rest), SPAN("is unknown mode char to me"));
    return false;
}

/* Stops at the first letter that cannot be applied, so that a line of nonsense costs one reply. */
void mode_channel(struct hub_call *call, struct channel *ch)
{
    if (call->line->param_count == 1) {
        query(call, ch);
        return;
    }
    const struct membership *m = channel_member(ch, call->user);
    struct changes c = {.call = call, .ch = ch, .next_param = 2, .sign = '+'};
    c.is_operator = m != NULL && m->roles & ROLE_OP;
    struct span letters = call->line->params[1];
    while (letters.len > 0 && changes_have_room(&c) && apply_letter(&c, letters))
        letters = span_drop(letters, 1);
    changes_tell(&c);
}
