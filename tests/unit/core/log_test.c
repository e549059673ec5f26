/* Lines are read back: JSON with jansson, logfmt with a small reader of the quoting rules. */
#include "core/log.h"
#include "core/log_line.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static const struct timespec NOON = {1795350896, 789999999}; /* 2026-11-22T12:34:56.789Z */

static const char *format_line(enum log_format format, const struct log_field *fields, size_t count)
{
    static char line[LOG_LINE_BYTES_MAX + 1];
    size_t len = log_line_format(line, format, NOON, LOG_MODULE_NET, LOG_LEVEL_INFO, fields, count);
    cr_assert(len > 0 && len <= LOG_LINE_BYTES_MAX);
    cr_assert_eq(line[len - 1], '\n');
    line[len] = '\0';
    return line;
}

/* The value of the only field after the message, as it stands in a logfmt line. */
static const char *format_value(const char *text, size_t len)
{
    const struct log_field fields[] = {LOG_STR("msg", "m"), LOG_SPAN("v", span_of(text, len))};
    char *line = (char *)format_line(LOG_FORMAT_LOGFMT, fields, 2);
    line[strlen(line) - 1] = '\0';
    return strstr(line, " v=") + 3;
}

Test(log, line_has_time_level_message_and_fields)
{
    const struct log_field fields[] = {LOG_STR("msg", "listening"), LOG_STR("name", "web"),
                                       LOG_INT("port", 8080), LOG_BOOL("tls", false)};
    cr_assert_str_eq(
        format_line(LOG_FORMAT_LOGFMT, fields, 4),
        "ts=2026-11-22T12:34:56.789Z level=info module=net msg=listening name=web port=8080 "
        "tls=false\n");
    cr_assert_str_eq(format_line(LOG_FORMAT_JSON, fields, 4),
                     "{\"ts\":\"2026-11-22T12:34:56.789Z\",\"level\":\"info\",\"module\":\"net\","
                     "\"msg\":\"listening\""
                     ",\"name\":\"web\",\"port\":8080,\"tls\":false}\n");
}

Test(log, logfmt_quotes_what_is_not_a_plain_word)
{
    cr_assert_str_eq(format_value("word", 4), "word");
    cr_assert_str_eq(format_value("", 0), "\"\"");
    cr_assert_str_eq(format_value("two words", 9), "\"two words\"");
    cr_assert_str_eq(format_value("a=b", 3), "\"a=b\"");
    cr_assert_str_eq(format_value("say \"hi\" \\o/", 12), "\"say \\\"hi\\\" \\\\o/\"");
    cr_assert_str_eq(format_value("h\xc3\xa9", 3), "\"h\xc3\xa9\"");
}

Test(log, logfmt_escapes_control_characters_and_what_is_not_utf8)
{
    cr_assert_str_eq(format_value("a\nb", 3), "\"a\\x0ab\"");
    cr_assert_str_eq(format_value("\0\x1b[2J\x7f", 6), "\"\\x00\\x1b[2J\\x7f\"");
    cr_assert_str_eq(format_value("\xc2\x9b", 2), "\"\\xc2\\x9b\"", "C1 drives terminals too");
    cr_assert_str_eq(format_value("\xc0\xaf", 2), "\"\\xc0\\xaf\"", "overlong");
    cr_assert_str_eq(format_value("\xe0\x80\xaf", 3), "\"\\xe0\\x80\\xaf\"", "overlong");
    cr_assert_str_eq(format_value("\xed\xa0\x80", 3), "\"\\xed\\xa0\\x80\"", "surrogate");
    cr_assert_str_eq(format_value("\xf4\x90\x80\x80", 4), "\"\\xf4\\x90\\x80\\x80\"",
                     "beyond U+10FFFF");
    cr_assert_str_eq(format_value("\xe2\x82", 2), "\"\\xe2\\x82\"", "cut short");
    cr_assert_str_eq(format_value("\xff", 1), "\"\\xff\"");
}

