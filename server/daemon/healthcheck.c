#include "daemon/healthcheck.h"

#include "core/clock.h"
#include "net/addr.h"
#include "net/unix_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 2048 }; /* a readiness is told in less */

static const char REQUEST[] =
    "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct healthcheck {
    struct sockaddr_storage at;
    socklen_t at_bytes;
    char where[UNIX_PATH_BYTES_MAX + ADDR_CHARS]; /* the same for the user */
    int fd;
    uint64_t until_ns; /* by the monotonic clock */
    char answer[ANSWER_BYTES_MAX + 1];
};

/* --- where ------------------------------------------------------------------------------- */

static void find_unix(struct healthcheck *h, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strncpy(at.sun_path, path, sizeof(at.sun_path) - 1);
    memcpy(&h->at, &at, sizeof(at));
    h->at_bytes = sizeof(at);
    snprintf(h->where, sizeof(h->where), "unix:%s", path);
}

static enum err find_tcp(struct healthcheck *h, const char *address, int64_t port, char *error,
                         size_t error_bytes)
{
    static const uint8_t every[16] = {0}, loopback[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
    struct addr at;
    if (port == 0) {
        snprintf(error, error_bytes, "admin.port=0 is any free port; set one to be asked on");
        return ERR_UNKNOWN;
    }
    if (addr_parse(&at, address, (uint16_t)port) != OK) {
        snprintf(error, error_bytes, "admin.address: '%.64s' is no address", address);
        return ERR_UNKNOWN;
    }
    if (memcmp(at.ip, every, sizeof(every)) == 0) /* of both families; the kernel knows 0.0.0.0 */
        at = addr_from_ip(loopback, (uint16_t)port);
    h->at_bytes = addr_to_sockaddr(&at, &h->at);
    addr_format(&at, h->where);
    return OK;
}

static enum err find(struct healthcheck *h, const struct config *config, char *error,
                     size_t error_bytes)
{
    if (config->admin.port == CONFIG_PORT_OFF) {
        snprintf(error, error_bytes,
                 "admin.port=off: nobody can be asked; set a port, or admin.address=unix:/path");
        return ERR_UNKNOWN;
    }
    const char *path = unix_socket_path(config->admin.address);
    if (path == NULL)
        return find_tcp(h, config->admin.address, config->admin.port, error, error_bytes);
    find_unix(h, path);
    return OK;
}

/* --- asking ------------------------------------------------------------------------------ */

/* Whether the socket is ready for these events in time; if not, errno tells. */
static bool await(const struct healthcheck *h, short events)
{
    struct pollfd p = {.fd = h->fd, .events = events};
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    int ms = now_ns < h->until_ns ? (int)((h->until_ns - now_ns) / NS_PER_MS) : 0;
    int ready = poll(&p, 1, ms);
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0;
}

static bool is_connected(const struct healthcheck *h)
{
    if (connect(h->fd, (const struct sockaddr *)&h->at, h->at_bytes) == 0)
        return true;
    if (errno != EINPROGRESS || !await(h, POLLOUT))
        return false;
    socklen_t len = sizeof(errno);
    return getsockopt(h->fd, SOL_SOCKET, SO_ERROR, &errno, &len) == 0 && errno == 0;
}

/* The answer, up to its end, into h->answer; what is too long is cut. */
static bool read_answer(struct healthcheck *h)
{
    size_t have = 0;
    while (have < ANSWER_BYTES_MAX) {
        if (!await(h, POLLIN))
            return false;
        ssize_t n = recv(h->fd, h->answer + have, ANSWER_BYTES_MAX - have, 0);
        if (n < 0)
            return false;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    h->answer[have] = '\0';
    return true;
}

/* Whether there is an answer; if not, errno tells. A request this short is sent as a whole, into a
 * new connection. */
static bool ask(struct healthcheck *h)
{
    size_t len = strlen(REQUEST);
    h->fd = socket(h->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return h->fd >= 0 && is_connected(h) &&
           send(h->fd, REQUEST, len, MSG_NOSIGNAL) == (ssize_t)len && read_answer(h);
}

/* --- the answer -------------------------------------------------------------------------- */

static enum err judge(const struct healthcheck *h, char *error, size_t error_bytes)
{
    int status;
    if (sscanf(h->answer, "HTTP/1.%*1[01] %3d ", &status) != 1) {
        snprintf(error, error_bytes, "%s: what answers there is not simuld", h->where);
        return ERR_BUSY;
    }
    if (status == 200)
        return OK;
    const char *body = strstr(h->answer, "\r\n\r\n");
    body = body == NULL ? "" : body + 4;
    snprintf(error, error_bytes, "%s: not ready: %.*s", h->where, (int)strcspn(body, "\r\n"), body);
    return ERR_BUSY;
}

enum err healthcheck(const struct config *config, char *error, size_t error_bytes)
{
    struct healthcheck h = {
        .fd = -1,
        .until_ns = clock_ns(CLOCK_MONOTONIC) + (uint64_t)HEALTHCHECK_MS * NS_PER_MS,
    };
    enum err e = find(&h, config, error, error_bytes);
    if (e != OK)
        return e;
    if (ask(&h)) {
        e = judge(&h, error, error_bytes);
    } else {
        e = errno == ETIMEDOUT ? ERR_BUSY : ERR_IO;
        snprintf(error, error_bytes, "no server answers at %s: %s", h.where,
                 e == ERR_BUSY ? "it took too long" : strerror(errno));
    }
    if (h.fd >= 0)
        close(h.fd);
    return e;
}
