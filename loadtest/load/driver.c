#include "load/driver.h"

#include "load/client.h"
#include "load/tls.h"
#include "scenario/scenario.h"
#include "simul/check.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const double TICK_S = 0.01;

enum {
    NS_PER_S = 1000000000,
    NS_PER_MS = 1000000,
    IDLE_PARTIALS = 64,       /* wslay contexts kept for frames that are cut */
    WAIT_BYTES = 32 * 1024,   /* frames up to here come whole; they must fit the carry */
    INFLATED_BYTES = 1 << 20, /* of a message that comes; more where longer ones are sent */
    SWEEP_TICKS = 50,         /* all clients are looked at within so many ticks */
};

_Static_assert((int)WAIT_BYTES <= (int)DRIVER_CARRY_BYTES, "a frame that is waited for must fit");

static uint64_t monotonic_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void driver_clock(struct driver *d)
{
    d->now_ns = monotonic_ns(CLOCK_MONOTONIC);
}

uint32_t driver_random(struct driver *d)
{
    uint32_t value;
    if (d->random_left < sizeof value) {
        CHECK(RAND_bytes(d->random, sizeof d->random) == 1);
        d->random_left = sizeof d->random;
    }
    d->random_left -= sizeof value;
    memcpy(&value, d->random + d->random_left, sizeof value);
    return value;
}

void driver_settle(struct driver *d)
{
    if (d->writing != NULL)
        client_flush(d->writing);
}

_Noreturn void driver_out_of_memory(struct driver *d)
{
    lane_fault_add(d->lane, FAULT_LOCAL, 1);
    lane_reason_add(d->lane, "out of memory: use fewer connections or smaller messages");
    _exit(EXIT_FAILURE);
}

/* --- what scenarios count ---------------------------------------------------------------- */

static bool is_measured(const struct driver *d, uint64_t ns)
{
    return ns >= atomic_load_explicit(&d->board->measure_from_ns, memory_order_relaxed) &&
           ns < atomic_load_explicit(&d->board->measure_to_ns, memory_order_relaxed);
}

bool driver_may_send(const struct driver *d)
{
    return d->phase == PHASE_RUNNING && d->budget > 0 &&
           d->now_ns < atomic_load_explicit(&d->board->measure_to_ns, memory_order_relaxed);
}

void driver_begin(struct driver *d)
{
    d->waiting++;
    if (d->budget != UINT64_MAX)
        d->budget--;
}

void driver_sent(struct driver *d, size_t bytes)
{
    lane_count_add(d->lane, COUNT_SENT, 1);
    lane_count_add(d->lane, COUNT_SENT_BYTES, bytes);
    driver_begin(d);
}

void driver_latency(struct driver *d, enum timing timing, uint64_t intended_ns)
{
    if (is_measured(d, intended_ns))
        hist_add(&d->lane->timings[timing], d->now_ns > intended_ns ? d->now_ns - intended_ns : 0);
}

void driver_end(struct driver *d, enum timing timing, uint64_t intended_ns)
{
    d->waiting--;
    d->replied_ns = d->now_ns;
    driver_latency(d, timing, intended_ns);
}

void driver_received(struct driver *d, enum timing timing, uint64_t intended_ns, size_t bytes)
{
    lane_count_add(d->lane, COUNT_RECEIVED, 1);
    lane_count_add(d->lane, COUNT_RECEIVED_BYTES, bytes);
    driver_end(d, timing, intended_ns);
}

void driver_sent_beside(struct driver *d)
{
    d->waiting++;
}

void driver_received_beside(struct driver *d, uint64_t intended_ns)
{
    lane_count_add(d->lane, COUNT_BESIDE, 1);
    d->waiting--;
    driver_latency(d, TIMING_BESIDE, intended_ns);
}

void driver_time(struct driver *d, enum timing timing, uint64_t began_ns)
{
    hist_add(&d->lane->timings[timing], d->now_ns - began_ns);
}

/* --- opening ----------------------------------------------------------------------------- */

/* How many clients may have been begun by now. */
static uint32_t opened_by_now(const struct driver *d)
{
    if (d->plan->connect_rate <= 0)
        return d->client_count;
    double seconds = (double)(d->now_ns - d->began_ns) / NS_PER_S;
    double allowed = 1 + seconds * d->plan->connect_rate / d->count;
    return allowed < d->client_count ? (uint32_t)allowed : d->client_count;
}

static void open_more(struct driver *d)
{
    uint32_t until = opened_by_now(d);
    uint32_t most = d->plan->connect_rate > 0 ? UINT32_MAX : DRIVER_OPENING_MAX;
    while (d->opened_next < until && d->opening < most)
        client_open(driver_client(d, d->opened_next++));
    if (d->opened_next == d->client_count && d->opening == 0 && d->phase == PHASE_OPENING)
        atomic_store(&d->lane->state, LANE_OPEN);
}

