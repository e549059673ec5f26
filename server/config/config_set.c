#include "config/config_set.h"

#include "config/config_nearest.h"
#include "config/config_origin.h"
#include "config/config_section.h"
#include "config/config_table.h"
#include "config/config_value.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

/* --- what the user is told --------------------------------------------------------------- */

__attribute__((format(printf, 2, 0))) static void write_text(char *to, const char *format,
                                                             va_list args)
{
    vsnprintf(to, CONFIG_TEXT_BYTES_MAX, format, args);
    for (; *to != '\0'; to++)
        if (iscntrl((unsigned char)*to))
            *to = '?';
}

enum err config_fail(struct config_loader *l, enum err error, const char *format, ...)
{
    struct config_report *report = l->report;
    char *to = report->error;
    if (to[0] != '\0') {
        if (report->more_error_count == CONFIG_ERRORS_MAX) {
            report->errors_omitted++;
            return error;
        }
        to = report->more_errors[report->more_error_count++];
    }
    va_list args;
    va_start(args, format);
    write_text(to, format, args);
    va_end(args);
    return error;
}

enum err config_fail_nomem(struct config_loader *l)
{
    return config_fail(l, ERR_NOMEM, "out of memory while reading the configuration");
}

void config_warn(struct config_loader *l, const char *format, ...)
{
    if (l->report->warning_count == CONFIG_WARNINGS_MAX) {
        l->report->warnings_omitted++;
        return;
    }
    va_list args;
    va_start(args, format);
    write_text(l->report->warnings[l->report->warning_count++], format, args);
    va_end(args);
}

/* --- unknown keys ------------------------------------------------------------------------ */

/* The end of a message about an unknown key: what to write instead. */
struct hint {
    char text[CONFIG_TEXT_BYTES_MAX];
};

/* "a listener has the settings address, port, ...". */
static void write_section_hint(const struct config_section *section, struct hint *hint)
{
    size_t size = sizeof(hint->text);
    size_t used = (size_t)snprintf(hint->text, size, "%s has the setting%s ", section->noun,
                                   section->setting_count == 1 ? "" : "s");
    for (size_t i = 0; i < section->setting_count && used < size; i++)
        used += (size_t)snprintf(hint->text + used, size - used, "%s%s", i == 0 ? "" : ", ",
                                 section->settings[i].key);
}

/* The keys that a section would have that does not exist so far, whatever is wrong with the word in
 * front of its name: "lisen.foo.port". */
static void offer_new_sections(struct config_nearest *nearest)
{
    const char *name = strchr(nearest->mistyped, '.');
    size_t name_len = name == NULL ? 0 : strcspn(name + 1, ".");
    if (name_len == 0 || name_len >= CONFIG_NAME_BYTES_MAX || name[1 + name_len] == '\0')
        return;
    for (size_t i = 0; i < config_section_count; i++) {
        const struct config_section *section = &config_sections[i];
        for (size_t k = 0; k < section->setting_count; k++) {
            char known[CONFIG_KEY_BYTES_MAX];
            snprintf(known, sizeof(known), "%s%.*s.%s", section->prefix, (int)name_len, name + 1,
                     section->settings[k].key);
            config_nearest_offer(nearest, known);
        }
    }
}

static struct hint hint_for(struct config *config, const char *unknown, bool is_env)
{
    struct hint hint = {"see simuld --help for all settings"};
    for (size_t i = 0; i < config_section_count; i++)
        if (strncmp(unknown, config_sections[i].prefix, strlen(config_sections[i].prefix)) == 0)
            write_section_hint(&config_sections[i], &hint);
    struct config_nearest nearest;
    struct config_key key;
    config_nearest_init(&nearest, unknown);
    for (size_t i = 0; config_key_at(config, i, &key); i++) {
        char env_name[CONFIG_KEY_BYTES_MAX];
        config_key_env_name(key.name, env_name);
        config_nearest_offer(&nearest, is_env ? env_name : key.name);
    }
    if (!is_env)
        offer_new_sections(&nearest);
    char names[2 * CONFIG_KEY_BYTES_MAX];
    if (config_nearest_describe(&nearest, names, sizeof(names)))
        snprintf(hint.text, sizeof(hint.text), "did you mean %s?", names);
    return hint;
}

/* --- defaults ---------------------------------------------------------------------------- */