Test(log, long_value_is_cut_between_characters)
{
    char text[LOG_VALUE_BYTES_MAX + 2];
    memset(text, 'x', sizeof(text));
    cr_assert_eq(strlen(format_value(text, LOG_VALUE_BYTES_MAX)), LOG_VALUE_BYTES_MAX);
    const char *cut = format_value(text, sizeof(text));
    cr_assert_eq(strlen(cut), LOG_VALUE_BYTES_MAX + 3);
    cr_assert_str_eq(cut + LOG_VALUE_BYTES_MAX, "...");

    memcpy(text + LOG_VALUE_BYTES_MAX - 1, "\xe2\x82\xac", 3); /* the euro sign, across the bound */
    cut = format_value(text, sizeof(text));
    cr_assert_str_eq(cut + 1 + LOG_VALUE_BYTES_MAX - 1, "...\"");
}

Test(log, long_text_of_ours_fills_the_line_or_is_left_out)
{
    char text[LOG_LINE_BYTES_MAX];
    memset(text, 'x', sizeof(text));
    text[3000] = '\0';
    const struct log_field fits[] = {LOG_STR("msg", "m"), LOG_LONG_STR("v", text)};
    cr_assert_not_null(strstr(format_line(LOG_FORMAT_LOGFMT, fits, 2), text));
    text[3000] = 'x';
    text[sizeof(text) - 1] = '\0';
    const struct log_field is_too_long[] = {LOG_STR("msg", "m"), LOG_LONG_STR("v", text)};
    const char *line = format_line(LOG_FORMAT_LOGFMT, is_too_long, 2);
    cr_assert_not_null(strstr(line, " msg=m cut=true\n"), "%s", line);
}

/* Takes off quotes and the backslashes before quotes and backslashes, in place. */
static char *unquote_logfmt(char *value)
{
    char *to = value;
    for (const char *from = value; *from != '\0'; from++) {
        if (*from == '"')
            continue;
        if (from[0] == '\\' && from[1] != 'x')
            from++;
        *to++ = *from;
    }
    *to = '\0';
    return value;
}

/* Any bytes give valid JSON whose text is what logfmt shows between its quotes. */
Test(log, json_is_valid_for_any_bytes)
{
    uint64_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        char text[64];
        size_t len = (size_t)round % sizeof(text);
        for (size_t i = 0; i < len; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint8_t byte = (uint8_t)(seed >> 56);
            text[i] = (char)(seed >> 40 & 1 ? byte : byte & 0x7f);
        }
        const struct log_field fields[] = {LOG_STR("msg", "m"), LOG_SPAN("v", span_of(text, len))};
        json_error_t error;
        json_t *line = json_loads(format_line(LOG_FORMAT_JSON, fields, 2), 0, &error);
        cr_assert_not_null(line, "round %d: %s", round, error.text);
        const char *shown = json_string_value(json_object_get(line, "v"));
        cr_assert_not_null(shown);
        for (const char *c = shown; *c != '\0'; c++)
            cr_assert((uint8_t)*c >= 0x20 && *c != 0x7f);
        cr_assert_str_eq(shown, unquote_logfmt((char *)format_value(text, len)));
        json_decref(line);
    }
}

Test(log, fields_that_do_not_fit_are_left_out_whole)
{
    char text[LOG_VALUE_BYTES_MAX];
    memset(text, '\x01', sizeof(text)); /* five bytes each in JSON */
    struct log_field fields[40] = {LOG_STR("msg", "m")};
    for (size_t i = 1; i < 40; i++)
        fields[i] = LOG_SPAN("v", span_of(text, sizeof(text)));

    json_t *line = json_loads(format_line(LOG_FORMAT_JSON, fields, 40), 0, NULL);
    cr_assert_not_null(line);
    cr_assert(json_is_true(json_object_get(line, "cut")));
    cr_assert_eq(json_string_length(json_object_get(line, "v")), 4 * sizeof(text));
    json_decref(line);
    const char *logfmt = format_line(LOG_FORMAT_LOGFMT, fields, 40);
    cr_assert_str_eq(logfmt + strlen(logfmt) - 11, "\" cut=true\n");
}

