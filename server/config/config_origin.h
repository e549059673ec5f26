/* Where the settings of a config come from: which line of the file, which variable of the
 * environment, or -o. What no source has set has its default. */
#pragma once

#include "simul/err.h"

#include <stddef.h>

struct config_origin {
    char *key;   /* "listen.web.port" */
    char *where; /* "/etc/simul/simuld.conf:12", "environment SIMUL_LISTEN_WEB_PORT", "-o" */
};

struct config_origins {
    struct config_origin *items; /* each key once; owned, as are the texts */
    size_t count;
};

/* Notes where the value of `key` is from, in the place of what was noted before. The texts are
 * copied. ERR_NOMEM. */
enum err config_origins_note(struct config_origins *origins, const char *key, const char *where);

/* What was noted of a key; NULL: nothing. Borrowed. */
const char *config_origins_find(const struct config_origins *origins, const char *key);

/* Safe for a zeroed one. */
void config_origins_deinit(struct config_origins *origins);
