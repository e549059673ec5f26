/* Who the server is once it serves. Started as root it becomes daemon.user and daemon.group, unless
 * it is told to stay root; whoever starts it, it keeps no capability, and neither it nor a child of
 * its own can gain privileges by executing something (no_new_privs). */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { IDENTITY_NAME_BYTES_MAX = 64 }; /* of a user's name, with its zero */

struct identity {
    char user[IDENTITY_NAME_BYTES_MAX];
    uid_t uid;
    gid_t gid;
    bool changes;    /* user and group are to be changed */
    bool stays_root; /* keeps what root may do, as it was told to */
    bool is_ignored; /* daemon.user names another user, but only root could become that one */
};

/* Finds out who to become. `user`: a name, or "auto": "simul" if there is such a user, else
 * "nobody". `group`: a name, or empty: the user's own. ERR_UNKNOWN: there is no such user or group;
 * `error` is one line for the user of the program. */
enum err identity_find(struct identity *out, const char *user, const char *group, char *error,
                       size_t error_bytes);

/* Becomes that, and makes sure that there is no way back. To be called while the process has one
 * thread, since capabilities belong to threads. The process is no longer dumpable where it has
 * changed its user, and that is as it should be: it has read keys as root, which a debugger or a
 * core dump of that user must not show. ERR_IO: `error` tells what failed; the process must not
 * serve then. */
enum err identity_assume(const struct identity *id, char *error, size_t error_bytes);

/* Where the identity changes: creates a file that is not there yet, as its property, so that it can
 * be opened for appending again after identity_assume. One that is there is left alone: it may be a
 * link that somebody else has laid. Errors are left to who opens it. */
void identity_create_file(const struct identity *id, const char *path, mode_t mode);
