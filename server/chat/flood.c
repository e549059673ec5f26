#include "chat/flood.h"

#include "chat/session.h"
#include "config/config.h"
#include "core/wheel.h"
#include "net/net.h"

#include <stdlib.h>

struct flood_wait {
    struct wheel_timer timer;
    struct conn *conn;
};

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
    struct flood_wait *w = container_of(timer, struct flood_wait, timer);
    chat_session_of(w->conn)->flood.wait = NULL;
    conn_wake(w->conn);
    free(w);
}

static void wait_ms(struct conn *c, struct flood *f, uint64_t ms)
{
    struct loop *l = conn_net(c)->loop;
    f->wait = malloc(sizeof(*f->wait));
    if (f->wait == NULL) {
        conn_abort_no_memory(c);
        return;
    }
    *f->wait = (struct flood_wait){.timer.fire = on_due, .conn = c};
    wheel_add(&l->sched.wheel, &f->wait->timer, l->now_ms + ms);
    metric_add(&l->metrics.flood_pauses, 1);
}

bool flood_must_wait(struct conn *c)
{
    struct flood *f = &chat_session_of(c)->flood;
    if (f->wait != NULL)
        return true;
    uint64_t wait_us = rate_wait_us(&f->rate, now_us(c), interval_us(c),
                                    (uint32_t)conn_net(c)->config->chat.flood_burst);
    if (wait_us > 0)
        wait_ms(c, f, (wait_us + 999) / 1000);
    return wait_us > 0;
}

void flood_count(struct conn *c)
{
    rate_count(&chat_session_of(c)->flood.rate, now_us(c), interval_us(c));
}

void flood_deinit(struct flood *f)
{
    if (f->wait == NULL)
        return;
    wheel_cancel(&f->wait->timer);
    free(f->wait);
    f->wait = NULL;
}
