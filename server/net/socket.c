#include "net/socket.h"

#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t socket_recv(int fd, void *to, size_t cap)
{
    return syscall(SYS_recvfrom, fd, to, cap, 0, NULL, NULL);
}

ssize_t socket_send(int fd, const struct iovec *iov, size_t count)
{
    if (count == 1) /* the kernel has less to copy */
        return syscall(SYS_sendto, fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL, NULL, 0);
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = count};
    return syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
}

bool socket_is_left(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP}; /* POLLERR and POLLHUP come unasked */
    return poll(&p, 1, 0) > 0;
}
