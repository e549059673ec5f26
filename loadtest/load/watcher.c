#include "load/watcher.h"

#include "load/process_stat.h"
#include "load/tally.h"
#include "scenario/scenario.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum {
    NS_PER_S = 1000000000,
    UPDATE_NS = 100 * 1000 * 1000,
    SIGNALS_APART_NS = 100 * 1000 * 1000,
    CLOSING_NS_MAX = 5ll * NS_PER_S,
};

struct watcher {
    const struct plan *plan;
    struct crew *crew;
    struct board *board;
    const struct display *display;
    struct run *run;
    uint64_t now_ns, began_ns, phase_ns; /* phase_ns: when the phase began */
    uint64_t sampled_ns, updated_ns;
    uint64_t unsettled_ns;                       /* when some lane had not settled yet */
    uint64_t some_open_ns;                       /* when a connection was open last */
    struct tally *now, *sampled, *measured_from; /* of all lanes */
    bool has_from, has_to;
    uint64_t from_ns, to_ns; /* the window as it came to be */
    uint64_t from_server_cpu_ns, sampled_server_cpu_ns;
    unsigned signals; /* to stop: 1 ends the sending, 2 everything */
    uint64_t signalled_ns;
};

static uint64_t monotonic_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* --- phases ------------------------------------------------------------------------------ */

static int phase_of(const struct watcher *w)
{
    return atomic_load(&w->board->phase);
}

static void enter(struct watcher *w, enum phase phase)
{
    atomic_store(&w->board->phase, phase);
    w->phase_ns = w->now_ns;
}

/* What was counted when the window began and when it ended. */
static void note_window(struct watcher *w)
{
    struct run *r = w->run;
    if (phase_of(w) >= PHASE_RUNNING && !w->has_from && w->now_ns >= w->from_ns) {
        w->has_from = true;
        *w->measured_from = *w->now;
        w->from_ns = w->now_ns;
        w->from_server_cpu_ns = process_cpu_ns(w->plan->server_pid);
    }
    if (!w->has_from || w->has_to)
        return;
    for (unsigned k = 0; k < COUNT_KINDS; k++)
        r->counts[k] = w->now->counts[k] - w->measured_from->counts[k];
    r->measured_seconds = (double)(w->now_ns - w->from_ns) / NS_PER_S;
    r->measured_cpu_ns = w->now->cpu_ns - w->measured_from->cpu_ns;
    if (w->plan->server_pid != 0)
        r->server_cpu_ns = process_cpu_ns(w->plan->server_pid) - w->from_server_cpu_ns;
}

static void begin_running(struct watcher *w)
{
    const struct plan *plan = w->plan;
    tally_take(w->now, w->board); /* the last ones have opened since */
    w->run->opening_opened = w->now->counts[COUNT_OPENED];
    w->from_ns = w->now_ns + plan->warm_up_ns;
    w->to_ns = plan->duration_ns == 0 ? UINT64_MAX : w->from_ns + plan->duration_ns;
    atomic_store(&w->board->measure_from_ns, w->from_ns);
    atomic_store(&w->board->measure_to_ns, w->to_ns);
    enter(w, PHASE_RUNNING);
    note_window(w); /* without a warm-up it begins now */
}

/* A window that ended because all was sent may have been short: what counts is when the first
 * driver began, and when the last reply came. */
static double spent_seconds(const struct watcher *w)
{
    uint64_t first = UINT64_MAX, last = 0;
    for (unsigned k = 0; k < w->board->lane_count; k++) {
        const struct lane *l = &w->board->lanes[k];
        uint64_t began = hist_get(&l->began_ns), ended = hist_get(&l->spent_ns);
        first = began < first ? began : first;
        last = ended > last ? ended : last;
    }
    first = first > w->from_ns ? first : w->from_ns;
    return last > first ? (double)(last - first) / NS_PER_S : w->run->measured_seconds;
}

/* The window ends now at the latest. */
static void end_running(struct watcher *w)
{
    if (w->has_from && w->now_ns < w->to_ns && board_has_come_to(w->board, LANE_SPENT) &&
        w->signals == 0)
        w->run->measured_seconds = spent_seconds(w);
    if (w->now_ns < w->to_ns)
        w->to_ns = w->now_ns;
    atomic_store(&w->board->measure_to_ns, w->to_ns);
    w->has_to = w->has_from;
    w->unsettled_ns = w->now_ns;
    enter(w, PHASE_DRAINING);
}

/* Replies have the time-out from when the last driver has sent what it sends last. */
static bool is_drained(struct watcher *w)
{
    if (!board_has_come_to(w->board, LANE_SETTLED)) {
        w->unsettled_ns = w->now_ns;
        return false;
    }
    tally_take(w->now, w->board); /* may have been taken before the last one settled */
    return w->now->waiting == 0 || w->now_ns - w->unsettled_ns >= w->plan->timeout_ns;
}

