/* The sections with names, whichever kind of config_table.c; internal to the config modules. */
#pragma once

#include "config/config_table.h"
#include "simul/span.h"

/* How many sections of this kind there are. */
size_t config_section_size(const struct config_section *section, const struct config *config);

/* The section at `index`, which is below that: a struct config_listener, say. It may be changed
 * where the config may. */
void *config_section_at(const struct config_section *section, const struct config *config,
                        size_t index);

/* Whether one of this kind may have that name. */
bool config_section_is_name(const struct config_section *section, struct span name);

/* The setting that its elements have under this key; NULL: none. */
const struct config_setting *config_section_setting(const struct config_section *section,
                                                    const char *key);

/* Appends a section with its initial values. There is room for it, and the name is valid. NULL
 * without memory. */
void *config_section_add(const struct config_section *section, struct config *config,
                         struct span name);

/* Frees the element at `index`; those behind it move up. */
void config_section_remove(const struct config_section *section, struct config *config,
                           size_t index);
