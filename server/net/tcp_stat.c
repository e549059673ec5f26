/* Of <linux/tcp.h>, since the C library's tcp_info ends before the counts of bytes; the two cannot
 * be included together. */
#include "net/tcp_stat.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* The kernel's states in which the peer's end has come (its include/net/tcp_states.h), and CLOSED,
 * in which it may have. */
enum { STATE_CLOSED = 7, STATE_CLOSE_WAIT = 8, STATE_LAST_ACK = 9, STATE_CLOSING = 11 };

/* An older kernel fills in less of it: the rest is zero. */
static enum err read_info(int fd, struct tcp_info *info)
{
    socklen_t len = sizeof(*info);
    *info = (struct tcp_info){0};
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0 ? OK : ERR_IO;
}

enum err tcp_stat_read(int fd, struct tcp_stat *out)
{
    struct tcp_info info;
    enum err e = read_info(fd, &info);
    if (e != OK)
        return e;
    *out = (struct tcp_stat){
        .rtt_us = info.tcpi_rtt,
        .rttvar_us = info.tcpi_rttvar,
        .retransmits = info.tcpi_total_retrans,
        .retransmitting = info.tcpi_retrans,
        .unacked = info.tcpi_unacked,
        .unsent_bytes = info.tcpi_notsent_bytes,
        .received_bytes = info.tcpi_bytes_received,
        .acked_bytes = info.tcpi_bytes_acked,
        .delivery_bytes_per_second = info.tcpi_delivery_rate,
    };
    return OK;
}

enum err tcp_stat_carried(int fd, bool is_at_end, uint64_t *in, uint64_t *out)
{
    struct tcp_info info;
    enum err e = read_info(fd, &info);
    if (e != OK)
        return e;
    bool has_end = info.tcpi_state == STATE_CLOSE_WAIT || info.tcpi_state == STATE_LAST_ACK ||
                   info.tcpi_state == STATE_CLOSING ||
                   (info.tcpi_state == STATE_CLOSED && is_at_end);
    *in = info.tcpi_bytes_received - has_end;
    *out = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
    return OK;
}
