#include "jobs/role.h"

#include "jobs/spawner.h"
#include "jobs/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
    const char *name;
    const char *thread_name; /* at most 15 characters; what pgrep looks at */
    int (*run)(int fd, unsigned number);
} roles[ROLE_COUNT] = {
    [ROLE_SPAWNER] = {"spawner", "simuld-spawner", spawner_main},
    [ROLE_WORKER] = {"worker", "simuld-worker", worker_main},
};

#define ROLE_OPTION "--role="

/* The link leads to the running program even when the file is no longer there, or lies in a
 * directory that daemon.user may not enter. */
static const char SELF[] = "/proc/self/exe";

/* Its name; under valgrind only that is right. Empty: it has none. */
static const char *self_path(char path[PATH_MAX])
{
    ssize_t n = readlink(SELF, path, PATH_MAX - 1);
    path[n > 0 ? n : 0] = '\0';
    return path;
}

struct command {
    char title[32], option[32], number[16];
    char *argv[4];
};

static void command_init(struct command *c, enum role role, unsigned number)
{
    snprintf(c->title, sizeof(c->title), "simuld: %s", roles[role].name);
    snprintf(c->option, sizeof(c->option), ROLE_OPTION "%s", roles[role].name);
    snprintf(c->number, sizeof(c->number), "%u", number);
    c->argv[0] = c->title;
    c->argv[1] = c->option;
    c->argv[2] = c->number;
    c->argv[3] = NULL;
}

void role_ignore_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE};
    sigset_t none;
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn void role_exec(enum role role, unsigned number, int fd)
{
    struct command command;
    char path[PATH_MAX];
    command_init(&command, role, number);
    if (fd == ROLE_FD)
        fcntl(fd, F_SETFD, 0);
    else
        dup2(fd, ROLE_FD);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    /* All of ours are close-on-exec; this is for those that our parent was started with. */
    close_range(ROLE_FD + 1, ~0U, 0);
    role_ignore_signals();
    execv(self_path(path), command.argv);
    execv(SELF, command.argv);
    _exit(127);
}

/* What role_exec does, put down for posix_spawn. Signals, which it cannot be told to ignore, are
 * blocked until the child does. False without memory. */
static bool plan_spawn(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int fd)
{
    sigset_t all;
    sigfillset(&all);
    return posix_spawn_file_actions_adddup2(actions, fd, ROLE_FD) == 0 &&
           posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0) == 0 &&
           posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDOUT_FILENO) == 0 &&
           posix_spawn_file_actions_addclosefrom_np(actions, ROLE_FD + 1) == 0 &&
           posix_spawnattr_setsigmask(attributes, &all) == 0 &&
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK) == 0;
}

enum err role_spawn(enum role role, unsigned number, int fd, pid_t *pid)
{
    struct command command;
    char path[PATH_MAX];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    command_init(&command, role, number);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = ENOMEM;
    if (plan_spawn(&actions, &attributes, fd)) {
        error = posix_spawn(pid, self_path(path), &actions, &attributes, command.argv, environ);
        if (error != 0)
            error = posix_spawn(pid, SELF, &actions, &attributes, command.argv, environ);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    errno = error;
    return error == 0 ? OK : ERR_IO;
}

bool role_dispatch(int argc, char **argv, int *status)
{
    const size_t prefix = strlen(ROLE_OPTION);
    if (argc != 3 || strncmp(argv[1], ROLE_OPTION, prefix) != 0)
        return false;

    *status = 2;
    int type;
    socklen_t type_bytes = sizeof(type);
    if (getsockopt(ROLE_FD, SOL_SOCKET, SO_TYPE, &type, &type_bytes) != 0) {
        fputs("simuld: " ROLE_OPTION " is for simuld's own children\n", stderr);
        return true;
    }
    for (int role = 0; role < ROLE_COUNT; role++) {
        if (strcmp(argv[1] + prefix, roles[role].name) != 0)
            continue;
        fcntl(ROLE_FD, F_SETFD, FD_CLOEXEC);
        prctl(PR_SET_NAME, roles[role].thread_name);
        role_ignore_signals();
        *status = roles[role].run(ROLE_FD, (unsigned)strtoul(argv[2], NULL, 10));
        break;
    }
    return true;
}
