/* /status/events in a whole server, whose seconds pass when the test says so. */
#include "web/admin/status.h"

#include "unit/alloc_fail.h"
#include "unit/server_fixture.h"

#include <jansson.h>
#include <time.h>

static const char EVENTS[] = "GET /status/events HTTP/1.1\r\nHost: localhost\r\n\r\n";

static void setup(void)
{
    static const char *const settings[] = {"loops=2"};
    whole_start(settings, 1);
}

TestSuite(status, .init = setup, .fini = whole_stop);

static void pass_seconds(unsigned count)
{
    struct wheel *wheel = &whole.server->loops.loops[0].sched.wheel;
    for (unsigned i = 0; i < count; i++) {
        struct loop *l = &whole.server->loops.loops[0];
        l->now_ms = wheel->now_ms + 1001; /* the sampler's next second begins here */
        wheel_advance(wheel, l->now_ms);
    }
    whole_settle();
}

/* The data of the last event of that name in what was heard; NULL: there is none. */
static json_t *last_event(const char *heard, const char *name)
{
    char begin[64];
    snprintf(begin, sizeof(begin), "event: %s\ndata: ", name);
    const char *at = NULL;
    for (const char *next = heard; (next = strstr(next, begin)) != NULL; next++)
        at = next + strlen(begin);
    if (at == NULL)
        return NULL;
    json_error_t error;
    json_t *o = json_loadb(at, strcspn(at, "\n"), 0, &error);
    cr_assert_not_null(o, "%s: %.200s", error.text, at);
    return o;
}

static int watch(void)
{
    int fd = whole_connect("admin");
    const char *heard = whole_ask(fd, EVENTS);
    cr_assert_eq(strncmp(heard, "HTTP/1.1 200 OK\r\n", 17), 0, "%s", heard);
    cr_assert_not_null(strstr(heard, "\r\nContent-Type: text/event-stream\r\n"));
    return fd;
}

static size_t count(const char *text, const char *what)
{
    size_t found = 0;
    while ((text = strstr(text, what)) != NULL) {
        found++;
        text += strlen(what);
    }
    return found;
}

/* Takes turns until the events have come to those of this second; gives how many samples there were
 * in all of them. A turn brings one event at most. */
static size_t hear_samples(int fd, size_t *largest_event)
{
    size_t samples = 0, quiet = 0;
    *largest_event = 0;
    while (quiet < 3) {
        whole_tick(0);
        const char *heard = whole_heard(fd);
        size_t len = strlen(heard);
        samples += count(heard, "\"at_ms\":");
        *largest_event = len > *largest_event ? len : *largest_event;
        cr_assert_leq(count(heard, "event: past"), 1);
        quiet = len == 0 ? quiet + 1 : 0;
    }
    return samples;
}

/* How many samples are kept for one who comes now. */
static size_t samples_kept(void)
{
    size_t largest_event;
    int fd = whole_connect("admin");
    whole_say(fd, EVENTS);
    whole_tick(0);
    size_t kept = hear_samples(fd, &largest_event);
    close(fd);
    whole_settle();
    return kept;
}

Test(status, begins_with_what_the_server_is)
{
    int fd = whole_connect("admin");
    const char *heard = whole_ask(fd, EVENTS);
    cr_assert_not_null(strstr(heard, "retry: "));
    json_t *o = last_event(heard, "begin");
    cr_assert_str_eq(json_string_value(json_object_get(o, "version")), SIMUL_VERSION);
    cr_assert_eq(json_integer_value(json_object_get(o, "pid")), getpid());
    cr_assert_eq(json_integer_value(json_object_get(o, "loops")), 3);
    cr_assert(json_is_true(json_object_get(o, "hub_loop")));
    json_decref(o);
    cr_assert_null(strstr(heard, "event: past"));
    cr_assert_null(strstr(heard, "event: sample"));
    close(fd);
}

