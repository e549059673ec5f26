#include "report/live.h"

#include "unit/alloc_fail.h"
#include "unit/loadtest/run_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct scheme WS = {.name = "ws", .carrier = CARRIER_WS, .port = 80};

/* A terminal: what a program writes to `to` is read from `screen_fd`. */
struct terminal {
    int screen_fd;
    FILE *to;
    char seen[16384];
};

static void terminal_open(struct terminal *t, const char *term)
{
    setenv("TERM", term, 1);
    setenv("NO_COLOR", "1", 1);
    t->screen_fd = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert_geq(t->screen_fd, 0);
    cr_assert(grantpt(t->screen_fd) == 0 && unlockpt(t->screen_fd) == 0);
    t->to = fopen(ptsname(t->screen_fd), "w");
    cr_assert_not_null(t->to);
}

static void terminal_resize(struct terminal *t, unsigned short columns)
{
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    cr_assert_eq(ioctl(t->screen_fd, TIOCSWINSZ, &size), 0);
}

/* What was written since it was last asked, of which all has come when it ends like that: a
 * terminal passes on in pieces. Criterion's time limit ends a test that waits in vain. */
static const char *terminal_seen(struct terminal *t, const char *end)
{
    size_t len = 0, end_len = strlen(end);
    do {
        ssize_t got = read(t->screen_fd, t->seen + len, sizeof(t->seen) - 1 - len);
        cr_assert_gt(got, 0);
        len += (size_t)got;
    } while (len < end_len || memcmp(t->seen + len - end_len, end, end_len) != 0);
    t->seen[len] = '\0';
    return t->seen;
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

#define HIDDEN "\033[?25l"
#define DRAWN "\033[J"
#define STOPPED "\033[J\033[?25h"

static struct terminal terminal;

Test(live, hides_the_cursor_and_gives_it_back, .timeout = 20)
{
    terminal_open(&terminal, "xterm");
    struct live *live = live_start(terminal.to);
    cr_assert_not_null(live);
    cr_expect_str_eq(terminal_seen(&terminal, HIDDEN), HIDDEN);
    live_stop(live);
    cr_expect_str_eq(terminal_seen(&terminal, STOPPED), STOPPED);
}

Test(live, draws_in_the_same_place_again, .timeout = 20)
{
    char back[16];
    unsigned rows = 0;
    terminal_open(&terminal, "xterm");
    terminal_resize(&terminal, 80);
    struct live *live = live_start(terminal.to);
    live_update(live, run_fixture(&WS));
    const char *at = terminal_seen(&terminal, DRAWN);
    cr_expect(begins_with(at, HIDDEN "echo ws://"), "%s", at);
    for (; (at = strchr(at, '\n')) != NULL; at++)
        rows++;
    snprintf(back, sizeof(back), "\033[%uA\r", rows);
    live_second(live, &fixture_run); /* is for lines, and shows nothing */
    live_update(live, &fixture_run);
    cr_expect(begins_with(terminal_seen(&terminal, DRAWN), back));
    live_stop(live);
    cr_expect(begins_with(terminal_seen(&terminal, STOPPED), back));
}

Test(live, begins_anew_on_a_terminal_that_became_narrower, .timeout = 20)
{
    terminal_open(&terminal, "xterm");
    terminal_resize(&terminal, 80);
    struct live *live = live_start(terminal.to);
    live_update(live, run_fixture(&WS));
    terminal_seen(&terminal, DRAWN);
    terminal_resize(&terminal, 60);
    live_update(live, &fixture_run);
    cr_expect(begins_with(terminal_seen(&terminal, DRAWN), "\033[H\033[2Jecho"));
    live_stop(live);
}

Test(live, prints_lines_where_nothing_can_be_drawn, .timeout = 20)
{
    terminal_open(&terminal, "dumb");
    struct live *live = live_start(terminal.to);
    live_update(live, run_fixture(&WS)); /* is for terminals, and shows nothing */
    live_second(live, &fixture_run);
    live_stop(live);
    const char *lines = terminal_seen(&terminal, "running\r\n");
    cr_expect(begins_with(lines, "   time"), "%s", lines);
    cr_expect_not_null(strstr(lines, "0:12"));
    cr_expect_null(strchr(lines, '\033'));
}

Test(live, is_none_without_memory)
{
    alloc_fail_after(0);
    struct live *live = live_start(stderr);
    alloc_fail_stop();
    cr_expect_null(live);
    live_stop(live);
}
