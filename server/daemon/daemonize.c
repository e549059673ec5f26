#include "daemon/daemonize.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

struct daemonize daemonize_not(void)
{
    return (struct daemonize){.out = stdout, .errors = stderr, .null_fd = -1, .parent = -1};
}

/* --- the process that the user has started ----------------------------------------------- */

_Noreturn static void wait_for_daemon(pid_t child, int told)
{
    unsigned char status;
    ssize_t n;
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    do
        n = read(told, &status, 1);
    while (n < 0 && errno == EINTR);
    if (n == 1)
        _exit(status);
    fputs("simuld: the daemon ended before it was ready; its log may tell why\n", stderr);
    _exit(1);
}

/* --- the daemon -------------------------------------------------------------------------- */

/* A stream of our own to where the descriptor leads now. */
static FILE *duplicate(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return copy < 0 ? NULL : fdopen(copy, "w");
}

enum err daemonize_begin(struct daemonize *d)
{
    int told[2];
    *d = daemonize_not();
    if (pipe2(told, O_CLOEXEC) != 0)
        return ERR_IO;
    fflush(NULL); /* or both would write what is in there */
    pid_t pid = fork();
    if (pid < 0) {
        close(told[0]);
        close(told[1]);
        return ERR_IO;
    }
    if (pid > 0) {
        close(told[1]);
        wait_for_daemon(pid, told[0]);
    }
    close(told[0]);
    /* The leader of a session could take a terminal by opening it; so this process is none. */
    if (setsid() < 0 || (pid = fork()) != 0)
        _exit(pid > 0 ? 0 : 1);

    d->parent = told[1];
    d->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    FILE *out = duplicate(STDOUT_FILENO), *errors = duplicate(STDERR_FILENO);
    if (d->null_fd < 0 || out == NULL || errors == NULL)
        _exit(1);
    d->out = out;
    d->errors = errors;
    setvbuf(errors, NULL, _IOLBF, 0);
    return OK;
}

void daemonize_let_go(const struct daemonize *d)
{
    if (d->parent < 0)
        return;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(d->null_fd, fd);
}

void daemonize_tell(struct daemonize *d, int status)
{
    if (d->parent < 0)
        return;
    const unsigned char byte = (unsigned char)status;
    fclose(d->out);
    fclose(d->errors);
    ssize_t ignored = write(d->parent, &byte, 1); /* it may have been killed */
    (void)ignored;
    close(d->parent);
    close(d->null_fd);
    *d = daemonize_not();
}
