#include "load/crew.h"

#include "load/driver.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- in the child ------------------------------------------------------------------------ */

struct hand {
    pthread_t thread;
    const struct plan *plan;
    struct board *board;
    unsigned lane;
};

static void *run_hand(void *argument)
{
    struct hand *h = argument;
    driver_run(h->plan, h->board, h->lane, h->board->lane_count);
    return NULL;
}

/* What ends a program goes to all processes of a terminal, or of timeout(1); the watcher alone
 * answers it. */
static void settle_signals(void)
{
    static const int LEFT_TO_WATCHER[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t none;
    for (size_t k = 0; k < sizeof LEFT_TO_WATCHER / sizeof *LEFT_TO_WATCHER; k++)
        signal(LEFT_TO_WATCHER[k], SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_member(const struct plan *plan, struct board *board,
                                 const struct crew_member *m, pid_t parent)
{
    settle_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    struct hand *hands = calloc(m->lane_to - m->lane_from, sizeof *hands);
    if (hands == NULL)
        _exit(EXIT_FAILURE);
    for (unsigned lane = m->lane_from; lane < m->lane_to; lane++) {
        struct hand *h = &hands[lane - m->lane_from];
        *h = (struct hand){.plan = plan, .board = board, .lane = lane};
        if (pthread_create(&h->thread, NULL, run_hand, h) != 0)
            _exit(EXIT_FAILURE);
    }
    for (unsigned k = 0; k < m->lane_to - m->lane_from; k++)
        pthread_join(hands[k].thread, NULL);
    free(hands);
    /* exit, so that sanitizers and profilers have their say. */
    exit(EXIT_SUCCESS);
}

/* --- in the parent ----------------------------------------------------------------------- */

enum err crew_start(struct crew *crew, const struct plan *plan, struct board *board)
{
    struct rlimit limit;
    pid_t parent = getpid();
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    /* Whoever started us may ignore it; then nobody would be told how a process ended. */
    signal(SIGCHLD, SIG_DFL);
    *crew = (struct crew){.board = board};
    crew->members = calloc(plan->processes, sizeof *crew->members);
    if (crew->members == NULL)
        return ERR_NOMEM;
    fflush(NULL);
    for (unsigned k = 0; k < plan->processes; k++) {
        struct crew_member *m = &crew->members[k];
        m->lane_from = board->lane_count * k / plan->processes;
        m->lane_to = board->lane_count * (k + 1) / plan->processes;
        m->pid = fork();
        if (m->pid == 0)
            run_member(plan, board, m, parent);
        if (m->pid < 0) {
            m->pid = 0;
            crew_stop(crew);
            return ERR_IO;
        }
        crew->count++;
        crew->left++;
    }
    return OK;
}

/* The process is dead, so its lanes have no other writer; nothing waits there, or is open. */
static void note_end(struct crew *crew, struct crew_member *m, int status)
{
    char text[REASON_BYTES];
    struct lane *lanes = crew->board->lanes;
    m->pid = 0;
    crew->left--;
    for (unsigned k = m->lane_from; k < m->lane_to; k++) {
        atomic_store(&lanes[k].state, LANE_GONE);
        hist_set(&lanes[k].waiting, 0);
        hist_set(&lanes[k].counts[COUNT_ENDED], hist_get(&lanes[k].counts[COUNT_OPENED]));
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "a process of simul-load died by signal %d", WTERMSIG(status));
    else
        snprintf(text, sizeof text, "a process of simul-load ended with status %d",
                 WEXITSTATUS(status));
    lane_fault_add(&lanes[m->lane_from], FAULT_LOCAL, 1);
    lane_reason_add(&lanes[m->lane_from], text);
}

void crew_reap(struct crew *crew)
{
    for (unsigned k = 0; k < crew->count; k++) {
        int status;
        struct crew_member *m = &crew->members[k];
        if (m->pid != 0 && waitpid(m->pid, &status, WNOHANG) == m->pid)
            note_end(crew, m, status);
    }
}

void crew_stop(struct crew *crew)
{
    for (unsigned k = 0; k < crew->count; k++) {
        if (crew->members[k].pid == 0)
            continue;
        kill(crew->members[k].pid, SIGKILL);
        waitpid(crew->members[k].pid, NULL, 0);
    }
    free(crew->members);
    *crew = (struct crew){0};
}
