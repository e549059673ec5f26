/* A destination of log lines, and the thread that writes them.
 *
 * A caller copies its line into a ring, or drops it if the ring is full; no caller waits. Only the
 * thread writes, and only it has the descriptor, since it has a descriptor table of its own. A pipe
 * or system log that takes nothing holds up that thread alone. */
#pragma once

#include "core/log.h"
#include "core/log_syslog.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    LOG_SINK_RING_BYTES = 256 * 1024,
    LOG_SINK_LINE_BYTES_MAX = LOG_SYSLOG_HEADER_BYTES_MAX + LOG_LINE_BYTES_MAX,
    LOG_SINK_STALL_MS_MAX = 2000, /* log_sink_stop gives up on a reader that stalls for longer */
};

/* The ring holds whole lines, back to back: `used` bytes from `tail` on. Callers write only to the
 * free part, and only with the lock held; the thread alone moves `tail`, so it may write(2) the
 * used part without the lock. Embedded by its owner, who sets nothing but this: LOG_SINK_INIT. */
struct log_sink {
    pthread_mutex_t lock;
    pthread_cond_t has_work; /* lines in the ring, is_stopping, or must_reopen */
    pthread_cond_t has_begun;
    /* The line that tells of lost ones, as it goes to the ring; returns its length. */
    size_t (*tell_dropped)(const struct log_sink *s, char line[LOG_SINK_LINE_BYTES_MAX],
                           uint64_t lines);
    _Atomic uint64_t dropped; /* ever */
    uint64_t unreported;      /* drops that have not been logged yet */
    size_t tail;
    size_t used;
    bool is_started; /* lines go to the ring */
    bool is_stopping;
    bool must_reopen;
    bool is_running;  /* the thread */
    bool is_detached; /* it has its own descriptors */
    bool is_syslog;   /* `path` is a socket that takes a datagram for each line */
    bool is_mid_line; /* what was written last ends within a line */
    int fd;           /* -1: not open; of the thread, once it runs */
    pthread_t thread;
    char path[PATH_MAX]; /* empty: standard error */
    char ring[LOG_SINK_RING_BYTES];
};

#define LOG_SINK_INIT(tell_dropped_)                                                               \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .has_work = PTHREAD_COND_INITIALIZER,                   \
        .has_begun = PTHREAD_COND_INITIALIZER, .tell_dropped = (tell_dropped_), .fd = -1           \
    }

/* Opens the file for appending (created with LOG_FILE_MODE; "" is standard error). ERR_IO; errno
 * tells why. The path is copied. */
enum err log_sink_open(struct log_sink *s, const char *path);
/* The same for the socket of a system's log. It is connected when there is a line, and again when
 * that fails: who listens there may come later. */
void log_sink_open_syslog(struct log_sink *s, const char *path);
/* Undoes the opening. Safe for one that is not open, and not for one that is started. */
void log_sink_close(struct log_sink *s);

/* Starts the thread, once it is open. ERR_IO; errno tells why, and it is still open. */
enum err log_sink_start(struct log_sink *s);
/* Writes what is in the ring, ends the thread and closes; once for each start. */
void log_sink_stop(struct log_sink *s);

/* Takes a line, which ends in its only line feed, or drops it. False: it is not started. */
bool log_sink_push(struct log_sink *s, const char *line, size_t len);

/* Makes the thread open the file again, between two lines, and log that. False: it has none. */
bool log_sink_reopen(struct log_sink *s);
