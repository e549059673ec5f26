/* Which session begins on a new connection, and the ones that are not of one protocol alone. */
#pragma once

#include "net/conn.h"

/* Looks at the first line and becomes an HTTP or an IRC session (protocol=auto). */
extern const struct session_type auto_session;
