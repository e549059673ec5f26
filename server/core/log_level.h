/* Levels and modules of the log; see log.h. A module is a folder of server/: CMakeLists.txt defines
 * LOG_MODULE for the sources of each, so that no source need say where it lies. */
#pragma once

#include "simul/err.h"

#include <stdint.h>

/* X(NAME, name): server is what lies in no folder, tls is net/tls/; config/ logs nothing. */
#define LOG_MODULES(X)                                                                             \
    X(SERVER, server)                                                                              \
    X(CORE, core)                                                                                  \
    X(DAEMON, daemon)                                                                              \
    X(NET, net)                                                                                    \
    X(TLS, tls)                                                                                    \
    X(WEB, web)                                                                                    \
    X(CHAT, chat)                                                                                  \
    X(ECHO, echo)                                                                                  \
    X(JOBS, jobs)

#define LOG_MODULE_ENUM(upper, lower) LOG_MODULE_##upper,
enum log_module { LOG_MODULES(LOG_MODULE_ENUM) LOG_MODULE_COUNT };
#undef LOG_MODULE_ENUM

#ifndef LOG_MODULE
#define LOG_MODULE LOG_MODULE_SERVER
#endif

/* " server core …", for messages. */
#define LOG_MODULE_WORD(upper, lower) " " #lower
#define LOG_MODULE_NAMES LOG_MODULES(LOG_MODULE_WORD)

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Per module, which lines are written: those of this level, and what is worse. */
struct log_levels {
    uint8_t of[LOG_MODULE_COUNT]; /* enum log_level */
};

/* Static storage. */
const char *log_level_name(enum log_level level);
const char *log_module_name(enum log_module module);

/* Sets `level` for all modules except those that `modules` names: "net=debug,chat=warn", or
 * nothing; the last one wins. ERR_SYNTAX: there is no such module or level, or the form is another;
 * `out` is then undefined. */
enum err log_levels_parse(struct log_levels *out, enum log_level level, const char *modules);
