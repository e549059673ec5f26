/* recv and send as system calls and no more. Those of the C library are cancellation points, which
 * in a process with threads costs two atomic operations per call, a good part of what a short
 * message costs; nobody cancels our threads. Result and errno are as of recv(2) and send(2); none
 * raises SIGPIPE. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

ssize_t socket_recv(int fd, void *to, size_t cap);
ssize_t socket_send(int fd, const struct iovec *iov, size_t count);

/* Whether the peer has shut its end or is gone, though what it sent before is not read yet. */
bool socket_is_left(int fd);
