#include "core/log_level.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define MODULE_NAME(upper, lower) [LOG_MODULE_##upper] = #lower,
static const char *const MODULE_NAMES[] = {LOG_MODULES(MODULE_NAME)};
static const char *const LEVEL_NAMES[] = {[LOG_LEVEL_ERROR] = "error",
                                          [LOG_LEVEL_WARN] = "warn",
                                          [LOG_LEVEL_INFO] = "info",
                                          [LOG_LEVEL_DEBUG] = "debug"};
enum { LEVEL_COUNT = sizeof(LEVEL_NAMES) / sizeof(LEVEL_NAMES[0]) };

const char *log_level_name(enum log_level level)
{
    return LEVEL_NAMES[level];
}

const char *log_module_name(enum log_module module)
{
    return MODULE_NAMES[module];
}

/* Which of the names the `len` bytes at `text` are; `count` when they are none. */
static size_t find(const char *const *names, size_t count, const char *text, size_t len)
{
    size_t i = 0;
    while (i < count && (strlen(names[i]) != len || memcmp(names[i], text, len) != 0))
        i++;
    return i;
}

enum err log_levels_parse(struct log_levels *out, enum log_level level, const char *modules)
{
    memset(out->of, (int)level, sizeof(out->of));
    if (modules[0] == '\0')
        return OK;
    for (const char *name = modules;; name++) {
        size_t name_len = strcspn(name, "=,");
        size_t module = find(MODULE_NAMES, LOG_MODULE_COUNT, name, name_len);
        if (module == LOG_MODULE_COUNT || name[name_len] != '=')
            return ERR_SYNTAX;
        const char *word = name + name_len + 1;
        size_t word_len = strcspn(word, ",");
        size_t found = find(LEVEL_NAMES, LEVEL_COUNT, word, word_len);
        if (found == LEVEL_COUNT)
            return ERR_SYNTAX;
        out->of[module] = (uint8_t)found;
        name = word + word_len;
        if (*name == '\0')
            return OK;
    }
}
