/* The known name that a mistyped one was meant to be. */
#pragma once

#include "config/config_key.h"

enum { CONFIG_NEAREST_NAMES_MAX = 2 }; /* that are equally near; if there are more, none is named */

struct config_nearest {
    const char *mistyped; /* borrowed */
    size_t cost;  /* the distance of those names; while there are none, the most that is allowed */
    size_t count; /* names at that distance, also beyond the array */
    char names[CONFIG_NEAREST_NAMES_MAX][CONFIG_KEY_BYTES_MAX];
};

/* Begins a search. A name is near if at most half of its letters are mistyped, and no more than
 * three; two letters that changed places count once. Failing that, a name that `mistyped` is the
 * beginning of ("prot" for "protocol"), and at last one whose part behind the last dot is the same
 * ("limits.motd" for "chat.motd"). */
void config_nearest_init(struct config_nearest *n, const char *mistyped);

/* Considers one known name, which is shorter than CONFIG_KEY_BYTES_MAX. */
void config_nearest_offer(struct config_nearest *n, const char *known);

/* Writes "A" or "A or B", cut to `size`; false: nothing is near, or too many are. */
bool config_nearest_describe(const struct config_nearest *n, char *to, size_t size);
