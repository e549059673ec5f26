#include "chat/members.h"

#include "chat/chat_loop.h"
#include "chat/session.h"

#include <stdlib.h>

enum { ROOM_MIN = 4 };

static enum err grow_channels(struct chat_loop *cl, uint32_t channel)
{
    size_t count = cl->channel_count == 0 ? 64 : cl->channel_count;
    while (count <= channel)
        count *= 2;
    struct members *channels = realloc(cl->channels, count * sizeof(channels[0]));
    if (channels == NULL)
        return ERR_NOMEM;
    memset(channels + cl->channel_count, 0, (count - cl->channel_count) * sizeof(channels[0]));
    cl->channels = channels;
    cl->channel_count = count;
    return OK;
}

static enum err set_room(struct members *l, uint32_t room)
{
    struct conn **conns = realloc(l->conns, room * sizeof(conns[0]));
    if (conns == NULL)
        return ERR_NOMEM;
    l->conns = conns;
    l->room = room;
    return OK;
}

enum err members_add(struct chat_loop *cl, struct conn *c, uint32_t channel)
{
    if (channel >= cl->channel_count && grow_channels(cl, channel) != OK)
        return ERR_NOMEM;
    struct members *l = &cl->channels[channel];
    if (l->count == l->room && set_room(l, l->room == 0 ? ROOM_MIN : 2 * l->room) != OK)
        return ERR_NOMEM;
    struct member *m = malloc(sizeof(*m));
    if (m == NULL)
        return ERR_NOMEM;
    struct chat_session *s = chat_session_of(c);
    *m = (struct member){.next = s->members, .channel = channel, .at = l->count};
    s->members = m;
    l->conns[l->count++] = c;
    return OK;
}

static struct member **find(struct chat_session *s, uint32_t channel)
{
    struct member **at = &s->members;
    while (*at != NULL && (*at)->channel != channel)
        at = &(*at)->next;
    return at;
}

/* The one that stands at `from` takes the place `to`. */
static void move(struct members *l, uint32_t channel, uint32_t from, uint32_t to)
{
    if (from == to)
        return;
    l->conns[to] = l->conns[from];
    (*find(chat_session_of(l->conns[to]), channel))->at = to;
}

/* Moves the last member into the gap. If a fan-out is under way and has passed the gap, then the
 * last member that it has served moves there instead, and the last of all takes that one's place;
 * so the fan-out misses nobody. */
static void close_gap(struct chat_loop *cl, uint32_t channel, uint32_t gap)
{
    struct members *l = &cl->channels[channel];
    struct fan_out *f = &cl->fan_out;
    if (f->channel == channel && gap < f->next) {
        f->next--;
        move(l, channel, f->next, gap);
        gap = f->next;
    }
    move(l, channel, l->count - 1, gap);
    l->count--;
}

static void give_back_room(struct members *l)
{
    if (l->count == 0) {
        free(l->conns);
        *l = (struct members){0};
        return;
    }
    bool is_large = l->room > ROOM_MIN && l->count <= l->room / 4;
    if (is_large && set_room(l, l->room / 2) != OK)
        return; /* what it has will do */
}

/* Takes out the member that *at points to. */
static void remove_at(struct chat_loop *cl, struct member **at)
{
    struct member *m = *at;
    close_gap(cl, m->channel, m->at);
    give_back_room(&cl->channels[m->channel]);
    *at = m->next;
    free(m);
}

void members_remove(struct chat_loop *cl, struct chat_session *s, uint32_t channel)
{
    struct member **at = find(s, channel);
    if (*at != NULL)
        remove_at(cl, at);
}

void members_remove_all(struct chat_loop *cl, struct chat_session *s)
{
    while (s->members != NULL)
        remove_at(cl, &s->members);
}

struct members members_of(const struct chat_loop *cl, uint32_t channel)
{
    return channel < cl->channel_count ? cl->channels[channel] : (struct members){0};
}

void members_deinit(struct chat_loop *cl)
{
    for (size_t i = 0; i < cl->channel_count; i++)
        free(cl->channels[i].conns);
    free(cl->channels);
}
