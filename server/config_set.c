#include "config_set.h"

#include "config_table.h"
#include "config_value.h"

#include "simul/check.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

enum {
    TYPING_ERRORS_MAX = 3, /* a known key that differs by more is not suggested */
    /* A key's name in the environment is no longer than CONFIG_KEY_BYTES_MAX either. */
    KEY_BYTES_MAX = CONFIG_KEY_BYTES_MAX - (sizeof(CONFIG_ENV_PREFIX) - 1),
};

static const char LISTEN[] = "listen.", OPER[] = "oper.";

/* --- what the user is told --- */

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
    va_list args;
    va_start(args, format);
    write_text(l->report->error, format, args);
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

/* --- known keys --- */

struct known_key {
    const struct config_setting *setting;
    void *base;                       /* what has the setting: the config, or a part of it */
    struct config_listener *listener; /* NULL: the setting is not a listener's */
    char name[KEY_BYTES_MAX];
};

static bool listener_key_at(struct config *config, size_t index, struct known_key *key)
{
    if (index >= config->listener_count * config_listener_setting_count)
        return false;
    key->setting = &config_listener_settings[index % config_listener_setting_count];
    key->base = key->listener = &config->listeners[index / config_listener_setting_count];
    snprintf(key->name, sizeof(key->name), "%s%s.%s", LISTEN, key->listener->name,
             key->setting->key);
    return true;
}

static bool oper_key_at(struct config *config, size_t index, struct known_key *key)
{
    if (index >= config->oper_count * config_oper_setting_count)
        return false;
    struct config_oper *oper = &config->opers[index / config_oper_setting_count];
    key->setting = &config_oper_settings[index % config_oper_setting_count];
    key->base = oper;
    snprintf(key->name, sizeof(key->name), "%s%s.%s", OPER, oper->name, key->setting->key);
    return true;
}

/* Counts through all keys: the settings, then those of each listener and each operator there is so
 * far. */
static bool key_at(struct config *config, size_t index, struct known_key *key)
{
    key->listener = NULL;
    if (index < config_setting_count) {
        key->setting = &config_settings[index];
        key->base = config;
        snprintf(key->name, sizeof(key->name), "%s", key->setting->key);
        return true;
    }
    index -= config_setting_count;
    if (listener_key_at(config, index, key))
        return true;
    return oper_key_at(config, index - config->listener_count * config_listener_setting_count, key);
}

/* "listen.web.port" becomes "SIMUL_LISTEN_WEB_PORT". */
static void env_name_of(const char *key, char name[CONFIG_KEY_BYTES_MAX])
{
    snprintf(name, CONFIG_KEY_BYTES_MAX, "%s%s", CONFIG_ENV_PREFIX, key);
    for (char *c = name; *c != '\0'; c++)
        *c = (char)(*c == '.' || *c == '-' ? '_' : toupper((unsigned char)*c));
}

/* Levenshtein's distance. Both are shorter than CONFIG_KEY_BYTES_MAX. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[CONFIG_KEY_BYTES_MAX], b_len = strlen(b);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_len; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            best = best < row[j] + 1 ? best : row[j] + 1;
            row[j + 1] = best < diagonal + 1 ? best : diagonal + 1;
        }
    }
    return row[b_len];
}

/* The end of a message about an unknown key: what to write instead. */
struct hint {
    char text[CONFIG_KEY_BYTES_MAX + 32];
};

static struct hint hint_for(struct config *config, const char *unknown, bool is_env)
{
    bool is_listener = strncmp(unknown, LISTEN, strlen(LISTEN)) == 0;
    bool is_oper = strncmp(unknown, OPER, strlen(OPER)) == 0;
    struct hint hint;
    snprintf(hint.text, sizeof(hint.text), "%s",
             is_listener ? "a listener has address, port, protocol, tls, deflate and faults"
             : is_oper   ? "an operator has a password"
                         : "see simuld --help for all settings");
    size_t nearest = TYPING_ERRORS_MAX + 1;
    if (strlen(unknown) >= CONFIG_KEY_BYTES_MAX)
        return hint;
    struct known_key key;
    for (size_t i = 0; key_at(config, i, &key); i++) {
        char name[CONFIG_KEY_BYTES_MAX];
        if (is_env)
            env_name_of(key.name, name);
        else
            memcpy(name, key.name, sizeof(key.name));
        size_t distance = edit_distance(unknown, name);
        if (distance < nearest) {
            nearest = distance;
            snprintf(hint.text, sizeof(hint.text), "did you mean %s?", name);
        }
    }
    return hint;
}

/* --- listeners --- */

static bool is_section_name(struct span name)
{
    if (name.len == 0 || name.len >= CONFIG_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!islower(name.ptr[i]) && !isdigit(name.ptr[i]) && name.ptr[i] != '-')
            return false;
    return true;
}

static enum err set_initial(const struct config_setting *settings, size_t count, void *base)
{
    for (size_t i = 0; i < count; i++) {
        if (settings[i].initial == NULL)
            continue;
        enum err e = config_value_set(&settings[i], base, settings[i].initial);
        CHECK(e == OK || e == ERR_NOMEM); /* the table's own defaults are valid */
        if (e != OK)
            return e;
    }
    return OK;
}

static enum err listener_add(struct config *config, struct span name, struct config_listener **out)
{
    if (config->listener_count == CONFIG_LISTENERS_MAX)
        return ERR_LIMIT;
    struct config_listener *listener = &config->listeners[config->listener_count++];
    memcpy(listener->name, name.ptr, name.len);
    listener->port = CONFIG_PORT_MISSING;
    *out = listener;
    return set_initial(config_listener_settings, config_listener_setting_count, listener);
}

