/* How an echo can be asked to misbehave: one table of faults with their values, bounds and help.
 * Reading them from a query or from the first line of a TCP connection, the page /echo/help and the
 * README's table follow from it. What each one does is in the sessions. */
#pragma once

#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_field;

enum fault {
    FAULT_DELAY_MS,
    FAULT_JITTER_MS,
    FAULT_SLOW_BYTES_PER_SECOND,
    FAULT_CHOP,
    FAULT_FRAGMENT,
    FAULT_AFTER,
    FAULT_STALL_MS,
    FAULT_CLOSE,
    FAULT_RST,
    FAULT_HALFCLOSE,
    FAULT_NOREAD_AFTER,
    FAULT_DROP,
    FAULT_DUPLICATE,
    FAULT_CORRUPT,
    FAULT_REORDER,
    FAULT_PING_EVERY_MS,
    FAULT_NOPONG,
    FAULT_MASK,
    FAULT_RSV,
    FAULT_BAD_UTF8,
    FAULT_OVERSIZE,
    FAULT_HANDSHAKE,
    FAULT_STATUS,
    FAULT_HEADER,
    FAULT_CHUNKED,
    FAULT_TRUNCATE,
    FAULT_SEED,
    FAULT_COUNT,
};

/* Where a fault means something; bits. */
enum fault_place { FAULTS_WS = 1, FAULTS_HTTP = 2, FAULTS_TCP = 4 };

enum fault_type {
    FAULT_TYPE_NUMBER, /* from min to max */
    FAULT_TYPE_CHANCE, /* "1/20": N from min to max */
    FAULT_TYPE_FLAG,   /* just the name; value 1 */
    FAULT_TYPE_ANSWER, /* of the handshake: enum fault_answer, or a status from min to max */
    FAULT_TYPE_FIELD,  /* "Name: value"; faults_next_field has it */
};

enum fault_answer { FAULT_ANSWER_BAD_ACCEPT = 1, FAULT_ANSWER_NO_UPGRADE, FAULT_ANSWER_SLOW };

enum {
    FAULT_MS_MAX = 60 * 1000,
    FAULT_REORDER_MAX = 64,
    FAULT_OVERSIZE_MAX = 1 << 30,
    FAULT_FIELDS_MAX = 8,      /* header= may be there so many times */
    FAULT_FIELD_CHARS = 512,   /* of one, decoded, with its zero */
    FAULT_VALUE_CHARS = 64,    /* of what a value may be, with its zero */
    FAULTS_MESSAGE_CHARS = 96, /* what is wrong with a value, with its zero */
    FAULTS_TEXT_CHARS = 768,   /* of all faults as text, with its zero */
};

struct fault_row {
    const char *name;
    uint8_t places;      /* bits of enum fault_place */
    uint8_t free_places; /* of these, where it needs no setting */
    uint8_t type;        /* enum fault_type */
    uint32_t min, max;
    const char *help;
};

/* By enum fault, which is also the order that users see. */
extern const struct fault_row fault_rows[FAULT_COUNT];

/* What one connection or request asks for. Zeroed: nothing. */
struct faults {
    uint32_t named; /* bits 1 << enum fault */
    uint32_t value[FAULT_COUNT];
};

static inline bool faults_has(const struct faults *f, enum fault fault)
{
    return (f->named >> fault & 1) != 0;
}

/* The field of an answer that tells what is in force. */
#define FAULTS_FIELD "X-Echo-Faults"
/* The answer to a request for faults where they are off. */
#define FAULTS_OFF_TEXT "faults are off here; echo.faults=on or listen.NAME.faults=on allows them"

/* Whether the query names a fault of this place that needs the setting. */
bool faults_need_setting(struct span query, enum fault_place place);

/* Reads the faults of this place from a query such as "drop=1/20&seed=7" (as http_query_get: the
 * first of a name counts); other names are passed over, for queries carry tokens, and where faults
 * are not on all names but of those that need no setting are others. ERR_SYNTAX: a
 * value is bad, or a fault is not of this place, and `message` says what is allowed: one line,
 * without anything that the peer sent. */
enum err faults_parse(struct span query, enum fault_place place, bool are_on, struct faults *out,
                      char message[FAULTS_MESSAGE_CHARS]);

/* The first name of a query that is no fault at all; empty: there is none. */
struct span faults_find_unknown(struct span query);

/* Takes the next field that header= asks for off the query; it stands in `text`. ERR_UNKNOWN: there
 * is none left. ERR_SYNTAX: it is none, would break the head or reframe the answer, or is one that
 * browsers would trust or keep (see faults.c). */
enum err faults_next_field(struct span *query, char text[FAULT_FIELD_CHARS],
                           struct http_field *field);

/* "drop=1/20, seed=7", in the table's order; header= stands without its field. Returns `text`. */
const char *faults_format(const struct faults *f, char text[FAULTS_TEXT_CHARS]);

/* What may stand behind the name: "=0 to 60000", "=1/1 to 1/1000000", "". */
void fault_describe_value(const struct fault_row *row, char *to, size_t size);
