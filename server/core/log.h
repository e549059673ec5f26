/* Log lines: one line per event, as logfmt or JSON, in UTC:
 *
 *     ts=2026-11-22T12:34:56.789Z level=info module=server msg=listening name=web port=8080
 *     {"ts":"2026-11-22T12:34:56.789Z","level":"info","module":"server","msg":"listening",…}
 *
 * They go to standard error, to a file, or to the system's log. Each module, which is a folder of
 * the server, has a level of its own.
 *
 * Logging never blocks a loop. A line is formatted on the caller's stack and copied into a ring; a
 * thread writes the ring out (core/log_sink.h). When the ring is full the line is dropped and
 * counted, and the thread writes "log lines dropped" once there is room again. Before log_start and
 * after log_stop lines go to standard error at once, for there is no loop to be blocked.
 *
 * Every function may be called from any thread, except log_start and log_stop, which are for the
 * thread that starts the others. */
#pragma once

#include "core/log_level.h"
#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOG_LINE_BYTES_MAX = 4096, /* fields that do not fit are left out, and cut=true says so */
    LOG_VALUE_BYTES_MAX = 256, /* longer text is cut and ends in "..." */
    LOG_FILE_MODE = 0640,
};

enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* The system's log, and what a line is filed under there (RFC 3164 section 4.1.1). */
enum log_syslog {
    LOG_SYSLOG_OFF,
    LOG_SYSLOG_DAEMON,
    LOG_SYSLOG_LOCAL0, /* and so on to LOCAL7 */
    LOG_SYSLOG_LOCAL7 = LOG_SYSLOG_LOCAL0 + 7,
};

/* Where lines go. Paths are copied; NULL is as good as "". */
struct log_options {
    enum log_level level;
    const char *modules; /* other levels for some modules: log_levels_parse */
    enum log_format format;
    const char *file;        /* appended to, created with LOG_FILE_MODE; "": standard error */
    enum log_syslog syslog;  /* in place of both */
    const char *access_file; /* for log_access; "": where the others go */
};

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
        if (log_is_on(LOG_MODULE, level_)) {                                                       \
            const struct log_field log_fields_[] = {LOG_STR("msg", message_), ##__VA_ARGS__};      \
            log_write(LOG_MODULE, level_, log_fields_,                                             \
                      sizeof(log_fields_) / sizeof(log_fields_[0]));                               \
        }                                                                                          \
    } while (0)

/* Sets levels and format, opens the files and starts the threads that write. At most once before
 * log_stop. Until then the level is info and the format logfmt. ERR_IO: a file or a thread could
 * not be had; ERR_SYNTAX: modules. `error` receives a line that says so, and nothing is open. */
enum err log_start(const struct log_options *options, char *error, size_t error_bytes);

/* Writes what waits, ends the threads and closes the files. A reader that takes nothing for
 * LOG_SINK_STALL_MS_MAX (core/log_sink.h) loses the rest. Does nothing when the log is not started.
 */
void log_stop(void);

/* Other levels from now on. ERR_SYNTAX: modules is not of the form; nothing changes. */
enum err log_set_levels(enum log_level level, const char *modules);

/* Opens the files again by their names, after logrotate has moved them away: later lines go to the
 * new files, and no line is lost or torn. The log's thread does so, and then logs that it was done,
 * or why it failed, in which case the old file stays. */
void log_reopen(void);

/* Whether lines of this level are written. Cheap: one relaxed load. */
bool log_is_on(enum log_module module, enum log_level level);

/* What the macros call. The first field is the message. errno stays as it is. */
void log_write(enum log_module module, enum log_level level, const struct log_field *fields,
               size_t count);

/* A line of the access log, which no level keeps back: it says info. */
void log_access(const struct log_field *fields, size_t count);

/* How many lines were lost since the program began: a ring was full, or the file refused. */
uint64_t log_dropped(void);
