/* Between client.c, the life of a connection, and client_io.c, what goes through its socket. */
#pragma once

#include "load/client.h"
#include "scenario/scenario.h"

static inline const struct scenario *scenario_of(const struct client *c)
{
    return c->driver->plan->scenario;
}

/* Which of EV_READ and EV_WRITE wake it. */
void client_watch(struct client *c, int events);

/* The socket takes more. */
void client_write_out(struct client *c);

/* There is something to be read, or to be said about the connection; may close it. */
void client_read_in(struct client *c);

/* All is sent: the scenario may send more, or we end our half. Where the wire has said goodbye the
 * server closes (RFC 6455 section 7.1.1), and has the port in TIME_WAIT instead of us. */
void client_meet_drained(struct client *c);
