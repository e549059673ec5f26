#include "jobs/spawner.h"

#include "jobs/landlock.h"
#include "simul/check.h"
#include "simul/pipe_frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- packets ----------------------------------------------------------------------------- */

/* The kinds of enum spawner_event_kind go to the server, these to the spawner. */
enum { ASK_SPAWN = 16, ASK_KILL };

/* A frame's payload: both sides run the same program on the same machine. */
struct packet_body {
    int32_t pid;     /* events; of a request: 0 */
    int32_t status;  /* events; of a request: 0 */
    uint32_t role;   /* ASK_SPAWN, else 0 */
    uint32_t number; /* ASK_SPAWN, else 0 */
};

enum {
    PACKET_BYTES = PIPE_FRAME_HEADER_BYTES + sizeof(struct packet_body),
    /* Two packets for each child, at the 768 bytes that the kernel counts for one; it doubles what
     * it is asked for. */
    SPAWNER_SOCKET_BYTES = SPAWNER_CHILDREN_MAX * 768,
};

struct packet {
    uint16_t kind;
    uint64_t id;
    struct packet_body body;
    int fd; /* a descriptor that travels along; -1: none. Its receiver owns it. */
};

/* Room for one descriptor beside a message. */
union descriptor_room {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static enum err packet_send(int socket, const struct packet *p)
{
    uint8_t header[PIPE_FRAME_HEADER_BYTES];
    struct pipe_frame frame = {p->kind, p->id, span_of(&p->body, sizeof(p->body))};
    pipe_frame_encode(&frame, header);
    struct iovec parts[2] = {{header, sizeof(header)}, {(void *)&p->body, sizeof(p->body)}};
    union descriptor_room room = {0};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (p->fd >= 0) {
        message.msg_control = room.bytes;
        message.msg_controllen = sizeof(room.bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        *c = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(c), &p->fd, sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return OK;
    return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
}

/* Reads one packet; with a blocking socket there always is one. */
static enum err packet_receive(int socket, struct packet *p, bool *is_there)
{
    uint8_t bytes[PACKET_BYTES];
    struct iovec part = {bytes, sizeof(bytes)};
    union descriptor_room room;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = room.bytes,
                             .msg_controllen = sizeof(room.bytes)};
    ssize_t n;
    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    *is_there = n > 0;
    if (n < 0 && errno == EAGAIN)
        return OK;
    if (n <= 0)
        return n == 0 || errno == ECONNRESET ? ERR_CLOSED : ERR_IO;

