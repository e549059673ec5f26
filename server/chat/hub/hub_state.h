/* The hub's inside, for hub.c, user.c, channel.c and the verbs in cmd_*.c: its state, and one entry
 * being applied. */
#pragma once

#include "chat/hub/caps.h"
#include "chat/hub/channel.h"
#include "chat/hub/hub.h"
#include "chat/hub/roster.h"
#include "chat/hub/table.h"
#include "chat/hub/user.h"
#include "chat/hub/watch.h"
#include "chat/hub/whowas.h"
#include "simul/buf.h"
#include "simul/check.h"
#include "simul/irc.h"
#include "simul/list.h"

#include <stdbool.h>
#include <stdlib.h>

/* The sessions of one loop, by slot; NULL where there is none. */
struct hub_slots {
    struct hub_session **at;
    size_t count;
};

/* Sessions that are to hear one message, in no channel together. */
struct recipients {
    struct handle *at; /* count of them */
    size_t count, cap;
};

struct hub {
    struct hub_options options; /* server_name is our own copy */
    struct hub_sink *sink;
    struct hub_slots *loops;                 /* options.loops of them */
    struct table users;                      /* by folded nick */
    struct table channels;                   /* by folded name */
    struct table watched;                    /* nicks that are watched, by folded nick */
    struct roster user_order, channel_order; /* the same, in the order in which they came */
    struct hub_counts counts;
    struct whowas whowas;

    /* Channel slots that are free again; beyond them, channel_slots is the next. */
    uint32_t *free_slots;
    size_t free_slot_count, free_slot_cap;
    uint32_t channel_slots;

    uint64_t mark; /* channel.mark of those that are in some set just now */

    struct recipients recipients; /* of the message that is being sent */
    struct buf scratch;           /* the line that is being formatted */
    struct buf replies;           /* of the call in progress, not sent yet */
};

struct hub_session {
    struct handle handle;
    uint32_t watch_count;
    struct list watches; /* watch.in_session, in order of watching */
    struct user *user;
    struct list in_user;
};

/* One entry being applied. */
struct hub_call {
    struct hub *hub;
    struct position at;
    uint16_t parts;     /* messages made so far */
    struct handle from; /* outlives the session, which QUIT frees */
    struct hub_session *session;
    struct user *user;
    const struct irc_line *line; /* of ENTRY_LINE, as are the rest */
    uint32_t caps;               /* of the session: enum chat_cap */
    struct response *response;
    struct cursor *cursor;
    uint32_t rows_left;
    bool is_unfinished;
};

/* A row of a long answer is about to be said: false when this part of it is full, and the verb
 * leaves the cursor where it goes on and returns. */
static inline bool call_take_row(struct hub_call *call)
{
    call->is_unfinished = call->rows_left == 0;
    call->rows_left -= !call->is_unfinished;
    return !call->is_unfinished;
}

/* Serves the targets of a list, beginning with the cursor's, and refuses those beyond targets_max.
 * `serve` returns false when it has more to say to the target it was called with, and is called
 * with it again in the next part: only then is cursor.is_begun what it left there. */
void call_each_target(struct hub_call *call, struct span list, uint32_t targets_max,
                      bool (*serve)(struct hub_call *call, struct span target));

/* A copy with a zero behind it. */
static inline char *text_copy(struct span text)
{
    char *copy = malloc(text.len + 1);
    CHECK(copy != NULL);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}
