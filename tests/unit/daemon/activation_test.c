#include "daemon/activation.h"

#include "net/listener.h"
#include "simul/check.h"
#include "unit/expect.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct activation a;
static char error[256];

/* Puts the descriptors where whoever starts us does, and tells so. */
static void give(const int *fds, int count, const char *names)
{
    char text[16];
    for (int i = 0; i < count; i++) {
        CHECK(dup2(fds[i], ACTIVATION_FIRST_FD + i) >= 0);
        CHECK(fcntl(ACTIVATION_FIRST_FD + i, F_SETFD, 0) == 0);
    }
    snprintf(text, sizeof(text), "%d", getpid());
    setenv("LISTEN_PID", text, 1);
    snprintf(text, sizeof(text), "%d", count);
    setenv("LISTEN_FDS", text, 1);
    if (names != NULL)
        setenv("LISTEN_FDNAMES", names, 1);
    else
        unsetenv("LISTEN_FDNAMES");
}

/* In a process of its own, since Criterion has what is at 3 here. It uses CHECK, for the same
 * reason. */
static void run_apart(void (*f)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        f();
        _exit(0);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it failed with status %d", status);
}

static bool takes(enum err want, const char *says)
{
    return activation_take(&a, error, sizeof(error)) == want && strstr(error, says) != NULL;
}

static int listening(struct addr *addr)
{
    int fd;
    CHECK(addr_parse(addr, "127.0.0.1", 0) == OK);
    CHECK(listener_bind(addr, true, &fd) == OK);
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 50);
    close(fd);
    return high;
}

Test(activation, without_variables_there_is_nothing)
{
    unsetenv("LISTEN_FDS");
    expect_ok(activation_take(&a, error, sizeof(error)));
    cr_assert_eq(a.count, 0);
}

Test(activation, what_is_for_another_process_is_left_alone)
{
    setenv("LISTEN_PID", "1", 1);
    setenv("LISTEN_FDS", "1", 1);
    expect_ok(activation_take(&a, error, sizeof(error)));
    cr_assert_eq(a.count, 0);
    cr_assert_not_null(getenv("LISTEN_FDS"));
}

static void take_two(void)
{
    struct addr first, second;
    int fds[] = {listening(&first), listening(&second)};
    char text[ACTIVATION_TEXT_CHARS], want[ADDR_CHARS];
    give(fds, 2, "web:irc");
    CHECK(takes(OK, ""));
    CHECK(a.count == 2);
    CHECK(getenv("LISTEN_FDS") == NULL && getenv("LISTEN_PID") == NULL);
    CHECK(getenv("LISTEN_FDNAMES") == NULL);
    for (int fd = 3; fd < 5; fd++) {
        CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
        CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    }
    CHECK(strcmp(activation_address(&a.sockets[1], text), addr_format(&second, want)) == 0);
    const struct addr unix_addr = {.is_unix = 1};
    struct activation_place places[] = {{.name = "irc", .addr = &unix_addr, .path = "/run/s"},
                                        {.name = "more", .addr = &unix_addr, .path = "/run/t"},
                                        {.name = "other", .addr = &first}};
    CHECK(activation_assign(&a, places, 3, error, sizeof(error)) == OK);
    CHECK(places[0].socket == &a.sockets[1] && places[1].socket == NULL);
    CHECK(places[2].socket == &a.sockets[0]);
    places[0].addr = &first;
    places[0].name = "echo";
    CHECK(activation_assign(&a, places, 3, error, sizeof(error)) == ERR_SYNTAX);
    CHECK(strstr(error, "is called 'web', and might be for several;") != NULL);
    first.port++;
    CHECK(activation_assign(&a, places, 3, error, sizeof(error)) == ERR_SYNTAX);
    CHECK(strstr(error, "is called 'web', and belongs to no listener;") != NULL);
    a.sockets[1].fd = -1; /* a listener has taken it */
    activation_close(&a);
    CHECK(fcntl(3, F_GETFD) == -1);
    CHECK(fcntl(4, F_GETFD) != -1);
}

Test(activation, sockets_are_taken_with_their_names_and_addresses)
{
    run_apart(take_two);
}

static void take_unnamed(void)
{
    struct addr addr;
    int fds[] = {listening(&addr), listening(&addr)};
    give(fds, 2, NULL);
    CHECK(takes(OK, ""));
    CHECK(a.sockets[0].name[0] == '\0');
    struct activation_place place = {.name = "web", .addr = &addr};
    CHECK(activation_assign(&a, &place, 1, error, sizeof(error)) == ERR_SYNTAX);
    CHECK(place.socket == &a.sockets[1]);
}

Test(activation, names_may_be_missing)
{
    run_apart(take_unnamed);
}

static void take_others(void)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    give(pair, 1, "web");
    CHECK(takes(ERR_SYNTAX, "LISTEN_FDS: descriptor 3 (web) is no listening stream socket"));
    int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    give(&datagram, 1, NULL);
    CHECK(takes(ERR_SYNTAX, "LISTEN_FDS: descriptor 3 (unnamed) is no listening stream socket"));
}

Test(activation, what_does_not_listen_is_refused)
{
    run_apart(take_others);
}

Test(activation, numbers_that_make_no_sense_are_refused)
{
    static const char *const bad[] = {"", "x", "-1", "1x"};
    give(NULL, 0, NULL);
    cr_assert(takes(OK, ""));
    for (int i = 0; i < 4; i++) {
        give(NULL, 0, NULL);
        setenv("LISTEN_FDS", bad[i], 1);
        cr_assert(takes(ERR_SYNTAX, "LISTEN_FDS is no number"));
    }
    give(NULL, 0, NULL);
    setenv("LISTEN_FDS", "1000", 1);
    cr_assert(takes(ERR_LIMIT, "no more than 33"));
}
