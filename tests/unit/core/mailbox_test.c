#include "core/mailbox.h"

#include "core/loop.h"
#include "unit/expect.h"

#include <pthread.h>
#include <stdlib.h>

struct letter {
    struct mail mail;
    int from, number;
};

static void add(struct outbox *o, int from, int number)
{
    struct letter *l = calloc(1, sizeof(*l));
    *l = (struct letter){.from = from, .number = number};
    outbox_add(o, &l->mail);
}

Test(mailbox, only_the_first_post_into_an_empty_box_wakes)
{
    struct mailbox box = {NULL};
    struct outbox o = {0};
    cr_assert_not(mailbox_publish(&box, &o), "nothing was posted");
    add(&o, 0, 0);
    cr_assert(mailbox_publish(&box, &o));
    add(&o, 0, 1);
    cr_assert_not(mailbox_publish(&box, &o));
    struct mail *m = mailbox_take(&box);
    cr_assert(mailbox_is_empty(&box));
    for (int i = 0; m != NULL; i++) {
        struct mail *next = m->next;
        struct letter *l = container_of(m, struct letter, mail);
        cr_assert_eq(l->number, i);
        free(l);
        m = next;
    }
}

enum { POSTERS = 4, LETTERS = 20000 };

static struct mailbox shared;

static void *post(void *arg)
{
    int from = *(int *)arg;
    struct outbox o = {0};
    for (int i = 0; i < LETTERS; i++) {
        add(&o, from, i);
        if (i % 7 == 0)
            mailbox_publish(&shared, &o);
    }
    mailbox_publish(&shared, &o);
    return NULL;
}

Test(mailbox, every_posters_order_is_kept_and_nothing_is_lost)
{
    pthread_t threads[POSTERS];
    int names[POSTERS], next[POSTERS] = {0}, got = 0;
    for (int i = 0; i < POSTERS; i++) {
        names[i] = i;
        pthread_create(&threads[i], NULL, post, &names[i]);
    }
    while (got < POSTERS * LETTERS) {
        for (struct mail *m = mailbox_take(&shared); m != NULL; got++) {
            struct mail *after = m->next;
            struct letter *l = container_of(m, struct letter, mail);
            cr_assert_eq(l->number, next[l->from]++);
            free(l);
            m = after;
        }
    }
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
}

static int delivered;

static void deliver(struct mail *m)
{
    struct letter *l = container_of(m, struct letter, mail);
    cr_assert_eq(l->number, delivered++);
    free(l);
}

static void post_number(struct loop *from, struct loop *to, int number)
{
    struct letter *l = calloc(1, sizeof(*l));
    *l = (struct letter){.mail.deliver = deliver, .number = number};
    loop_post(from, to, &l->mail);
}

Test(loop, mail_is_published_at_the_end_of_a_tick_and_ends_the_wait)
{
    struct loop_set set;
    expect_ok(loop_set_init(&set, 2));
    delivered = 0;
    post_number(&set.loops[0], &set.loops[1], 0);
    post_number(&set.loops[0], &set.loops[1], 1);
    loop_deliver_mail(&set.loops[1]);
    cr_assert_eq(delivered, 0);
    loop_publish_mail(&set.loops[0]);
    loop_poll(&set.loops[1], false, UINT64_MAX);
    loop_deliver_mail(&set.loops[1]);
    cr_assert_eq(delivered, 2);
    loop_set_deinit(&set);
}

Test(loop, does_not_wait_while_its_own_mail_is_there)
{
    struct loop_set set;
    expect_ok(loop_set_init(&set, 1));
    delivered = 0;
    post_number(&set.loops[0], &set.loops[0], 0);
    loop_publish_mail(&set.loops[0]);
    loop_poll(&set.loops[0], false, UINT64_MAX);
    loop_deliver_mail(&set.loops[0]);
    cr_assert_eq(delivered, 1);
    loop_set_deinit(&set);
}

Test(loop, waits_no_longer_than_it_is_told)
{
    struct loop_set set;
    expect_ok(loop_set_init(&set, 1));
    uint64_t before = set.loops[0].now_ms;
    loop_poll(&set.loops[0], false, 20);
    cr_assert_geq(set.loops[0].now_ms, before + 19);
    loop_set_deinit(&set);
}