enum err config_set_defaults(struct config_loader *l)
{
    if (set_initial(config_settings, config_setting_count, l->config) != OK)
        return config_fail_nomem(l);
    for (size_t i = 0; i < config_default_listener_count; i++) {
        const struct config_default_listener *row = &config_default_listeners[i];
        struct config_listener *listener;
        if (listener_add(l->config, span_str(row->name), &listener) != OK)
            return config_fail_nomem(l);
        listener->port = row->port;
        listener->protocol = row->protocol;
        listener->tls = listener->is_optional = row->tls;
    }
    return OK;
}

/* --- one key and its value --- */

static enum err set_value(struct config_loader *l, const char *where, const char *name,
                          const struct config_setting *setting, void *base, const char *value)
{
    enum err e = config_value_set(setting, base, value);
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

static enum err set_listener_value(struct config_loader *l, const char *where, const char *name,
                                   struct config_listener *listener,
                                   const struct config_setting *setting, const char *value)
{
    /* Who names a port or TLS wants the listener, with a certificate or an error. */
    if (setting->offset == offsetof(struct config_listener, port) ||
        setting->offset == offsetof(struct config_listener, tls))
        listener->is_optional = false;
    return set_value(l, where, name, setting, listener, value);
}

static enum err fail_unknown(struct config_loader *l, const char *where, const char *name)
{
    return config_fail(l, ERR_UNKNOWN, "%.200s: unknown setting %.100s; %s", where, name,
                       hint_for(l->config, name, false).text);
}

/* A key of a listener that does not exist so far: it does from here on. */
static enum err set_new_listener(struct config_loader *l, const char *where, const char *name,
                                 const char *value)
{
    const char *listener_name = name + strlen(LISTEN);
    size_t len = strcspn(listener_name, ".");
    const struct config_setting *setting = NULL;
    for (size_t i = 0; i < config_listener_setting_count && listener_name[len] == '.'; i++)
        if (strcmp(config_listener_settings[i].key, listener_name + len + 1) == 0)
            setting = &config_listener_settings[i];
    if (setting == NULL)
        return fail_unknown(l, where, name);
    /* "admin" would be mistaken for the admin address in what we print. */
    struct span section = span_of(listener_name, len);
    if (!is_section_name(section) || span_eq(section, SPAN("admin")))
        return config_fail(
            l, ERR_SYNTAX,
            "%.200s: a listener's name is 1 to %d lower-case letters, digits and hyphens, "
            "and not admin; rename %.100s",
            where, CONFIG_NAME_BYTES_MAX - 1, name);
    struct config_listener *listener;
    enum err e = listener_add(l->config, span_of(listener_name, len), &listener);
    if (e == ERR_NOMEM)
        return config_fail_nomem(l);
    if (e != OK)
        return config_fail(l, e, "%.200s: %.100s: there may be no more than %d listeners", where,
                           name, CONFIG_LISTENERS_MAX);
    return set_listener_value(l, where, name, listener, setting, value);
}

/* Likewise of an operator. */
static enum err set_new_oper(struct config_loader *l, const char *where, const char *name,
                             const char *value)
{
    const struct config_setting *setting = &config_oper_settings[0]; /* it has only this one */
    const char *oper_name = name + strlen(OPER);
    size_t len = strcspn(oper_name, ".");
    if (oper_name[len] != '.' || strcmp(oper_name + len + 1, setting->key) != 0)
        return fail_unknown(l, where, name);
    if (!is_section_name(span_of(oper_name, len)))
        return config_fail(
            l, ERR_SYNTAX,
            "%.200s: an operator's name is 1 to %d lower-case letters, digits and hyphens; "
            "rename %.100s",
            where, CONFIG_NAME_BYTES_MAX - 1, name);
    if (l->config->oper_count == CONFIG_OPERS_MAX)
        return config_fail(l, ERR_LIMIT, "%.200s: %.100s: there may be no more than %d operators",
                           where, name, CONFIG_OPERS_MAX);
    struct config_oper *oper = &l->config->opers[l->config->oper_count++];
    memcpy(oper->name, oper_name, len);
    return set_value(l, where, name, setting, oper, value);
}

enum err config_set(struct config_loader *l, const char *where, const char *name, const char *value)
{
    struct known_key key;
    for (size_t i = 0; key_at(l->config, i, &key); i++) {
        if (strcmp(key.name, name) != 0)
            continue;
        if (key.listener != NULL)
            return set_listener_value(l, where, name, key.listener, key.setting, value);
        return set_value(l, where, name, key.setting, key.base, value);
    }
    if (strncmp(name, LISTEN, strlen(LISTEN)) == 0)
        return set_new_listener(l, where, name, value);
    if (strncmp(name, OPER, strlen(OPER)) == 0)
        return set_new_oper(l, where, name, value);
    return fail_unknown(l, where, name);
}

enum err config_set_env(struct config_loader *l, const char *name, const char *value)
{
    struct known_key key;
    for (size_t i = 0; key_at(l->config, i, &key); i++) {
        char known[CONFIG_KEY_BYTES_MAX];
        env_name_of(key.name, known);
        if (strcmp(known, name) == 0)
            return config_set(l, name, key.name, value);
    }
    config_warn(l, "the environment's %.100s is not a setting and has no effect; %s", name,
                hint_for(l->config, name, true).text);
    return OK;
}
