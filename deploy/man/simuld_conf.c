/* Prints simuld.conf(5): what the table of settings knows of each, and the default listeners. */
#include "config/config_table.h"
#include "config/config_value.h"
#include "mdoc.h"

#include <string.h>

static void print_setting(FILE *to, const char *prefix, const struct config_setting *setting)
{
    char must_be[CONFIG_TEXT_BYTES_MAX];
    fprintf(to, ".It Ic %s%s\n", prefix, setting->key);
    mdoc_print_sentence(to, setting->help);
    if (!config_value_is_any_text(setting)) {
        config_value_describe(setting, must_be, sizeof(must_be));
        fprintf(to, ".br\nValues: %s.\n", must_be);
    }
    if (setting->initial != NULL)
        fprintf(to, ".br\nDefault: %s.\n",
                setting->initial[0] == '\0' ? "empty" : setting->initial);
    if (!setting->is_live)
        fputs(".br\nTakes effect at a restart.\n", to);
}

static void begin_list(FILE *to)
{
    fputs(".Bl -tag -width Ds\n", to);
}

/* The length of the section's name that the key begins with: 0 where it has none. */
static size_t section_length(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot == NULL ? 0 : (size_t)(dot - key);
}

static void print_settings(FILE *to)
{
    const char *before = "";
    fputs(".Ss Before any section\n", to);
    begin_list(to);
    for (size_t i = 0; i < config_setting_count; i++) {
        const char *key = config_settings[i].key;
        size_t len = section_length(key);
        if (len != section_length(before) || strncmp(key, before, len) != 0) {
            fprintf(to, ".El\n.Ss [%.*s]\n", (int)len, key);
            begin_list(to);
        }
        print_setting(to, "", &config_settings[i]);
        before = key;
    }
    fputs(".El\n", to);
}

static void print_section(FILE *to, const struct config_section *section)
{
    char prefix[CONFIG_NAME_BYTES_MAX];
    snprintf(prefix, sizeof(prefix), "%sNAME.", section->prefix);
    fprintf(to, ".Ss [%sNAME]\n", section->prefix);
    fprintf(to,
            "Each is %s.\n"
            "A name is 1 to %d lower-case letters, digits and hyphens.\n"
            "There may be %zu %s.\n",
            section->noun, CONFIG_NAME_BYTES_MAX - 1, section->count_max, section->plural);
    begin_list(to);
    for (size_t i = 0; i < section->setting_count; i++)
        print_setting(to, prefix, &section->settings[i]);
    fputs(".El\n", to);
}

static void print_default_listeners(FILE *to)
{
    fputs(".Ss Listeners that exist without being configured\n", to);
    fputs(".Bl -column \"webtls\" \"8443\" \"auto\"\n", to);
    for (size_t i = 0; i < config_default_listener_count; i++) {
        const struct config_default_listener *l = &config_default_listeners[i];
        fprintf(to, ".It %s Ta %d Ta %s%s\n", l->name, (int)l->port,
                config_protocol_name(l->protocol),
                l->tls ? " Ta TLS, once there is a certificate" : "");
    }
    fputs(".El\n", to);
}

static void print_part(FILE *to)
{
    print_settings(to);
    for (size_t i = 0; i < config_section_count; i++)
        print_section(to, &config_sections[i]);
    print_default_listeners(to);
}

int main(int argc, char **argv)
{
    return mdoc_main(argc, argv, print_part);
}