void driver_opened(struct driver *d)
{
    if (d->phase == PHASE_OPENING && !d->plan->scenario->opens_itself)
        open_more(d);
}

static struct client *oldest(const struct list *deadlines)
{
    return (struct client *)((uint8_t *)deadlines->next - offsetof(struct client, deadline));
}

/* Clients that take too long to open. */
static void give_up_opening(struct driver *d)
{
    static const char *const STAGES[] = {
        [CLIENT_CONNECTING] = "to connect",
        [CLIENT_SECURING] = "for the TLS handshake",
        [CLIENT_GREETING] = "for the handshake",
        [CLIENT_INTRODUCING] = "behind the handshake",
    };
    while (!list_is_empty(&d->deadlines)) {
        struct client *c = oldest(&d->deadlines);
        if (d->now_ns - c->stage_ns < d->plan->timeout_ns)
            return;
        client_fail(c, FAULT_TIMEOUT, "no answer %s within the time-out", STAGES[c->state]);
    }
}

/* Servers that do not close. */
static void give_up_leaving(struct driver *d)
{
    while (!list_is_empty(&d->leaving)) {
        struct client *c = oldest(&d->leaving);
        if (d->now_ns - c->stage_ns < (uint64_t)DRIVER_LEAVING_MS * NS_PER_MS)
            return;
        client_give_up(c);
    }
}

/* --- phases ------------------------------------------------------------------------------ */

static void leave_all(struct driver *d)
{
    const struct scenario *s = d->plan->scenario;
    if (s->on_end != NULL)
        s->on_end(d);
    for (uint32_t k = 0; k < d->client_count; k++)
        client_leave(driver_client(d, k));
}

/* Of what a scenario's on_due does. */
static double rate_of(const struct plan *plan)
{
    return plan->scenario->opens_itself ? plan->connect_rate : plan->rate;
}

/* Follows what the watcher says. */
static void follow_phase(struct driver *d)
{
    int phase = atomic_load(&d->board->phase);
    while (d->phase < phase) {
        d->phase++;
        if (d->phase == PHASE_RUNNING) {
            hist_set(&d->lane->began_ns, d->now_ns);
            if (d->plan->scenario->on_run != NULL)
                d->plan->scenario->on_run(d);
            if (d->pace.on_due != NULL)
                pace_start(&d->pace, rate_of(d->plan) * d->share);
        } else if (d->phase == PHASE_DRAINING) {
            pace_stop(&d->pace);
            if (d->plan->scenario->on_drain != NULL)
                d->plan->scenario->on_drain(d);
        } else if (d->phase == PHASE_CLOSING) {
            leave_all(d);
        }
        driver_settle(d);
    }
}

/* Lets the scenario look for replies that do not come, and opens again what has failed, a share of
 * the clients at a time. */
static void sweep(struct driver *d)
{
    const struct scenario *s = d->plan->scenario;
    if (s->on_sweep == NULL || d->phase != PHASE_RUNNING)
        return;
    uint32_t share = d->client_count / SWEEP_TICKS + 1;
    for (uint32_t i = 0; i < share && i < d->client_count; i++) {
        struct client *c = driver_client(d, d->swept++ % d->client_count);
        if (c->state == CLIENT_OPEN)
            s->on_sweep(c);
        else if (c->state == CLIENT_CLOSED && s->reopens)
            client_open(c);
    }
    driver_settle(d);
}

/* Only when all has been sent does it matter, and is a scenario asked that knows better. */
static uint64_t count_waiting(struct driver *d)
{
    const struct scenario *s = d->plan->scenario;
    bool all_is_sent = d->phase == PHASE_DRAINING || d->budget == 0;
    if (d->phase == PHASE_CLOSING)
        return 0; /* what has not come is lost, and the clients may be gone */
    return s->waiting != NULL && all_is_sent ? s->waiting(d) : d->waiting;
}

/* Nobody is left who could send. */
static bool is_deserted(const struct driver *d)
{
    const struct scenario *s = d->plan->scenario;
    return d->left_open == 0 && !s->opens_itself && !s->reopens;
}

static void publish(struct driver *d)
{
    struct lane *l = d->lane;
    bool all_drain = board_has_come_to(d->board, LANE_DRAINS); /* looked at before it is counted */
    uint64_t waiting = count_waiting(d);
    hist_set(&l->cpu_ns, monotonic_ns(CLOCK_THREAD_CPUTIME_ID));
    hist_set(&l->waiting, waiting);
    if (d->phase == PHASE_RUNNING && waiting == 0 && (d->budget == 0 || is_deserted(d))) {
        hist_set(&l->spent_ns, d->replied_ns);
        atomic_store(&l->state, LANE_SPENT);
    } else if (d->phase >= PHASE_DRAINING) {
        atomic_store(&l->state, all_drain ? LANE_SETTLED : LANE_DRAINS);
    }
}

