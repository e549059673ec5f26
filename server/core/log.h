/* Log lines: one line per event, as logfmt or JSON, in UTC:
 *
 *     ts=2026-11-22T12:34:56.789Z level=info msg=listening name=web port=8080
 *     {"ts":"2026-11-22T12:34:56.789Z","level":"info","msg":"listening","name":"web","port":8080}
 *
 * Logging never blocks a loop. A line is formatted on the caller's stack and copied into a ring of
 * LOG_RING_BYTES; a thread writes the ring out. When the ring is full the line is dropped and
 * counted, and the thread writes "log lines dropped" once there is room again. Before log_start
 * and after log_stop lines go to standard error at once, for there is no loop to be blocked.
 *
 * Every function may be called from any thread. */
#pragma once

#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LOG_RING_BYTES = 256 * 1024,
    LOG_LINE_BYTES_MAX = 4096,    /* fields that do not fit are left out, and cut=true says so */
    LOG_VALUE_BYTES_MAX = 256,    /* longer text is cut and ends in "..." */
    LOG_FILE_MODE = 0640,
    LOG_STOP_STALL_MS_MAX = 2000, /* log_stop gives up on a reader that stalls for longer */
};

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* One key and its value. The key is a plain word of ours; the value may be any bytes, since control
 * bytes, quotes and what is not UTF-8 are escaped. Borrowed for the length of the call. */
struct log_field {
    const char *key;
    enum { LOG_FIELD_TEXT, LOG_FIELD_LONG_TEXT, LOG_FIELD_INT, LOG_FIELD_BOOL } kind;
    struct span text;
    int64_t number;
};

#define LOG_SPAN(key_, span_) ((struct log_field){(key_), LOG_FIELD_TEXT, (span_), 0})
#define LOG_STR(key_, text_) LOG_SPAN(key_, span_str(text_))
/* Text of our own making that may fill the line: it is not cut, but left out where it is too long.
 */
#define LOG_LONG_STR(key_, text_)                                                                  \
    ((struct log_field){(key_), LOG_FIELD_LONG_TEXT, span_str(text_), 0})
#define LOG_INT(key_, value_) ((struct log_field){(key_), LOG_FIELD_INT, SPAN_EMPTY, (value_)})
#define LOG_BOOL(key_, value_) ((struct log_field){(key_), LOG_FIELD_BOOL, SPAN_EMPTY, (value_)})

/* LOG_INFO("listening", LOG_STR("name", name), LOG_INT("port", port));
 * Nothing is evaluated when the level is off. */
#define LOG_ERROR(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define LOG_WARN(...) LOG_AT(LOG_LEVEL_WARN, __VA_ARGS__)
#define LOG_INFO(...) LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define LOG_DEBUG(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)

#define LOG_AT(level_, message_, ...)                                                              \
    do {                                                                                           \
        if (log_is_on(level_)) {                                                                   \
            const struct log_field log_fields_[] = {LOG_STR("msg", message_), ##__VA_ARGS__};      \
            log_write((level_), log_fields_, sizeof(log_fields_) / sizeof(log_fields_[0]));        \
        }                                                                                          \
    } while (0)

/* Sets level and format, opens `path` for appending (created with LOG_FILE_MODE; NULL or "" is standard
 * error) and starts the thread. At most once before log_stop. Until then the level is info and the
 * format logfmt. ERR_IO: the file or the thread could not be had; errno tells why. */
enum err log_start(enum log_level level, enum log_format format, const char *path);

/* Writes what is in the ring, ends the thread and closes the file. A reader that takes nothing for
 * LOG_STOP_STALL_MS_MAX loses the rest. Does nothing when the log is not started. */
void log_stop(void);

/* Whether lines of this level are written. Cheap: one relaxed load. */
bool log_is_on(enum log_level level);

/* What the macros call. The first field is the message. errno stays as it is. */
void log_write(enum log_level level, const struct log_field *fields, size_t count);

/* How many lines were lost since the program began: the ring was full, or the file refused. */
uint64_t log_dropped(void);
