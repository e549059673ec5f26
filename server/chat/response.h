/* The answer to a labeled command (https://ircv3.net/specs/extensions/labeled-response): the label
 * goes on the answer's only line, or on a BATCH around several, or on an ACK where there would be
 * none. Only the first line is held back, until it is known which of these applies; so an answer
 * may be of any length, and may come in parts.
 *
 * A verb that this loop answers has its response in chat_loop.response meanwhile. A verb of the hub
 * has it in its line_command; every delivery that it causes to the caller's loop names it, and it
 * ends when the command comes back. */
#pragma once

#include "core/loop.h"
#include "simul/buf.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct irc_line;

struct response {
    struct span label; /* borrowed from the line; empty: it had none */
    struct handle to;  /* the session that asked */
    struct buf first;  /* the line that is held back; empty: none */
    uint64_t batch;    /* its number; 0: not begun */
};

/* Begins the answer to `line`, which must live as long as the response. The label counts only if
 * the session has the capabilities that the answer needs. */
void response_init(struct response *r, struct conn *c, const struct irc_line *line);
void response_deinit(struct response *r);

/* Whether what is now written to c belongs to the loop's response under way, and so goes through
 * response_write. */
bool response_is_to(const struct conn *c);
/* Adds one line, which may have tags, to the response under way. */
void response_write(struct conn *c, struct span line);

/* More will follow, but other lines may be written before. */
void response_pause(struct response *r, struct conn *c);
void response_end(struct response *r, struct conn *c);
