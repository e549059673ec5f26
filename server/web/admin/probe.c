#include "web/admin/probe.h"

#include "core/clock.h"

static void arrive(struct mail *m)
{
    struct probe *p = container_of(m, struct probe, mail);
    uint64_t sent_ns = atomic_load_explicit(&p->sent_ns, memory_order_relaxed);
    atomic_store_explicit(&p->took_ns, clock_ns(CLOCK_MONOTONIC) - sent_ns, memory_order_relaxed);
    atomic_store_explicit(&p->sent_ns, 0, memory_order_release); /* the sender's again */
}

void probe_send(struct probe *p, struct loop *to)
{
    if (atomic_load_explicit(&p->sent_ns, memory_order_acquire) != 0)
        return;
    atomic_store_explicit(&p->sent_ns, clock_ns(CLOCK_MONOTONIC), memory_order_relaxed);
    p->mail.deliver = arrive;
    loop_post_now(to, &p->mail); /* not at the end of the sender's tick */
}

uint64_t probe_ns(const struct probe *p)
{
    uint64_t sent_ns = atomic_load_explicit(&p->sent_ns, memory_order_acquire);
    if (sent_ns != 0)
        return clock_ns(CLOCK_MONOTONIC) - sent_ns;
    return atomic_load_explicit(&p->took_ns, memory_order_relaxed);
}
