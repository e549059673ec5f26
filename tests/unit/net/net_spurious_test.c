#include "unit/net/script.h"

#include <signal.h>

TestSuite(net_spurious, .init = fix_init, .fini = fix_done);

static bool gate;
static unsigned passes, looks;

static bool is_open(void)
{
    looks++;
    return gate;
}

/* Waits for the gate, and whoever opens it has to wake it. */
static enum co_result wait_at_gate(struct conn *c)
{
    CO_BEGIN(c);
    for (;;) {
        CO_AWAIT(is_open());
        conn_write(c, SPAN("x"));
        gate = false;
        passes++;
    }
    CO_END;
}

static unsigned connect_waiting(void)
{
    unsigned i = script_connect(wait_at_gate);
    conn_wake(client_conn(i));
    fix_settle();
    return i;
}

Test(net_spurious, who_is_woken_goes_on)
{
    unsigned i = connect_waiting();
    gate = true;
    conn_wake(client_conn(i));
    fix_settle();
    cr_assert_eq(passes, 1);
}

Test(net_spurious, who_closes_is_left_alone)
{
    unsigned i = connect_waiting();
    conn_close(client_conn(i));
    gate = true;
    fix_settle();
    cr_assert_eq(passes, 0);
}

Test(net_spurious, who_has_not_begun_is_left_alone)
{
    script_connect(wait_at_gate);
    gate = true;
    fix_settle();
    cr_assert_eq(passes, 0);
}

#ifdef SIMUL_DEBUG

Test(net_spurious, sleepers_are_resumed_and_may_stay_asleep)
{
    connect_waiting();
    unsigned before = looks;
    fix_settle();
    cr_assert_gt(looks, before);
    cr_assert_eq(passes, 0);
}

Test(net_spurious, who_goes_on_unwoken_dies, .signal = SIGABRT)
{
    connect_waiting();
    gate = true; /* and nobody is told */
    fix_settle();
}

#endif
