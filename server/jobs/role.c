#include "jobs/role.h"

#include "jobs/spawner.h"
#include "jobs/worker.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
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

/* The link names the file as long as it is there, and leads to it even when it is not, or lies in a
 * directory that daemon.user may not enter. Under valgrind only the name is right. */
static void exec_self(char *const argv[])
{
    static const char self[] = "/proc/self/exe";
    char path[PATH_MAX];
    ssize_t n = readlink(self, path, sizeof(path) - 1);
    if (n > 0) {
        path[n] = '\0';
        execv(path, argv);
    }
    execv(self, argv);
}

_Noreturn void role_exec(enum role role, unsigned number, int fd)
{
    char title[32], option[32], number_text[16];
    snprintf(title, sizeof(title), "simuld: %s", roles[role].name);
    snprintf(option, sizeof(option), ROLE_OPTION "%s", roles[role].name);
    snprintf(number_text, sizeof(number_text), "%u", number);
    char *argv[] = {title, option, number_text, NULL};

    if (fd == ROLE_FD)
        fcntl(fd, F_SETFD, 0);
    else
        dup2(fd, ROLE_FD);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    /* All of ours are close-on-exec; this is for those that our parent was started with. */
    close_range(ROLE_FD + 1, ~0U, 0);

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    exec_self(argv);
    _exit(127);
}

/* A ^C reaches every process of the terminal, a stop every process of the service; but it is the
 * server that decides when its children end. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
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
        ignore_signals();
        *status = roles[role].run(ROLE_FD, (unsigned)strtoul(argv[2], NULL, 10));
        break;
    }
    return true;
}