/* --- the thread -------------------------------------------------------------------------- */

/* Puts a pipe in the place of standard error; returns the end to read from. */
static int capture_stderr(void)
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    return ends[0];
}

/* Reads until everybody has closed the other end, which the caller does by taking stderr away. */
static char *read_all(int fd)
{
    char *text = NULL;
    size_t len = 0;
    for (;;) {
        text = realloc(text, len + 65537);
        ssize_t n = read(fd, text + len, 65536);
        cr_assert(n >= 0);
        if (n == 0)
            break;
        len += (size_t)n;
    }
    text[len] = '\0';
    return text;
}

static char *release_stderr(int pipe_end)
{
    cr_assert_eq(dup2(pipe_end, STDERR_FILENO), STDERR_FILENO); /* drops the last writing end */
    return read_all(pipe_end);
}

static void start_with(const struct log_options *options)
{
    char error[256];
    cr_assert_eq(log_start(options, error, sizeof(error)), OK, "%s", error);
}

static void start(enum log_level level, enum log_format format, const char *path)
{
    start_with(&(struct log_options){.level = level, .format = format, .file = path});
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

Test(log, writes_at_once_before_start_and_after_stop)
{
    int pipe_end = capture_stderr();
    char seen[512];
    LOG_INFO("early");
    ssize_t n = read(pipe_end, seen, sizeof(seen) - 1);
    cr_assert(n > 0);
    seen[n] = '\0';
    cr_assert_not_null(strstr(seen, "level=info module=server msg=early\n"));

    start(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, NULL);
    log_stop();
    log_stop();
    LOG_INFO("late");
    char *rest = release_stderr(pipe_end);
    cr_assert_not_null(strstr(rest, "msg=late\n"));
    free(rest);
}

static int evaluated;
static const char *evaluate(void)
{
    evaluated++;
    return "x";
}

Test(log, filters_by_level_before_anything_is_evaluated)
{
    int pipe_end = capture_stderr();
    start(LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT, "");
    cr_assert(log_is_on(LOG_MODULE_NET, LOG_LEVEL_ERROR));
    cr_assert(log_is_on(LOG_MODULE_NET, LOG_LEVEL_WARN));
    cr_assert_not(log_is_on(LOG_MODULE_NET, LOG_LEVEL_INFO));
    LOG_DEBUG("hidden", LOG_STR("v", evaluate()));
    LOG_INFO("hidden", LOG_STR("v", evaluate()));
    LOG_WARN("shown", LOG_STR("v", evaluate()));
    LOG_ERROR("shown too", LOG_STR("v", evaluate()));
    log_stop();
    char *text = release_stderr(pipe_end);
    cr_assert_eq(evaluated, 2);
    cr_assert_eq(count_lines(text), 2);
    cr_assert_null(strstr(text, "hidden"));
    free(text);
}

Test(log, modules_have_levels_of_their_own_which_may_change)
{
    start_with(&(struct log_options){.level = LOG_LEVEL_WARN, .modules = "net=debug,chat=error"});
    cr_assert(log_is_on(LOG_MODULE_NET, LOG_LEVEL_DEBUG));
    cr_assert(log_is_on(LOG_MODULE_WEB, LOG_LEVEL_WARN));
    cr_assert_not(log_is_on(LOG_MODULE_WEB, LOG_LEVEL_INFO));
    cr_assert_not(log_is_on(LOG_MODULE_CHAT, LOG_LEVEL_WARN));

    cr_assert_eq(log_set_levels(LOG_LEVEL_INFO, "web=debug"), OK);
    cr_assert_not(log_is_on(LOG_MODULE_NET, LOG_LEVEL_DEBUG));
    cr_assert(log_is_on(LOG_MODULE_CHAT, LOG_LEVEL_INFO));
    cr_assert(log_is_on(LOG_MODULE_WEB, LOG_LEVEL_DEBUG));

    cr_assert_eq(log_set_levels(LOG_LEVEL_ERROR, "wed=debug"), ERR_SYNTAX);
    cr_assert(log_is_on(LOG_MODULE_WEB, LOG_LEVEL_DEBUG), "as before");
    log_stop();
}

Test(log, modules_that_do_not_exist_are_an_error_at_the_start)
{
    char error[256];
    const struct log_options options = {.level = LOG_LEVEL_WARN, .modules = "nut=debug"};
    cr_assert_eq(log_start(&options, error, sizeof(error)), ERR_SYNTAX);
    cr_assert_not_null(strstr(error, "nut=debug"));
}

/* Logs a line of each kind. */
static void log_both(void)
{
    const struct log_field fields[] = {LOG_STR("msg", "access"), LOG_INT("n", 1)};
    log_access(fields, 2);
    LOG_ERROR("error");
}

Test(log, access_lines_go_where_the_others_do_and_no_level_keeps_them_back)
{
    int pipe_end = capture_stderr();
    start(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT, NULL);
    log_both();
    log_stop();
    char *text = release_stderr(pipe_end);
    cr_assert_eq(count_lines(text), 2);
    cr_assert_not_null(strstr(text, " level=info module=net msg=access n=1\n"));
    free(text);
}

Test(log, access_lines_may_have_a_file_of_their_own)
{
    char path[] = "/tmp/log_test_XXXXXX";
    int fd = mkstemp(path);
    int pipe_end = capture_stderr();
    start_with(&(struct log_options){.level = LOG_LEVEL_ERROR, .access_file = path});
    log_both();
    log_stop();
    unlink(path);
    char *text = release_stderr(pipe_end), *access = read_all(fd);
    close(fd);
    cr_assert_eq(count_lines(text), 1);
    cr_assert_null(strstr(text, "msg=access"));
    cr_assert_eq(count_lines(access), 1);
    cr_assert_not_null(strstr(access, "msg=access"));
    free(text);
    free(access);
}

Test(log, lines_for_the_system_log_go_to_standard_error_after_stop_without_their_header)
{
    int pipe_end = capture_stderr();
    start_with(&(struct log_options){.level = LOG_LEVEL_INFO, .syslog = LOG_SYSLOG_DAEMON});
    log_stop();
    LOG_INFO("late");
    char *text = release_stderr(pipe_end);
    cr_assert_eq(strncmp(text, "ts=", 3), 0, "%s", text);
    free(text);
}

Test(log, a_file_of_access_lines_has_no_headers_of_the_system_log)
{
    char path[] = "/tmp/log_test_XXXXXX";
    int fd = mkstemp(path);
    start_with(&(struct log_options){
        .level = LOG_LEVEL_ERROR, .syslog = LOG_SYSLOG_DAEMON, .access_file = path});
    log_access(&LOG_STR("msg", "access"), 1);
    log_stop();
    unlink(path);
    char *access = read_all(fd);
    close(fd);
    cr_assert_eq(strncmp(access, "ts=", 3), 0, "%s", access);
    free(access);
}

Test(log, appends_to_a_file)
{
    char path[] = "/tmp/log_test_XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    for (int i = 0; i < 2; i++) {
        start(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON, path);
        LOG_DEBUG("line", LOG_INT("i", i));
        log_stop();
    }
    unlink(path);
    char *text = read_all(fd);
    close(fd);
    json_t *first = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *second = json_loads(strchr(text, '\n') + 1, 0, NULL);
    cr_assert_eq(json_integer_value(json_object_get(first, "i")), 0);
    cr_assert_eq(json_integer_value(json_object_get(second, "i")), 1);
    json_decref(first);
    json_decref(second);
    free(text);
}

