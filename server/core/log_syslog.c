#include "core/log_syslog.h"

#include "simul/check.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* RFC 3164 section 4.1.1. */
enum { FACILITY_DAEMON = 3, FACILITY_LOCAL0 = 16 };
static const int SEVERITIES[] = {
    [LOG_LEVEL_ERROR] = 3, [LOG_LEVEL_WARN] = 4, [LOG_LEVEL_INFO] = 6, [LOG_LEVEL_DEBUG] = 7};

size_t log_syslog_header(char header[LOG_SYSLOG_HEADER_BYTES_MAX], enum log_syslog facility,
                         enum log_level level, const struct tm *local, pid_t pid)
{
    if (facility == LOG_SYSLOG_OFF)
        return 0;
    int code = facility == LOG_SYSLOG_DAEMON
                   ? FACILITY_DAEMON
                   : FACILITY_LOCAL0 + (int)(facility - LOG_SYSLOG_LOCAL0);
    char stamp[32];
    strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", local);
    int len = snprintf(header, LOG_SYSLOG_HEADER_BYTES_MAX,
                       "<%d>%s simuld[%d]: ", code * 8 + SEVERITIES[level], stamp, (int)pid);
    CHECK(len < LOG_SYSLOG_HEADER_BYTES_MAX);
    return (size_t)len;
}

int log_syslog_connect(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    CHECK(len < sizeof(to.sun_path));
    memcpy(to.sun_path, path, len);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}
