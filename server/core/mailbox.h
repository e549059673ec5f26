/* Many threads post, one loop takes: a lock-free list. A tick's posts to one receiver are chained
 * locally (struct outbox) and published with a single compare-and-swap; only the post that finds
 * the box empty has to wake the receiver, so wake-ups coalesce by themselves. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Embedded in whatever is sent. Posting gives the mail up; `deliver` runs on the receiver's thread,
 * owns the mail from then on, and frees or answers it. */
struct mail {
    struct mail *next;
    void (*deliver)(struct mail *mail);
};

struct mailbox {
    _Atomic(struct mail *) newest;
};

/* Mail for one receiver that is not yet published. Zeroed is empty. */
struct outbox {
    struct mail *newest;
    struct mail *oldest;
};

static inline void outbox_add(struct outbox *o, struct mail *m)
{
    m->next = o->newest;
    if (o->newest == NULL)
        o->oldest = m;
    o->newest = m;
}

/* Publishes everything in `o` and empties it. True when the receiver must be woken. */
bool mailbox_publish(struct mailbox *box, struct outbox *o);

static inline bool mailbox_is_empty(const struct mailbox *box)
{
    return atomic_load_explicit(&box->newest, memory_order_relaxed) == NULL;
}

/* Takes everything, oldest first; NULL when empty. Only the receiver may call this. */
struct mail *mailbox_take(struct mailbox *box);
