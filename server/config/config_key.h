/* Every setting of a config by its key: "loops", "listen.web.port". For the config modules, and for
 * code that compares two configs. */
#pragma once

#include "config/config_table.h"

#define CONFIG_ENV_PREFIX "SIMUL_"

enum {
    /* More than any key needs, as a name in the environment too, and more than inih's section and
     * name. */
    CONFIG_KEY_BYTES_MAX = 128,
};

struct config_key {
    const struct config_setting *setting;
    const struct config_section *section; /* NULL: the setting is the config's own */
    void *base; /* what the setting is a field of: the config, or a section of it */
    char name[CONFIG_KEY_BYTES_MAX - (sizeof(CONFIG_ENV_PREFIX) - 1)];
};

/* Counts through all keys from index 0: the settings, then those of each section that there is, in
 * order; false beyond the last. */
bool config_key_at(struct config *config, size_t index, struct config_key *key);

/* Looks for one by its name; false: there is none. */
bool config_key_find(struct config *config, const char *name, struct config_key *key);

/* "listen.web.port" becomes "SIMUL_LISTEN_WEB_PORT". */
void config_key_env_name(const char *key, char name[CONFIG_KEY_BYTES_MAX]);
