#include "unit/alloc_fail.h"
#include "unit/server_fixture.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>

static int admin;

static void setup(void)
{
    static const char *const settings[] = {"loops=2"};
    whole_start(settings, 1);
    admin = whole_connect("admin");
}

static void teardown(void)
{
    close(admin);
    whole_stop();
}

TestSuite(admin, .init = setup, .fini = teardown);

/* The body of the answer, which has this status. */
static const char *get(const char *path, int status)
{
    char request[128], line[16];
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    const char *answer = whole_ask(admin, request);
    snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
    cr_assert_eq(strncmp(answer, line, strlen(line)), 0, "%s", answer);
    const char *body = strstr(answer, "\r\n\r\n");
    cr_assert_not_null(body);
    return body + 4;
}

static const char *metrics(void)
{
    static char copy[sizeof(whole.heard)];
    strcpy(copy, get("/metrics", 200));
    return copy;
}

/* --- the text format --------------------------------------------------------------------- */

struct family {
    char name[64];
    char type[16];
    bool has_help;
};

static bool is_name(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    return len > 0 && !isdigit((unsigned char)text[0]);
}

/* A comment begins a family, or gives its type. */
static void read_comment(struct family *f, const char *line)
{
    char name[64], type[16];
    if (sscanf(line, "# HELP %63s", name) == 1) {
        cr_assert_str_neq(f->name, name, "two helps");
        *f = (struct family){.has_help = true};
        strcpy(f->name, name);
        cr_assert_eq(strchr(line, '\\'), NULL);
        return;
    }
    cr_assert_eq(sscanf(line, "# TYPE %63s %15s", name, type), 2, "%s", line);
    cr_assert_str_eq(name, f->name, "help and type belong together");
    strcpy(f->type, type);
}

/* A sample is of the family that was begun last. */
static void read_sample(const struct family *f, const char *line)
{
    size_t name_len = strcspn(line, "{ ");
    cr_assert(is_name(line, name_len), "%s", line);
    cr_assert_eq(strncmp(line, f->name, strlen(f->name)), 0, "%s in %s", line, f->name);
    const char *suffix = line + strlen(f->name);
    if (strcmp(f->type, "histogram") == 0)
        cr_assert(strncmp(suffix, "_bucket{", 8) == 0 || strncmp(suffix, "_sum", 4) == 0 ||
                      strncmp(suffix, "_count", 6) == 0,
                  "%s", line);
    else
        cr_assert_eq(name_len, strlen(f->name), "%s", line);
    char *end;
    const char *value = strrchr(line, ' ') + 1;
    double number = strtod(value, &end);
    cr_assert(end != value && *end == '\0' && !isnan(number) && number >= 0, "%s", line);
}

Test(admin, metrics_are_in_prometheus_text_format)
{
    char *text = strdup(metrics()), *rest = text, *line;
    struct family f = {0};
    size_t samples = 0;
    cr_assert_eq(text[strlen(text) - 1], '\n');
    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
        if (line[0] == '#') {
            read_comment(&f, line);
            continue;
        }
        cr_assert(f.has_help && f.type[0] != '\0');
        bool is_counter = strcmp(f.type, "counter") == 0;
        size_t len = strlen(f.name);
        cr_assert_eq(is_counter, len > 6 && strcmp(f.name + len - 6, "_total") == 0, "%s", f.name);
        read_sample(&f, line);
        samples++;
    }
    cr_assert_gt(samples, 20);
    free(text);
}

Test(admin, no_sample_is_there_twice)
{
    char *text = strdup(metrics()), *rest = text, *line;
    static char names[2000][160];
    size_t count = 0;
    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
        if (line[0] == '#')
            continue;
        cr_assert_lt(count, 2000);
        snprintf(names[count], sizeof(names[0]), "%.*s", (int)(strrchr(line, ' ') - line), line);
        for (size_t i = 0; i < count; i++)
            cr_assert_str_neq(names[i], names[count]);
        count++;
    }
    free(text);
}

