/* MODE, as the model has it. */
#include "sim/model_call.h"

#include <string.h>

/* What a MODE has changed: the letters, and behind them the nicks. */
struct changes {
    char letters[64], nicks[128];
    size_t len;
    char sign;
};

static void change(struct changes *ch, char sign, char letter, bool *value, const char *nick)
{
    if (*value == (sign == '+'))
        return;
    *value = sign == '+';
    if (ch->sign != sign)
        ch->letters[ch->len++] = ch->sign = sign;
    ch->letters[ch->len++] = letter;
    if (nick != NULL) {
        strcat(ch->nicks, " ");
        strcat(ch->nicks, nick);
    }
}

/* False: the letters behind it are not applied. */
static bool change_role(struct model_call *c, struct model_channel *ch, struct changes *changes,
                        char letter, size_t param)
{
    const struct irc_line *line = c->e->line.line;
    if (param == line->param_count) {
        model_reply(c, "461");
        return false;
    }
    char nick[MODEL_NAME_CHARS];
    COPY(nick, line->params[param]);
    struct model_user *u = model_user_named(c->m, nick);
    struct model_member *mm = u == NULL ? NULL : model_member(ch, u);
    if (mm == NULL)
        model_reply(c, u == NULL ? "401" : "441");
    else
        change(changes, line->params[1].ptr[0] == '-' ? '-' : '+', letter,
               letter == 'o' ? &mm->is_op : &mm->is_voiced, u->nick);
    return true;
}

/* Clients give one sign, at the front. */
static void change_channel(struct model_call *c, struct model_channel *ch)
{
    const struct irc_line *line = c->e->line.line;
    struct changes changes = {0};
    char letters[16];
    COPY(letters, line->params[1]);
    size_t param = 2;
    struct model_member *mm = model_member(ch, c->user);
    const char *refusal = mm == NULL ? "442" : mm->is_op ? NULL : "482";
    for (const char *at = letters + 1; *at != '\0'; at++) {
        if (strchr("ntov", *at) == NULL) {
            model_reply(c, "472");
            break;
        }
        if (refusal != NULL) {
            model_reply(c, refusal);
            break;
        }
        if (*at == 'n') {
            change(&changes, letters[0], 'n', &ch->no_outsiders, NULL);
        } else if (*at == 't') {
            change(&changes, letters[0], 't', &ch->topic_by_ops, NULL);
        } else if (!change_role(c, ch, &changes, *at, param++)) {
            break;
        }
    }
    if (changes.len == 0)
        return;
    char *last = strrchr(changes.nicks, ' '); /* the last param has its ':' */
    struct peer_message pm =
        last == NULL ? model_message(c, "MODE %s :%s", ch->name, changes.letters)
                     : model_message(c, "MODE %s %s%.*s :%s", ch->name, changes.letters,
                                     (int)(last - changes.nicks), changes.nicks, last + 1);
    model_tell_channel(ch, &pm);
}

void model_mode_channel(struct model_call *c, const char *name)
{
    struct model_channel *ch = model_channel(c->m, name);
    if (ch == NULL) {
        model_reply(c, "403");
        return;
    }
    if (c->e->line.line->param_count == 1) {
        peer_expect_line(c->e->from, true, ":s.test 324 %s %s :+%s%s", c->user->nick, ch->name,
                         ch->no_outsiders ? "n" : "", ch->topic_by_ops ? "t" : "");
        model_reply(c, "329");
        return;
    }
    change_channel(c, ch);
}

void model_mode_user(struct model_call *c, const char *nick)
{
    const struct irc_line *line = c->e->line.line;
    struct model_user *u = model_user_named(c->m, nick);
    if (u != c->user) {
        model_reply(c, u == NULL ? "401" : "502");
        return;
    }
    if (line->param_count == 1) {
        peer_expect_line(c->e->from, true, ":s.test 221 %s :%s", u->nick,
                         u->is_invisible ? "+i" : "+");
        return;
    }
    struct changes changes = {0};
    change(&changes, (char)line->params[1].ptr[0], 'i', &u->is_invisible, NULL);
    if (changes.len == 0)
        return;
    struct peer_message pm = model_message(c, "MODE %s :%s", u->nick, changes.letters);
    peer_expect_message(u->handle, &pm);
}
