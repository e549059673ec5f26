/* Which channels are the busiest: a walk over all of them, in parts, so that many do not stop the
 * hub. It is for the server's operator, so secret channels are in it.
 *
 * It is no entry of the log and says nothing to anybody: all that it changes is each channel's note
 * of what was counted at the last walk. */
#pragma once

#include "core/top.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hub;

enum { SURVEY_ROWS = 10, SURVEY_NAME_BYTES = 208 };

struct survey_row {
    char name[SURVEY_NAME_BYTES]; /* UTF-8, and chosen by strangers; a longer one is cut */
    uint32_t messages;            /* PRIVMSG and NOTICE to all of it, since the last walk */
    uint32_t members;
};

struct survey {
    struct survey_row rows[SURVEY_ROWS]; /* row_count of them, when it is done */
    size_t row_count;
    uint32_t channels; /* how many there are */

    uint64_t after; /* the walk stands behind this channel of hub.channel_order */
    struct top top;
    struct top_item items[SURVEY_ROWS];
};

/* Begins a walk; what the last one has found is forgotten. */
void survey_begin(struct survey *s);

/* Looks at the next `channels_max` channels. True: that was the last part, and the rows are there,
 * those with the most messages first, and of these those with the most members. */
bool survey_advance(struct survey *s, struct hub *hub, uint32_t channels_max);
