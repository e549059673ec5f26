/* Loads settings as a test gives them. */
#pragma once

#include "config/config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct config config;
static struct config_report report;

/* Loads with -o alone. */
static inline enum err load_overrides(const char *const *overrides, size_t count)
{
    const struct config_sources sources = {.overrides = overrides, .override_count = count};
    return config_load(&config, &sources, &report);
}

#define LOAD(...)                                                                                  \
    load_overrides((const char *const[]){__VA_ARGS__},                                             \
                   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static inline enum err load_env(const char *const *env)
{
    const struct config_sources sources = {.env = (char *const *)env};
    return config_load(&config, &sources, &report);
}

/* Loads a file with these bytes; its name in messages is path. */
static char path[32];
static inline enum err load_file_bytes(const char *bytes, size_t len)
{
    strcpy(path, "/tmp/config_test_XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    const struct config_sources sources = {.path = path};
    enum err e = config_load(&config, &sources, &report);
    unlink(path);
    return e;
}

static inline enum err load_file(const char *text)
{
    return load_file_bytes(text, strlen(text));
}

static inline const struct config_listener *listener(const char *name)
{
    for (size_t i = 0; i < config.listener_count; i++)
        if (strcmp(config.listeners[i].name, name) == 0)
            return &config.listeners[i];
    return NULL;
}

#define ASSERT_ERROR_HAS(text_)                                                                    \
    cr_assert_not_null(strstr(report.error, text_), "\"%s\" is not in \"%s\"", text_, report.error)
