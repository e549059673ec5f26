/* A thread for every connection. */
#include "baseline.h"

#include <pthread.h>

/* The default, 8 MiB, would run out of address space or overcommit first; this is what fits. */
enum { STACK_BYTES = 64 * 1024 };
_Static_assert(STACK_BYTES >= 2 * BASELINE_BUFFER_BYTES, "the buffer is on the stack");

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    baseline_echo(fd);
    close(fd);
    return NULL;
}

int main(int argc, char **argv)
{
    int listener = baseline_listen("thread", argc, argv, 0);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_attr_setstacksize(&attr, STACK_BYTES) != 0)
        baseline_die("pthread_attr_setstacksize");
    for (;;) {
        int fd = baseline_accept(listener, 0);
        if (fd < 0)
            continue;
        pthread_t thread;
        int error = pthread_create(&thread, &attr, serve, (void *)(intptr_t)fd);
        if (error != 0) {
            fprintf(stderr, "pthread_create: %s\n", strerror(error));
            close(fd);
        }
    }
}
