#include "core/mailbox.h"

bool mailbox_publish(struct mailbox *box, struct outbox *o)
{
    if (o->newest == NULL)
        return false;
    struct mail *head = atomic_load_explicit(&box->newest, memory_order_relaxed);
    do {
        o->oldest->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&box->newest, &head, o->newest,
                                                    memory_order_release, memory_order_relaxed));
    *o = (struct outbox){0};
    return head == NULL;
}

struct mail *mailbox_take(struct mailbox *box)
{
    /* Acquire pairs with the release above: what the poster wrote is visible. */
    struct mail *m = atomic_exchange_explicit(&box->newest, NULL, memory_order_acquire);
    struct mail *oldest_first = NULL;
    while (m != NULL) {
        struct mail *next = m->next;
        m->next = oldest_first;
        oldest_first = m;
        m = next;
    }
    return oldest_first;
}
