/* How long a loop takes to come to its mail. */
#include "web/admin/probe.h"

#include <criterion/criterion.h>
#include <time.h>

static struct loop_set set;
static struct probe probe;

static void setup(void)
{
    cr_assert_eq(loop_set_init(&set, 1), OK);
    probe = (struct probe){0};
}

static void teardown(void)
{
    loop_set_deinit(&set);
}

TestSuite(probe, .init = setup, .fini = teardown);

static void rest(void)
{
    const struct timespec ms = {.tv_nsec = 1000 * 1000};
    nanosleep(&ms, NULL);
}

Test(probe, tells_how_long_it_was_away)
{
    cr_assert_eq(probe_ns(&probe), 0);
    probe_send(&probe, &set.loops[0]);
    rest();
    loop_deliver_mail(&set.loops[0]);
    uint64_t took_ns = probe_ns(&probe);
    cr_assert_geq(took_ns, 1000 * 1000);
    rest();
    cr_assert_eq(probe_ns(&probe), took_ns, "it has arrived");
}

Test(probe, tells_how_long_it_has_been_away)
{
    probe_send(&probe, &set.loops[0]);
    rest();
    uint64_t first_ns = probe_ns(&probe);
    cr_assert_geq(first_ns, 1000 * 1000);
    rest();
    cr_assert_gt(probe_ns(&probe), first_ns, "the loop is stuck");
    loop_deliver_mail(&set.loops[0]);
}

Test(probe, is_not_sent_twice)
{
    probe_send(&probe, &set.loops[0]);
    rest();
    probe_send(&probe, &set.loops[0]); /* of a mail twice in a box all would be lost */
    cr_assert_geq(probe_ns(&probe), 1000 * 1000);
    loop_deliver_mail(&set.loops[0]);
    cr_assert(mailbox_is_empty(&set.loops[0].mailbox));
    probe_send(&probe, &set.loops[0]);
    loop_deliver_mail(&set.loops[0]);
    cr_assert_geq(probe_ns(&probe), 0);
}
