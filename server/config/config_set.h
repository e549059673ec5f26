/* Finds a setting by its key, sets it, and words errors for the user; internal to the config
 * modules. */
#pragma once

#include "config/config_key.h"

/* The config under construction, and what the user will be told about it. */
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

/* Sets one key, and creates its section if there is none yet. `where` begins the error message:
 * "simul.conf:12". Errors as config_load. */
enum err config_set(struct config_loader *l, const char *where, const char *key, const char *value);

/* Whether setting this key, its port or TLS, asks for an optional listener: then there must be a
 * certificate, or it is an error. Otherwise such a listener exists only if there is a certificate.
 */
bool config_set_asks_for_listener(const struct config_key *key);

/* Sets the key that the environment variable `name`, which begins with SIMUL_, stands for. A
 * variable that stands for no key causes a warning. */
enum err config_set_env(struct config_loader *l, const char *name, const char *value);
