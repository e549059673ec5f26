/* One tick of a loop, from top to bottom: the master's walk from board to board. */
#include "chat/chat_loop.h"
#include "chat/hub_service.h"
#include "core/loop.h"
#include "net/net.h"
#include "server.h"

static bool has_work(const struct loop_thread *t)
{
    return sched_has_ready(&t->loop->sched) ||
           (t->runs_hub && hub_service_has_work(t->server->hub)) ||
           (t->has_net && (chat_loop_has_work(t->net.chat) || net_has_unsent(&t->net)));
}

/* Debug builds tick now and then although nothing happens, for net_resume_at_random. */
#ifdef SIMUL_DEBUG
static const uint64_t IDLE_MS_MAX = 20;
#else
static const uint64_t IDLE_MS_MAX = UINT64_MAX;
#endif

static uint64_t wait_ms(const struct loop_thread *t)
{
    uint64_t wait = wheel_next_ms(&t->loop->sched.wheel);
    uint64_t time_outs = t->has_net ? net_next_ms(&t->net) : UINT64_MAX;
    if (time_outs < wait)
        wait = time_outs;
    return wait < IDLE_MS_MAX ? wait : IDLE_MS_MAX;
}

/* Wakes loop 0, which waits for the last loop to drain. */
static void tell_drained(struct loop_thread *t)
{
    struct loop *first = &t->server->loops.loops[0];
    ev_async_send(first->ev, &first->wake);
}

/* Publishes what was posted in this tick; what a loop posted to itself arrives at once. */
static void exchange_mail(struct loop *l)
{
    loop_publish_mail(l);
    loop_deliver_mail(l);
}

bool tick(struct loop_thread *t)
{
    struct loop *l = t->loop;
    struct net *n = &t->net;

    loop_poll(l, has_work(t), wait_ms(t)); /* accepts, and notes who is readable */
    metric_add(&l->metrics.ticks, 1);

    loop_deliver_mail(l);
    stages_end(&l->stages, STAGE_arrive);
    if (t->has_net) {
        net_expire(n);
        net_resume_at_random(n);
        net_read(n); /* one recv each: transport, codec, coroutine */
    }
    sched_run(&l->sched, l->now_ms); /* those that were woken, or gave way */
    stages_end(&l->stages, STAGE_sessions);

    exchange_mail(l); /* commands to the hub, jobs to the pool */
    if (t->runs_hub) {
        pulse_enter(&l->pulse, "hub", 0);
        hub_service_run(t->server->hub);
        pulse_leave(&l->pulse);
        exchange_mail(l); /* its deliveries */
        stages_end(&l->stages, STAGE_hub);
    }
    if (t->has_net) {
        chat_loop_fan_out(n->chat); /* rendered once per variant, queued by reference */
        stages_end(&l->stages, STAGE_fan_out);
        net_flush(n); /* one writev each */
        net_reap(n);
        stages_end(&l->stages, STAGE_flush);
        if (net_is_drained(n) && !atomic_exchange(&t->drained, true))
            tell_drained(t);
    }
    loop_publish_mail(l);
    return !atomic_load_explicit(&t->stopping, memory_order_acquire);
}
