/* Flood control: how fast a session's lines are taken. A client that sends faster gets no error and
 * loses nothing: its next line waits, nothing more is read meanwhile, and what it sends stays in
 * the kernel's buffers and then in its own. */
#pragma once

#include "core/rate.h"

#include <stdbool.h>

struct conn;
struct flood_wait;

/* Embedded in a session; zeroed at its start. */
struct flood {
    struct rate rate;
    struct flood_wait *wait; /* while a line must wait, which is rare */
};

/* Whether the next line of the chat session c must wait. If so, the session is woken in time;
 * without memory it is aborted. */
bool flood_must_wait(struct conn *c);
/* A line has been taken. */
void flood_count(struct conn *c);
/* The session ends. */
void flood_deinit(struct flood *f);
