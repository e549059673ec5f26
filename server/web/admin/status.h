/* What the page /status is told: a sample of every second, and the busiest channels, for all who
 * watch. On loop 0.
 *
 * A server that nobody watches takes no samples. One that was watched goes on for as long as its
 * samples are kept, so that a page that is loaded again has no gap. */
#pragma once

#include "core/loop.h"
#include "simul/err.h"
#include "simul/span.h"

struct server;
struct status;
struct status_watch;

enum {
    STATUS_SAMPLES = 300, /* that are kept: the last five minutes */
    STATUS_WATCHERS_MAX = 32,
};

/* NULL without memory. */
struct status *status_new(struct server *server);
/* Nobody watches any more, and all mail has been delivered. NULL does nothing. */
void status_free(struct status *st);

/* The connection watches from now on, and is woken when there is news. ERR_LIMIT: too many do.
 * ERR_NOMEM. */
enum err status_watch(struct status *st, struct handle who, struct status_watch **out);
/* NULL does nothing. */
void status_unwatch(struct status_watch *w);

/* Whether there is an event that it has not seen. */
bool status_has_news(const struct status_watch *w);
/* The next event as it goes over the wire: "begin", which says what server it is; "past", some of
 * the samples that it has not been told, the oldest that are kept first; and "sample", the newest.
 * Empty without memory; valid until the next call. */
struct span status_take_news(struct status_watch *w);
