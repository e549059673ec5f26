/* What becomes of new settings while the old ones are in force: those that can change do, and those
 * that cannot stay as they are. */
#pragma once

#include "config/config.h"

enum { CONFIG_NAMES_BYTES_MAX = 2048 };

/* Keys with ", " between, cut to what fits; never a value. */
struct config_names {
    size_t count;
    char text[CONFIG_NAMES_BYTES_MAX];
};

struct config_changes {
    struct config_names
        live; /* that `fresh` puts in force; a section that came or went by its name */
    struct config_names held; /* that differ, but need a restart; likewise */
};

/* Gives the settings of `fresh` that need a restart the value of `old`, takes sections out that may
 * not come, and tells what differed. ERR_NOMEM: `fresh` is neither, and only good for
 * config_deinit. */
enum err config_merge(struct config *fresh, const struct config *old,
                      struct config_changes *changes);
