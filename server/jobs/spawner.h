/* The spawner: a small single-threaded process that creates the server's children, so that a
 * server with threads, thousands of descriptors and much memory never forks. It is started before
 * any of these exist. The two talk over a pair of SOCK_SEQPACKET sockets, one frame in each packet
 * (simul/pipe_frame.h); children are joined to the server by a pair of stream sockets.
 *
 * The spawner and its children are confined: they can open nothing but what starting the program
 * needs (jobs/landlock.h). Children are named by ids that the server chooses. When the server is
 * gone, however it ended, the spawner kills all its children and ends. When the spawner has been
 * killed, and its children with it, the server starts another one. */
#pragma once

#include "daemon/identity.h"
#include "jobs/role.h"
#include "simul/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SPAWNER_CHILDREN_MAX = 256 };

/* The server's end. */
struct spawner {
    int fd; /* non-blocking; readable when spawner_try_event has something */
    pid_t pid;
};

enum spawner_event_kind {
    SPAWNER_STARTED, /* fd is the server's end of the child's pair, non-blocking, the caller's to
                        close; -1 when the server has no descriptor left to receive it */
    SPAWNER_FAILED,  /* no child: status is the errno */
    SPAWNER_EXITED,  /* it is reaped: status is that of waitpid; the last event of its id */
};

struct spawner_event {
    enum spawner_event_kind kind;
    uint64_t id;
    pid_t pid;
    int status;
    int fd;
};

/* Starts the spawner, which is `identity` from its first instruction on (NULL: who its parent is)
 * and has `errors_fd` as its standard error; and so do its children. To be called before any thread
 * exists. Returns once it is that. ERR_IO: `error` is one line for the user. */
enum err spawner_start(struct spawner *s, const struct identity *identity, int errors_fd,
                       char *error, size_t error_bytes);

/* Asks for a child of this role; SPAWNER_STARTED or SPAWNER_FAILED answers. `id` must not have been
 * used before. With at most SPAWNER_CHILDREN_MAX children, and for each one request and one kill on
 * the way, there is always room in the socket. ERR_CLOSED, ERR_IO: the spawner is of no more use.
 */
enum err spawner_spawn(struct spawner *s, uint64_t id, enum role role, unsigned number);

/* SIGKILL for the child of this id, unless it has ended; SPAWNER_EXITED follows. Errors as above.
 */
enum err spawner_kill(struct spawner *s, uint64_t id);

/* Takes the next event, if *is_there. ERR_CLOSED: the spawner has ended. ERR_SYNTAX, ERR_IO: it is
 * of no more use. */
enum err spawner_try_event(struct spawner *s, struct spawner_event *event, bool *is_there);

/* Kills what is left of the spawner, and with it its children, and starts another one, which is who
 * this process is now. Threads may exist: this does not fork, but it waits until the program is
 * executed, some milliseconds. ERR_IO: errno tells; there is none now, and only this function and
 * spawner_stop may be called. */
enum err spawner_restart(struct spawner *s);

/* Ends the spawner, and with it whatever children are left, and waits until all are reaped. */
void spawner_stop(struct spawner *s);

/* The process itself; returns its exit status. */
int spawner_main(int fd, unsigned number);
