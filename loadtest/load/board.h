/* The board: what all threads of all processes count, and what the watcher tells them, in memory
 * that they share. It is made before the processes are forked, so that no figure ever travels.
 *
 * Each thread has a lane of its own and is the only one that writes there; the watcher adds the
 * lanes up whenever it likes. The head of the board is written by the watcher alone. */
#pragma once

#include "simul/hist.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is counted since the beginning, warm-up included; names in board.c. */
enum count {
    COUNT_STARTED,    /* connections begun */
    COUNT_OPENED,     /* of these, ready for messages: handshakes are done, names registered */
    COUNT_ENDED,      /* of the opened ones, those that are closed, by whomever */
    COUNT_CLOSED,     /* of these, those that were not closed by us */
    COUNT_RESUMED,    /* TLS handshakes that resumed a session */
    COUNT_SENT,       /* messages, requests */
    COUNT_RECEIVED,   /* messages, responses, deliveries of chat */
    COUNT_SENT_BYTES, /* of the application, without frames, on connections that are open */
    COUNT_RECEIVED_BYTES,
    COUNT_BESIDE,     /* replies on the echo connections beside */
    COUNT_COMPRESSED, /* connections on which both have agreed to compress */
    COUNT_SENT_WIRE,  /* bytes of the sockets: handshakes, frames and all, but for TLS */
    COUNT_RECEIVED_WIRE,
    COUNT_KINDS,
};

/* What goes wrong, by kind; names in board.c. Their sum is `errors`. */
enum fault {
    FAULT_REFUSED,    /* nobody listens there */
    FAULT_TIMEOUT,    /* it did not open in time */
    FAULT_CONNECT,    /* any other reason why there was no connection */
    FAULT_TLS,        /* the TLS handshake or a record failed */
    FAULT_HANDSHAKE,  /* the server did not agree: a status, a numeric */
    FAULT_CLOSED,     /* the server closed it unasked */
    FAULT_RESET,      /* it broke */
    FAULT_PROTOCOL,   /* the server broke a rule of the protocol */
    FAULT_STATUS,     /* a response with a status of 400 or more */
    FAULT_WRONG,      /* a message that is not what was sent */
    FAULT_LOST,       /* a message that never came */
    FAULT_DUPLICATED, /* one that came again */
    FAULT_REORDERED,  /* one that came behind a later one */
    FAULT_LOCAL,      /* our own machine: descriptors, ports, memory, a process that died */
    FAULT_KINDS,
};

/* What is timed, in nanoseconds. */
enum timing {
    TIMING_LATENCY,    /* of a message: from when it was to be sent until all of it came */
    TIMING_CONNECT,    /* TCP */
    TIMING_TLS,        /* its handshake alone */
    TIMING_HANDSHAKE,  /* WebSocket's Upgrade, IRC's registration */
    TIMING_FIRST_BYTE, /* of a response, since its request */
    TIMING_LAG,        /* how late we ourselves were to send, where there is a rate */
    TIMING_BESIDE,     /* of the echo connections beside */
    TIMING_KINDS,
};

const char *count_name(enum count count);
const char *fault_name(enum fault fault);    /* "lost", for machines */
const char *fault_meaning(enum fault fault); /* "messages that never came", for people */
const char *timing_name(enum timing timing);
const char *timing_meaning(enum timing timing);

enum { REASONS_MAX = 32, REASON_BYTES = 120 };

/* Why connections failed or were closed, in words, and how often. */
struct reason {
    char text[REASON_BYTES]; /* ended with a zero */
    _Atomic uint64_t count;
};

enum lane_state {
    LANE_OPENING, /* not every connection was tried yet */
    LANE_OPEN,    /* each is open or has failed */
    LANE_SPENT,   /* has sent its share of messages_max, and waits for nothing */
    LANE_DRAINS,  /* sends nothing any more */
    LANE_SETTLED, /* has told what it waits for since all lanes drain */
    LANE_GONE,    /* its thread has ended */
};

struct lane {
    _Alignas(64) _Atomic uint64_t counts[COUNT_KINDS];
    _Atomic uint64_t faults[FAULT_KINDS];
    _Atomic uint64_t cpu_ns;       /* of the thread, up to a moment ago */
    _Atomic uint64_t began_ns;     /* when its clients began to send */
    _Atomic uint64_t spent_ns;     /* when the last reply came, once it is SPENT */
    _Atomic uint64_t waiting;      /* messages sent whose replies have not come */
    _Atomic int state;             /* enum lane_state */
    _Atomic unsigned reason_count; /* the texts of so many reasons stand, and change no more */
    struct reason reasons[REASONS_MAX];
    struct hist timings[TIMING_KINDS];
};

enum phase {
    PHASE_OPENING,  /* connections are made; nothing is sent yet but what opening them needs */
    PHASE_RUNNING,  /* messages are sent; measured is what is to be sent in the window */
    PHASE_DRAINING, /* nothing is sent any more; replies are waited for */
    PHASE_CLOSING,  /* what has not come is lost; connections are closed, threads end */
};

struct board {
    _Atomic int phase; /* enum phase; it only grows */
    /* The window of what is measured, by the monotonic clock; both are set before PHASE_RUNNING,
     * and the end may come nearer later. UINT64_MAX: no end. */
    _Atomic uint64_t measure_from_ns, measure_to_ns;
    unsigned lane_count;
    struct lane *lanes;
    void *shared; /* the scenario's: what drivers must know of each other; at a line of the cache */
    uint64_t key; /* random: what is made with it is of this run */
    size_t bytes; /* of the mapping */
};

/* Maps a zeroed board that forked processes share, with so many bytes for the scenario; NULL: no
 * memory. */
struct board *board_new(unsigned lane_count, size_t shared_bytes);
void board_free(struct board *b);

/* Whether every lane has come at least so far. */
bool board_has_come_to(const struct board *b, enum lane_state state);

static inline void lane_count_add(struct lane *l, enum count count, uint64_t n)
{
    hist_bump(&l->counts[count], n);
}

static inline void lane_fault_add(struct lane *l, enum fault fault, uint64_t n)
{
    hist_bump(&l->faults[fault], n);
}

/* Counts a reason; beyond REASONS_MAX different ones they are counted as "others". Bytes that
 * cannot be printed are escaped; a long text is cut. */
void lane_reason_add(struct lane *l, const char *text);
