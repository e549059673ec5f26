/* Finds a setting by its key, sets it, and words what is wrong; internal to the config modules. */
#pragma once

#include "config/config_key.h"

/* The config under construction and what is to be told about it. */
struct config_loader {
    struct config *config;
    struct config_report *report;
    struct config_origins *origins; /* NULL: nobody asks */
};

/* Adds an error to the report and returns `error`, so that a check can end with it. */
__attribute__((format(printf, 3, 4))) enum err config_fail(struct config_loader *l, enum err error,
                                                           const char *format, ...);
enum err config_fail_nomem(struct config_loader *l);
__attribute__((format(printf, 2, 3))) void config_warn(struct config_loader *l, const char *format,
                                                       ...);

/* Gives every setting its default and adds the default listeners. */
enum err config_set_defaults(struct config_loader *l);

/* Sets one key. A section that does not exist comes into being. `where` begins the error message:
 * "simul.conf:12". Errors as config_load. */
enum err config_set(struct config_loader *l, const char *where, const char *key, const char *value);

/* Whether who sets it wants the listener for certain, with a certificate or an error: its port or
 * TLS. Without, a listener that is optional is only there when there is a certificate. */
bool config_set_asks_for_listener(const struct config_key *key);

/* Sets the key that the environment variable `name`, which begins with SIMUL_, stands for. One that
 * stands for none gives a warning. */
enum err config_set_env(struct config_loader *l, const char *name, const char *value);
