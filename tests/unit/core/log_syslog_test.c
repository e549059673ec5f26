#include "core/log_syslog.h"

#include "unit/expect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct tm NOON = {.tm_mon = 10, .tm_mday = 2, .tm_hour = 12, .tm_min = 4, .tm_sec = 6};

static const char *header(enum log_syslog facility, enum log_level level)
{
    static char text[LOG_SYSLOG_HEADER_BYTES_MAX + 1];
    text[log_syslog_header(text, facility, level, &NOON, 4194304)] = '\0';
    return text;
}

/* RFC 3164 section 4.1.2: a day of one digit has a blank before it. */
Test(log_syslog, header_has_priority_time_and_process)
{
    cr_assert_str_eq(header(LOG_SYSLOG_DAEMON, LOG_LEVEL_INFO),
                     "<30>Nov  2 12:04:06 simuld[4194304]: ");
}

/* Section 4.1.1: eight times the facility, and the severity. */
Test(log_syslog, priority_is_of_facility_and_level)
{
    static const int severities[] = {3, 4, 6, 7};
    for (unsigned level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        cr_assert_eq(atoi(header(LOG_SYSLOG_DAEMON, level) + 1), 3 * 8 + severities[level]);
        for (unsigned i = 0; i < 8; i++)
            cr_assert_eq(atoi(header(LOG_SYSLOG_LOCAL0 + i, level) + 1),
                         (16 + (int)i) * 8 + severities[level]);
    }
}

Test(log_syslog, there_is_no_header_where_it_is_off)
{
    cr_assert_str_eq(header(LOG_SYSLOG_OFF, LOG_LEVEL_INFO), "");
}

Test(log_syslog, who_is_not_there_cannot_be_connected_to)
{
    cr_assert_eq(log_syslog_connect("/nonexistent/log"), -1);
    cr_assert_eq(errno, ENOENT);
}
