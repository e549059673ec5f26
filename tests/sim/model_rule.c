/* Who may what, as the model has it. */
#include "sim/model_call.h"

#include <ctype.h>
#include <string.h>

bool model_mask_means(const char *mask, const char *text)
{
    if (mask[0] == '*')
        return model_mask_means(mask + 1, text) ||
               (text[0] != '\0' && model_mask_means(mask, text + 1));
    if (text[0] == '\0' || mask[0] == '\0')
        return mask[0] == text[0];
    if (mask[0] != '?' && tolower((unsigned char)mask[0]) != tolower((unsigned char)text[0]))
        return false;
    return model_mask_means(mask + 1, text + 1);
}

bool model_masks_mean(const struct model_masks *l, const struct model_user *u)
{
    char source[MODEL_NAME_CHARS + MODEL_TEXT_CHARS];
    strcat(strcpy(source, u->nick), u->tail);
    for (unsigned i = 0; i < l->count; i++)
        if (model_mask_means(l->at[i].mask, source))
            return true;
    return false;
}

static bool is_banned(const struct model_channel *ch, const struct model_user *u)
{
    return model_masks_mean(&ch->bans, u) && !model_masks_mean(&ch->excepted, u);
}

bool model_may_speak(struct model_channel *ch, const struct model_user *u)
{
    const struct model_member *mm = model_member(ch, u);
    if (mm != NULL && (mm->is_op || mm->is_voiced))
        return true;
    return !ch->has_mode['m'] && (mm != NULL || !ch->has_mode['n']) && !is_banned(ch, u);
}

const char *model_join_refusal(struct model *m, struct model_channel *ch,
                               const struct model_user *u, const char *key)
{
    if (ch->has_invited[u - m->users])
        return NULL;
    if (is_banned(ch, u))
        return "474";
    if (ch->has_mode['i'] && !model_masks_mean(&ch->invited, u))
        return "473";
    if (ch->key[0] != '\0' && strcmp(ch->key, key) != 0)
        return "475";
    return ch->limit > 0 && ch->member_count >= ch->limit ? "471" : NULL;
}

bool model_sees_channel(struct model_channel *ch, const struct model_user *to)
{
    return !ch->has_mode['s'] || to->has_mode['o'] || model_member(ch, to) != NULL;
}

bool model_sees_user(struct model *m, const struct model_user *u, const struct model_user *to)
{
    bool is_seen = u == to || !u->has_mode['i'] || to->has_mode['o'];
    for (int k = 0; k < MODEL_CHANNELS_MAX && !is_seen; k++) {
        struct model_channel *ch = &m->channels[k];
        is_seen = ch->is_in && model_member(ch, u) != NULL && model_member(ch, to) != NULL;
    }
    return is_seen;
}

bool model_sees_membership(struct model_channel *ch, const struct model_user *u,
                           const struct model_user *to)
{
    if (to->has_mode['o'] || model_member(ch, to) != NULL)
        return true;
    return !u->has_mode['i'] && !ch->has_mode['s'];
}
