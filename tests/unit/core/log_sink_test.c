/* The sink by itself: files that are moved away and daemons that come and go. What the ring does
 * when it is full, log_test.c shows. */
#include "core/log_sink.h"

#include "unit/expect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static size_t tell_dropped(const struct log_sink *s, char line[LOG_SINK_LINE_BYTES_MAX],
                           uint64_t lines)
{
    (void)s;
    return (size_t)snprintf(line, LOG_SINK_LINE_BYTES_MAX, "lost %d\n", (int)lines);
}

static struct log_sink sink = LOG_SINK_INIT(tell_dropped);
static char dir[64], path[96], aside[96], text[512 * 1024];

static void setup(void)
{
    strcpy(dir, "/tmp/log_sink_test.XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/log", dir);
    snprintf(aside, sizeof(aside), "%s/aside", dir);
}

static void teardown(void)
{
    unlink(path);
    unlink(aside);
    rmdir(dir);
}

TestSuite(log_sink, .init = setup, .fini = teardown, .timeout = 60);

static void start(void)
{
    expect_ok(log_sink_open(&sink, path));
    expect_ok(log_sink_start(&sink));
}

static void push(const char *line)
{
    cr_assert(log_sink_push(&sink, line, strlen(line)));
}

static const char *read_file(const char *name)
{
    int fd = open(name, O_RDONLY);
    cr_assert(fd >= 0, "%s: %s", name, strerror(errno));
    ssize_t len = read(fd, text, sizeof(text) - 1);
    cr_assert(len >= 0);
    close(fd);
    text[len] = '\0';
    return text;
}

static void await_file(const char *name)
{
    while (access(name, F_OK) != 0)
        usleep(1000);
}

static void await_drops(uint64_t lines)
{
    while (atomic_load(&sink.dropped) < lines)
        usleep(1000);
}

Test(log_sink, takes_nothing_before_start_and_after_stop)
{
    cr_assert_not(log_sink_push(&sink, "x\n", 2));
    start();
    push("one\n");
    log_sink_stop(&sink);
    cr_assert_not(log_sink_push(&sink, "x\n", 2));
    cr_assert_str_eq(read_file(path), "one\n");
}

Test(log_sink, a_file_that_is_moved_away_is_opened_again_by_its_name)
{
    start();
    push("before\n");
    while (*read_file(path) == '\0') /* what still waits may go to the new one */
        usleep(1000);
    cr_assert_eq(rename(path, aside), 0);
    cr_assert(log_sink_reopen(&sink));
    await_file(path);
    push("after\n");
    log_sink_stop(&sink);
    cr_assert_str_eq(read_file(path), "after\n");
    cr_assert_str_eq(read_file(aside), "before\n");
}

Test(log_sink, lets_go_of_the_file_that_was_moved_away)
{
    start();
    cr_assert_eq(rename(path, aside), 0);
    struct stat moved;
    cr_assert_eq(stat(aside, &moved), 0);
    cr_assert(log_sink_reopen(&sink));
    await_file(path);
    log_sink_stop(&sink);
    for (int fd = 0; fd < 64; fd++) {
        struct stat open_file;
        cr_assert(fstat(fd, &open_file) != 0 || open_file.st_ino != moved.st_ino, "%d", fd);
    }
}

/* Numbered lines while the file is opened again and again: none is lost, torn or twice there. */
Test(log_sink, no_line_is_lost_or_torn_by_that)
{
    enum { LINES = 20000, LINES_PER_TURN = 500 };
    unsigned seen = 0, files = 0;
    char line[64], name[128];
    start();
    for (unsigned i = 0; i < LINES; i++) {
        int len = snprintf(line, sizeof(line), "%u %.*s\n", i, (int)(i % 40),
                           "........................................");
        while (sink.used > LOG_SINK_RING_BYTES / 2) /* an old value does: it is but a brake */
            usleep(100);
        cr_assert(log_sink_push(&sink, line, (size_t)len));
        if (i % LINES_PER_TURN != LINES_PER_TURN - 1)
            continue;
        snprintf(name, sizeof(name), "%s.%u", path, files++);
        cr_assert_eq(rename(path, name), 0);
        log_sink_reopen(&sink);
        await_file(path);
    }
    log_sink_stop(&sink);
    cr_assert_eq(atomic_load(&sink.dropped), 0);
    for (unsigned f = 0; f <= files; f++) {
        snprintf(name, sizeof(name), "%s.%u", path, f);
        read_file(f < files ? name : path);
        for (char *at = text; *at != '\0'; at = strchr(at, '\n') + 1) {
            cr_assert_eq(strtoul(at, &at, 10), seen);
            cr_assert_eq(strcspn(at + 1, "\n"), seen % 40);
            seen++;
        }
        if (f < files)
            unlink(name);
    }
    cr_assert_eq(seen, LINES);
}