static bool nothing_opened(const struct watcher *w)
{
    return w->now->counts[COUNT_OPENED] == 0;
}

/* Nobody is left who could send. */
static bool is_deserted(const struct watcher *w)
{
    return !w->plan->scenario->opens_itself && w->now_ns - w->some_open_ns > NS_PER_S;
}

static void move_on(struct watcher *w)
{
    bool is_stopped = w->signals > 0 || w->crew->left == 0;
    switch (phase_of(w)) {
    case PHASE_OPENING:
        if (is_stopped)
            enter(w, PHASE_CLOSING);
        else if (board_has_come_to(w->board, LANE_OPEN)) {
            tally_take(w->now, w->board); /* may have been taken before the last one opened */
            if (!w->plan->scenario->opens_itself && nothing_opened(w))
                enter(w, PHASE_CLOSING);
            else
                begin_running(w);
        }
        break;
    case PHASE_RUNNING:
        if (is_stopped || w->now_ns >= w->to_ns || board_has_come_to(w->board, LANE_SPENT) ||
            is_deserted(w))
            end_running(w);
        break;
    case PHASE_DRAINING:
        if (is_stopped ? w->signals > 1 || w->crew->left == 0 || is_drained(w) : is_drained(w))
            enter(w, PHASE_CLOSING);
        break;
    default:
        break;
    }
}

/* --- figures ----------------------------------------------------------------------------- */

static void note_memory(struct watcher *w)
{
    struct run *r = w->run;
    uint64_t bytes = process_memory_bytes(w->plan->server_pid);
    if (r->server_memory_begin_bytes == 0)
        r->server_memory_begin_bytes = bytes;
    if (phase_of(w) <= PHASE_RUNNING)
        r->server_memory_open_bytes = bytes;
    if (bytes > r->server_memory_max_bytes)
        r->server_memory_max_bytes = bytes;
}

static void note_totals(struct watcher *w)
{
    struct run *r = w->run;
    tally_take(w->now, w->board);
    r->seconds = (double)(w->now_ns - w->began_ns) / NS_PER_S;
    if (phase_of(w) == PHASE_OPENING) {
        r->opening_seconds = r->seconds;
        r->opening_opened = w->now->counts[COUNT_OPENED];
    }
    memcpy(r->totals, w->now->counts, sizeof r->totals);
    memcpy(r->faults, w->now->faults, sizeof r->faults);
    r->cpu_ns = w->now->cpu_ns;
    uint64_t open = tally_open(w->now);
    if (open > r->open_max)
        r->open_max = open;
    if (open > 0)
        w->some_open_ns = w->now_ns;
}

static bool is_measured(const struct watcher *w)
{
    return w->has_from && !w->has_to;
}

static struct sample *last_sample(const struct watcher *w)
{
    return &w->run->samples[w->run->sample_count - 1];
}

/* A sample is of one phase, and lies in the window or does not. */
static bool is_cut(const struct watcher *w)
{
    const struct sample *s = last_sample(w);
    return s->phase != (enum phase)phase_of(w) || s->is_measured != is_measured(w);
}

/* Fills the last sample with what came since the one before it. */
static void fill_sample(struct watcher *w)
{
    struct run *r = w->run;
    struct sample *s = last_sample(w);
    uint64_t cpu_ns = process_cpu_ns(w->plan->server_pid);
    tally_sample(s, w->now, w->sampled);
    s->at_s = r->seconds;
    s->seconds = (double)(w->now_ns - w->sampled_ns) / NS_PER_S;
    s->server_memory_bytes = process_memory_bytes(w->plan->server_pid);
    s->server_cpu_share = w->plan->server_pid == 0
                              ? NAN
                              : (double)(cpu_ns - w->sampled_server_cpu_ns) / NS_PER_S / s->seconds;
}

