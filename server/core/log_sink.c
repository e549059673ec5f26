#include "core/log_sink.h"

#include "core/descriptors.h"
#include "core/thread.h"
#include "simul/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(LOG_LINE_BYTES_MAX <= PIPE_BUF, "a line is written whole");

enum {
    STOP_CHECK_MS = 100, /* how soon a thread that waits for its reader notices log_sink_stop */
};

/* --- with the lock held ------------------------------------------------------------------ */

static void count_drops(struct log_sink *s, uint64_t lines)
{
    s->unreported += lines;
    atomic_fetch_add_explicit(&s->dropped, lines, memory_order_relaxed);
}

static void ring_copy_in(struct log_sink *s, const char *data, size_t len)
{
    size_t head = (s->tail + s->used) % LOG_SINK_RING_BYTES;
    size_t till_end = LOG_SINK_RING_BYTES - head;
    size_t first = len < till_end ? len : till_end;
    memcpy(s->ring + head, data, first);
    memcpy(s->ring, data + first, len - first);
    s->used += len;
}

static void ring_push(struct log_sink *s, const char *line, size_t len)
{
    if (LOG_SINK_RING_BYTES - s->used < len) {
        count_drops(s, 1);
        return;
    }
    if (s->used == 0 && s->is_mid_line)
        ring_copy_in(s, "\n", 1); /* the end of the line that the file refused to take whole */
    ring_copy_in(s, line, len);
    pthread_cond_signal(&s->has_work);
}

/* The file refuses for good: what is in the ring is lost. The next line that comes tries again. A
 * line feed that comes first is no line: what it ends is in the file or has been counted. */
static void ring_discard(struct log_sink *s)
{
    uint64_t lines = 0;
    for (size_t i = 1; i < s->used; i++)
        lines += s->ring[(s->tail + i) % LOG_SINK_RING_BYTES] == '\n';
    count_drops(s, lines);
    s->used = 0;
}

static void ring_report_drops(struct log_sink *s)
{
    if (s->unreported == 0 || LOG_SINK_RING_BYTES - s->used < LOG_SINK_LINE_BYTES_MAX)
        return;
    char line[LOG_SINK_LINE_BYTES_MAX];
    size_t len = s->tell_dropped(s, line, s->unreported);
    s->unreported = 0;
    ring_push(s, line, len);
}

/* --- the thread -------------------------------------------------------------------------- */

static bool is_stopping(struct log_sink *s)
{
    pthread_mutex_lock(&s->lock);
    bool stopping = s->is_stopping;
    pthread_mutex_unlock(&s->lock);
    return stopping;
}

/* Waits until fd takes bytes; false when the log is to stop and the reader has stalled. */
static bool await_writable(struct log_sink *s)
{
    for (;;) {
        bool is_last_wait = is_stopping(s);
        struct pollfd poll_fd = {.fd = s->fd, .events = POLLOUT};
        int n = poll(&poll_fd, 1, is_last_wait ? LOG_SINK_STALL_MS_MAX : STOP_CHECK_MS);
        if (n > 0)
            return true; /* writable, or an error that the call to come will name */
        if (n == 0 && is_last_wait)
            return false;
    }
}

/* Writes some of the at most PIPE_BUF bytes at `data`. 0: they cannot be written. A pipe that polls
 * writable takes as many without blocking, so that log_sink_stop is always noticed. */
static size_t write_some(struct log_sink *s, const char *data, size_t len)
{
    while (await_writable(s)) {
        ssize_t n = write(s->fd, data, len);
        if (n > 0) {
            s->is_mid_line = data[n - 1] != '\n';
            return (size_t)n;
        }
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            break;
    }
    return 0;
}

/* Sends a datagram. Whoever took the last one may be gone, and another have come: that is worth one
 * more try. */
static bool send_datagram(struct log_sink *s, const char *data, size_t len)
{
    bool was_connected = s->fd >= 0;
    for (;;) {
        if (s->fd < 0)
            s->fd = log_syslog_connect(s->path);
        if (s->fd < 0 || !await_writable(s))
            return false;
        ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            return true;
        if (errno == EINTR || errno == EAGAIN || errno == ENOBUFS)
            continue;
        close(s->fd);
        s->fd = -1;
        if (!was_connected)
            return false;
        was_connected = false;
    }
}

/* Sends the ring's first line, `used` bytes being there. Returns its length; 0: it cannot be sent.
 */
static size_t send_line(struct log_sink *s, size_t used)
{
    char line[LOG_SINK_LINE_BYTES_MAX];
    size_t len = 0;
    do {
        CHECK(len < used && len < sizeof(line));
        line[len] = s->ring[(s->tail + len) % LOG_SINK_RING_BYTES];
    } while (line[len++] != '\n');
    return send_datagram(s, line, len - 1) ? len : 0;
}

/* Writes as many of the ring's lines, `used` bytes being there, as fit into PIPE_BUF bytes: what
 * others write to the same file or pipe stands before them or behind, never between. */
