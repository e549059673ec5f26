#include "daemon/notify.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A manager on an abstract address, which leaves no file. */
static int manager;
static char name[64];

static void open_manager(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(name, sizeof(name), "@simul-notify-test-%d", (int)getpid());
    memcpy(at.sun_path + 1, name + 1, strlen(name) - 1);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(manager, (struct sockaddr *)&at, bytes), 0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static void close_manager(void)
{
    notify_close();
    close(manager);
}

TestSuite(notify, .init = open_manager, .fini = close_manager);

static const char *told(void)
{
    static char text[512];
    ssize_t n = recv(manager, text, sizeof(text) - 1, 0);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

Test(notify, tells_the_manager)
{
    notify_open();
    notify_send("READY=1\nMAINPID=%d", 7);
    cr_assert_str_eq(told(), "READY=1\nMAINPID=7");
}

Test(notify, forgets_the_variables)
{
    setenv("WATCHDOG_USEC", "1000000", 1);
    notify_open();
    cr_assert_null(getenv("NOTIFY_SOCKET"));
    cr_assert_null(getenv("WATCHDOG_USEC"));
    cr_assert_eq(notify_watchdog_us(), 1000000);
}

Test(notify, is_no_watchdog_of_another_process)
{
    setenv("WATCHDOG_USEC", "1000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    notify_open();
    cr_assert_eq(notify_watchdog_us(), 0);
}

Test(notify, says_nothing_without_a_manager)
{
    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "1000000", 1);
    notify_open();
    notify_send("READY=1");
    cr_assert_eq(notify_watchdog_us(), 0);
    cr_assert_str_eq(told(), "");
}

Test(notify, does_not_wait_for_one_that_has_gone_or_is_full)
{
    notify_open();
    for (int i = 0; i < 10000; i++)
        notify_send("WATCHDOG=1");
    cr_assert_str_eq(told(), "WATCHDOG=1");
    close(manager);
    notify_send("WATCHDOG=1");
}

Test(notify, leaves_out_what_is_too_long)
{
    notify_open();
    notify_send("STATUS=%0300d", 1);
    cr_assert_str_eq(told(), "");
}
