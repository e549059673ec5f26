/* MODE, as the model has it. */
#include "chat/hub/hub.h"
#include "sim/model_call.h"
#include "sim/sim.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One MODE, and what it has changed. */
struct changes {
    struct model_call *call;
    struct model_channel *ch;
    const char *refusal; /* of what only operators may do; NULL: this one may */
    size_t next_param;
    char sign;
    bool has_shown[MODEL_LETTERS];
    char letters[64];
    char last_sign;
    char params[HUB_MODES_MAX][MODEL_MASK_CHARS];
    unsigned param_count;
};

/* The last param has its ':'. */
static void tell(struct changes *c)
{
    if (c->letters[0] == '\0')
        return;
    char params[512];
    int n = snprintf(params, sizeof(params), " %s%s", c->param_count == 0 ? ":" : "", c->letters);
    for (unsigned i = 0; i < c->param_count; i++)
        n += snprintf(params + n, sizeof(params) - (size_t)n, " %s%s",
                      i + 1 == c->param_count ? ":" : "", c->params[i]);
    struct peer_message pm = model_message(c->call, "MODE %s%s", c->ch->name, params);
    model_tell_channel(c->ch, &pm);
    memset(c->letters, 0, sizeof(c->letters));
    c->last_sign = '\0';
    c->param_count = 0;
}

static void changed(struct changes *c, char letter, const char *param)
{
    if (param != NULL && c->param_count == HUB_MODES_MAX) /* "-k" has one that the line had not */
        tell(c);
    size_t len = strlen(c->letters);
    if (c->sign != c->last_sign)
        c->letters[len++] = c->last_sign = c->sign;
    c->letters[len] = letter;
    if (param != NULL)
        strcpy(c->params[c->param_count++], param);
}

/* --- params ------------------------------------------------------------------------------ */

static bool may_change(struct changes *c)
{
    if (c->refusal != NULL)
        model_reply(c->call, c->refusal);
    return c->refusal == NULL;
}

static bool has_param(const struct changes *c)
{
    return c->next_param < model_param_count(c->call) && c->next_param < 2 + HUB_MODES_MAX;
}

static bool take_param(struct changes *c, char param[MODEL_MASK_CHARS])
{
    if (has_param(c)) {
        model_copy(param, MODEL_MASK_CHARS, model_param(c->call, c->next_param++));
        return true;
    }
    if (c->next_param == model_param_count(c->call))
        model_reply(c->call, "461");
    return false;
}

/* --- kinds of modes: each returns whether the letters behind it count -------------------- */

static bool change_flag(struct changes *c, char letter)
{
    if (!may_change(c))
        return false;
    bool *flag = &c->ch->has_mode[(int)letter];
    if (*flag != (c->sign == '+'))
        changed(c, letter, NULL);
    *flag = c->sign == '+';
    return true;
}

static bool change_role(struct changes *c, char letter)
{
    char nick[MODEL_MASK_CHARS];
    if (!may_change(c) || !take_param(c, nick))
        return false;
    struct model_user *u = model_user_named(c->call->m, nick);
    struct model_member *mm = u == NULL ? NULL : model_member(c->ch, u);
    if (mm == NULL) {
        model_reply(c->call, u == NULL ? "401" : "441");
        return true;
    }
    bool *role = letter == 'o' ? &mm->is_op : &mm->is_voiced;
    if (*role != (c->sign == '+'))
        changed(c, letter, u->nick);
    *role = c->sign == '+';
    return true;
}

static bool change_key(struct changes *c)
{
    char key[MODEL_MASK_CHARS] = "";
    bool is_set = c->sign == '+';
    if (!may_change(c) || ((is_set || has_param(c)) && !take_param(c, key)))
        return false;
    if (is_set && strchr(key, ',') != NULL) {
        model_reply(c->call, "696");
        return true;
    }
    if (!is_set)
        key[0] = '\0';
    if (strcmp(key, c->ch->key) != 0)
        changed(c, 'k', is_set ? key : "*");
    strcpy(c->ch->key, key);
    return true;
}

