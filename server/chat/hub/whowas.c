#include "chat/hub/whowas.h"

#include "chat/hub/hub_state.h"

void whowas_deinit(struct whowas *w)
{
    for (size_t i = 0; i < WHOWAS_MAX; i++)
        free(w->at[i]);
    *w = (struct whowas){0};
}

void whowas_add(struct whowas *w, const struct user *u, uint64_t now_ms)
{
    const struct span parts[] = {user_nick(u), user_name(u), user_host(u), span_str(u->realname),
                                 span_str(user_ip(u))};
    enum { PARTS = sizeof(parts) / sizeof(parts[0]) };
    size_t bytes = 0;
    for (size_t i = 0; i < PARTS; i++)
        bytes += parts[i].len;
    struct whowas_entry *e = malloc(sizeof(*e) + bytes);
    CHECK(e != NULL);
    *e = (struct whowas_entry){
        .until_ms = now_ms,
        .nick_bytes = (uint16_t)parts[0].len,
        .user_bytes = (uint16_t)parts[1].len,
        .host_bytes = (uint16_t)parts[2].len,
        .realname_bytes = (uint16_t)parts[3].len,
        .ip_bytes = (uint16_t)parts[4].len,
    };
    size_t at = 0;
    for (size_t i = 0; i < PARTS; i++) {
        memcpy(e->text + at, parts[i].ptr, parts[i].len);
        at += parts[i].len;
    }
    size_t slot = w->count++ % WHOWAS_MAX;
    free(w->at[slot]);
    w->at[slot] = e;
}

const struct whowas_entry *whowas_next(const struct whowas *w, uint64_t *before)
{
    uint64_t oldest = w->count < WHOWAS_MAX ? 0 : w->count - WHOWAS_MAX;
    if (*before <= oldest)
        return NULL;
    return w->at[--*before % WHOWAS_MAX];
}