static size_t write_lines(struct log_sink *s, size_t used)
{
    char lines[PIPE_BUF];
    size_t len = used < sizeof(lines) ? used : sizeof(lines);
    size_t till_end = LOG_SINK_RING_BYTES - s->tail;
    size_t first = len < till_end ? len : till_end;
    memcpy(lines, s->ring + s->tail, first);
    memcpy(lines + first, s->ring, len - first);
    const char *last = memrchr(lines, '\n', len);
    CHECK(last != NULL);
    return write_some(s, lines, (size_t)(last - lines) + 1);
}

/* Not blocking, so that a named pipe that nobody reads is an error and no stand-still. */
static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                LOG_FILE_MODE);
}

static void reopen(struct log_sink *s)
{
    int fd = open_file(s->path);
    if (fd < 0) {
        LOG_ERROR("log file not opened again, the old one stays", LOG_STR("file", s->path),
                  LOG_STR("reason", strerror(errno)));
        return;
    }
    close(s->fd);
    s->fd = fd;
    LOG_INFO("log file opened again", LOG_STR("file", s->path));
}

static void *run(void *arg)
{
    struct log_sink *s = arg;
    bool is_detached = descriptors_detach(s->fd);
    pthread_mutex_lock(&s->lock);
    s->is_detached = is_detached;
    s->is_running = true;
    pthread_cond_signal(&s->has_begun);
    for (;;) {
        while (s->used == 0 && !s->is_stopping && !s->must_reopen)
            pthread_cond_wait(&s->has_work, &s->lock);
        bool must_reopen = s->must_reopen;
        bool reopens_now = must_reopen && (!s->is_mid_line || s->used == 0);
        if (!must_reopen && s->used == 0)
            break;
        s->must_reopen = must_reopen && !reopens_now;
        size_t used = s->used, written = 0;
        pthread_mutex_unlock(&s->lock);

        if (reopens_now)
            reopen(s);
        else
            written = s->is_syslog ? send_line(s, used) : write_lines(s, used);

        pthread_mutex_lock(&s->lock);
        if (reopens_now)
            continue;
        if (written == 0) {
            ring_discard(s);
        } else {
            s->tail = (s->tail + written) % LOG_SINK_RING_BYTES;
            s->used -= written;
            ring_report_drops(s);
        }
    }
    pthread_mutex_unlock(&s->lock);
    log_sink_close(s);
    return NULL;
}

/* --- its owner --------------------------------------------------------------------------- */

enum err log_sink_open(struct log_sink *s, const char *path)
{
    size_t len = strlen(path);
    CHECK(len < sizeof(s->path));
    int fd = len > 0 ? open_file(path) : STDERR_FILENO;
    if (fd < 0)
        return ERR_IO;
    memcpy(s->path, path, len + 1);
    s->fd = fd;
    s->is_syslog = s->is_mid_line = false;
    return OK;
}

void log_sink_open_syslog(struct log_sink *s, const char *path)
{
    size_t len = strlen(path);
    CHECK(len < sizeof(s->path));
    memcpy(s->path, path, len + 1);
    s->fd = -1;
    s->is_syslog = true;
    s->is_mid_line = false;
}

void log_sink_close(struct log_sink *s)
{
    if (s->fd > STDERR_FILENO)
        close(s->fd);
    s->fd = -1;
}

enum err log_sink_start(struct log_sink *s)
{
    CHECK(!s->is_started);
    int fd = s->fd;
    s->is_stopping = s->must_reopen = s->is_running = false;
    int error = thread_start(&s->thread, run, s);
    if (error != 0) {
        errno = error;
        return ERR_IO;
    }
    pthread_mutex_lock(&s->lock);
    while (!s->is_running)
        pthread_cond_wait(&s->has_begun, &s->lock);
    s->is_started = true;
    pthread_mutex_unlock(&s->lock);
    if (s->is_detached && fd > STDERR_FILENO)
        close(fd); /* or a file that was moved away and deleted would stay */
    return OK;
}

void log_sink_stop(struct log_sink *s)
{
    pthread_mutex_lock(&s->lock);
    bool was_started = s->is_started;
    s->is_started = false;
    s->is_stopping = true;
    pthread_cond_signal(&s->has_work);
    pthread_mutex_unlock(&s->lock);
    if (was_started)
        pthread_join(s->thread, NULL);
}

bool log_sink_push(struct log_sink *s, const char *line, size_t len)
{
    pthread_mutex_lock(&s->lock);
    bool is_started = s->is_started;
    if (is_started)
        ring_push(s, line, len);
    pthread_mutex_unlock(&s->lock);
    return is_started;
}

bool log_sink_reopen(struct log_sink *s)
{
    pthread_mutex_lock(&s->lock);
    bool has_file = s->is_started && !s->is_syslog && s->path[0] != '\0';
    s->must_reopen = s->must_reopen || has_file;
    pthread_cond_signal(&s->has_work);
    pthread_mutex_unlock(&s->lock);
    return has_file;
}
