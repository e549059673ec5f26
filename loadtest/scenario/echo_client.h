/* A client that talks to an echo server: what it sends must come back, whole, unchanged, once and
 * in order. Whose turn it is to send, and when, the scenario decides. */
#pragma once

#include "load/client.h"
#include "load/flight.h"
#include "load/payload.h"

struct echo_client {
    struct client client;
    struct payload *payload; /* borrowed */
    struct flight flight;
    uint64_t got;               /* bytes of the message that comes now */
    uint8_t stamp[STAMP_BYTES]; /* its first ones */
    bool is_unlike;             /* it is not the one that was to come next */
    uint8_t wrong_in_row;
};

/* Sends a message that was to be sent then. */
void echo_client_send(struct echo_client *e, uint64_t intended_ns);

/* Compares what came with what was sent, and counts. May close the client. */
void echo_client_take(struct echo_client *e, const struct message *m);

/* Waits no longer for replies that did not come within the time-out; true if there are some. They
 * are lost when the connection ends; if they come before, they count like all others, and so does
 * their latency. */
bool echo_client_sweep(struct echo_client *e);

/* Gives up all that is on its way: the connection is gone, or the run ends. */
void echo_client_clear(struct echo_client *e);
