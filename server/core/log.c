#include "core/log.h"
#include "core/log_line.h"
#include "core/log_sink.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static size_t tell_dropped(const struct log_sink *s, char line[LOG_SINK_LINE_BYTES_MAX],
                           uint64_t lines);

static struct log_sink main_sink = LOG_SINK_INIT(tell_dropped);
static struct log_sink access_sink = LOG_SINK_INIT(tell_dropped); /* started if it has a file */

/* Set while no thread but one logs. */
static enum log_format format_used = LOG_FORMAT_LOGFMT;
static enum log_syslog facility = LOG_SYSLOG_OFF;
static bool is_access_apart;
static pid_t pid;

#define LEVEL_INFO(upper, lower) [LOG_MODULE_##upper] = LOG_LEVEL_INFO,
static _Atomic uint8_t levels[] = {LOG_MODULES(LEVEL_INFO)};
static _Atomic uint64_t dropped_directly;

bool log_is_on(enum log_module module, enum log_level level)
{
    return level <= atomic_load_explicit(&levels[module], memory_order_relaxed);
}

uint64_t log_dropped(void)
{
    return atomic_load_explicit(&main_sink.dropped, memory_order_relaxed) +
           atomic_load_explicit(&access_sink.dropped, memory_order_relaxed) +
           atomic_load_explicit(&dropped_directly, memory_order_relaxed);
}

/* --- lines ------------------------------------------------------------------------------- */

/* A line and, if it is to have one, its header for the system's log. */
struct line {
    char bytes[LOG_SINK_LINE_BYTES_MAX];
    size_t header_len;
    size_t len; /* of both */
};

static void line_format(struct line *line, const struct log_sink *to, enum log_module module,
                        enum log_level level, const struct log_field *fields, size_t count)
{
    struct timespec now;
    struct tm local;
    clock_gettime(CLOCK_REALTIME, &now);
    line->header_len = 0;
    if (to->is_syslog)
        line->header_len =
            log_syslog_header(line->bytes, facility, level, localtime_r(&now.tv_sec, &local), pid);
    line->len = line->header_len + log_line_format(line->bytes + line->header_len, format_used, now,
                                                   module, level, fields, count);
}

static size_t tell_dropped(const struct log_sink *s, char bytes[LOG_SINK_LINE_BYTES_MAX],
                           uint64_t lines)
{
    struct line line;
    const struct log_field fields[] = {LOG_STR("msg", "log lines dropped"),
                                       LOG_INT("lines", (int64_t)lines)};
    line_format(&line, s, LOG_MODULE, LOG_LEVEL_WARN, fields, 2);
    memcpy(bytes, line.bytes, line.len);
    return line.len;
}

/* Writes a line without the thread. What standard error refuses is lost. */
static void write_directly(const char *line, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, line, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            atomic_fetch_add_explicit(&dropped_directly, 1, memory_order_relaxed);
            return;
        }
        line += n;
        len -= (size_t)n;
    }
}

static void write_to(struct log_sink *sink, enum log_module module, enum log_level level,
                     const struct log_field *fields, size_t count)
{
    int errno_before = errno; /* the caller may have more to do with it */
    struct line line;
    line_format(&line, sink, module, level, fields, count);
    if (!log_sink_push(sink, line.bytes, line.len))
        write_directly(line.bytes + line.header_len, line.len - line.header_len);
    errno = errno_before;
}

void log_write(enum log_module module, enum log_level level, const struct log_field *fields,
               size_t count)
{
    write_to(&main_sink, module, level, fields, count);
}

void log_access(const struct log_field *fields, size_t count)
{
    write_to(is_access_apart ? &access_sink : &main_sink, LOG_MODULE_NET, LOG_LEVEL_INFO, fields,
             count);
}

/* --- life -------------------------------------------------------------------------------- */

enum err log_set_levels(enum log_level level, const char *modules)
{
    struct log_levels parsed;
    enum err e = log_levels_parse(&parsed, level, modules);
    for (size_t i = 0; e == OK && i < LOG_MODULE_COUNT; i++)
        atomic_store_explicit(&levels[i], parsed.of[i], memory_order_relaxed);
    return e;
}

static void close_all(void)
{
    log_sink_close(&main_sink);
    log_sink_close(&access_sink);
    is_access_apart = false;
    facility = LOG_SYSLOG_OFF;
}

static enum err open_file(struct log_sink *sink, const char *setting, const char *path, char *error,
                          size_t error_bytes)
{
    enum err e = log_sink_open(sink, path);
    if (e != OK)
        snprintf(error, error_bytes, "%s: cannot open '%s': %s", setting, path, strerror(errno));
    return e;
}

static enum err start_threads(char *error, size_t error_bytes)
{
    enum err e = log_sink_start(&main_sink);
    if (e == OK && is_access_apart)
        e = log_sink_start(&access_sink);
    if (e != OK)
        snprintf(error, error_bytes, "cannot start a thread for the log: %s", strerror(errno));
    return e;
}

static const char *text_of(const char *text)
{
    return text == NULL ? "" : text;
}

enum err log_start(const struct log_options *o, char *error, size_t error_bytes)
{
    const char *access_file = text_of(o->access_file), *modules = text_of(o->modules);
    is_access_apart = access_file[0] != '\0';
    facility = o->syslog;
    format_used = o->format;
    pid = getpid();
    enum err e = log_set_levels(o->level, modules);
    if (e != OK)
        snprintf(error, error_bytes, "log.modules: '%s' is not valid", modules);
    if (e == OK && facility != LOG_SYSLOG_OFF) {
        tzset(); /* or the first line would read a file, on a loop's time */
        log_sink_open_syslog(&main_sink, LOG_SYSLOG_PATH);
    } else if (e == OK) {
        e = open_file(&main_sink, "log.file", text_of(o->file), error, error_bytes);
    }
    if (e == OK && is_access_apart)
        e = open_file(&access_sink, "log.access_file", access_file, error, error_bytes);
    if (e == OK)
        e = start_threads(error, error_bytes);
    if (e != OK)
        log_stop();
    return e;
}

void log_stop(void)
{
    log_sink_stop(&access_sink); /* the other may have to tell of it */
    log_sink_stop(&main_sink);
    close_all();
}

void log_reopen(void)
{
    bool has_file = log_sink_reopen(&main_sink);
    has_file |= log_sink_reopen(&access_sink);
    if (!has_file)
        LOG_INFO("there is no log file to open again");
}
