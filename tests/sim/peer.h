/* The other ends of the connections: clients that have sockets in memory, over TCP or WebSocket,
 * say what chatter.c makes up, and know line by line what they are to hear. The server's
 * socket_recv, socket_send, shutdown and close end up here (they are wrapped by the linker).
 *
 * What a peer is to hear from the hub stands in its queue from the moment that the entry is applied
 * on. Each line that comes must be the next of these, or one that a loop may say on its own. */
#pragma once

#include "chat/hub/caps.h"
#include "chat/hub/position.h"
#include "core/loop.h"
#include "sim/peer_ws.h"
#include "simul/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PEERS_MAX = 24,
    PEER_FD = 512, /* peer i has descriptor PEER_FD + i */
    PEER_TAGS_CHARS = 2048,
};

/* How far a peer has heard what it is to hear. */
struct peer_place {
    size_t at;          /* in `expected` */
    uint32_t answered;  /* of its commands, whose answers it has heard */
    bool is_label_used; /* the next one's: it stood on a line */
};

/* A line that the loop answers. */
struct peer_local {
    uint32_t commands; /* that were said before it, and so are answered before it */
    char label[16];    /* empty: none */
};

struct peer {
    bool is_open; /* the server has its end */
    struct handle handle;
    uint32_t caps;       /* of enum chat_cap, as far as it was told that it has them */
    uint32_t asked_caps; /* those that it has when all that it said is served */
    bool is_registered;  /* it was welcomed */
    char nick[24];       /* as it was told */
    bool is_being_told;  /* the welcome is not over */
    bool is_gone;        /* the hub has let it go */
    bool is_over;        /* it heard its ERROR */
    bool has_quit;       /* it said QUIT */
    bool is_slow;        /* takes little of what it is sent */
    bool is_eof;         /* says nothing more */
    bool is_reset;       /* is gone without a word */
    bool was_shut;       /* the server sends nothing more */
    struct peer_ws ws;
    struct buf said;     /* and not received yet */
    struct buf heard;    /* of a line that is not whole yet */
    struct buf expected; /* items that end in LF, see peer_expect.h; heard up to place */
    struct peer_place place;
    size_t optional_until; /* what stands before that in `expected` may never be heard */
    uint32_t commands;     /* for the hub, that it said */
    uint32_t applied;      /* of these, that the hub has applied */
    char label[16];        /* of the line that is said next; empty: none */
    struct buf labeled;    /* of each command: '1' if it has a label */
    struct buf locals;     /* struct peer_local: what the loop has to answer */
    char batch[24];        /* in which the present command is being answered; empty: none */
};

extern struct peer peers[PEERS_MAX];

static inline unsigned peer_number(const struct peer *p)
{
    return (unsigned)(p - peers);
}

/* How many there are at most in this run, up to PEERS_MAX. */
void peer_init(unsigned limit);
/* No peer is open any more. */
void peer_done(void);
/* One of them, whether it is open or not. */
struct peer *peer_any(void);
/* A new client with a random choice of capabilities; its descriptor, or -1 when there are too many.
 * The caller sets the handle when the server has taken it. */
int peer_connect(void);
/* What a poll would say of it: EV_READ, EV_WRITE. */
int peer_events(const struct peer *p);
/* No peer is slow, and those that the server has left leave too. */
void peer_hurry_all(void);
/* Everybody vanishes. */
void peer_reset_all(void);

__attribute__((format(printf, 2, 3))) void peer_say(struct peer *p, const char *format, ...);

/* The next line is one more command for the hub. */
void peer_begin_command(struct peer *p, bool is_labeled);
/* The next line is one that its loop answers, with one line. */
void peer_begin_local(struct peer *p, bool is_labeled);

/* --- what is to be heard ----------------------------------------------------------------- */

/* A message of the hub, of which a peer hears what its capabilities let through. */
struct peer_message {
    struct position at;
    uint16_t part;
    struct handle from;
    bool is_echo;         /* `from` hears it only with echo-message */
    bool is_for_others;   /* `from` does not hear it */
    bool is_no_answer;    /* it is no part of the answer to the command that brings it about */
    bool is_bot;          /* a bot brought it about */
    uint32_t need, avoid; /* capabilities of those who hear it: all of these, none of those */
    char tags[PEER_TAGS_CHARS];
    char text[700]; /* the line without its tags */
};

/* The peer's next command is being applied: what it is to hear from here on is the answer to it,
 * until this is called again. NULL: nobody's. */
void peer_begin_answer(const struct handle *to);
/* Those that are gone expect nothing. */
void peer_expect_message(struct handle to, const struct peer_message *pm);
/* A line that is this as a whole, or begins so. */
__attribute__((format(printf, 3, 4))) void peer_expect_line(struct handle to, bool is_whole,
                                                            const char *format, ...);
/* The hub has let it go: but for what it is to hear already, and answers to its commands, it hears
 * nothing more. */
void peer_expect_no_more(struct handle to);
/* What the peer's next command has brought it ends here. */
void peer_expect_answered(struct handle to);

/* Everybody who is here has heard everything, and has been answered. */
void peer_check_all_heard(void);
/* What the server has sent. */
void peer_hear(struct peer *p, struct span bytes);
/* One line of that, without CR LF. */
void peer_hear_line(struct peer *p, struct span line);
