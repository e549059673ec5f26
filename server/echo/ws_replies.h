/* What a WebSocket echo that misbehaves says: replies to messages, lost, doubled, changed, shuffled
 * and filled up as it was asked for, and frames with what no server should put in them. They go to
 * a shaper, frame by frame as it has room, so that one reply of a gigabyte needs no memory. */
#pragma once

#include "echo/faults.h"
#include "simul/buf.h"
#include "simul/chance.h"
#include "simul/ws.h"

struct conn;
struct shaper;
struct ws_reply;

/* In the frame of a session. */
struct ws_replies {
    struct conn *conn;
    const struct faults *faults;
    struct shaper *shaper;
    struct chance chance, masks; /* apart: a ping's mask changes nothing that comes later */
    size_t bytes;                /* of all there are, in memory */
    struct ws_reply *held[FAULT_REORDER_MAX]; /* until they are shuffled */
    unsigned held_count;
    struct ws_reply *first, *last; /* to be said now */
};

/* Everything is borrowed until ws_replies_deinit, which is safe for a zeroed one. */
void ws_replies_init(struct ws_replies *r, struct conn *c, const struct faults *faults,
                     struct shaper *shaper);
void ws_replies_deinit(struct ws_replies *r);

/* Makes the reply to a message, if there is to be one, and takes the message: it is empty behind
 * that, unless there is an error. Where bits is not 0 the reply will be compressed with a window of
 * 2^bits bytes, unless it is to be filled. ERR_NOMEM. */
enum err ws_replies_add(struct ws_replies *r, enum ws_opcode opcode, struct buf *message,
                        unsigned bits);
/* Those that wait to be shuffled wait for no more. */
void ws_replies_release(struct ws_replies *r);

/* Whether some are to be said now. */
static inline bool ws_replies_wait(const struct ws_replies *r)
{
    return r->first != NULL;
}

/* Says them. False: some are left, for the shaper has no room, or the budget is used up. */
bool ws_replies_say(struct ws_replies *r);

/* A control frame, behind what was said so far. */
void ws_replies_say_control(struct ws_replies *r, enum ws_opcode opcode, struct span payload);
/* A close frame, whatever the code is; the reason is short. */
void ws_replies_say_close(struct ws_replies *r, uint16_t code, struct span reason);

/* One more fault was committed. */
void ws_replies_count_fault(const struct ws_replies *r);
