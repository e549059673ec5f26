#include "config/config_print.h"

#include "config/config_key.h"
#include "config/config_section.h"
#include "config/config_set.h"
#include "config/config_value.h"

#include <ctype.h>
#include <string.h>

enum {
    FILE_LINE_BYTES_MAX = 198, /* inih's; a file's reader refuses longer ones */
    ORIGIN_COLUMN = 40,
    WIDTH = 80,
    KEY_CHARS = 24, /* of the help's columns; a longer key or default ends its line */
    DEFAULT_CHARS = 9,
    VALUES_BYTES_MAX = CONFIG_TEXT_BYTES_MAX + 64,
};

/* --- all there are ----------------------------------------------------------------------- */

/* What a setting may be, and where a reload leaves it alone, when it takes effect. */
static void write_values(const struct config_setting *setting, const char *at_restart, char *out,
                         size_t size)
{
    char must_be[CONFIG_TEXT_BYTES_MAX] = "";
    const char *when = setting->is_live ? "" : at_restart;
    if (!config_value_is_any_text(setting))
        config_value_describe(setting, must_be, sizeof(must_be));
    snprintf(out, size, "%s%s%s", must_be, must_be[0] == '\0' || when[0] == '\0' ? "" : "; ", when);
}

static void print_setting(FILE *to, const char *prefix, const struct config_setting *setting)
{
    char key[64], values[VALUES_BYTES_MAX];
    snprintf(key, sizeof(key), "%s%s", prefix, setting->key);
    const char *initial = setting->initial == NULL      ? "-"
                          : setting->initial[0] == '\0' ? "(empty)"
                                                        : setting->initial;
    fprintf(to, "  %-*s  %-*s", KEY_CHARS, key, DEFAULT_CHARS, initial);
    if (strlen(key) > KEY_CHARS || strlen(initial) > DEFAULT_CHARS)
        fprintf(to, "\n  %*s  %*s", KEY_CHARS, "", DEFAULT_CHARS, "");
    fprintf(to, "  %s\n", setting->help);
    write_values(setting, "at a restart", values, sizeof(values));
    if (values[0] != '\0')
        fprintf(to, "  %*s  %*s  [%s]\n", KEY_CHARS, "", DEFAULT_CHARS, "", values);
}

void config_print_help(FILE *to)
{
    fprintf(to, "  %-*s  %-*s  %s\n", KEY_CHARS, "SETTING", DEFAULT_CHARS, "DEFAULT",
            "MEANING [VALUES]");
    for (size_t i = 0; i < config_setting_count; i++)
        print_setting(to, "", &config_settings[i]);
    for (size_t i = 0; i < config_section_count; i++) {
        const struct config_section *section = &config_sections[i];
        char prefix[CONFIG_NAME_BYTES_MAX];
        snprintf(prefix, sizeof(prefix), "%sNAME.", section->prefix);
        for (size_t k = 0; k < section->setting_count; k++)
            print_setting(to, prefix, &section->settings[k]);
    }
    fprintf(to, "\nListeners that exist without being configured:\n");
    for (size_t i = 0; i < config_default_listener_count; i++) {
        const struct config_default_listener *listener = &config_default_listeners[i];
        fprintf(to, "  %-8s  port %d, protocol %s%s\n", listener->name, (int)listener->port,
                config_protocol_name(listener->protocol),
                listener->tls ? ", TLS, once there is a certificate" : "");
    }
}

/* --- files ------------------------------------------------------------------------------- */

/* What stands behind the last dot of a key; *section is what stands before, or empty. */
static const char *split_key(const char *key, struct span *section)
{
    const char *dot = strrchr(key, '.');
    *section = dot == NULL ? SPAN_EMPTY : span_of(key, (size_t)(dot - key));
    return dot == NULL ? key : dot + 1;
}

