#include "config/config_merge.h"

#include "config/config_section.h"
#include "config/config_table.h"
#include "config/config_value.h"

#include <stdlib.h>
#include <string.h>

static void names_add(struct config_names *names, const char *prefix, const char *section,
                      const char *key)
{
    size_t used = strlen(names->text);
    snprintf(names->text + used, sizeof(names->text) - used, "%s%s%s%s%s",
             names->count++ == 0 ? "" : ", ", prefix, section,
             section[0] == '\0' || key[0] == '\0' ? "" : ".", key);
}

/* --- settings ---------------------------------------------------------------------------- */

/* Two structs with the same settings: the config, or a section of this prefix and name. */
struct pair {
    const struct config_setting *settings;
    size_t count;
    const char *prefix, *name;
    void *fresh;
    const void *old;
};

static enum err merge_settings(const struct pair *p, struct config_changes *changes)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct config_setting *setting = &p->settings[i];
        if (config_value_is_equal(setting, p->fresh, p->old))
            continue;
        names_add(setting->is_live ? &changes->live : &changes->held, p->prefix, p->name,
                  setting->key);
        if (!setting->is_live && config_value_copy(setting, p->fresh, p->old) != OK)
            return ERR_NOMEM;
    }
    return OK;
}

/* --- sections ---------------------------------------------------------------------------- */

/* Each begins with its name. */
static const char *name_of(const void *element)
{
    return element;
}

static size_t find(const struct config_section *section, const struct config *config,
                   const char *name)
{
    size_t i = 0;
    while (i < config_section_size(section, config) &&
           strcmp(name_of(config_section_at(section, config, i)), name) != 0)
        i++;
    return i;
}

/* Those that only `fresh` has stay, or are taken out. */
static void merge_new(const struct config_section *section, struct config *fresh,
                      const struct config *old, struct config_changes *changes)
{
    for (size_t i = 0; i < config_section_size(section, fresh);) {
        const char *name = name_of(config_section_at(section, fresh, i));
        if (find(section, old, name) < config_section_size(section, old)) {
            i++;
            continue;
        }
        names_add(section->may_come ? &changes->live : &changes->held, section->prefix, name, "");
        if (section->may_come)
            i++;
        else
            config_section_remove(section, fresh, i);
    }
}

static enum err merge_sections(const struct config_section *section, struct config *fresh,
                               const struct config *old, struct config_changes *changes)
{
    merge_new(section, fresh, old, changes);
    enum err e = OK;
    for (size_t i = 0; e == OK && i < config_section_size(section, old); i++) {
        const void *from = config_section_at(section, old, i);
        const char *name = name_of(from);
        size_t at = find(section, fresh, name);
        if (at < config_section_size(section, fresh)) {
            const struct pair both = {.settings = section->settings,
                                      .count = section->setting_count,
                                      .prefix = section->prefix,
                                      .name = name,
                                      .fresh = config_section_at(section, fresh, at),
                                      .old = from};
            e = merge_settings(&both, changes);
            continue;
        }
        names_add(&changes->live, section->prefix, name, "");
    }
    return e;
}

enum err config_merge(struct config *fresh, const struct config *old,
                      struct config_changes *changes)
{
    *changes = (struct config_changes){0};
    const struct pair all = {.settings = config_settings,
                             .count = config_setting_count,
                             .prefix = "",
                             .name = "",
                             .fresh = fresh,
                             .old = old};
    enum err e = merge_settings(&all, changes);
    for (size_t i = 0; e == OK && i < config_section_count; i++)
        e = merge_sections(&config_sections[i], fresh, old, changes);
    return e;
}
