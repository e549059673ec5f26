/* One value of one setting, as text; internal to the config modules. */
#pragma once

#include "config/config_table.h"

/* Reads `text` into the setting's field of `base` (a struct config or a section); a text
 * is copied and replaces the one before. ERR_SYNTAX: not such a value; ERR_NOMEM. Either leaves the
 * field as it was. */
enum err config_value_set(const struct config_setting *setting, void *base, const char *text);

/* Gives `count` settings of `base` their initial values. ERR_NOMEM. */
enum err config_value_set_initial(const struct config_setting *settings, size_t count, void *base);

/* Whether both have the same value. */
bool config_value_is_equal(const struct config_setting *setting, const void *a, const void *b);

/* Copies the value; a text replaces the one that was there. ERR_NOMEM changes nothing. */
enum err config_value_copy(const struct config_setting *setting, void *to, const void *from);

/* Frees the texts among them. */
void config_value_free_all(const struct config_setting *settings, size_t count, void *base);

enum { CONFIG_VALUE_BYTES_MAX = 32 }; /* of a value that is no text, with its zero */

/* The value in the setting's field of `base` as a user would write it, in `buffer`, unless it is a
 * text of the config's: which is borrowed. Reading it again gives the same. */
const char *config_value_text(const struct config_setting *setting, const void *base,
                              char buffer[CONFIG_VALUE_BYTES_MAX]);

/* Whether any text will do, up to a length, so that there is little to say of its values. */
bool config_value_is_any_text(const struct config_setting *setting);

/* Writes what completes the sentence "KEY must be ...", cut to `size`. */
void config_value_describe(const struct config_setting *setting, char *to, size_t size);

/* For the normalise column of the table. */
bool config_normalise_address(char *text);
bool config_normalise_mode(char *text);
bool config_normalise_networks(char *text);
bool config_normalise_server_name(char *text);
bool config_normalise_cloak_key(char *text);
bool config_normalise_log_modules(char *text);
bool config_normalise_network(char *text);
bool config_normalise_origins(char *text);
bool config_normalise_password(char *text);
bool config_normalise_colons(char *text);
bool config_normalise_hosts(char *text);
