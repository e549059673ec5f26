/* The file with the server's process id. Whether a server runs is told by the lock on the file, not
 * by what it says: a file that a killed server has left is taken over. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PID_FILE_PATH_BYTES_MAX = 4096 };

struct pid_file {
    int fd;           /* -1: there is none */
    const char *path; /* borrowed */
};

/* What `setting` means: a path; empty: no file; "auto": none in the foreground, and for a daemon
 * simuld.pid in /run if root starts it, else in $XDG_RUNTIME_DIR. `path` is empty when there is to
 * be none. ERR_UNKNOWN: there is no such directory; `error` is one line for the user. */
enum err pid_file_choose(const char *setting, bool is_daemon, char path[PID_FILE_PATH_BYTES_MAX],
                         char *error, size_t error_bytes);

/* Creates the file or takes it over, locks it until this process ends, and writes its id into it.
 * `path` is borrowed; if it is empty there is no file. A child does not inherit the lock.
 * ERR_EXISTS: another process holds it. ERR_IO: the file cannot be created or locked. `error` is
 * one line for the user. */
enum err pid_file_lock(struct pid_file *out, const char *path, char *error, size_t error_bytes);

/* Removes the file, if its name still leads to ours; empties it if its directory does not permit
 * that. Does nothing when there is none. */
void pid_file_remove(struct pid_file *p);
