#include "net/socket.h"

#include <linux/tcp.h>
#include <netinet/in.h>
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

/* Of the kernel's states, those in which the peer's end has come (include/net/tcp_states.h). Behind
 * them is a closed one, in which it may have. */
enum { STATE_CLOSED = 7, STATE_CLOSE_WAIT = 8, STATE_LAST_ACK = 9, STATE_CLOSING = 11 };

bool socket_bytes(int fd, bool is_at_end, uint64_t *in, uint64_t *out)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return false;
    bool has_end = info.tcpi_state == STATE_CLOSE_WAIT || info.tcpi_state == STATE_LAST_ACK ||
                   info.tcpi_state == STATE_CLOSING ||
                   (info.tcpi_state == STATE_CLOSED && is_at_end);
    *in = info.tcpi_bytes_received - has_end;
    *out = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
    return true;
}
