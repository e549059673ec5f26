/* The format of a log line; see log.h. Pure: no clock, no file, no lock. */
#pragma once

#include "core/log.h"

#include <time.h>

/* Formats one line, with its line feed, into `line` (LOG_LINE_BYTES_MAX bytes). `now` is the time
 * of day. Returns the length. */
size_t log_line_format(char *line, enum log_format format, struct timespec now,
                       enum log_module module, enum log_level level, const struct log_field *fields,
                       size_t count);
