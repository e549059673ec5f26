/* The children are this program; see role_process.h. All time-outs are the same, since Criterion
 * leaks when they differ. */
#include "jobs/spawner.h"

#include "jobs/worker_link.h"
#include "unit/expect.h"
#include "unit/jobs/role_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int (*const role_process_worker)(int fd) = NULL;

static void await_readable(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    cr_assert_eq(poll(&polled, 1, 20000), 1);
}

static struct spawner_event next_event(struct spawner *s)
{
    struct spawner_event event;
    bool is_there = false;
    while (!is_there) {
        await_readable(s->fd);
        expect_ok(spawner_try_event(s, &event, &is_there));
    }
    return event;
}

static struct spawner_event start_worker(struct spawner *s, uint64_t id)
{
    expect_ok(spawner_spawn(s, id, ROLE_WORKER, (unsigned)id));
    struct spawner_event event = next_event(s);
    cr_assert_eq(event.kind, SPAWNER_STARTED);
    cr_assert_eq(event.id, id);
    cr_assert(event.fd >= 0 && event.pid > 0);
    return event;
}

/* Lets the worker answer a short job, after which it certainly is what it is going to be. */
static void ask_worker(int fd)
{
    struct worker_link link;
    struct buf answer = {0};
    struct job_args args = {{0}};
    bool is_done;
    worker_link_open(&link, fd);
    worker_link_ask(&link, 7, job_find(SPAN("burn")), &args, SPAN_EMPTY);
    expect_ok(worker_link_flush(&link, &is_done));
    cr_assert(is_done);
    for (is_done = false; !is_done;) {
        await_readable(fd);
        expect_ok(worker_link_read(&link, &answer, &is_done));
    }
    cr_assert(span_starts_with(buf_span(&answer), SPAN("{\"worker\":")));
    buf_deinit(&answer);
}

static void expect_gone(pid_t pid)
{
    cr_assert_eq(kill(pid, 0), -1);
    cr_assert_eq(errno, ESRCH);
}

/* One file below /proc/PID, as text. */
static const char *proc_text(pid_t pid, const char *name)
{
    static char text[4096];
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert(fd >= 0, "%s", path);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    cr_assert(n >= 0);
    text[n] = '\0';
    close(fd);
    return text;
}

static const char *proc_link(pid_t pid, const char *descriptor)
{
    static char text[256];
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd/%.8s", (int)pid, descriptor);
    ssize_t n = readlink(path, text, sizeof(text) - 1);
    cr_assert(n >= 0, "%s", path);
    text[n] = '\0';
    return text;
}

static int count_descriptors(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    cr_assert_not_null(dir);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

Test(spawner, starts_children_and_reports_how_they_end, .timeout = 60)
{
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    struct spawner_event one = start_worker(&s, 1), two = start_worker(&s, 2);
    ask_worker(one.fd);
    ask_worker(two.fd);

    close(two.fd); /* a worker ends when the server hangs up */
    struct spawner_event end = next_event(&s);
    cr_assert_eq(end.kind, SPAWNER_EXITED);
    cr_assert_eq(end.id, 2);
    cr_assert_eq(end.pid, two.pid);
    cr_assert(WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0);
    expect_gone(two.pid);

    ask_worker(one.fd);
    spawner_stop(&s);
    close(one.fd);
}

Test(spawner, who_cannot_become_another_user_says_why)
{
    struct spawner s;
    struct identity nobody = {.user = "nobody", .uid = 65534, .gid = 65534, .changes = true};
    char error[512];
    uid_t before = geteuid();
    (void)!seteuid(nobody.uid); /* fails for those who are not root, and they cannot either */
    expect_err(spawner_start(&s, &nobody, STDERR_FILENO, error, sizeof(error)), ERR_IO);
    cr_assert_not_null(strstr(error, "to serve as user 'nobody': "), "%s", error);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "it is reaped");
    cr_assert_eq(seteuid(before), 0);
    prctl(PR_SET_DUMPABLE, 1); /* or LeakSanitizer could not look at us at the end */
}

