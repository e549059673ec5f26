/* Of <linux/tcp.h>, since the C library's tcp_info ends before the counts of bytes; the two cannot
 * be included together. */
#include "net/tcp_stat.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum err tcp_stat_read(int fd, struct tcp_stat *out)
{
    struct tcp_info info = {0}; /* an older kernel fills in less of it */
    socklen_t len = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return ERR_IO;
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
