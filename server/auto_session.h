/* Which session begins on a new connection, and the ones that are not of one protocol alone. */
#pragma once

#include "net/conn.h"

#include <stdbool.h>

/* Looks at the first line and becomes an HTTP or an IRC session (protocol=auto). */
extern const struct session_type auto_session;
/* The same for one that is not let in: it is told so as HTTP or as IRC. */
extern const struct session_type auto_refusal_session;

/* Whether the bytes are the beginning of an HTTP request, as far as they came: a method and a
 * space. */
bool auto_session_begins_http(struct span in);
