#include "config/config_section.h"

#include "config/config_value.h"

#include "simul/check.h"

#include <ctype.h>
#include <string.h>

static size_t *count_of(const struct config_section *section, struct config *config)
{
    return (size_t *)(void *)((char *)config + section->count_offset);
}

size_t config_section_size(const struct config_section *section, const struct config *config)
{
    return *(const size_t *)(const void *)((const char *)config + section->count_offset);
}

void *config_section_at(const struct config_section *section, const struct config *config,
                        size_t index)
{
    return (char *)(uintptr_t)config + section->array_offset + index * section->bytes;
}

/* Whether a setting of the config itself is called as this kind of section would be. */
static bool is_setting(const struct config_section *section, struct span name)
{
    size_t prefix_len = strlen(section->prefix);
    for (size_t i = 0; i < config_setting_count; i++) {
        const char *key = config_settings[i].key;
        if (strncmp(key, section->prefix, prefix_len) == 0 &&
            span_eq(span_str(key + prefix_len), name))
            return true;
    }
    return false;
}

bool config_section_is_name(const struct config_section *section, struct span name)
{
    if (name.len == 0 || name.len >= CONFIG_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!islower(name.ptr[i]) && !isdigit(name.ptr[i]) && name.ptr[i] != '-')
            return false;
    return (section->reserved == NULL || !span_eq(name, span_str(section->reserved))) &&
           !is_setting(section, name);
}

const struct config_setting *config_section_setting(const struct config_section *section,
                                                    const char *key)
{
    for (size_t i = 0; i < section->setting_count; i++)
        if (strcmp(section->settings[i].key, key) == 0)
            return &section->settings[i];
    return NULL;
}

void *config_section_add(const struct config_section *section, struct config *config,
                         struct span name)
{
    size_t *count = count_of(section, config);
    CHECK(*count < section->count_max);
    void *element = config_section_at(section, config, (*count)++);
    memcpy(element, name.ptr, name.len); /* the rest of it is zero */
    if (config_value_set_initial(section->settings, section->setting_count, element) != OK)
        return NULL;
    return element;
}

void config_section_remove(const struct config_section *section, struct config *config,
                           size_t index)
{
    size_t *count = count_of(section, config);
    char *element = config_section_at(section, config, index);
    config_value_free_all(section->settings, section->setting_count, element);
    (*count)--;
    memmove(element, element + section->bytes, (*count - index) * section->bytes);
    memset(config_section_at(section, config, *count), 0, section->bytes);
}
