/* The system's log: a datagram for each line to a local socket, in the form that the C library's
 * syslog(3) gives it, which is RFC 3164's without the host. syslog(3) itself would wait for a
 * daemon that has stopped, and nobody could end it. */
#pragma once

#include "core/log.h"

#include <time.h>

enum { LOG_SYSLOG_HEADER_BYTES_MAX = 64 };

#define LOG_SYSLOG_PATH "/dev/log"

/* Writes what stands before a line: "<30>Nov 22 12:34:56 simuld[123]: ". Returns its length; 0
 * where the facility is off. */
size_t log_syslog_header(char header[LOG_SYSLOG_HEADER_BYTES_MAX], enum log_syslog facility,
                         enum log_level level, const struct tm *local, pid_t pid);

/* A socket whose datagrams go to `path`; it does not block. -1: nobody listens there; errno tells
 * why. */
int log_syslog_connect(const char *path);