static double value_of(const char *text, const char *sample)
{
    const char *at = strstr(text, sample);
    cr_assert_not_null(at, "%s", sample);
    return strtod(at + strlen(sample), NULL);
}

Test(admin, every_loop_has_its_own_samples)
{
    const char *text = metrics();
    cr_assert_eq(value_of(text, "\nsimul_connections{loop=\"0\"} "), 1);
    cr_assert_eq(value_of(text, "\nsimul_connections{loop=\"1\"} "), 0);
    cr_assert_eq(value_of(text, "\nsimul_connections{loop=\"2\"} "), 0, "the hub's own");
    cr_assert_null(strstr(text, "{loop=\"3\"}"));
}

Test(admin, counters_count)
{
    double before = value_of(metrics(), "\nsimul_http_requests_total{loop=\"0\"} ");
    get("/livez", 200);
    cr_assert_eq(value_of(metrics(), "\nsimul_http_requests_total{loop=\"0\"} "), before + 2);
}

Test(admin, the_process_is_told)
{
    const char *text = metrics();
    cr_assert_not_null(strstr(text, "\nsimul_build_info{version=\"" SIMUL_VERSION "\"} 1\n"));
    cr_assert_gt(value_of(text, "\nprocess_resident_memory_bytes "), 1000 * 1000);
    cr_assert_lt(value_of(text, "\nsimul_uptime_seconds "), 60);
}

Test(admin, buckets_of_a_histogram_add_up)
{
    char *text = strdup(metrics()), *rest = text, *line;
    double last = 0, infinite = -1;
    size_t buckets = 0;
    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
        if (line[0] == '#')
            continue;
        double value = strtod(strrchr(line, ' '), NULL);
        bool is_infinite = strstr(line, "le=\"+Inf\"") != NULL;
        if (strstr(line, "_bucket{") != NULL) {
            cr_assert_geq(value, last, "%s", line);
            last = is_infinite ? 0 : value;
            buckets++;
        }
        if (is_infinite)
            infinite = value;
        if (strstr(line, "_seconds_count{") != NULL)
            cr_assert_eq(value, infinite, "%s", line);
    }
    cr_assert_gt(buckets, 0);
    free(text);
}

Test(admin, without_workers_there_are_no_samples_of_them)
{
    cr_assert_null(strstr(metrics(), "worker"));
}

/* --- probes ------------------------------------------------------------------------------ */

Test(admin, it_is_alive_and_ready)
{
    cr_assert_str_eq(get("/livez", 200), "ok\n");
    cr_assert_str_eq(get("/readyz", 200), "ok\n");
}

