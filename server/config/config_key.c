#include "config/config_key.h"

#include "config/config_section.h"

#include <ctype.h>
#include <string.h>

/* Counts through the keys of all sections of a kind; what is left of *index is beyond them. */
static bool section_key_at(const struct config_section *section, struct config *config,
                           size_t *index, struct config_key *key)
{
    size_t count = config_section_size(section, config) * section->setting_count;
    if (*index >= count) {
        *index -= count;
        return false;
    }
    key->section = section;
    key->setting = &section->settings[*index % section->setting_count];
    key->base = config_section_at(section, config, *index / section->setting_count);
    snprintf(key->name, sizeof(key->name), "%s%s.%s", section->prefix, (const char *)key->base,
             key->setting->key);
    return true;
}

bool config_key_at(struct config *config, size_t index, struct config_key *key)
{
    if (index < config_setting_count) {
        key->section = NULL;
        key->setting = &config_settings[index];
        key->base = config;
        snprintf(key->name, sizeof(key->name), "%s", key->setting->key);
        return true;
    }
    index -= config_setting_count;
    for (size_t i = 0; i < config_section_count; i++)
        if (section_key_at(&config_sections[i], config, &index, key))
            return true;
    return false;
}

bool config_key_find(struct config *config, const char *name, struct config_key *key)
{
    for (size_t i = 0; config_key_at(config, i, key); i++)
        if (strcmp(key->name, name) == 0)
            return true;
    return false;
}

void config_key_env_name(const char *key, char name[CONFIG_KEY_BYTES_MAX])
{
    snprintf(name, CONFIG_KEY_BYTES_MAX, "%s%s", CONFIG_ENV_PREFIX, key);
    for (char *c = name; *c != '\0'; c++)
        *c = (char)(*c == '.' || *c == '-' ? '_' : toupper((unsigned char)*c));
}
