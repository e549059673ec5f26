/* Sockets that were opened for us, by systemd or by anything that speaks its protocol
 * (sd_listen_fds(3)). They are the descriptors from 3 on; LISTEN_FDS says how many there are,
 * LISTEN_PID for which process, and LISTEN_FDNAMES, separated by colons, what each is called. */
#pragma once

#include "config/config.h"
#include "net/addr.h"
#include "net/unix_socket.h"

#include <stdbool.h>

enum {
    ACTIVATION_FIRST_FD = 3,
    ACTIVATION_SOCKETS_MAX = CONFIG_LISTENERS_MAX + 1,
    ACTIVATION_NAME_BYTES = 64,
};

struct activation_socket {
    int fd; /* -1: a listener has taken it over */
    char name[ACTIVATION_NAME_BYTES];
    struct addr addr;
    char path[UNIX_PATH_BYTES_MAX]; /* of a Unix socket */
};

struct activation {
    struct activation_socket sockets[ACTIVATION_SOCKETS_MAX];
    unsigned count;
};

/* Takes over the sockets that the environment names, if any, and clears the variables, so that no
 * child process inherits either. To be called before any other descriptor is opened. ERR_SYNTAX:
 * the variables make no sense, or a descriptor is no listening stream socket. ERR_LIMIT: there are
 * too many. `error` is then one line for the user. */
enum err activation_take(struct activation *a, char *error, size_t error_bytes);

/* Closes the sockets that no listener has taken over. */
void activation_close(struct activation *a);

/* A listener, which may be given a socket instead of binding one. */
struct activation_place {
    const char *name;
    const struct addr *addr;
    const char *path;                 /* of a Unix socket */
    struct activation_socket *socket; /* set by activation_assign; NULL: none was opened for it */
};

/* Gives each socket to the listener of its name; one with another name to the listener at its
 * address. ERR_SYNTAX: it fits none, or several; `error` is one line for the user. */
enum err activation_assign(struct activation *a, struct activation_place *places, unsigned count,
                           char *error, size_t error_bytes);

/* "unix:/path" or "127.0.0.1:80", for messages. */
enum { ACTIVATION_TEXT_CHARS = UNIX_PATH_BYTES_MAX + 8 };
const char *activation_address(const struct activation_socket *s, char out[ACTIVATION_TEXT_CHARS]);