Test(admin, while_it_drains_it_is_alive_and_not_ready)
{
    whole.server->draining = true;
    for (unsigned i = 0; i < whole.server->net_count; i++)
        net_drain(&whole.server->threads[i].net, NULL);
    cr_assert_str_eq(get("/readyz", 503), "draining\n");
    int again = whole_connect("admin");
    cr_assert_eq(strncmp(whole_ask(again, "GET /livez HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 ", 13), 0,
                 "this listener closes last");
    close(again);
}

/* --- JSON -------------------------------------------------------------------------------- */

static json_t *get_json(const char *path)
{
    json_error_t error;
    json_t *all = json_loads(get(path, 200), 0, &error);
    cr_assert_not_null(all, "%s", error.text);
    return all;
}

Test(admin, stats_are_json_of_the_same_counters)
{
    json_t *all = get_json("/stats");
    cr_assert_str_eq(json_string_value(json_object_get(all, "version")), SIMUL_VERSION);
    cr_assert_eq(json_integer_value(json_object_get(all, "pid")), getpid());
    cr_assert(json_is_false(json_object_get(all, "draining")));
    cr_assert(json_is_null(json_object_get(all, "jobs")));
    json_t *loops = json_object_get(all, "loops");
    cr_assert_eq(json_array_size(loops), 2);
    json_t *first = json_array_get(loops, 0);
    cr_assert_eq(json_integer_value(json_object_get(first, "index")), 0);
    cr_assert_eq(json_integer_value(json_object_get(first, "connections")), 1);
    json_decref(all);
}

Test(admin, the_loops_times_are_json)
{
    get("/livez", 200);
    json_t *all = get_json("/debug/loops");
    cr_assert_eq(json_array_size(all), 3, "the hub has a loop of its own");
    cr_assert(json_is_true(json_object_get(json_array_get(all, 2), "runs_hub")));
    const json_t *first = json_array_get(all, 0);
    cr_assert_eq(json_array_size(json_object_get(first, "stages")), STAGE_COUNT);
    const json_t *session = json_array_get(json_object_get(first, "sessions"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(session, "session")), "admin");
    const json_t *longest = json_object_get(session, "longest");
    cr_assert_gt(json_number_value(json_object_get(longest, "us")), 0);
    cr_assert_gt(json_integer_value(json_object_get(longest, "to_line")), 0);
    json_decref(all);
}

/* --- refusals ---------------------------------------------------------------------------- */

Test(admin, nothing_is_changed_from_here)
{
    static const char *const paths[] = {"/metrics", "/livez",       "/readyz",
                                        "/stats",   "/debug/loops", "/debug/stall"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char request[128];
        snprintf(request, sizeof(request),
                 "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", paths[i]);
        const char *answer = whole_ask(admin, request);
        cr_assert_eq(strncmp(answer, "HTTP/1.1 405 ", 13), 0, "%s", answer);
        cr_assert_not_null(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
    }
}

Test(admin, nobody_stops_a_loop_by_default)
{
    get("/debug/stall?ms=1", 404);
}

Test(admin, an_allocation_that_fails_is_answered_or_ends_the_connection)
{
    size_t failures = 0, refused = 0;
    for (;; failures++) {
        int fd = whole_connect("admin");
        whole_settle();
        whole_say(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        alloc_fail_after(failures);
        whole_settle();
        size_t seen = alloc_fail_stop();
        const char *answer = whole_heard(fd);
        refused += strncmp(answer, "HTTP/1.1 503 ", 13) == 0;
        close(fd);
        whole_settle();
        if (seen <= failures)
            break;
        cr_assert_neq(strncmp(answer, "HTTP/1.1 200 ", 13), 0, "allocation %zu", failures);
    }
    cr_assert_gt(refused, 2);
}

/* The answer to a request for /stats under that name, behind whom `more` names. */
static const char *ask_as(const char *host, const char *more)
{
    char request[256];
    snprintf(request, sizeof(request), "GET /stats HTTP/1.1\r\nHost: %s\r\n%s\r\n", host, more);
    return whole_ask(admin, request);
}

Test(admin, a_page_whose_name_points_here_reads_nothing)
{
    static const char *const names[] = {"evil.example", "evil.example:9090", "127.evil.example",
                                        "localhost.evil.example"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *answer = ask_as(names[i], "");
        cr_assert_eq(strncmp(answer, "HTTP/1.1 403 ", 13), 0, "%s: %s", names[i], answer);
        cr_assert_null(strstr(answer, "\"pid\""));
    }
}

Test(admin, names_of_loopback_are_served)
{
    static const char *const names[] = {"localhost", "localhost:9090", "127.0.0.1:9090", "[::1]:1"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        cr_assert_eq(strncmp(ask_as(names[i], ""), "HTTP/1.1 200 ", 13), 0, "%s", names[i]);
}

Test(admin, a_strangers_word_for_whom_it_is_does_not_help)
{
    const char *answer = ask_as("evil.example", "X-Forwarded-For: 192.0.2.1\r\n");
    cr_assert_eq(strncmp(answer, "HTTP/1.1 403 ", 13), 0, "%s", answer);
}