static bool change_limit(struct changes *c)
{
    char number[MODEL_MASK_CHARS] = "";
    if (!may_change(c) || (c->sign == '+' && !take_param(c, number)))
        return false;
    unsigned limit = (unsigned)atoi(number);
    if (c->sign == '+' && limit == 0) {
        model_reply(c->call, "696");
        return true;
    }
    if (limit != c->ch->limit)
        changed(c, 'l', c->sign == '+' ? number : NULL);
    c->ch->limit = limit;
    return true;
}

/* --- lists ------------------------------------------------------------------------------- */

/* Each is shown once, however often the line asks. */
static bool show_masks(struct changes *c, char letter, const struct model_masks *l)
{
    if (letter != 'b' && !may_change(c))
        return false;
    if (c->has_shown[(int)letter])
        return true;
    c->has_shown[(int)letter] = true;
    for (unsigned i = 0; i < l->count; i++)
        model_say(c->call,
                  letter == 'b'   ? "367"
                  : letter == 'e' ? "348"
                                  : "346",
                  "%s %s %s :%llu", c->ch->name, l->at[i].mask, l->at[i].setter,
                  (unsigned long long)l->at[i].set_ms / 1000);
    model_reply(c->call, letter == 'b' ? "368" : letter == 'e' ? "349" : "347");
    return true;
}

/* What stands for nick, user or host alone stands for all of those. */
static void complete(const char *param, char mask[MODEL_MASK_CHARS])
{
    bool has_nick = strchr(param, '!') != NULL, has_host = strchr(param, '@') != NULL;
    if (has_nick && has_host)
        snprintf(mask, MODEL_MASK_CHARS, "%s", param);
    else if (has_host)
        snprintf(mask, MODEL_MASK_CHARS, "*!%.*s", MODEL_MASK_CHARS - 3, param);
    else
        snprintf(mask, MODEL_MASK_CHARS, "%.*s!*@*", MODEL_MASK_CHARS - 5, param);
}

static bool change_mask(struct changes *c, char letter, struct model_masks *l)
{
    char param[MODEL_MASK_CHARS], mask[MODEL_MASK_CHARS];
    if (!has_param(c))
        return show_masks(c, letter, l);
    if (!may_change(c) || !take_param(c, param))
        return false;
    complete(param, mask);
    unsigned i = 0;
    while (i < l->count && strcasecmp(l->at[i].mask, mask) != 0)
        i++;
    if ((i < l->count) == (c->sign == '+'))
        return true;
    changed(c, letter, c->sign == '+' ? mask : l->at[i].mask); /* it goes as it came */
    if (c->sign == '-') {
        memmove(&l->at[i], &l->at[i + 1], (--l->count - i) * sizeof(l->at[0]));
        return true;
    }
    SIM_CHECK(l->count < MODEL_MASKS_MAX, "the model has no room for masks");
    const struct model_user *u = c->call->user;
    struct model_mask *added = &l->at[l->count++];
    added->set_ms = c->call->e->at.ms;
    strcpy(added->mask, mask);
    strcat(strcpy(added->setter, u->nick), u->tail);
    return true;
}

/* --- MODE #channel ----------------------------------------------------------------------- */

static bool change_letter(struct changes *c, char letter)
{
    switch (letter) {
    case '+':
    case '-':
        c->sign = letter;
        return true;
    case 'b':
        return change_mask(c, letter, &c->ch->bans);
    case 'e':
        return change_mask(c, letter, &c->ch->excepted);
    case 'I':
        return change_mask(c, letter, &c->ch->invited);
    case 'i':
    case 'm':
    case 'n':
    case 's':
    case 't':
        return change_flag(c, letter);
    case 'k':
        return change_key(c);
    case 'l':
        return change_limit(c);
    case 'o':
    case 'v':
        return change_role(c, letter);
    default:
        model_reply(c->call, "472");
        return false;
    }
}

