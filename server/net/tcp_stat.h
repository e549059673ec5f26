/* What the kernel knows about a TCP connection (TCP_INFO). It counts bytes and measures round trips
 * anyway, so the server need not. */
#pragma once

#include "simul/err.h"

#include <stdbool.h>
#include <stdint.h>

struct tcp_stat {
    uint32_t rtt_us, rttvar_us; /* smoothed round-trip time and its variation */
    uint32_t retransmits;       /* segments sent again since the connection began */
    uint32_t retransmitting;    /* of these, how many are on their way now */
    uint32_t unacked;           /* segments sent and not acknowledged */
    uint32_t unsent_bytes;      /* in the kernel's queue, not sent once */
    uint64_t received_bytes, acked_bytes;
    uint64_t delivery_bytes_per_second; /* as last measured; 0: never */
};

/* ERR_IO: it is no TCP connection (a Unix socket). One system call. */
enum err tcp_stat_read(int fd, struct tcp_stat *out);

/* The bytes that the connection has carried so far, TLS's own included, and of those sent also what
 * the peer has not acknowledged. The kernel counts an end of file as a byte; `is_at_end` says that
 * it has been read, so that it can be left out. ERR_IO as above. */
enum err tcp_stat_carried(int fd, bool is_at_end, uint64_t *in, uint64_t *out);