enum err config_set_defaults(struct config_loader *l)
{
    if (config_value_set_initial(config_settings, config_setting_count, l->config) != OK)
        return config_fail_nomem(l);
    for (size_t i = 0; i < config_default_listener_count; i++) {
        const struct config_default_listener *row = &config_default_listeners[i];
        struct config_listener *listener =
            config_section_add(config_listener_section, l->config, span_str(row->name));
        if (listener == NULL)
            return config_fail_nomem(l);
        listener->port = row->port;
        listener->protocol = row->protocol;
        listener->tls = listener->is_optional = row->tls;
    }
    return OK;
}

/* --- one key and its value --------------------------------------------------------------- */

bool config_set_asks_for_listener(const struct config_key *key)
{
    size_t offset = key->setting->offset;
    return key->section == config_listener_section &&
           (offset == offsetof(struct config_listener, port) ||
            offset == offsetof(struct config_listener, tls));
}

static enum err set_value(struct config_loader *l, const char *where, const char *name,
                          const struct config_key *key, const char *value)
{
    const struct config_setting *setting = key->setting;
    if (config_set_asks_for_listener(key))
        ((struct config_listener *)key->base)->is_optional = false;
    enum err e = config_value_set(setting, key->base, value);
    if (e == OK && l->origins != NULL)
        e = config_origins_note(l->origins, name, where);
    if (e == ERR_NOMEM)
        return config_fail_nomem(l);
    if (e == OK)
        return OK;
    char must_be[CONFIG_TEXT_BYTES_MAX];
    config_value_describe(setting, must_be, sizeof(must_be));
    if (setting->is_secret)
        return config_fail(l, e, "%.200s: %s must be %s", where, name, must_be);
    return config_fail(l, e, "%.200s: %s must be %s, not \"%.60s\"", where, name, must_be, value);
}

static enum err fail_unknown(struct config_loader *l, const char *where, const char *name)
{
    return config_fail(l, ERR_UNKNOWN, "%.200s: unknown setting %.100s; %s", where, name,
                       hint_for(l->config, name, false).text);
}

static enum err fail_name(struct config_loader *l, const struct config_section *section,
                          const char *where, const char *name)
{
    return config_fail(l, ERR_SYNTAX,
                       "%.200s: %s's name is 1 to %d lower-case letters, digits and hyphens, and "
                       "no setting's%s%s; "
                       "rename %.100s",
                       where, section->noun, CONFIG_NAME_BYTES_MAX - 1,
                       section->reserved == NULL ? "" : ", nor ",
                       section->reserved == NULL ? "" : section->reserved, name);
}

/* A key of a section that does not exist so far: it does from here on. */
static enum err set_new(struct config_loader *l, const struct config_section *section,
                        const char *where, const char *name, const char *value)
{
    const char *section_name = name + strlen(section->prefix);
    size_t len = strcspn(section_name, ".");
    struct config_key key = {.section = section};
    if (section_name[len] == '.')
        key.setting = config_section_setting(section, section_name + len + 1);
    if (key.setting == NULL)
        return fail_unknown(l, where, name);
    if (!config_section_is_name(section, span_of(section_name, len)))
        return fail_name(l, section, where, name);
    if (config_section_size(section, l->config) == section->count_max)
        return config_fail(l, ERR_LIMIT, "%.200s: %.100s: there may be no more than %zu %s", where,
                           name, section->count_max, section->plural);
    key.base = config_section_add(section, l->config, span_of(section_name, len));
    if (key.base == NULL)
        return config_fail_nomem(l);
    return set_value(l, where, name, &key, value);
}

enum err config_set(struct config_loader *l, const char *where, const char *name, const char *value)
{
    struct config_key key;
    if (config_key_find(l->config, name, &key))
        return set_value(l, where, name, &key, value);
    for (size_t i = 0; i < config_section_count; i++)
        if (strncmp(name, config_sections[i].prefix, strlen(config_sections[i].prefix)) == 0)
            return set_new(l, &config_sections[i], where, name, value);
    return fail_unknown(l, where, name);
}

enum err config_set_env(struct config_loader *l, const char *name, const char *value)
{
    struct config_key key;
    for (size_t i = 0; config_key_at(l->config, i, &key); i++) {
        char known[CONFIG_KEY_BYTES_MAX];
        config_key_env_name(key.name, known);
        if (strcmp(known, name) != 0)
            continue;
        char where[CONFIG_KEY_BYTES_MAX + 16];
        snprintf(where, sizeof(where), "environment %s", name);
        return config_set(l, where, key.name, value);
    }
    config_warn(l, "the environment's %.100s is not a setting and has no effect; %s", name,
                hint_for(l->config, name, true).text);
    return OK;
}