Test(spawner, kills_by_id_and_only_its_living_children, .timeout = 60)
{
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    struct spawner_event one = start_worker(&s, 1), two = start_worker(&s, 2);
    expect_ok(spawner_kill(&s, 3));
    expect_ok(spawner_kill(&s, 1));
    expect_ok(spawner_kill(&s, 1));
    struct spawner_event end = next_event(&s);
    cr_assert_eq(end.id, 1);
    cr_assert(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGKILL);
    expect_ok(spawner_kill(&s, 1));
    ask_worker(two.fd);
    spawner_stop(&s);
    expect_gone(two.pid);
    close(one.fd);
    close(two.fd);
}

Test(spawner, children_have_their_socket_and_stderr_only, .timeout = 60)
{
    int inheritable[2];
    cr_assert_eq(pipe(inheritable), 0);
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    struct spawner_event one = start_worker(&s, 1), two = start_worker(&s, 2);
    ask_worker(one.fd);
    ask_worker(two.fd);
    const pid_t workers[] = {one.pid, two.pid};
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(count_descriptors(workers[i]), 4);
        cr_assert_str_eq(proc_link(workers[i], "0"), "/dev/null");
        cr_assert_str_eq(proc_link(workers[i], "1"), "/dev/null");
        cr_assert_eq(strncmp(proc_link(workers[i], "3"), "socket:", 7), 0);
    }
    cr_assert_eq(count_descriptors(s.pid), 5, "and what tells of children that end");
    cr_assert_eq(fcntl(s.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    cr_assert_eq(fcntl(one.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    cr_assert_eq(fcntl(one.fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    spawner_stop(&s);
}

Test(spawner, children_say_in_ps_what_they_are, .timeout = 60)
{
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    struct spawner_event one = start_worker(&s, 12);
    ask_worker(one.fd);
    cr_assert_str_eq(proc_text(s.pid, "cmdline"), "simuld: spawner");
    cr_assert_str_eq(proc_text(s.pid, "comm"), "simuld-spawner\n");
    cr_assert_str_eq(proc_text(one.pid, "cmdline"), "simuld: worker");
    cr_assert_str_eq(proc_text(one.pid, "comm"), "simuld-worker\n");
    cr_assert_eq(getpriority(PRIO_PROCESS, (id_t)one.pid), WORKER_NICE);
    spawner_stop(&s);
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

Test(spawner, signals_for_the_server_do_not_end_one_that_has_just_begun, .timeout = 60)
{
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    for (int round = 0; round < 2; round++) { /* the second is one that was restarted */
        for (int i = 0; i < 5; i++)
            kill(s.pid, signals[i]);
        ask_worker(start_worker(&s, 1).fd);
        if (round == 0)
            expect_ok(spawner_restart(&s));
    }
    spawner_stop(&s);
}

Test(spawner, signals_for_the_server_do_not_end_children, .timeout = 60)
{
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    struct spawner_event one = start_worker(&s, 1);
    ask_worker(one.fd);
    for (int i = 0; i < 5; i++) {
        kill(s.pid, signals[i]);
        kill(one.pid, signals[i]);
    }
    ask_worker(one.fd);
    start_worker(&s, 2);
    spawner_stop(&s);
}

Test(spawner, works_when_the_server_was_started_with_signals_ignored_and_blocked, .timeout = 60)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGCHLD, SIG_IGN);
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    struct spawner_event one = start_worker(&s, 1);
    ask_worker(one.fd);
    cr_assert_not_null(strstr(proc_text(one.pid, "status"), "SigBlk:\t0000000000000000"));
    expect_ok(spawner_kill(&s, 1));
    cr_assert_eq(next_event(&s).kind, SPAWNER_EXITED);
    spawner_stop(&s);
}

Test(spawner, the_pid_of_one_that_was_killed_stays_its_own, .timeout = 60)
{
    struct spawner s;
    siginfo_t info;
    signal(SIGCHLD, SIG_IGN); /* the server was started so */
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    kill(s.pid, SIGKILL);
    cr_assert_eq(waitid(P_PID, (id_t)s.pid, &info, WEXITED | WNOWAIT), 0);
    cr_assert_eq(kill(s.pid, 0), 0);
    expect_ok(spawner_restart(&s));
    spawner_stop(&s);
}

Test(spawner, refuses_a_role_that_does_not_exist, .timeout = 60)
{
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    expect_ok(spawner_spawn(&s, 1, ROLE_COUNT, 1));
    struct spawner_event event = next_event(&s);
    cr_assert_eq(event.kind, SPAWNER_FAILED);
    cr_assert_eq(event.status, EINVAL);
    start_worker(&s, 2);
    spawner_stop(&s);
}

Test(spawner, bounds_how_many_children_there_are, .timeout = 60)
{
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    for (uint64_t id = 1; id <= SPAWNER_CHILDREN_MAX + 1; id++)
        expect_ok(spawner_spawn(&s, id, ROLE_WORKER, 1));
    for (uint64_t id = 1; id <= SPAWNER_CHILDREN_MAX; id++)
        cr_assert_eq(next_event(&s).kind, SPAWNER_STARTED);
    struct spawner_event refused = next_event(&s);
    cr_assert_eq(refused.kind, SPAWNER_FAILED);
    cr_assert_eq(refused.id, SPAWNER_CHILDREN_MAX + 1);
    cr_assert_eq(refused.status, EAGAIN);
    spawner_stop(&s);
}

/* A spawner that does not get to run still has room for all that may be on the way. */
Test(spawner, takes_two_requests_for_each_child_unread, .timeout = 60)
{
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    kill(s.pid, SIGSTOP);
    for (uint64_t id = 1; id < 2 * SPAWNER_CHILDREN_MAX; id++)
        expect_ok(spawner_kill(&s, id));
    kill(s.pid, SIGCONT);
    start_worker(&s, 1);
    spawner_stop(&s);
}

Test(spawner, tells_when_no_descriptor_was_left, .timeout = 60)
{
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    struct rlimit before, none = {0, 0};
    getrlimit(RLIMIT_NOFILE, &before);
    none.rlim_max = before.rlim_max;
    expect_ok(spawner_spawn(&s, 1, ROLE_WORKER, 1));
    await_readable(s.fd);
    setrlimit(RLIMIT_NOFILE, &none);
    struct spawner_event event;
    bool is_there;
    enum err e = spawner_try_event(&s, &event, &is_there);
    setrlimit(RLIMIT_NOFILE, &before);
    expect_ok(e);
    cr_assert(is_there);
    cr_assert_eq(event.kind, SPAWNER_STARTED);
    cr_assert_eq(event.fd, -1);
    spawner_stop(&s);
}

Test(spawner, stop_leaves_nobody_behind, .timeout = 60)
{
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    pid_t spawner = s.pid;
    struct spawner_event one = start_worker(&s, 1), two = start_worker(&s, 2);
    kill(two.pid, SIGSTOP);
    spawner_stop(&s);
    expect_gone(spawner);
    expect_gone(one.pid);
    expect_gone(two.pid);
    cr_assert_eq(waitpid(-1, NULL, 0), -1);
    cr_assert_eq(errno, ECHILD);
}

/* Starts a second server, which has a spawner and two workers and tells their pids. */
static pid_t fork_server(pid_t pids[3])
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t server = fork();
    if (server == 0) {
        struct spawner s;
        expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
        pid_t own[3] = {s.pid, start_worker(&s, 1).pid, start_worker(&s, 2).pid};
        cr_assert_eq(write(ends[1], own, sizeof(own)), sizeof(own));
        for (;;)
            pause();
    }
    close(ends[1]);
    cr_assert_eq(read(ends[0], pids, 3 * sizeof(pids[0])), 3 * sizeof(pids[0]));
    close(ends[0]);
    return server;
}

Test(spawner, everybody_ends_when_the_server_is_killed, .timeout = 60)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* orphans become our children: we can wait for them */
    pid_t pids[3];
    pid_t server = fork_server(pids);
    kill(pids[1], SIGSTOP); /* or it would end just by looking at its socket */
    kill(pids[2], SIGSTOP);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    int status;
    cr_assert_eq(waitpid(pids[0], &status, 0), pids[0]);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    expect_gone(pids[1]);
    expect_gone(pids[2]);
}

Test(spawner, children_end_when_the_spawner_is_killed, .timeout = 60)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct spawner s;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    struct spawner_event one = start_worker(&s, 1), two = start_worker(&s, 2);
    ask_worker(one.fd);
    ask_worker(two.fd);
    kill(one.pid, SIGSTOP); /* or they would end just by looking at their sockets */
    kill(two.pid, SIGSTOP);
    kill(s.pid, SIGKILL);
    cr_assert_eq(waitid(P_PID, (id_t)s.pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
    cr_assert_eq(waitpid(one.pid, NULL, 0), one.pid);
    cr_assert_eq(waitpid(two.pid, NULL, 0), two.pid);

    struct spawner_event event;
    bool is_there = true;
    await_readable(s.fd);
    expect_err(spawner_try_event(&s, &event, &is_there), ERR_CLOSED);
    expect_err(spawner_spawn(&s, 3, ROLE_WORKER, 3), ERR_CLOSED);
    spawner_stop(&s);
}

static void *wait_for_end(void *fd)
{
    char byte;
    return read(*(int *)fd, &byte, 1) == 0 ? NULL : fd;
}

/* Beside a thread, which must not notice. */
Test(spawner, another_one_starts_in_the_place_of_one_that_was_killed, .timeout = 60)
{
    struct spawner s;
    pthread_t thread;
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(pthread_create(&thread, NULL, wait_for_end, &ends[0]), 0);
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    pid_t first = s.pid;
    start_worker(&s, 1);
    kill(s.pid, SIGKILL);
    for (int round = 0; round < 2; round++) { /* the second time it lives */
        expect_ok(spawner_restart(&s));
        cr_assert_neq(s.pid, first);
        expect_gone(first);
        first = s.pid;
        struct spawner_event one = start_worker(&s, 1); /* ids are its own */
        ask_worker(one.fd);
        close(one.fd);
    }
    close(ends[1]);
    void *failed;
    pthread_join(thread, &failed);
    cr_assert_null(failed, "somebody has inherited the pipe");
    close(ends[0]);
    spawner_stop(&s);
}

Test(spawner, one_that_cannot_be_restarted_may_be_tried_again, .timeout = 60)
{
    struct spawner s;
    struct rlimit all, few;
    expect_ok(spawner_start(&s, NULL, STDERR_FILENO, NULL, 0));
    getrlimit(RLIMIT_NOFILE, &all);
    few = all;
    few.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &few);
    enum err e = spawner_restart(&s);
    setrlimit(RLIMIT_NOFILE, &all);
    expect_err(e, ERR_IO);
    expect_ok(spawner_restart(&s));
    spawner_stop(&s);
    spawner_stop(&s); /* once is enough */
}

/* What a process does that was started with this option, and without the socket. */
static int dispatch_alone(const char *option)
{
    pid_t pid = fork();
    if (pid == 0) {
        char name[] = "simuld", given[32], number[] = "1";
        snprintf(given, sizeof(given), "%s", option);
        char *argv[] = {name, given, number, NULL};
        int status = -1;
        dup2(open("/dev/null", O_RDWR | O_CLOEXEC), ROLE_FD);
        _exit(role_dispatch(3, argv, &status) ? status : 100);
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

Test(spawner, a_role_is_nothing_that_a_user_could_play)
{
    cr_assert_eq(dispatch_alone("-t"), 100, "the server goes on");
    cr_assert_eq(dispatch_alone("--role=worker"), 2);
    cr_assert_eq(dispatch_alone("--role=spawner"), 2);
    cr_assert_eq(dispatch_alone("--role=king"), 2);
}
