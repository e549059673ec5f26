/* A listening socket of one loop. Every loop has its own socket on the same address
 * (SO_REUSEPORT), and the kernel spreads new connections over them. The first socket of an
 * address is bound without the option, so that a second program on the port is told so. A Unix
 * socket, and one that was opened for us, is one for all loops. */
#pragma once

#include "config/config.h"
#include "net/addr.h"
#include "net/unix_socket.h"
#include "simul/err.h"
#include "simul/span.h"

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

struct net;
struct session_type;

struct listener {
    ev_io io;
    struct net *net;
    const char *name; /* borrowed from the settings */
    int fd;           /* -1: closed */
    bool tls;
    enum config_client_certificates client_certificates;
    bool proxy;     /* peers in proxy.trusted begin with a PROXY header */
    bool deflate;   /* WebSocket messages may be compressed */
    bool faults;    /* the echo misbehaves on request */
    bool is_admin;  /* stays open while the server drains */
    bool is_shared; /* other loops accept on the same socket, each with its own descriptor */
    _Atomic uint64_t open, accepted; /* connections here; others may read them at any time */
    struct addr addr;
    char path[UNIX_PATH_BYTES_MAX]; /* of a Unix socket; empty: it is none */
    ino_t path_inode; /* its file, which goes when the listener stops; 0: that is not ours to do */
    const struct session_type *session; /* what begins on each connection */
    /* The same for one that is not let in; NULL: it is closed without a word. */
    const struct session_type *refusal;
    /* What to send, in plain text, to a peer that there is no descriptor for; `first`, which may be
     * empty, is what it has sent already. An empty answer, or NULL here: nothing. Static storage.
     */
    struct span (*say_full)(struct span first);
};

/* Makes a listening socket on `addr` and stores it in *fd; a port of 0 is replaced by the one
 * that was found. `is_first` is true for the first socket on the address. ERR_IO: errno tells. */
enum err listener_bind(struct addr *addr, bool is_first, int *fd);

/* Sets the options that connections inherit, on a socket that somebody else has opened. */
void listener_set_flags(int fd);

/* After a reload: what connections that are accepted from now on inherit from the settings. */
void listener_configure(struct listener *l, const struct config *config);

/* "127.0.0.1:8080" or "unix:/path". */
enum { LISTENER_TEXT_CHARS = 128 };
const char *listener_format(const struct listener *l, char out[LISTENER_TEXT_CHARS]);

/* The number by which the connections of its loop name it; after listener_start. */
unsigned listener_index(const struct listener *l);

/* Accepts on l->fd from now on; l must not move any more. */
void listener_start(struct listener *l, struct net *n);

/* Closes the socket, whether listener_start was called or not; connections stay. */
void listener_stop(struct listener *l);
