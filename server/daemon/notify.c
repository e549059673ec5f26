#include "daemon/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_BYTES_MAX = 256 };

static struct {
    int fd;
    uint64_t watchdog_us;
} manager = {.fd = -1};

/* An abstract address is written with an @ for its zero. */
static void connect_to(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || len >= sizeof(to.sun_path))
        return;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t to_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, to_bytes) == 0)
        manager.fd = fd;
    else if (fd >= 0)
        close(fd);
}

void notify_open(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    const char *pid = getenv("WATCHDOG_PID"), *us = getenv("WATCHDOG_USEC");
    if (path != NULL)
        connect_to(path);
    bool is_for_us = pid == NULL || strtoll(pid, NULL, 10) == getpid();
    if (manager.fd >= 0 && us != NULL && is_for_us)
        manager.watchdog_us = strtoull(us, NULL, 10);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
}

void notify_close(void)
{
    if (manager.fd >= 0)
        close(manager.fd);
    manager.fd = -1;
    manager.watchdog_us = 0;
}

uint64_t notify_watchdog_us(void)
{
    return manager.watchdog_us;
}

void notify_send(const char *format, ...)
{
    char message[MESSAGE_BYTES_MAX];
    if (manager.fd < 0)
        return;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (len > 0 && (size_t)len < sizeof(message))
        (void)!send(manager.fd, message, (size_t)len, MSG_NOSIGNAL);
}
