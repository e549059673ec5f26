/* What a labeled command is answered with (https://ircv3.net/specs/extensions/labeled-response):
 * the label stands on the only line of the answer; or on a BATCH around several; or on an ACK where
 * there would be none. The first line is held back until it is known which of them it is, and
 * nothing else is: the answer may be as long as it likes, and may come in parts.
 *
 * A verb of this loop answers while its response is chat_loop.response. A verb of the hub has its
 * response in its line_command, which every delivery that it brings about to the caller's loop
 * names, and which is over when the command comes back. */
#pragma once

#include "core/loop.h"
#include "simul/buf.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct irc_line;

struct response {
    struct span label; /* as it stood in the line, from which it is borrowed; empty: it had none */
    struct handle to;  /* the session that asked */
    struct buf first;  /* the line that is held back; empty: none */
    uint64_t batch;    /* its number; 0: not begun */
};

/* The answer to `line`, which must live as long; a label counts only for sessions that can read
 * the answer. */
void response_init(struct response *r, struct conn *c, const struct irc_line *line);
void response_deinit(struct response *r);

/* Whether what is being said to c now is of the loop's present response, and is to be said with
 * response_write. */
bool response_is_to(const struct conn *c);
/* One line of it, perhaps with tags. */
void response_write(struct conn *c, struct span line);

/* More will follow, but others may speak before. */
void response_pause(struct response *r, struct conn *c);
void response_end(struct response *r, struct conn *c);
