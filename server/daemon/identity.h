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

/* Becomes that identity, and makes sure that there is no way back. To be called while the process
 * has one thread, since capabilities belong to threads. A process that changes its user is no
 * longer dumpable, which is intended: it has read keys as root, which no debugger or core dump of
 * that user may show. ERR_IO: `error` says what failed, and the process must not serve. */
enum err identity_assume(const struct identity *id, char *error, size_t error_bytes);

/* If the identity changes: creates a file that does not exist yet and gives it to the new user, so
 * that it can be opened for appending again after identity_assume. An existing one is left alone,
 * since it may be a link that somebody else has planted. Errors are left to whoever opens the file.
 */
void identity_create_file(const struct identity *id, const char *path, mode_t mode);
