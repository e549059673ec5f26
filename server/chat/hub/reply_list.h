/* A reply whose last param is a list, in as many lines as it needs: names in a channel (353),
 * channels of a user (319), who is online (303). */
#pragma once

#include "simul/irc.h"
#include "simul/span.h"

#include <stddef.h>

struct hub_call;

enum { REPLY_LIST_PARAMS_MAX = 3 };

struct reply_list {
    struct hub_call *call;
    const char *numeric;
    char separator;
    struct span params[REPLY_LIST_PARAMS_MAX + 1]; /* the list will be the last */
    size_t param_count;                            /* without it */
    size_t lines;                                  /* said so far */
    size_t room, len;                              /* of text, in bytes */
    char text[IRC_REST_BYTES_MAX];
};

/* Begins one. `params` are what stands in every line between the nick and the list, and must stay
 * valid until the end, as numeric must. */
void reply_list_init(struct reply_list *l, struct hub_call *call, const char *numeric,
                     char separator, const struct span *params, size_t count);
/* Adds "prefix" and "word" as one item; what does not fit any more is said first. */
void reply_list_add(struct reply_list *l, struct span prefix, struct span word);
/* Says what has not been said yet. Nothing at all is said for an empty list: see `lines`. */
void reply_list_end(struct reply_list *l);
