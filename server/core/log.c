#include "core/log.h"
#include "core/descriptors.h"
#include "core/log_line.h"
#include "core/thread.h"

#include "simul/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
    STOP_CHECK_MS = 100, /* how soon a writer that waits for its reader notices log_stop */
};

/* The ring holds whole lines, back to back: `used` bytes from `tail` on. Callers write only to the
 * free part, and only with the lock held; the thread alone moves `tail`, so it may write(2) the
 * used part without the lock. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t has_work; /* lines in the ring, or is_stopping */
    char ring[LOG_RING_BYTES];
    size_t tail;
    size_t used;
    uint64_t unreported; /* drops that no line has told of yet */
    bool is_started;     /* lines go to the ring */
    bool is_stopping;
    int fd;
    pthread_t thread;
} logger = {.lock = PTHREAD_MUTEX_INITIALIZER, .has_work = PTHREAD_COND_INITIALIZER};

static _Atomic int level_on = LOG_LEVEL_INFO;
static _Atomic int format_used = LOG_FORMAT_LOGFMT;
static _Atomic uint64_t dropped;

bool log_is_on(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&level_on, memory_order_relaxed);
}

uint64_t log_dropped(void)
{
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

static size_t format_now(char *line, enum log_level level, const struct log_field *fields,
                         size_t count)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    enum log_format format =
        (enum log_format)atomic_load_explicit(&format_used, memory_order_relaxed);
    return log_line_format(line, format, now, level, fields, count);
}

/* --- with the lock held --- */

static void count_drops(uint64_t lines)
{
    logger.unreported += lines;
    atomic_fetch_add_explicit(&dropped, lines, memory_order_relaxed);
}

static void ring_push(const char *line, size_t len)
{
    if (LOG_RING_BYTES - logger.used < len) {
        count_drops(1);
        return;
    }
    size_t head = (logger.tail + logger.used) % LOG_RING_BYTES;
    size_t till_end = LOG_RING_BYTES - head;
    size_t first = len < till_end ? len : till_end;
    memcpy(logger.ring + head, line, first);
    memcpy(logger.ring, line + first, len - first);
    logger.used += len;
    pthread_cond_signal(&logger.has_work);
}

/* The file refuses for good: what is in the ring is lost. The next line that comes tries again. */
static void ring_discard(void)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < logger.used; i++)
        lines += logger.ring[(logger.tail + i) % LOG_RING_BYTES] == '\n';
    count_drops(lines);
    logger.used = 0;
}

static void ring_report_drops(void)
{
    if (logger.unreported == 0 || LOG_RING_BYTES - logger.used < LOG_LINE_BYTES_MAX)
        return;
    char line[LOG_LINE_BYTES_MAX];
    const struct log_field fields[] = {LOG_STR("msg", "log lines dropped"),
                                       LOG_INT("lines", (int64_t)logger.unreported)};
    size_t len = format_now(line, LOG_LEVEL_WARN, fields, 2);
    logger.unreported = 0;
    ring_push(line, len);
}

/* --- the thread --- */

static bool is_stopping(void)
{
    pthread_mutex_lock(&logger.lock);
    bool stopping = logger.is_stopping;
    pthread_mutex_unlock(&logger.lock);
    return stopping;
}

/* Waits until fd takes bytes; false when the log is to stop and the reader has stalled. */
static bool await_writable(int fd)
{
    for (;;) {
        bool is_last_wait = is_stopping();
        struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
        int n = poll(&poll_fd, 1, is_last_wait ? LOG_STOP_STALL_MS_MAX : STOP_CHECK_MS);
        if (n > 0)
            return true; /* writable, or an error that write(2) will name */
        if (n == 0 && is_last_wait)
            return false;
    }
}

/* Writes some of the bytes at `data`. 0: they cannot be written. A pipe that polls writable takes
 * PIPE_BUF bytes without blocking, so that log_stop is always noticed. */
static size_t write_some(const char *data, size_t len)
{
    while (await_writable(logger.fd)) {
        ssize_t n = write(logger.fd, data, len < PIPE_BUF ? len : PIPE_BUF);
        if (n > 0)
            return (size_t)n;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            break;
    }
    return 0;
}

static void *writer_run(void *unused)
{
    descriptors_detach(logger.fd);
    pthread_mutex_lock(&logger.lock);
    for (;;) {
        while (logger.used == 0 && !logger.is_stopping)
            pthread_cond_wait(&logger.has_work, &logger.lock);
        if (logger.used == 0)
            break;
        size_t till_end = LOG_RING_BYTES - logger.tail;
        size_t len = logger.used < till_end ? logger.used : till_end;
        pthread_mutex_unlock(&logger.lock);

        size_t written = write_some(logger.ring + logger.tail, len);

        pthread_mutex_lock(&logger.lock);
        if (written == 0) {
            ring_discard();
        } else {
            logger.tail = (logger.tail + written) % LOG_RING_BYTES;
            logger.used -= written;
            ring_report_drops();
        }
    }
    pthread_mutex_unlock(&logger.lock);
    return unused;
}

enum err log_start(enum log_level level, enum log_format format, const char *path)
{
    CHECK(!logger.is_started);
    bool is_file = path != NULL && path[0] != '\0';
    int fd = is_file ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, LOG_FILE_MODE) : STDERR_FILENO;
    if (fd < 0)
        return ERR_IO;
    logger.fd = fd;
    logger.is_stopping = false;
    int error = thread_start(&logger.thread, writer_run, NULL);
    if (error != 0) {
        if (is_file)
            close(fd);
        errno = error;
        return ERR_IO;
    }
    atomic_store(&level_on, (int)level);
    atomic_store(&format_used, (int)format);
    pthread_mutex_lock(&logger.lock);
    logger.is_started = true;
    pthread_mutex_unlock(&logger.lock);
    return OK;
}

void log_stop(void)
{
    pthread_mutex_lock(&logger.lock);
    bool was_started = logger.is_started;
    logger.is_started = false;
    logger.is_stopping = true;
    pthread_cond_signal(&logger.has_work);
    pthread_mutex_unlock(&logger.lock);
    if (!was_started)
        return;
    pthread_join(logger.thread, NULL);
    if (logger.fd != STDERR_FILENO)
        close(logger.fd);
}

/* --- callers --- */

/* Lines without a thread behind them. What standard error refuses is lost. */
static void write_directly(const char *line, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, line, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
            return;
        }
        line += n;
        len -= (size_t)n;
    }
}

void log_write(enum log_level level, const struct log_field *fields, size_t count)
{
    int errno_before = errno; /* the caller may have more to do with it */
    char line[LOG_LINE_BYTES_MAX];
    size_t len = format_now(line, level, fields, count);
    pthread_mutex_lock(&logger.lock);
    bool is_started = logger.is_started;
    if (is_started)
        ring_push(line, len);
    pthread_mutex_unlock(&logger.lock);
    if (!is_started)
        write_directly(line, len);
    errno = errno_before;
}
