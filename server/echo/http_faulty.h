/* An HTTP echo that was asked to misbehave: one request, and its answer as the query wants it.
 * `after`, corrupt and noread_after count bytes of a body; delay, chop and pace are for the answer
 * as a whole, its head included. */
#pragma once

#include "core/sched.h"
#include "echo/faults.h"
#include "echo/shaper.h"
#include "echo/stream_faults.h"
#include "simul/co.h"
#include "simul/err.h"

struct conn;
struct http_session;

/* The frame of http_faulty_run, which the exchange keeps. */
struct http_faulty {
    struct co co;
    struct conn *conn;
    struct co_sleep sleep;
    struct wheel_timer look; /* in a drain: whether the peer is still there */
    struct faults faults;
    struct shaper shaper;
    struct stream_faults stream;
    uint64_t read_left; /* bytes of the request's body until noread_after */
    bool has_looked;
    bool look_is_due;
    bool is_said;    /* the whole answer stands in the shaper's queue */
    bool is_held;    /* noread_after has come */
    bool wants_body; /* the next of it is answered as soon as it is there */
};

/* Has the session's exchange keep one, which is released with it. ERR_NOMEM. */
enum err http_faulty_new(struct conn *c, struct http_session *s, const struct faults *faults);

/* The one that it keeps; NULL: none. */
struct http_faulty *http_faulty_of(const struct http_session *s);

/* The coroutine that answers the request of the exchange. */
enum co_result http_faulty_run(struct conn *c, struct http_session *s);