/* The header of a section, when the key before was in another. Returns the key in its section. */
static const char *print_header(FILE *to, const char *before, const char *key)
{
    struct span section_before, section;
    split_key(before, &section_before);
    const char *rest = split_key(key, &section);
    if (!span_eq(section, section_before))
        fprintf(to, "\n[%.*s]\n", (int)section.len, (const char *)section.ptr);
    return rest;
}

/* Whether a file can say it: a comment begins with a semicolon behind a blank, and blanks at the
 * ends do not count. */
static bool can_stand_in_file(const char *key, const char *value)
{
    size_t len = strlen(value);
    if (strlen(key) + strlen(" = ") + len > FILE_LINE_BYTES_MAX)
        return false;
    if (len > 0 && (isspace((unsigned char)value[0]) || isspace((unsigned char)value[len - 1])))
        return false;
    for (const char *c = value; (c = strchr(c, ';')) != NULL; c++)
        if (c == value || isspace((unsigned char)c[-1]))
            return false;
    return true;
}

/* Ends a line of which `used` bytes stand there. An origin that is too long for it ends as it
 * should: there is the number of the line. */
static void print_origin(FILE *to, int used, const char *origin)
{
    int pad = used < ORIGIN_COLUMN ? ORIGIN_COLUMN - used : 1;
    int room = FILE_LINE_BYTES_MAX - used - pad - (int)strlen("; ...");
    int len = (int)strlen(origin);
    if (room < 0)
        fputc('\n', to);
    else
        fprintf(to, "%*s; %s%s\n", pad, "", len > room ? "..." : "",
                len > room ? origin + len - room : origin);
}

static void print_value(FILE *to, const char *key, const struct config_setting *setting,
                        const char *value, const char *origin)
{
    if (setting->is_secret && value[0] != '\0')
        fprintf(to, "; %s is set, and not shown ; %s\n", key, origin);
    else if (!can_stand_in_file(key, value))
        fprintf(to, "; no file can say: %s = %s ; %s\n", key, value, origin);
    else
        print_origin(to, fprintf(to, "%s =%s%s", key, value[0] == '\0' ? "" : " ", value), origin);
}

static void print_in_force(FILE *to, const char *key_in_section, const struct config_key *key,
                           const struct config_origins *origins)
{
    char buffer[CONFIG_VALUE_BYTES_MAX];
    const char *value = config_value_text(key->setting, key->base, buffer);
    const char *origin = config_origins_find(origins, key->name);
    bool is_auto = key->setting->initial != NULL && strcmp(key->setting->initial, "auto") == 0;
    if (origin == NULL && key->section == NULL && is_auto && strcmp(value, "auto") != 0)
        origin = "default: auto";
    print_value(to, key_in_section, key->setting, value, origin == NULL ? "default" : origin);
}

/* A default listener that somebody has turned off is not in the config any more. */
static void print_listeners_off(FILE *to, struct config *config,
                                const struct config_origins *origins)
{
    for (size_t i = 0; i < config_default_listener_count; i++) {
        struct config_key key;
        char name[sizeof(key.name)];
        snprintf(name, sizeof(name), "%s%s.port", config_listener_section->prefix,
                 config_default_listeners[i].name);
        const char *origin = config_origins_find(origins, name);
        if (origin != NULL && !config_key_find(config, name, &key))
            print_origin(to, fprintf(to, "%s = off", print_header(to, "", name)), origin);
    }
}

void config_print(FILE *to, const struct config *config_, const struct config_origins *origins)
{
    struct config *config = (struct config *)config_; /* keys point into it, to read it here */
    struct config_key key;
    char before[sizeof(key.name)] = "";
    fprintf(to, "; the settings of simuld %s in force, and where they come from\n", SIMUL_VERSION);
    for (size_t i = 0; config_key_at(config, i, &key); i++) {
        const char *key_in_section = print_header(to, before, key.name);
        memcpy(before, key.name, sizeof(before));
        print_in_force(to, key_in_section, &key, origins);
    }
    print_listeners_off(to, config, origins);
}

