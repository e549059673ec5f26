/* Flood control: how fast a session's lines are taken. Whoever sends faster is not answered with
 * an error and loses nothing: its next line waits, nothing more is read meanwhile, and what it
 * sends stays in the kernel and then with itself. */
#pragma once

#include "core/rate.h"
#include "core/wheel.h"

#include <stdbool.h>

struct conn;

/* Embedded in a session; zeroed at its start. */
struct flood {
    struct rate rate;
    struct wheel_timer timer; /* runs while a line must wait */
};

/* Whether the next line of c, a chat session, must wait. If so, the session is woken when the time
 * has come. */
bool flood_must_wait(struct conn *c);
/* A line has been taken. */
void flood_count(struct conn *c);
/* The session ends. */
void flood_deinit(struct flood *f);
