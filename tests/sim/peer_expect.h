/* The queue of what a peer is to hear: peer_expect.c fills it, peer_hear.c empties it. */
#pragma once

#include "sim/peer.h"

enum { LINE_CHARS = 4096 };

/* An item of `expected` is its kind, whether it belongs to the answer to a labeled command, or is
 * brought about beside the answer, and a text. That of a message is "need avoid time tags line":
 * which of it is heard depends on the capabilities that the peer has then. */
enum { ITEM_LINE = '=', ITEM_BEGINNING = '^', ITEM_MESSAGE = '#', ITEM_ANSWERED = '!' };
enum { ITEM_OF_LABEL = '@', ITEM_BESIDE = '*', ITEM_OF_NONE = '-', ITEM_HEAD = 2 };

/* The item at *at, without its LF, or behind it: messages that the peer does not hear are passed
 * over. Empty when there is none. */
struct span peer_item_at(const struct peer *p, size_t *at);
/* The next item from *next on that is to be heard; empty when there is none. *next moves on to it:
 * behind messages that are not heard, and behind ends of answers that are not either, those of
 * commands without a label, or whose label stood on the only line. */
struct span peer_item_next(const struct peer *p, struct peer_place *next);
/* Whether the item may have come to the loop before the capabilities that it needs. */
bool peer_item_is_optional(const struct peer *p, const struct peer_place *place);
/* The first item that has to be heard, and where. */
struct span peer_item_firm(const struct peer *p, struct peer_place *place);
/* The item at that place has been heard: nothing behind it came before it. */
void peer_item_take(struct peer *p, const struct peer_place *place, struct span item);
/* Whether the line is what the item says. */
bool peer_item_is(const struct peer *p, struct span item, struct span line);
