/* A TCP echo that was asked to misbehave. Faults count bytes of the stream, whatever the reads. */
#pragma once

#include "net/conn.h"

struct faults;

extern const struct session_type tcp_faulty_session;

/* Hands over what was asked for; `frame` is what conn_become gave. */
void tcp_faulty_session_init(void *frame, const struct faults *faults);
