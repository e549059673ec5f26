/* Where each setting of a config comes from: a line of the file, a variable of the environment, or
 * -o. A setting that is not here has its default. */
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

/* Records where the value of `key` comes from, in place of what was recorded before. The texts are
 * copied. ERR_NOMEM. */
enum err config_origins_note(struct config_origins *origins, const char *key, const char *where);

/* Where the value of a key comes from; NULL: it has its default. Borrowed. */
const char *config_origins_find(const struct config_origins *origins, const char *key);

/* Safe for a zeroed one. */
void config_origins_deinit(struct config_origins *origins);
