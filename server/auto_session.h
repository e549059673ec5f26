/* The sessions that begin where a port speaks both HTTP and IRC. */
#pragma once

#include "net/conn.h"

#include <stdbool.h>

/* Looks at the first line, and becomes an HTTP or an IRC session (protocol=auto). */
extern const struct session_type auto_session;
/* The same for a peer that is not let in: it is told so in HTTP or IRC. */
extern const struct session_type auto_refusal_session;

/* Whether the bytes that have come so far begin an HTTP request: with a method and a space. */
bool auto_session_begins_http(struct span in);
