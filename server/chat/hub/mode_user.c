/* MODE of users: B a bot, i invisible, o an operator, w hears WALLOPS. Changes that change nothing
 * are not told, and o can only be laid down: OPER gives it. */
#include "chat/hub/mode.h"

#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"

static const struct {
    char letter;
    uint8_t bit; /* of enum user_mode */
} modes[] = {{'B', USER_BOT}, {'i', USER_INVISIBLE}, {'o', USER_OPER}, {'w', USER_WALLOPS}};

enum { MODES = sizeof(modes) / sizeof(modes[0]), LETTERS_MAX = 1 + MODES /* with a sign */ };

/* Nothing for no bits. */
static size_t put_letters(char sign, unsigned bits, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < MODES; i++) {
        if (!(bits & modes[i].bit))
            continue;
        if (len == 0)
            out[len++] = sign;
        out[len++] = modes[i].letter;
    }
    return len;
}

void mode_user_set(struct hub_call *call, struct user *u, uint8_t after)
{
    char letters[2 * LETTERS_MAX];
    uint8_t before = u->modes;
    size_t len = put_letters('+', after & ~before, letters);
    len += put_letters('-', before & ~after, letters + len);
    if (len == 0)
        return;
    user_set_modes(call->hub, u, after);
    hub_send_user(
        call, u,
        HUB_MESSAGE(call, user_source(u), "MODE", SPAN_EMPTY, user_nick(u), span_of(letters, len)));
}

static void query(struct hub_call *call)
{
    char letters[LETTERS_MAX] = "+";
    size_t len = put_letters('+', call->user->modes, letters);
    REPLY(call, "221", span_of(letters, len == 0 ? 1 : len));
}

static uint8_t bit_of(uint8_t letter)
{
    for (size_t i = 0; i < MODES; i++)
        if ((uint8_t)modes[i].letter == letter)
            return modes[i].bit;
    return 0;
}

static void change(struct hub_call *call, struct span letters)
{
    uint8_t before = call->user->modes, after = before;
    bool is_unknown = false, is_adding = true;
    for (size_t i = 0; i < letters.len; i++) {
        uint8_t letter = letters.ptr[i], bit = bit_of(letter);
        if (letter == '+' || letter == '-')
            is_adding = letter == '+';
        else if (bit == 0)
            is_unknown = true;
        else
            after = is_adding ? after | bit : after & (uint8_t)~bit;
    }
    if (is_unknown)
        REPLY(call, "501", SPAN("Unknown MODE flag"));
    if (!(before & USER_OPER))
        after &= (uint8_t)~USER_OPER;
    mode_user_set(call, call->user, after);
}

void mode_user(struct hub_call *call, struct span nick)
{
    struct user *u = user_find(call->hub, nick);
    if (u == NULL)
        REPLY(call, "401", nick, SPAN("No such nick/channel"));
    else if (u != call->user)
        REPLY(call, "502", SPAN("Cannot see or change the modes of other users"));
    else if (call->line->param_count == 1)
        query(call);
    else
        change(call, call->line->params[1]);
}
