/* /debug/stall?ms=N, for tests of the watchdog: what no other code here may do. It stops a loop for
 * N milliseconds, by running (by=burn) or by sleeping in the kernel (by=sleep): the one that asks,
 * which then answers late, or another one (loop=INDEX; the hub's own comes behind the others). */
#include "config/config.h"
#include "core/clock.h"
#include "net/net.h"
#include "web/admin/admin.h"
#include "web/http_session.h"
#include "web/routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STALL_MS_MAX = 60 * 1000 };

/* The watchdog is to find these names, so they stay functions of their own. */
#define NAMED __attribute__((noinline)) static

NAMED void stall_by_burning(uint64_t ms)
{
    uint64_t end_ns = clock_ns(CLOCK_MONOTONIC) + ms * NS_PER_MS;
    while (clock_ns(CLOCK_MONOTONIC) < end_ns)
        ;
}

NAMED void stall_by_sleeping(uint64_t ms)
{
    struct timespec rest = {.tv_sec = (time_t)(ms / 1000),
                            .tv_nsec = (long)(ms % 1000) * NS_PER_MS};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ; /* the watchdog looks at us by a signal */
}

struct stall_order {
    struct mail mail; /* for another loop */
    uint64_t loop;    /* its index */
    void (*stall)(uint64_t ms);
    uint64_t ms;
};

static void deliver(struct mail *m)
{
    struct stall_order *o = container_of(m, struct stall_order, mail);
    o->stall(o->ms);
    free(o);
}

static bool read_order(const struct net *n, struct span query, struct stall_order *out)
{
    char by[8] = "burn";
    enum err e = http_query_get(query, "by", by, sizeof(by));
    *out = (struct stall_order){.ms = 1000, .loop = n->loop->index, .mail = {.deliver = deliver}};
    out->stall = strcmp(by, "burn") == 0 ? stall_by_burning : stall_by_sleeping;
    return (e == OK || e == ERR_UNKNOWN) &&
           (out->stall == stall_by_burning || strcmp(by, "sleep") == 0) &&
           admin_query_number(query, "ms", &out->ms, STALL_MS_MAX) &&
           admin_query_number(query, "loop", &out->loop, n->loop->set->count - 1);
}

enum co_result route_debug_stall(struct conn *c, struct http_session *s)
{
    const struct net *n = conn_net(c);
    struct stall_order order, *posted;
    if (!n->config->debug.stall) {
        http_refuse(c, s, 404, "debug.stall is off");
        return CO_DONE;
    }
    if (!read_order(n, s->exchange.request->query, &order)) {
        http_refuse(c, s, 400, "ms=N (at most 60000), by=burn or by=sleep, loop=INDEX");
        return CO_DONE;
    }
    if (order.loop == n->loop->index) {
        order.stall(order.ms);
        http_answer(c, s, 200, NULL, SPAN("went on\n"));
        return CO_DONE;
    }
    posted = malloc(sizeof(*posted));
    if (posted == NULL) {
        http_refuse(c, s, 503, "out of memory");
        return CO_DONE;
    }
    *posted = order;
    loop_post(n->loop, &n->loop->set->loops[order.loop], &posted->mail);
    http_answer(c, s, 202, NULL, SPAN("told it\n"));
    return CO_DONE;
}
