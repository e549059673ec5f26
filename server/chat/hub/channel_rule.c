/* Who may what in a channel (https://modern.ircdocs.horse, channel modes). */
#include "chat/hub/hub_state.h"

bool channel_is_visible(const struct channel *ch, const struct user *u)
{
    return !(ch->modes & CHANNEL_SECRET) || u->modes & USER_OPER || channel_member(ch, u) != NULL;
}

/* Masks mean the host that others see, never the address behind it: whoever may ban could find that
 * out, one mask after the other. A cloak stands for its networks too (cloak.h). */
bool channel_has_banned(const struct channel *ch, const struct user *u)
{
    struct span source = user_source(u);
    return mask_list_matches(&ch->lists[LIST_BANS], source) &&
           !mask_list_matches(&ch->lists[LIST_EXCEPTED], source);
}

bool channel_may_speak(const struct channel *ch, const struct user *u)
{
    const struct membership *m = channel_member(ch, u);
    if (m != NULL && m->roles != 0)
        return true;
    if (ch->modes & CHANNEL_MODERATED || (m == NULL && ch->modes & CHANNEL_NO_OUTSIDERS))
        return false;
    return !channel_has_banned(ch, u);
}
