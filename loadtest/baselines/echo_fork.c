/* A process for every connection: the oldest way, and the simplest to be right. */
#include "baseline.h"

#include <sys/prctl.h>

_Noreturn static void serve(int fd, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* who stops the server stops all of it */
    if (getppid() == parent)
        baseline_echo(fd);
    _exit(0);
}

int main(int argc, char **argv)
{
    int listener = baseline_listen("fork", argc, argv, 0);
    pid_t self = getpid();
    signal(SIGCHLD, SIG_IGN); /* the kernel buries the children */
    for (;;) {
        int fd = baseline_accept(listener, 0);
        if (fd < 0)
            continue;
        pid_t child = fork();
        if (child == 0) {
            close(listener);
            serve(fd, self);
        }
        if (child < 0)
            perror("fork"); /* and the peer sees its connection closed */
        close(fd);
    }
}
