/* The table of settings and the default listeners; internal to the config modules. */
#pragma once

#include "config/config.h"

enum { CONFIG_PORT_MISSING = -2 }; /* a new listener's; no source may leave it so */

enum config_type {
    CONFIG_TYPE_NUMBER, /* int64_t */
    CONFIG_TYPE_SWITCH, /* bool: on, off */
    CONFIG_TYPE_CHOICE, /* an enum that counts from 0 */
    CONFIG_TYPE_TEXT,   /* char *, owned */
};

/* What a word or a zero means for a number. */
enum config_special {
    CONFIG_SPECIAL_NONE,
    CONFIG_SPECIAL_CORES,     /* auto (or 0): one per core that we may run on */
    CONFIG_SPECIAL_PORT,      /* off: CONFIG_PORT_OFF */
    CONFIG_SPECIAL_UNLIMITED, /* 0: the largest value */
    CONFIG_SPECIAL_MEMORY,    /* auto: half of what there is; 0: the largest value */
};

struct config_setting {
    const char *key; /* "limits.out_bytes"; of a section what follows "listen.NAME." */
    size_t offset;   /* in struct config, or in the section's struct */
    enum config_type type;
    const char *initial; /* the default, as a user would write it; NULL: there is none, and a port
                            is CONFIG_PORT_MISSING */
    const char *help;    /* with the unit */
    int64_t min, max;    /* of a number; of a text, max is its length in bytes */
    enum config_special special;
    const char *choices;       /* "auto|on|off", in the enum's order */
    bool (*normalise)(char *); /* of a text: whether it is valid; may rewrite it, not lengthen it */
    const char *expects;       /* of a text with normalise, completes "must be ..." */
    bool is_secret;            /* never shown in messages */
    bool is_live; /* a reload puts it in force; otherwise it keeps its value until a restart, and
                     the reload says so */
};

/* A kind of section that there may be several of, each with a name: [listen.web]. They are in an
 * array of struct config; each element begins with its name, char[CONFIG_NAME_BYTES_MAX]. */
struct config_section {
    const char *prefix; /* "listen." */
    const char *noun;   /* "a listener" */
    const char *plural; /* "listeners" */
    const struct config_setting *settings;
    size_t setting_count;
    size_t bytes;         /* of one element */
    size_t array_offset;  /* in struct config */
    size_t count_offset;  /* likewise; a size_t */
    size_t count_max;     /* the array's length */
    const char *reserved; /* a name that none may have; NULL: any will do */
    bool may_come; /* with a reload; otherwise only with a restart. Any may go with a reload */
};

struct config_default_listener {
    const char *name;
    int64_t port;
    enum config_protocol protocol;
    bool tls; /* such a listener is optional */
};

extern const struct config_setting config_settings[];
extern const size_t config_setting_count;
extern const struct config_section config_sections[];
extern const size_t config_section_count;
extern const struct config_section *const config_listener_section; /* one of them */
extern const struct config_default_listener config_default_listeners[];
extern const size_t config_default_listener_count;