static void change(struct model_call *call, struct model_channel *ch)
{
    const struct model_member *mm = model_member(ch, call->user);
    struct changes c = {.call = call, .ch = ch, .next_param = 2, .sign = '+'};
    c.refusal = mm == NULL ? "442" : mm->is_op ? NULL : "482";
    struct span letters = model_param(call, 1);
    for (size_t i = 0; i < letters.len && change_letter(&c, (char)letters.ptr[i]); i++)
        ;
    tell(&c);
}

static void show(struct model_call *c, struct model_channel *ch)
{
    char letters[16] = "+", key[MODEL_NAME_CHARS + 1] = "", limit[16] = "";
    if (ch->key[0] != '\0')
        snprintf(key, sizeof(key), " %s", model_member(ch, c->user) == NULL ? "*" : ch->key);
    if (ch->limit > 0)
        snprintf(limit, sizeof(limit), " %u", ch->limit);
    for (const char *at = "iklmnst"; *at != '\0'; at++)
        if (ch->has_mode[(int)*at] || (*at == 'k' && key[0] != '\0') ||
            (*at == 'l' && limit[0] != '\0'))
            letters[strlen(letters)] = *at;
    char all[96];
    snprintf(all, sizeof(all), "%s%s%s", letters, key, limit);
    char *last = strrchr(all, ' ');
    if (last == NULL)
        model_say(c, "324", "%s :%s", ch->name, all);
    else
        model_say(c, "324", "%s %.*s :%s", ch->name, (int)(last - all), all, last + 1);
    model_say(c, "329", "%s :%llu", ch->name, (unsigned long long)ch->created_ms / 1000);
}

static void mode_channel(struct model_call *c, const char *name)
{
    struct model_channel *ch = model_channel(c->m, name);
    if (ch == NULL || !model_sees_channel(ch, c->user))
        model_reply(c, "403");
    else if (model_param_count(c) == 1)
        show(c, ch);
    else
        change(c, ch);
}

/* --- MODE nick --------------------------------------------------------------------------- */

static const char user_modes[] = "Biow";

/* Those that `a` has and `b` has not, behind the sign; nothing for none. */
static void add_letters(char *out, char sign, const bool *a, const bool *b)
{
    char *at = out += strlen(out);
    for (const char *letter = user_modes; *letter != '\0'; letter++) {
        if (!a[(int)*letter] || (b != NULL && b[(int)*letter]))
            continue;
        if (at == out)
            *at++ = sign;
        *at++ = *letter;
    }
}

static void change_user(struct model_call *c)
{
    struct model_user *u = c->user;
    bool before[MODEL_LETTERS], is_unknown = false;
    memcpy(before, u->has_mode, sizeof(before));
    struct span letters = model_param(c, 1);
    bool is_adding = true;
    for (size_t i = 0; i < letters.len; i++) {
        char letter = (char)letters.ptr[i];
        if (letter == '+' || letter == '-')
            is_adding = letter == '+';
        else if (strchr(user_modes, letter) == NULL)
            is_unknown = true;
        else
            u->has_mode[(int)letter] = is_adding;
    }
    u->has_mode['o'] = u->has_mode['o'] && before['o'];
    if (is_unknown)
        model_reply(c, "501");
    char changes[16] = "";
    add_letters(changes, '+', u->has_mode, before);
    add_letters(changes, '-', before, u->has_mode);
    if (changes[0] == '\0')
        return;
    struct peer_message pm = model_message(c, "MODE %s :%s", u->nick, changes);
    peer_expect_message(u->handle, &pm);
}

static void mode_user(struct model_call *c, const char *nick)
{
    struct model_user *u = model_user_named(c->m, nick);
    char letters[16] = "";
    if (u != c->user) {
        model_reply(c, u == NULL ? "401" : "502");
    } else if (model_param_count(c) > 1) {
        change_user(c);
    } else {
        add_letters(letters, '+', u->has_mode, NULL);
        model_say(c, "221", ":%s", letters[0] == '\0' ? "+" : letters);
    }
}

void model_mode(struct model_call *c)
{
    char target[MODEL_NAME_CHARS];
    COPY(target, model_param(c, 0));
    if (target[0] == '#')
        mode_channel(c, target);
    else
        mode_user(c, target);
}
