/* A listening socket that has a path instead of an address. Whoever may write to the file may
 * connect, and nobody else. All loops accept on the one socket. */
#pragma once

#include "simul/err.h"

#include <sys/types.h>

enum { UNIX_PATH_BYTES_MAX = 108 }; /* of a path, with its zero */

/* The path of "unix:/path", which must begin at the root; NULL: the address is not of that kind. */
const char *unix_socket_path(const char *address);

/* Whether a socket could listen at that path: OK, or the error that unix_socket_bind would return
 * for the file that is there. A server that listens there sees a connection that ends at once. */
enum err unix_socket_probe(const char *path);

/* Listens at that path, replacing a socket that nobody listens on any more. *inode identifies the
 * file for unix_socket_remove. ERR_EXISTS: there is a file of another kind. ERR_BUSY: somebody
 * listens there. ERR_IO: errno tells. */
enum err unix_socket_bind(const char *path, mode_t mode, int *fd, ino_t *inode);

/* Removes the file, unless another has taken its place. */
void unix_socket_remove(const char *path, ino_t inode);