Test(status, tells_all_who_watch_of_each_second)
{
    int one = watch(), two = watch();
    pass_seconds(1);
    for (int i = 0; i < 2; i++) {
        json_t *o = last_event(whole_heard(i == 0 ? one : two), "sample");
        cr_assert_not_null(o);
        const json_t *sample = json_object_get(o, "sample");
        cr_assert_eq(json_integer_value(json_object_get(sample, "connections")), 2);
        cr_assert_eq(json_array_size(json_object_get(sample, "lag_us")), 3);
        cr_assert(json_is_false(json_object_get(o, "draining")));
        json_decref(o);
    }
    cr_assert_str_eq(whole_heard(one), "", "until the next second there is no more");
    close(one);
    close(two);
}

Test(status, tells_nothing_of_channels_while_the_hub_is_asked)
{
    int fd = watch();
    pass_seconds(2); /* so the hub, whose loop has no tick between the two, answers late */
    json_t *o = last_event(whole_heard(fd), "sample");
    cr_assert_not_null(o);
    cr_assert(json_is_null(json_object_get(o, "channels")));
    json_decref(o);
    close(fd);
}

Test(status, tells_of_channels_when_the_hub_has_answered)
{
    int talker = whole_connect("irc"), fd = watch();
    whole_ask(talker, "NICK a\r\nUSER a 0 * :a\r\nJOIN #room\r\nPRIVMSG #room :x\r\n");
    pass_seconds(1);
    whole_ask(talker, "PRIVMSG #room :x\r\nPRIVMSG #room :x\r\n");
    pass_seconds(1); /* in which the hub is asked */
    pass_seconds(1);
    json_t *o = last_event(whole_heard(fd), "sample"), *channels = json_object_get(o, "channels");
    cr_assert_eq(json_integer_value(json_object_get(channels, "count")), 1);
    const json_t *row = json_array_get(json_object_get(channels, "busiest"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(row, "name")), "#room");
    cr_assert_eq(json_integer_value(json_object_get(row, "members")), 1);
    json_decref(o);
    close(talker);
    close(fd);
}

Test(status, who_comes_later_is_told_what_was_before)
{
    int fd = watch();
    pass_seconds(3);
    cr_assert_eq(samples_kept(), 3);
    pass_seconds(STATUS_SAMPLES);
    cr_assert_eq(samples_kept(), STATUS_SAMPLES);
    close(fd);
}

Test(status, what_was_before_comes_in_slices)
{
    size_t largest_event;
    int first = watch();
    pass_seconds(STATUS_SAMPLES);
    int fd = whole_connect("admin");
    whole_say(fd, EVENTS);
    cr_assert_eq(hear_samples(fd, &largest_event), STATUS_SAMPLES);
    cr_assert_lt(largest_event, 16 * 1024);
    close(first);
    close(fd);
}

Test(status, the_newest_is_told_as_it_is_now)
{
    int fd = watch();
    pass_seconds(2);
    close(fd);
    whole_settle();
    pass_seconds(2); /* unwatched */
    whole.server->draining = true;
    fd = whole_connect("admin");
    json_t *o = last_event(whole_ask(fd, EVENTS), "sample");
    cr_assert(json_is_true(json_object_get(o, "draining")));
    const json_t *sample = json_object_get(o, "sample");
    cr_assert_eq(json_integer_value(json_object_get(sample, "connections")), 0);
    json_decref(o);
    close(fd);
}

Test(status, unwatched_samples_end_when_all_that_were_seen_are_gone)
{
    int fd = watch();
    pass_seconds(3);
    close(fd);
    whole_settle();
    pass_seconds(2);
    cr_assert_eq(samples_kept(), 5, "a page that is loaded again has no gap");
    pass_seconds(STATUS_SAMPLES + 1);
    cr_assert_eq(samples_kept(), 0);
    pass_seconds(1);
    cr_assert_eq(samples_kept(), 1, "and then they begin anew");
}

/* The only connection that there is. */
static const struct conn *watching(void)
{
    const struct conn_table *conns = &whole.server->threads[0].net.conns;
    for (uint32_t slot = 0;; slot++) {
        const struct conn *c = conn_table_at(conns, slot);
        cr_assert_not_null(c);
        if (c->session != NULL)
            return c;
    }
}

