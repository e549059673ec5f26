/* Debug builds resume sessions that nobody has woken, a few at random in each tick. That is always
 * legal; but a session which then gets further has missed its wake-up, and would have hung: that
 * is a bug, and dies here with its name and line. */
#include "net/net.h"
#include "net/net_internal.h"
#include "net/transport.h"

#ifdef SIMUL_DEBUG

#include <stdio.h>

enum { RESUMES_PER_TICK = 2, SLOTS_LOOKED_AT = 256 };

/* Sleeps at an await of its own, with nothing that is about to wake it. */
static bool is_asleep(const struct conn *c)
{
    return c->session != NULL && c->state == CONN_OPEN && c->frame != NULL && c->co.line != 0 &&
           c->task.next == NULL && !c->polled && transport_of(c)->is_ready(c);
}

static void resume_unasked(struct net *n, struct conn *c)
{
    uint32_t in_bytes = c->in.len, out_bytes = c->out.bytes;
    uint16_t line = c->co.line;
    enum co_result r = net_resume_task(&c->task);
    if (r == CO_WAITING && c->state == CONN_OPEN && c->co.line == line && c->in.len == in_bytes &&
        c->out.bytes == out_bytes)
        return;
    char what[160];
    snprintf(what, sizeof(what), "%s was waiting at its line %u, and went on to line %u unwoken",
             c->session->name, line, c->co.line);
    (void)n;
    check_failed(what, __FILE__, __LINE__);
}

/* Somebody who sleeps, from a random slot on; NULL when there is none nearby. */
static struct conn *pick(struct net *n)
{
    n->spurious_seed = n->spurious_seed * 6364136223846793005u + 1442695040888963407u;
    uint32_t start = (uint32_t)(n->spurious_seed >> 33);
    for (uint32_t i = 0; i < SLOTS_LOOKED_AT && i < n->conns.slot_count; i++) {
        struct conn *c = conn_table_at(&n->conns, (start + i) % n->conns.slot_count);
        if (is_asleep(c))
            return c;
    }
    return NULL;
}

void net_resume_at_random(struct net *n)
{
    for (int i = 0; i < RESUMES_PER_TICK; i++) {
        struct conn *c = pick(n);
        if (c != NULL)
            resume_unasked(n, c);
    }
}

#else

void net_resume_at_random(struct net *n)
{
    (void)n;
}

#endif
