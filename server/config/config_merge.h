/* How new settings replace those in force: what may change without a restart does, and the rest
 * keeps its value. */
#pragma once

#include "config/config.h"

enum { CONFIG_NAMES_BYTES_MAX = 2048 };

/* Keys with ", " between, cut to what fits; never a value. */
struct config_names {
    size_t count;
    char text[CONFIG_NAMES_BYTES_MAX];
};

struct config_changes {
    struct config_names live; /* now in force; a section by its name */
    struct config_names held; /* waiting for a restart; likewise */
};

/* Gives those settings of `fresh` that need a restart the values of `old`, takes out sections that
 * may only come with one, and tells what differed. ERR_NOMEM: `fresh` is a mixture, good only for
 * config_deinit. */
enum err config_merge(struct config *fresh, const struct config *old,
                      struct config_changes *changes);
