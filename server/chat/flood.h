/* Flood control: how fast a session's lines are taken. Whoever sends faster is not answered with
 * an error and loses nothing: its next line waits, nothing more is read meanwhile, and what it
 * sends stays in the kernel and then with itself. */
#pragma once

#include "core/rate.h"

#include <stdbool.h>

struct conn;
struct flood_wait;

/* Embedded in a session; zeroed at its start. */
struct flood {
    struct rate rate;
    struct flood_wait *wait; /* while a line must wait, which few sessions ever do */
};

/* Whether the next line of c, a chat session, must wait. If so, the session is woken when the time
 * has come; without memory it is aborted. */
bool flood_must_wait(struct conn *c);
/* A line has been taken. */
void flood_count(struct conn *c);
/* The session ends. */
void flood_deinit(struct flood *f);
