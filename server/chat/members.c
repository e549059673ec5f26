/* Which sessions of this loop are in which channel. It changes with the deliveries, and with the
 * local end of a session, which takes it out at once, even in the middle of a fan-out. */
#include "chat/chat_loop.h"
#include "chat/session.h"

#include <stdlib.h>

static enum err grow(struct chat_loop *cl, uint32_t channel)
{
    size_t count = cl->channel_count == 0 ? 64 : cl->channel_count;
    while (count <= channel)
        count *= 2;
    struct list **channels = realloc(cl->channels, count * sizeof(struct list *));
    if (channels == NULL)
        return ERR_NOMEM;
    memset(channels + cl->channel_count, 0, (count - cl->channel_count) * sizeof(struct list *));
    cl->channels = channels;
    cl->channel_count = count;
    return OK;
}

/* The head stays once it exists: slots are used again. */
static enum err head_of(struct chat_loop *cl, uint32_t channel, struct list **head)
{
    if (channel >= cl->channel_count && grow(cl, channel) != OK)
        return ERR_NOMEM;
    if (cl->channels[channel] == NULL) {
        cl->channels[channel] = malloc(sizeof(struct list));
        if (cl->channels[channel] == NULL)
            return ERR_NOMEM;
        list_init(cl->channels[channel]);
    }
    *head = cl->channels[channel];
    return OK;
}

enum err members_add(struct chat_loop *cl, struct conn *c, uint32_t channel)
{
    struct list *head;
    enum err e = head_of(cl, channel, &head);
    if (e != OK)
        return e;
    struct member *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return ERR_NOMEM;
    struct chat_session *s = chat_session_of(c);
    m->conn = c;
    m->channel = channel;
    m->next = s->members;
    s->members = m;
    list_push_back(head, &m->in_channel);
    return OK;
}

/* Takes out the member that *at points to. */
static void remove_at(struct chat_loop *cl, struct member **at)
{
    struct member *m = *at;
    *at = m->next;
    if (cl->fan_out.cursor == &m->in_channel)
        cl->fan_out.cursor = m->in_channel.next;
    list_remove(&m->in_channel);
    free(m);
}

void members_remove(struct chat_loop *cl, struct chat_session *s, uint32_t channel)
{
    struct member **at = &s->members;
    while (*at != NULL && (*at)->channel != channel)
        at = &(*at)->next;
    if (*at != NULL)
        remove_at(cl, at);
}

void members_remove_all(struct chat_loop *cl, struct chat_session *s)
{
    while (s->members != NULL)
        remove_at(cl, &s->members);
}

struct list *members_of(const struct chat_loop *cl, uint32_t channel)
{
    return channel < cl->channel_count ? cl->channels[channel] : NULL;
}

void members_deinit(struct chat_loop *cl)
{
    for (size_t i = 0; i < cl->channel_count; i++)
        free(cl->channels[i]);
    free(cl->channels);
}