Test(log, says_why_a_file_cannot_be_opened)
{
    char error[256];
    const struct log_options options = {.level = LOG_LEVEL_INFO, .file = "/nonexistent/log"};
    cr_assert_eq(log_start(&options, error, sizeof(error)), ERR_IO);
    cr_assert_str_eq(error, "log.file: cannot open '/nonexistent/log': No such file or directory");
    log_stop();
}

enum { FLOOD_THREADS = 4, FLOOD_LINES = 1000 };

static void *flood(void *unused)
{
    for (int i = 0; i < FLOOD_LINES; i++)
        LOG_INFO("flood", LOG_INT("i", i));
    return unused;
}

Test(log, keeps_lines_of_many_threads_whole)
{
    char path[] = "/tmp/log_test_XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    start(LOG_LEVEL_INFO, LOG_FORMAT_JSON, path);
    pthread_t threads[FLOOD_THREADS];
    for (int i = 0; i < FLOOD_THREADS; i++)
        pthread_create(&threads[i], NULL, flood, NULL);
    for (int i = 0; i < FLOOD_THREADS; i++)
        pthread_join(threads[i], NULL);
    log_stop();
    unlink(path);
    char *text = read_all(fd);
    close(fd);

    uint64_t written = 0, reported = 0;
    for (char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        json_t *object = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
        cr_assert_not_null(object);
        json_t *lost = json_object_get(object, "lines");
        if (lost != NULL)
            reported += (uint64_t)json_integer_value(lost);
        else
            written++;
        json_decref(object);
    }
    cr_assert_eq(reported, log_dropped());
    cr_assert_eq(written + log_dropped(), FLOOD_THREADS * FLOOD_LINES);
    free(text);
}