    p->fd = -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if (c != NULL && c->cmsg_type == SCM_RIGHTS)
        memcpy(&p->fd, CMSG_DATA(c), sizeof(int));
    struct pipe_frame frame;
    bool is_whole;
    struct span in = span_of(bytes, (size_t)n);
    if (pipe_frame_next(&in, sizeof(p->body), &frame, &is_whole) != OK || !is_whole ||
        frame.payload.len != sizeof(p->body)) {
        if (p->fd >= 0)
            close(p->fd);
        return ERR_SYNTAX;
    }
    p->kind = frame.kind;
    p->id = frame.id;
    memcpy(&p->body, frame.payload.ptr, sizeof(p->body));
    return OK;
}

/* --- the server's side ------------------------------------------------------------------- */

enum { REASON_BYTES_MAX = 256 };

/* The first packet is not a frame: it says why the process cannot be `identity`, or nothing. */
_Noreturn static void run_spawner(const struct identity *identity, int errors_fd, int fd)
{
    char reason[REASON_BYTES_MAX] = "";
    role_ignore_signals(); /* before the server goes on */
    if (identity != NULL)
        (void)!identity_assume(identity, reason, sizeof(reason));
    if (send(fd, reason, sizeof(reason), MSG_NOSIGNAL) < 0 || reason[0] != '\0')
        _exit(127);
    dup2(errors_fd, STDERR_FILENO);
    role_exec(ROLE_SPAWNER, 1, fd);
}

static enum err await_identity(int fd, char *error, size_t error_bytes)
{
    char reason[REASON_BYTES_MAX];
    ssize_t n;
    do
        n = recv(fd, reason, sizeof(reason), 0);
    while (n < 0 && errno == EINTR);
    bool has_ended = n != sizeof(reason);
    if (!has_ended && reason[0] == '\0')
        return OK;
    snprintf(error, error_bytes, "%s", has_ended ? "the spawner ended while it started" : reason);
    return ERR_IO;
}

static enum err open_pair(int pair[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 ? OK : ERR_IO;
}

/* The server's end serves from now on. */
static void configure(struct spawner *s)
{
    int room = SPAWNER_SOCKET_BYTES;
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

enum err spawner_start(struct spawner *s, const struct identity *identity, int errors_fd,
                       char *error, size_t error_bytes)
{
    int pair[2] = {-1, -1};
    pid_t pid = -1;
    /* Whoever started the server may have ignored it: then nobody was left to be reaped, and the
     * pid of a spawner that has died could be another process's when spawner_restart kills it. */
    signal(SIGCHLD, SIG_DFL);
    if (open_pair(pair) == OK)
        pid = fork();
    if (pid == 0)
        run_spawner(identity, errors_fd, pair[1]);
    if (pid < 0) {
        snprintf(error, error_bytes, "cannot start the spawner: %s", strerror(errno));
        for (size_t i = 0; i < 2 && pair[i] >= 0; i++)
            close(pair[i]);
        return ERR_IO;
    }
    close(pair[1]);
    *s = (struct spawner){pair[0], pid};
    enum err e = await_identity(pair[0], error, error_bytes);
    if (e != OK) {
        spawner_stop(s);
        return e;
    }
    configure(s);
    return OK;
}

enum err spawner_restart(struct spawner *s)
{
    int pair[2];
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        spawner_stop(s);
    }
    if (open_pair(pair) != OK)
        return ERR_IO;
    *s = (struct spawner){.fd = pair[0]};
    enum err e = role_spawn(ROLE_SPAWNER, 1, pair[1], &s->pid);
    int error = errno;
    close(pair[1]);
    if (e == OK) {
        configure(s);
        return OK;
    }
    close(pair[0]);
    *s = (struct spawner){-1, 0};
    errno = error;
    return e;
}

enum err spawner_spawn(struct spawner *s, uint64_t id, enum role role, unsigned number)
{
    return packet_send(s->fd, &(struct packet){.kind = ASK_SPAWN,
                                               .id = id,
                                               .body = {.role = role, .number = number},
                                               .fd = -1});
}

enum err spawner_kill(struct spawner *s, uint64_t id)
{
    return packet_send(s->fd, &(struct packet){.kind = ASK_KILL, .id = id, .fd = -1});
}

enum err spawner_try_event(struct spawner *s, struct spawner_event *event, bool *is_there)
{
    struct packet p;
    enum err e = packet_receive(s->fd, &p, is_there);
    if (e != OK || !*is_there)
        return e;
    if (p.kind > SPAWNER_EXITED || (p.fd >= 0 && p.kind != SPAWNER_STARTED)) {
        if (p.fd >= 0)
            close(p.fd);
        return ERR_SYNTAX;
    }
    *event = (struct spawner_event){.kind = (enum spawner_event_kind)p.kind,
                                    .id = p.id,
                                    .pid = p.body.pid,
                                    .status = p.body.status,
                                    .fd = p.fd};
    return OK;
}

void spawner_stop(struct spawner *s)
{
    if (s->pid == 0)
        return;
    close(s->fd);
    while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    *s = (struct spawner){-1, 0};
}

/* --- the process ------------------------------------------------------------------------- */

struct family {
    int server; /* the socket */
    size_t count;
    struct {
        uint64_t id;
        pid_t pid;
    } children[SPAWNER_CHILDREN_MAX];
};

/* Forks a child that has `fd` as its socket. Returns its pid; -1: errno tells why. */
static pid_t fork_child(enum role role, unsigned number, int fd)
{
    pid_t spawner = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    /* Should somebody kill the spawner itself, its children die too. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != spawner)
        _exit(127);
    role_exec(role, number, fd);
}

static enum err start_child(struct family *f, const struct packet *asked)
{
    struct packet answer = {.kind = SPAWNER_FAILED, .id = asked->id, .fd = -1};
    int pair[2];
    if (asked->body.role >= ROLE_COUNT || f->count == SPAWNER_CHILDREN_MAX) {
        answer.body.status = asked->body.role >= ROLE_COUNT ? EINVAL : EAGAIN;
        return packet_send(f->server, &answer);
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        answer.body.status = errno;
        return packet_send(f->server, &answer);
    }
    pid_t pid = fork_child((enum role)asked->body.role, asked->body.number, pair[1]);
    if (pid < 0) {
        answer.body.status = errno;
    } else {
        f->children[f->count].id = asked->id;
        f->children[f->count++].pid = pid;
        fcntl(pair[0], F_SETFL, O_NONBLOCK);
        answer.kind = SPAWNER_STARTED;
        answer.body.pid = pid;
        answer.fd = pair[0];
    }
    enum err e = packet_send(f->server, &answer);
    close(pair[0]);
    close(pair[1]);
    return e;
}

/* The table has only children that have not been reaped, so no pid can be another process's. */
static void kill_child(const struct family *f, uint64_t id)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->children[i].id == id)
            kill(f->children[i].pid, SIGKILL);
}

static enum err reap_children(struct family *f)
{
    enum err e = OK;
    int status;
    pid_t pid;
    while (e == OK && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
        size_t i = 0;
        while (i < f->count && f->children[i].pid != pid)
            i++;
        CHECK(i < f->count);
        struct packet exited = {.kind = SPAWNER_EXITED,
                                .id = f->children[i].id,
                                .body = {.pid = pid, .status = status},
                                .fd = -1};
        f->children[i] = f->children[--f->count];
        e = packet_send(f->server, &exited);
    }
    return e;
}

static enum err serve_request(struct family *f)
{
    struct packet asked;
    bool is_there;
    enum err e = packet_receive(f->server, &asked, &is_there);
    if (e != OK)
        return e;
    if (asked.kind == ASK_SPAWN)
        return start_child(f, &asked);
    if (asked.kind != ASK_KILL)
        return ERR_SYNTAX;
    kill_child(f, asked.id);
    return OK;
}

static int open_sigchld(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int spawner_main(int fd, unsigned number)
{
    (void)number;
    if (landlock_confine() != OK) {
        fprintf(stderr, "simuld: the spawner cannot be confined: %s\n", strerror(errno));
        return 1;
    }
    struct family family = {.server = fd};
    struct pollfd polled[] = {{.fd = fd, .events = POLLIN},
                              {.fd = open_sigchld(), .events = POLLIN}};
    enum err e = polled[1].fd < 0 ? ERR_IO : OK;
    while (e == OK) {
        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            break;
        struct signalfd_siginfo ignored;
        while (read(polled[1].fd, &ignored, sizeof(ignored)) > 0)
            continue;
        e = reap_children(&family);
        if (e == OK && polled[0].revents != 0)
            e = serve_request(&family);
    }
    for (size_t i = 0; i < family.count; i++)
        kill(family.children[i].pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    return e == ERR_CLOSED ? 0 : 1; /* the server's end is how it should end */
}
