/* A session that does what the test says: one function, called at every resume. */
#pragma once

#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/net_fixture.h"

enum { SCRIPT_INPUT_BYTES = 4096 };

static struct {
    enum co_result (*run)(struct conn *c);
    unsigned resumes;
    unsigned drops;
} script;

static inline enum co_result script_resume(struct conn *c, void *frame)
{
    cr_assert_eq(frame, c->frame);
    script.resumes++;
    return script.run(c);
}

static inline void script_drop(struct conn *c, void *frame)
{
    cr_assert_eq(frame, c->frame);
    script.drops++;
}

static const struct session_type script_session = {
    .name = "script",
    .frame_bytes = 16,
    .input_bytes = SCRIPT_INPUT_BYTES,
    .resume = script_resume,
    .drop = script_drop,
};

static inline unsigned script_connect(enum co_result (*run)(struct conn *c))
{
    script.run = run;
    return client_connect(0, &script_session);
}

/* --- scripts ----------------------------------------------------------------------------- */

/* Leaves the input where it is and asks for more. */
static inline enum co_result wait_for_more(struct conn *c)
{
    conn_try_event(c);
    return CO_WAITING;
}

static inline enum co_result swallow(struct conn *c)
{
    conn_take(c, c->in.len);
    return wait_for_more(c);
}

static inline enum co_result echo(struct conn *c)
{
    conn_write(c, conn_input(c));
    return swallow(c);
}

/* The first word ends it. */
static inline enum co_result say_bye(struct conn *c)
{
    conn_take(c, c->in.len);
    conn_write(c, SPAN("bye"));
    return CO_DONE;
}

/* --- a refusal --------------------------------------------------------------------------- */

/* Says why, and ends. */
static inline enum co_result refuse(struct conn *c, void *frame)
{
    (void)frame;
    conn_write(c, SPAN("no"));
    return CO_DONE;
}

static const struct session_type refusal_session = {
    .name = "refusal",
    .is_refusal = true,
    .input_bytes = 4096,
    .resume = refuse,
};

/* --- what tests look at ------------------------------------------------------------------ */

#define METRIC(name) metric_get(&fix.set.loops[0].metrics.name)

/* The connection in the client's slot, as long as it is the client's: closing ones too. */
static inline struct conn *client_slot(unsigned i)
{
    struct handle h = fix.clients[i].handle;
    struct conn *c = conn_table_at(&fix.nets[0].conns, h.slot);
    return c->generation == h.generation ? c : NULL;
}
