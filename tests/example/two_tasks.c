/* A generator that yields is a task, and a loop over generators is concurrency: two tasks on one
 * thread, one every 2 units of time and one every 4, taking turns under a clock that we turn. */
#include "core/sched.h"

#include <stdio.h>

struct ticker {
    struct task task;
    struct co co;
    struct co_sleep sleep;
    struct sched *sched;
    uint32_t every;
    int n;
};

static enum co_result run(struct task *task)
{
    struct ticker *f = container_of(task, struct ticker, task);
    CO_BEGIN(f);
    for (f->n = 1; f->n <= 12 / (int)f->every; f->n++) {
        CO_CALL(&f->sleep, co_sleep(&f->sleep, f->sched, task, f->every));
        printf("%2llu: every %u, turn %d\n", (unsigned long long)f->sched->wheel.now_ms, f->every,
               f->n);
    }
    CO_END;
}

int main(void)
{
    struct sched sched;
    sched_init(&sched, 0);
    struct ticker two = {.task.resume = run, .sched = &sched, .every = 2};
    struct ticker four = {.task.resume = run, .sched = &sched, .every = 4};
    sched_wake(&sched, &two.task);
    sched_wake(&sched, &four.task);
    for (uint64_t now = 0; now <= 12; now++)
        sched_run(&sched, now);
    return 0;
}