static void on_tick(struct ev_loop *ev, ev_timer *w, int events)
{
    struct driver *d = w->data;
    (void)events;
    driver_clock(d);
    follow_phase(d);
    give_up_opening(d);
    give_up_leaving(d);
    if (d->phase == PHASE_OPENING)
        driver_opened(d);
    sweep(d);
    pace_resume(&d->pace);
    ws_deflater_trim(&d->deflater);
    publish(d);
    if (d->phase == PHASE_CLOSING && d->left_open == 0)
        ev_break(ev, EVBREAK_ALL);
}

/* --- a life ------------------------------------------------------------------------------ */

static bool refuse_to_start(struct driver *d, const char *why)
{
    lane_fault_add(d->lane, FAULT_LOCAL, 1);
    lane_reason_add(d->lane, why);
    return false;
}

/* What the clients are, and what they all need. */
static bool make_clients(struct driver *d)
{
    const struct plan *plan = d->plan;
    const struct scenario *s = plan->scenario;
    d->client_bytes = s->client_bytes;
    d->client_count = driver_share_of(d, plan->connections + plan->beside);
    d->clients = calloc(d->client_count, d->client_bytes);
    d->input = malloc(DRIVER_CARRY_BYTES + DRIVER_INPUT_BYTES);
    d->state = calloc(1, s->driver_bytes + 1);
    if ((d->clients == NULL && d->client_count > 0) || d->input == NULL || d->state == NULL)
        return refuse_to_start(d, "out of memory: use fewer connections");
    for (uint32_t k = 0; k < d->client_count; k++)
        client_init(driver_client(d, k), d, k * d->count + d->index);
    if (s->start != NULL && s->start(d) != OK)
        return refuse_to_start(d, "out of memory: use fewer connections or smaller messages");
    return true;
}

static bool make_tls(struct driver *d)
{
    const char *why;
    bool wants =
        d->plan->urls[0].scheme->tls || (d->plan->beside > 0 && d->plan->beside_url.scheme->tls);
    if (!wants)
        return true;
    d->tls = tls_new(d->plan, &why);
    return d->tls != NULL || refuse_to_start(d, why);
}

/* Of the rate and of messages_max each client has the same, however many a driver has. */
static void take_share(struct driver *d)
{
    uint64_t all = d->plan->connections, most = d->plan->messages_max;
    uint64_t clients = driver_share_of(d, all);
    d->share = (double)clients / (double)all;
    d->budget = most == 0 ? UINT64_MAX : most / all * clients + driver_share_of(d, most % all);
}

static struct ws_rules rules_of(const struct plan *plan)
{
    uint32_t inflated = plan->size_max < INFLATED_BYTES ? INFLATED_BYTES : plan->size_max;
    return (struct ws_rules){
        .inflated_bytes_max = inflated, .wait_bytes = WAIT_BYTES, .side = WS_CLIENT};
}

static bool driver_start(struct driver *d)
{
    d->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (d->ev == NULL)
        return refuse_to_start(d, "no event loop");
    list_init(&d->deadlines);
    list_init(&d->leaving);
    ws_pool_init(&d->frames, IDLE_PARTIALS);
    ws_deflater_init(&d->deflater);
    d->rules = rules_of(d->plan);
    take_share(d);
    if (!make_tls(d) || !pace_init(&d->pace, d, d->plan->scenario->on_due) || !make_clients(d))
        return false;
    ev_timer_init(&d->tick, on_tick, TICK_S, TICK_S);
    d->tick.data = d;
    ev_timer_start(d->ev, &d->tick);
    driver_clock(d);
    d->began_ns = d->now_ns;
    if (d->plan->scenario->opens_itself)
        atomic_store(&d->lane->state, LANE_OPEN);
    else
        open_more(d);
    return true;
}

static void driver_stop(struct driver *d)
{
    d->phase = PHASE_CLOSING; /* of one that could not start, too */
    for (uint32_t k = 0; d->clients != NULL && k < d->client_count; k++)
        client_close(driver_client(d, k));
    if (d->state != NULL && d->plan->scenario->stop != NULL)
        d->plan->scenario->stop(d);
    pace_deinit(&d->pace);
    tls_free(d->tls);
    ws_pool_deinit(&d->frames);
    ws_deflater_deinit(&d->deflater);
    buf_deinit(&d->output);
    free(d->state);
    free(d->input);
    free(d->clients);
    if (d->ev != NULL)
        ev_loop_destroy(d->ev);
}

void driver_run(const struct plan *plan, struct board *board, unsigned index, unsigned count)
{
    struct driver *d = calloc(1, sizeof *d);
    struct lane *lane = &board->lanes[index];
    CHECK(index < count && count == board->lane_count);
    if (d != NULL) {
        *d = (struct driver){
            .plan = plan, .board = board, .lane = lane, .index = index, .count = count};
        if (driver_start(d))
            ev_run(d->ev, 0);
        driver_stop(d);
        publish(d);
        free(d);
    } else {
        lane_reason_add(lane, "out of memory");
    }
    atomic_store(&lane->state, LANE_GONE);
}
