#include "core/descriptors.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <unistd.h>

Test(descriptors, the_limit_is_raised_as_far_as_it_may_be)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &limit);
    cr_assert_eq(descriptors_raise_limit(), (int64_t)limit.rlim_max);
    getrlimit(RLIMIT_NOFILE, &limit);
    cr_assert_eq(limit.rlim_cur, limit.rlim_max);
}

Test(descriptors, standard_ones_that_were_closed_are_filled)
{
    int kept = dup(STDERR_FILENO);
    close(STDIN_FILENO);
    close(STDERR_FILENO);
    bool are_open = descriptors_open_standard();
    int next = dup(STDIN_FILENO);
    dup2(kept, STDERR_FILENO);
    cr_assert(are_open);
    cr_assert_gt(next, STDERR_FILENO);
    cr_assert(descriptors_open_standard());
}

Test(descriptors, those_that_are_open_are_counted)
{
    int64_t before = descriptors_count();
    cr_assert_geq(before, 1);
    int a = open("/dev/null", O_RDONLY), b = dup(a);
    cr_assert_eq(descriptors_count(), before + 2);
    close(a);
    close(b);
    cr_assert_eq(descriptors_count(), before);
}

/* A thread that detaches, keeps `kept`, tells, and waits. */
struct detached {
    int kept, other;
    bool has_kept, has_other;
    sem_t is_ready, may_end;
};

static void *detach(void *arg)
{
    struct detached *d = arg;
    descriptors_detach(d->kept);
    d->has_kept = fcntl(d->kept, F_GETFD) >= 0;
    d->has_other = fcntl(d->other, F_GETFD) >= 0;
    sem_post(&d->is_ready);
    sem_wait(&d->may_end);
    return NULL;
}

Test(descriptors, a_thread_that_detaches_holds_nothing_open_but_its_own)
{
    int before[2], after[2];
    cr_assert_eq(pipe(before), 0);
    int kept = open("/dev/null", O_RDONLY);
    cr_assert_eq(pipe(after), 0);
    struct detached of_low = {.kept = kept, .other = before[0]},
                    of_high = {.kept = kept, .other = after[0]};
    struct detached *all[] = {&of_low, &of_high};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        sem_init(&all[i]->is_ready, 0, 0);
        sem_init(&all[i]->may_end, 0, 0);
        cr_assert_eq(pthread_create(&threads[i], NULL, detach, all[i]), 0);
        sem_wait(&all[i]->is_ready);
        cr_assert(all[i]->has_kept);
        cr_assert_not(all[i]->has_other);
    }

    char byte;
    close(before[1]);
    cr_assert_eq(read(before[0], &byte, 1), 0, "the pipe's other end is closed for good");
    cr_assert_geq(fcntl(after[0], F_GETFD), 0, "ours are as they were");
    for (int i = 0; i < 2; i++) {
        sem_post(&all[i]->may_end);
        pthread_join(threads[i], NULL);
    }
    cr_assert_geq(fcntl(kept, F_GETFD), 0);
}
