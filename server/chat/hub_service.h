/* The hub at work: it lives on one loop (that of the connections if there is only one, else one of
 * its own), takes the commands that loops post, gives them their order through the log, applies
 * them, and sends out what follows.
 *
 * It applies a command only while the delivery queue of every loop has room, and is woken when one
 * that was full has been worked off. What waits here is bounded by the loops' credits. */
#pragma once

#include "chat/command.h"
#include "chat/hub/survey.h"
#include "core/loop.h"
#include "core/metrics.h"

#include <stdbool.h>

struct chat_loop;
struct config;

/* As in core/metrics.h; written by the hub's loop. */
#define HUB_METRICS(X, F, V)                                                                       \
    X(users, gauge, "Users of the chat")                                                           \
    X(operators, gauge, "Users of the chat who are operators")                                     \
    X(channels, gauge, "Channels of the chat")                                                     \
    F(hub_entries, counter, "kind",                                                                \
      "Entries that the hub has applied: registrations, lines, "                                   \
      "the ends of sessions, and other settings")                                                  \
    V(hub_registrations, "register")                                                               \
    V(hub_lines, "line")                                                                           \
    V(hub_closes, "close")                                                                         \
    V(hub_reloads, "settings")                                                                     \
    X(hub_waiting, gauge, "Entries that the hub has yet to apply")                                 \
    X(hub_waits, counter, "Times that the hub waited for a loop to work off deliveries")           \
    X(hub_deliveries, counter, "Deliveries of the hub, one for each loop that they concern")

struct hub_metrics {
    HUB_METRICS(METRIC_FIELD, METRIC_FAMILY, METRIC_VALUE)
};

/* `key`, for the hub's tables and for hosts unless chat.cloak_key is set, is random and secret.
 * NULL without memory. hub_loop and config are borrowed. */
struct hub_service *hub_service_new(struct loop *hub_loop, const struct config *config,
                                    const struct siphash_key *key);
/* The loops have stopped, and their mail has been delivered. */
void hub_service_free(struct hub_service *h);

/* Once for each loop with connections, before any of them runs. */
void hub_service_attach(struct hub_service *h, struct chat_loop *cl);

/* May be read from any thread. */
const struct hub_metrics *hub_service_metrics(const struct hub_service *h);

/* What cloak() hides hosts with. From any thread. */
const struct siphash_key *hub_service_cloak_key(const struct hub_service *h);

/* A part of the tick of the hub's loop, behind whatever posts commands: applies those that have
 * arrived, within a budget. */
void hub_service_run(struct hub_service *h);
/* Whether hub_service_run could go on at once. While a queue is full it is not: mail will come. */
bool hub_service_has_work(const struct hub_service *h);

/* Posts a command to the hub, which takes it over until it comes back. For the loop that
 * command->head.loop lives on. */
void hub_service_post(struct hub_service *h, struct chat_command *command);

/* For a loop whose delivery queue has shrunk: the hub may be waiting for that. */
void hub_service_drained(struct hub_service *h, struct chat_loop *cl);

/* A walk over the channels that is asked for by a loop, and comes back to it. */
struct hub_survey {
    struct survey survey; /* what was found, when it is back */
    void (*done)(struct hub_survey *s);

    struct mail mail;
    struct hub_service *hub;
    struct loop *from;
};

/* Begins the walk: `s`, with `done` set, belongs to the hub until `done` is called on loop `from`,
 * which is the caller's. Comes back even while the loops stop. */
void hub_service_survey(struct hub_service *h, struct loop *from, struct hub_survey *s);
