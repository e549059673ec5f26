/* recv and send as system calls and no more. Those of the C library are cancellation points, which
 * in a process with threads costs two atomic operations per call, a good part of what a short
 * message costs; nobody cancels our threads. Result and errno are as of recv(2) and send(2); none
 * raises SIGPIPE. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

ssize_t socket_recv(int fd, void *to, size_t cap);
ssize_t socket_send(int fd, const struct iovec *iov, size_t count);

/* How many bytes a TCP connection has carried, as the kernel counts them: with TLS's own, and those
 * sent that the peer has not acknowledged. `is_at_end`: its end of file has been read, which the
 * kernel counts as one. False: it is no TCP. */
bool socket_bytes(int fd, bool is_at_end, uint64_t *in, uint64_t *out);
