#include "core/sched.h"

void sched_init(struct sched *s, uint64_t now_ms)
{
    *s = (struct sched){0};
    wheel_init(&s->wheel, now_ms);
}

void sched_wake(struct sched *s, struct task *t)
{
    if (t->next != NULL)
        return;
    if (s->tail == NULL) {
        t->next = t;
    } else {
        t->next = s->tail->next;
        s->tail->next = t;
    }
    s->tail = t;
    s->ready_count++;
}

static struct task *pop(struct sched *s)
{
    struct task *head = s->tail->next;
    if (head == s->tail)
        s->tail = NULL;
    else
        s->tail->next = head->next;
    head->next = NULL;
    s->ready_count--;
    return head;
}

void sched_forget(struct sched *s, struct task *t)
{
    if (t->next == NULL)
        return;
    struct task *before = t;
    while (before->next != t)
        before = before->next;
    if (before == t) {
        s->tail = NULL;
    } else {
        before->next = t->next;
        if (s->tail == t)
            s->tail = before;
    }
    t->next = NULL;
    s->ready_count--;
}

bool sched_has_ready(const struct sched *s)
{
    return s->tail != NULL;
}

void sched_run(struct sched *s, uint64_t now_ms)
{
    wheel_advance(&s->wheel, now_ms);
    for (size_t n = s->ready_count; n > 0 && s->tail != NULL; n--) {
        struct task *t = pop(s);
        /* The task may free itself when it is done, so it is not looked at after CO_DONE. */
        if (t->resume(t) == CO_READY)
            sched_wake(s, t);
    }
}

static void on_due(struct wheel_timer *timer)
{
    struct co_sleep *f = container_of(timer, struct co_sleep, timer);
    sched_wake(f->sched, f->task);
}

enum co_result co_sleep(struct co_sleep *f, struct sched *s, struct task *t, uint32_t ms)
{
    CO_BEGIN(f);
    if (ms == 0) {
        CO_YIELD;
        CO_RETURN;
    }
    f->timer = (struct wheel_timer){.fire = on_due};
    f->sched = s;
    f->task = t;
    wheel_add(&s->wheel, &f->timer, s->wheel.now_ms + ms);
    CO_AWAIT(!list_is_linked(&f->timer.node)); /* woken by on_due */
    CO_END;
}

void co_sleep_cancel(struct co_sleep *f)
{
    wheel_cancel(&f->timer);
}