Test(log_sink, an_opening_that_fails_leaves_the_old_file)
{
    start();
    push("before\n");
    cr_assert_eq(rename(path, aside), 0);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert(log_sink_reopen(&sink));
    while (*(volatile bool *)&sink.must_reopen)
        usleep(1000);
    push("after\n");
    log_sink_stop(&sink);
    cr_assert_eq(rmdir(path), 0);
    cr_assert_str_eq(read_file(aside), "before\nafter\n");
}

/* How large a file of this process may be, as a full disk would have it. */
static void limit_file(rlim_t bytes)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(log_sink, a_line_that_a_full_disk_has_torn_spoils_no_other)
{
    start();
    push("one\n");
    while (*read_file(path) == '\0')
        usleep(1000);
    limit_file(strlen("one\ntw"));
    push("two\n");
    await_drops(1);
    push("three\n");
    await_drops(2);
    limit_file(RLIM_INFINITY);
    push("four\n");
    log_sink_stop(&sink);
    cr_assert_str_eq(read_file(path), "one\ntw\nfour\nlost 2\n");
}

/* Whose reader sees each write by itself, since it is a pipe of packets: pipe(7), O_DIRECT. */
Test(log_sink, each_write_is_of_whole_lines)
{
    enum { ROUNDS = 5, LINES = 4000 };
    int ends[2], standard_error = dup(STDERR_FILENO);
    cr_assert_eq(pipe2(ends, O_DIRECT), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    expect_ok(log_sink_open(&sink, ""));
    expect_ok(log_sink_start(&sink));
    dup2(standard_error, STDERR_FILENO);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < LINES; i++)
            push(&"..................................................\n"[i % 50]);
        for (int seen = 0; seen < LINES;) {
            ssize_t len = read(ends[0], text, sizeof(text));
            cr_assert(len > 0 && text[len - 1] == '\n');
            for (ssize_t i = 0; i < len; i++)
                seen += text[i] == '\n';
        }
    }
    log_sink_stop(&sink);
    cr_assert_eq(atomic_load(&sink.dropped), 0);
}

Test(log_sink, standard_error_is_not_opened_again)
{
    expect_ok(log_sink_open(&sink, ""));
    expect_ok(log_sink_start(&sink));
    cr_assert_not(log_sink_reopen(&sink));
    log_sink_stop(&sink);
    cr_assert_not(log_sink_reopen(&sink));
}

Test(log_sink, a_pipe_that_nobody_reads_is_an_error_and_no_stand_still)
{
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_err(log_sink_open(&sink, path), ERR_IO);
    cr_assert_eq(errno, ENXIO);
}

/* --- the system's log -------------------------------------------------------------------- */

static int listen_there(void)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    strcpy(here.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
    return fd;
}

static void start_syslog(void)
{
    log_sink_open_syslog(&sink, path);
    expect_ok(log_sink_start(&sink));
}

static void expect_datagram(int fd, const char *want)
{
    ssize_t len = recv(fd, text, sizeof(text) - 1, 0);
    cr_assert(len >= 0);
    text[len] = '\0';
    cr_assert_str_eq(text, want);
}

Test(log_sink, each_line_is_a_datagram_without_its_line_feed)
{
    int daemon = listen_there();
    start_syslog();
    push("one\n");
    push("two and more\n");
    expect_datagram(daemon, "one");
    expect_datagram(daemon, "two and more");
    log_sink_stop(&sink);
    close(daemon);
}

Test(log_sink, lines_while_no_daemon_is_there_are_counted_and_told_of_later)
{
    start_syslog();
    push("nobody hears this\n");
    await_drops(1);
    push("nor this\n");
    await_drops(2);
    int daemon = listen_there();
    push("but this\n");
    expect_datagram(daemon, "but this");
    expect_datagram(daemon, "lost 2");
    log_sink_stop(&sink);
    close(daemon);
}

Test(log_sink, a_daemon_that_is_started_again_misses_nothing)
{
    int daemon = listen_there();
    start_syslog();
    push("one\n");
    expect_datagram(daemon, "one");
    close(daemon);
    cr_assert_eq(unlink(path), 0);
    daemon = listen_there();
    push("two\n");
    expect_datagram(daemon, "two");
    log_sink_stop(&sink);
    cr_assert_eq(atomic_load(&sink.dropped), 0);
    close(daemon);
}

/* The kernel keeps a few datagrams for it, the ring some more; no caller waits, and neither does
 * the end for longer than it says. */
Test(log_sink, a_daemon_that_has_stopped_costs_lines_and_nothing_else)
{
    enum { LINES = 40000 };
    int daemon = listen_there();
    start_syslog();
    for (int i = 0; i < LINES; i++)
        push("nobody takes this\n");
    cr_assert_gt(atomic_load(&sink.dropped), 0);
    log_sink_stop(&sink);
    unsigned taken = 0;
    while (recv(daemon, text, sizeof(text), MSG_DONTWAIT) >= 0)
        taken++;
    cr_assert_eq(taken + atomic_load(&sink.dropped), LINES);
    close(daemon);
}
