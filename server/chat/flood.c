#include "chat/flood.h"

#include "chat/session.h"
#include "config.h"
#include "net/net.h"

static const uint64_t SECOND_US = 1000000;

static uint64_t now_us(const struct conn *c)
{
    return conn_net(c)->loop->now_ms * 1000;
}

/* Between lines; 0: there is no limit. */
static uint64_t interval_us(const struct conn *c)
{
    int64_t per_second = conn_net(c)->config->chat.flood_lines_per_second;
    return per_second == 0 ? 0 : SECOND_US / (uint64_t)per_second;
}

static void on_due(struct wheel_timer *timer)
{
    struct flood *f = container_of(timer, struct flood, timer);
    conn_wake(container_of(f, struct chat_session, flood)->conn);
}

bool flood_must_wait(struct conn *c)
{
    struct flood *f = &chat_session_of(c)->flood;
    if (list_is_linked(&f->timer.node))
        return true;
    uint64_t wait_us = rate_wait_us(&f->rate, now_us(c), interval_us(c),
                                    (uint32_t)conn_net(c)->config->chat.flood_burst);
    if (wait_us == 0)
        return false;
    struct loop *l = conn_net(c)->loop;
    f->timer.fire = on_due;
    wheel_add(&l->sched.wheel, &f->timer, l->now_ms + (wait_us + 999) / 1000);
    return true;
}

void flood_count(struct conn *c)
{
    rate_count(&chat_session_of(c)->flood.rate, now_us(c), interval_us(c));
}

void flood_deinit(struct flood *f)
{
    wheel_cancel(&f->timer);
}