static enum err begin_sample(struct watcher *w)
{
    struct run *r = w->run;
    struct sample *more = realloc(r->samples, (r->sample_count + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    r->samples = more;
    more[r->sample_count++] = (struct sample){
        .phase = (enum phase)phase_of(w), .is_measured = is_measured(w), .server_cpu_share = NAN};
    w->sampled_ns = w->now_ns;
    *w->sampled = *w->now;
    w->sampled_server_cpu_ns = process_cpu_ns(w->plan->server_pid);
    return OK;
}

static enum err show(struct watcher *w, bool is_last)
{
    const struct display *display = w->display;
    bool is_complete = w->now_ns - w->sampled_ns >= NS_PER_S || is_cut(w) || is_last;
    bool is_due = w->now_ns - w->updated_ns >= UPDATE_NS;
    if (!is_complete && !is_due)
        return OK;
    w->updated_ns = w->now_ns;
    tally_take_timings(w->now, w->board);
    tally_timings(w->run->timings, w->now);
    w->run->reason_count = tally_reasons(w->run->reasons, w->board);
    note_memory(w);
    fill_sample(w);
    if (display->update != NULL)
        display->update(display->state, w->run);
    if (!is_complete)
        return OK;
    if (display->second != NULL)
        display->second(display->state, w->run);
    return is_last ? OK : begin_sample(w);
}

/* --- the watch --------------------------------------------------------------------------- */

/* Ctrl-Z stops the whole process group; only we leave the terminal as we found it before. */
static void stop_a_while(struct watcher *w)
{
    const struct display *display = w->display;
    if (display->suspend != NULL)
        display->suspend(display->state);
    raise(SIGSTOP);
    if (display->resume != NULL)
        display->resume(display->state);
    w->now_ns = monotonic_now_ns();
}

/* timeout(1) signals a program and then its process group, so what comes at once counts once. */
static void note_signal(struct watcher *w, int number)
{
    if (number == SIGCHLD)
        return;
    if (number == SIGTSTP) {
        stop_a_while(w);
        return;
    }
    if (number == SIGQUIT)
        w->signals = 2;
    else if (w->signals == 0 || w->now_ns - w->signalled_ns >= SIGNALS_APART_NS)
        w->signals++;
    w->signalled_ns = w->now_ns;
}

static uint64_t sooner(const struct watcher *w, uint64_t ns, uint64_t until)
{
    return ns > w->now_ns && ns < until ? ns : until;
}

/* Waits for a signal until the next thing is to be done. */
static void wait_a_little(struct watcher *w, const sigset_t *signals)
{
    uint64_t until = sooner(w, w->sampled_ns + NS_PER_S, w->now_ns + UPDATE_NS / 5);
    if (phase_of(w) == PHASE_RUNNING)
        until = sooner(w, w->from_ns, sooner(w, w->to_ns, until));
    struct timespec t = {0, (long)(until - w->now_ns)};
    int number = sigtimedwait(signals, NULL, &t);
    w->now_ns = monotonic_now_ns();
    if (number > 0)
        note_signal(w, number);
    crew_reap(w->crew);
}

static bool is_over(const struct watcher *w)
{
    bool is_stuck = phase_of(w) == PHASE_CLOSING && w->now_ns - w->phase_ns > CLOSING_NS_MAX;
    return w->signals > 1 || w->crew->left == 0 || is_stuck;
}

static enum err watch(struct watcher *w, const sigset_t *signals)
{
    enum err e = begin_sample(w);
    bool is_last = false;
    while (e == OK && !is_last) {
        wait_a_little(w, signals);
        note_totals(w);
        note_window(w);
        move_on(w);
        is_last = is_over(w);
        e = show(w, is_last);
    }
    w->run->was_interrupted = w->signals > 0;
    if (e == OK && w->signals > 1)
        e = ERR_CLOSED;
    return e == OK && nothing_opened(w) ? ERR_IO : e;
}

/* Those that whoever started us has ignored, as nohup(1) does, stay ignored. */
static void choose_signals(sigset_t *out)
{
    static const int WATCHED[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCHLD};
    struct sigaction action;
    sigemptyset(out);
    for (size_t k = 0; k < sizeof WATCHED / sizeof *WATCHED; k++) {
        if (sigaction(WATCHED[k], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(out, WATCHED[k]);
    }
}

enum err watcher_run(const struct plan *plan, struct crew *crew, const struct display *display,
                     struct run *run)
{
    struct watcher w = {.plan = plan,
                        .crew = crew,
                        .board = crew->board,
                        .display = display,
                        .run = run,
                        .to_ns = UINT64_MAX,
                        .from_ns = UINT64_MAX};
    static const struct timespec NO_TIME;
    sigset_t signals, before;
    choose_signals(&signals);
    sigprocmask(SIG_BLOCK, &signals, &before);

    memset(run, 0, sizeof *run);
    run->plan = plan;
    run->began_unix_s = time(NULL);
    w.now_ns = w.began_ns = w.phase_ns = monotonic_now_ns();
    w.now = calloc(1, sizeof *w.now);
    w.sampled = calloc(1, sizeof *w.sampled);
    w.measured_from = calloc(1, sizeof *w.measured_from);
    enum err e = w.now == NULL || w.sampled == NULL || w.measured_from == NULL
                     ? ERR_NOMEM
                     : watch(&w, &signals);
    free(w.now);
    free(w.sampled);
    free(w.measured_from);
    /* Another Ctrl-C, of somebody in a hurry, must not cost the report. */
    while (sigtimedwait(&signals, NULL, &NO_TIME) > 0)
        continue;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return e;
}

void run_deinit(struct run *run)
{
    free(run->samples);
    run->samples = NULL;
    run->sample_count = 0;
}