/* --- a file to begin with ---------------------------------------------------------------- */

/* Prints words as comments, with line breaks where they are due. */
static void print_words(FILE *to, const char *text)
{
    for (;;) {
        size_t len = strlen(text);
        if (len > WIDTH - strlen("# ")) {
            len = WIDTH - strlen("# ");
            while (len > 0 && text[len] != ' ')
                len--;
        }
        if (len == 0) /* a word without an end */
            len = strcspn(text, " ");
        fprintf(to, "# %.*s\n", (int)len, text);
        if (text[len] == '\0')
            return;
        text += len + 1;
    }
}

static void print_meaning(FILE *to, const struct config_setting *setting)
{
    char words[VALUES_BYTES_MAX];
    const char *intro = config_value_is_any_text(setting) ? "" : "values: ";
    size_t len = (size_t)snprintf(words, sizeof(words), "%s", intro);
    print_words(to, setting->help);
    write_values(setting, "takes effect at a restart", words + len, sizeof(words) - len);
    if (words[0] != '\0')
        print_words(to, words);
}

/* A kind of section that is not there by default: how one would look. */
static void print_example(FILE *to, const struct config_section *section)
{
    fprintf(to, "\n# %s, one of %zu that there may be:\n# [%sNAME]\n", section->noun,
            section->count_max, section->prefix);
    for (size_t i = 0; i < section->setting_count; i++) {
        print_meaning(to, &section->settings[i]);
        fprintf(to, "# %s =\n", section->settings[i].key);
    }
}

static void print_default(FILE *to, struct config *config, const char *key_in_section,
                          const struct config_key *key)
{
    char buffer[CONFIG_VALUE_BYTES_MAX];
    const char *value = key->setting->initial, *mark = ";";
    bool is_explained = true;
    if (key->section == config_listener_section) {
        const struct config_listener *listener = key->base;
        value = config_value_text(key->setting, key->base, buffer);
        is_explained = listener == config->listeners;
        if (listener->is_optional && config_set_asks_for_listener(key))
            mark = "# "; /* there would be an error without a certificate */
    }
    if (is_explained) {
        fputc('\n', to);
        print_meaning(to, key->setting);
    }
    fprintf(to, "%s%s =%s%s\n", mark, key_in_section, value[0] == '\0' ? "" : " ", value);
}

static void print_all_defaults(FILE *to, struct config *config)
{
    struct config_key key;
    char before[sizeof(key.name)] = "";
    fprintf(to,
            "# Settings of simuld %s. Each stands here with its default, behind a semicolon that\n"
            "# is taken away to change it. The environment (SIMUL_LISTEN_WEB_PORT=8000) and\n"
            "# -o listen.web.port=8000 win over this file. Check it with simuld -t -c FILE; what\n"
            "# is in force shows simuld --print-config -c FILE. See simuld.conf(5).\n",
            SIMUL_VERSION);
    for (size_t i = 0; config_key_at(config, i, &key); i++) {
        const char *key_in_section = print_header(to, before, key.name);
        if (key.section == config_listener_section && key.setting == &key.section->settings[0] &&
            ((struct config_listener *)key.base)->is_optional)
            fprintf(to, "# It is there once there is a certificate.\n");
        memcpy(before, key.name, sizeof(before));
        print_default(to, config, key_in_section, &key);
    }
    for (size_t i = 0; i < config_section_count; i++)
        if (config_section_size(&config_sections[i], config) == 0)
            print_example(to, &config_sections[i]);
}

enum err config_print_defaults(FILE *to)
{
    struct config config = {0};
    struct config_report report = {0};
    struct config_loader loader = {.config = &config, .report = &report};
    enum err e = config_set_defaults(&loader);
    if (e == OK)
        print_all_defaults(to, &config);
    config_deinit(&config);
    return e;
}