/* A pipe that nobody reads holds 64 KiB, the ring 256: the flood is larger than both. If a caller
 * blocked, the test would never end. */
enum { STALL_LINES = 8000 };

static void *stop_log(void *unused)
{
    log_stop();
    return unused;
}

Test(log, full_ring_drops_lines_and_reports_them_later)
{
    int pipe_end = capture_stderr();
    start(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, NULL);
    for (int i = 0; i < STALL_LINES; i++)
        LOG_INFO("nobody reads this", LOG_INT("i", i));
    uint64_t lost = log_dropped();
    cr_assert_gt(lost, 0);

    /* Somebody reads now; the report is among the lines. */
    pthread_t stopper;
    pthread_create(&stopper, NULL, stop_log, NULL);
    char last[65536];
    uint64_t reported = 0, seen = 0;
    size_t held = 0;
    while (seen + lost < STALL_LINES || reported < lost) {
        ssize_t n = read(pipe_end, last + held, sizeof(last) - held - 1);
        cr_assert(n > 0);
        held += (size_t)n;
        last[held] = '\0';
        char *line = last;
        for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            *end = '\0';
            char *lines = strstr(line, "msg=\"log lines dropped\" lines=");
            if (lines != NULL)
                reported += strtoull(strrchr(lines, '=') + 1, NULL, 10);
            else
                seen++;
        }
        held = strlen(line);
        memmove(last, line, held + 1);
    }
    pthread_join(stopper, NULL);
    cr_assert_eq(reported, lost);
    cr_assert_eq(seen + lost, STALL_LINES);
    close(pipe_end);
}

Test(log, stop_gives_up_on_a_reader_that_never_reads, .timeout = 20)
{
    int pipe_end = capture_stderr();
    start(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, NULL);
    for (int i = 0; i < STALL_LINES; i++)
        LOG_INFO("nobody reads this", LOG_INT("i", i));
    uint64_t before = log_dropped();
    log_stop();
    cr_assert_gt(log_dropped(), before, "what was in the ring is counted as lost");
    close(pipe_end);
}

Test(log, a_reader_that_is_gone_costs_lines_and_nothing_else)
{
    signal(SIGPIPE, SIG_IGN);
    close(capture_stderr());
    start(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, NULL);
    for (int i = 0; i < 100; i++)
        LOG_INFO("nobody is there");
    log_stop();
    cr_assert_eq(log_dropped(), 100);
}

Test(log, leaves_errno_alone)
{
    close(capture_stderr());
    signal(SIGPIPE, SIG_IGN);
    errno = ENOTTY;
    LOG_ERROR("write fails");
    cr_assert_eq(errno, ENOTTY);
}
