#include "chat/hub/hub_state.h"

static struct invite *find(const struct channel *ch, const struct user *u)
{
    for (struct list *n = u->invites.next; n != &u->invites; n = n->next) {
        struct invite *i = container_of(n, struct invite, in_user);
        if (i->channel == ch)
            return i;
    }
    return NULL;
}

bool invite_is_there(const struct channel *ch, const struct user *u)
{
    return find(ch, u) != NULL;
}

static void invite_free(struct invite *i)
{
    list_remove(&i->in_user);
    list_remove(&i->in_channel);
    i->user->invite_count--;
    free(i);
}

void invite_add(struct channel *ch, struct user *u)
{
    if (invite_is_there(ch, u))
        return;
    if (u->invite_count == HUB_INVITES_PER_USER_MAX)
        invite_free(container_of(u->invites.next, struct invite, in_user));
    struct invite *i = calloc(1, sizeof(*i));
    CHECK(i != NULL);
    i->channel = ch;
    i->user = u;
    list_push_back(&u->invites, &i->in_user);
    list_push_back(&ch->invites, &i->in_channel);
    u->invite_count++;
}

void invite_remove(const struct channel *ch, const struct user *u)
{
    struct invite *i = find(ch, u);
    if (i != NULL)
        invite_free(i);
}

void invites_end_of_user(struct user *u)
{
    while (!list_is_empty(&u->invites))
        invite_free(container_of(u->invites.next, struct invite, in_user));
}

void invites_end_of_channel(struct channel *ch)
{
    while (!list_is_empty(&ch->invites))
        invite_free(container_of(ch->invites.next, struct invite, in_channel));
}