Test(status, a_watcher_that_takes_nothing_is_told_later)
{
    int other = watch(), small = 2048, large = 1 << 20;
    pass_seconds(STATUS_SAMPLES);
    close(other);
    whole_settle();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(&whole_listener("admin")->addr, &ss);
    cr_assert_eq(connect(fd, (struct sockaddr *)&ss, len), 0);
    whole_settle();
    cr_assert_eq(setsockopt(watching()->io.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    whole_say(fd, EVENTS);
    whole_settle();
    uint32_t queued = watching()->out.bytes;
    cr_assert_gt(queued, 0, "a slice is more than the peer takes at once");
    cr_assert_lt(queued, 16 * 1024, "and no other waits behind it");
    pass_seconds(5);
    cr_assert_leq(watching()->out.bytes, queued);

    /* The window opens by the kernel's timers, not by ours. */
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large)), 0);
    cr_assert_eq(setsockopt(watching()->io.fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large)), 0);
    struct buf all = {0};
    const char *end = NULL;
    for (int tries = 0; end == NULL && tries < 10000; tries++) {
        const struct timespec ms = {.tv_nsec = 1000 * 1000};
        nanosleep(&ms, NULL);
        whole_settle();
        cr_assert_eq(buf_append(&all, span_str(whole_heard(fd))), OK);
        cr_assert_eq(buf_append(&all, span_of("", 1)), OK);
        const char *newest = strstr((const char *)all.data, "event: sample");
        end = newest == NULL ? NULL : strstr(newest, "\n\n");
        all.len--;
    }
    cr_assert_not_null(end, "at the end it is told the newest");
    const char *text = (const char *)all.data;
    cr_assert_eq(count(text, "event: sample"), 1, "what was before it has come as the past");
    size_t told = count(text, "\"at_ms\":");
    cr_assert(told >= STATUS_SAMPLES && told <= STATUS_SAMPLES + 5, "%zu", told);
    buf_deinit(&all);
    close(fd);
}

Test(status, more_watchers_than_there_is_room_for_are_told_so)
{
    int fds[STATUS_WATCHERS_MAX];
    for (int i = 0; i < STATUS_WATCHERS_MAX; i++)
        fds[i] = watch();
    int more = whole_connect("admin");
    const char *answer = whole_ask(more, EVENTS);
    cr_assert_eq(strncmp(answer, "HTTP/1.1 503 ", 13), 0, "%s", answer);
    cr_assert_not_null(strstr(answer, "\r\nRetry-After: "));
    close(fds[0]);
    whole_settle();
    answer = whole_ask(more, EVENTS); /* on the same connection */
    cr_assert_eq(strncmp(answer, "HTTP/1.1 200 ", 13), 0, "%s", answer);
    for (int i = 1; i < STATUS_WATCHERS_MAX; i++)
        close(fds[i]);
    close(more);
}

Test(status, is_not_for_pages_of_other_sites)
{
    int fd = whole_connect("admin");
    const char *answer = whole_ask(fd, "GET /status/events HTTP/1.1\r\nHost: localhost\r\n"
                                       "Sec-Fetch-Site: cross-site\r\n\r\n");
    cr_assert_eq(strncmp(answer, "HTTP/1.1 403 ", 13), 0, "%s", answer);
    close(fd);
}

Test(status, asked_for_the_head_alone_it_ends_there)
{
    int fd = whole_connect("admin");
    const char *answer = whole_ask(fd, "HEAD /status/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                       "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    cr_assert_null(strstr(answer, "event:"));
    cr_assert_not_null(strstr(answer, "ok\n"), "the connection is for the next request");
    close(fd);
}

Test(status, says_that_the_server_drains)
{
    int fd = watch();
    whole.server->draining = true;
    pass_seconds(1);
    json_t *o = last_event(whole_heard(fd), "sample");
    cr_assert(json_is_true(json_object_get(o, "draining")));
    json_decref(o);
    close(fd);
}

Test(status, an_allocation_that_fails_is_answered_or_ends_the_connection)
{
    for (size_t failures = 0;; failures++) {
        int fd = whole_connect("admin");
        whole_settle();
        whole_say(fd, EVENTS);
        alloc_fail_after(failures);
        whole_settle();
        size_t seen = alloc_fail_stop();
        pass_seconds(1);
        cr_assert_not_null(whole_heard(fd));
        close(fd);
        whole_settle();
        pass_seconds(STATUS_SAMPLES + 1);
        if (seen <= failures)
            break;
    }
    cr_assert_eq(samples_kept(), 0);
}
