/* The known name that a mistyped one was meant to be. */
#pragma once

#include "config/config_key.h"

enum { CONFIG_NEAREST_NAMES_MAX = 2 }; /* equally near; of more than that none is named */

struct config_nearest {
    const char *mistyped; /* borrowed */
    size_t cost;          /* of the names; how far one may be, as long as there is none */
    size_t count;         /* of names that are equally near, also of those beyond the array */
    char names[CONFIG_NEAREST_NAMES_MAX][CONFIG_KEY_BYTES_MAX];
};

/* Begins a search. Far from short names are few letters: at most half of them are mistyped, and no
 * more than three, where two that changed places count once. Also near is what goes on with the
 * same word where `mistyped` ends ("prot" for "protocol"), and at last a name whose part behind the
 * last dot is the same ("limits.motd" for "chat.motd"). */
void config_nearest_init(struct config_nearest *n, const char *mistyped);

/* Considers one known name, which is shorter than CONFIG_KEY_BYTES_MAX. */
void config_nearest_offer(struct config_nearest *n, const char *known);

/* Writes "A" or "A or B", cut to `size`; false: nothing is near, or too much. */
bool config_nearest_describe(const struct config_nearest *n, char *to, size_t size);
