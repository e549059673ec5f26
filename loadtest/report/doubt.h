/* Whether a run's figures say more of this program, or of this machine, than of the server: they
 * would mislead, and nobody would notice. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct run;

/* It was late to send, by *lag_ns at p99, which is a good part of the latencies: they count from
 * when a message was to be sent. */
bool doubt_late(const struct run *run, double *lag_ns);

/* Messages that were due could not be sent; *share is how many of them. They have no latency, and
 * it would be the longest. Where -n ends the run, all are sent. */
bool doubt_unsent(const struct run *run, double *share);

/* Its threads were busy nearly all of the measured time, or of the whole run if nothing was
 * measured; *share is of the cores that they may use. */
bool doubt_busy(const struct run *run, double *share);

/* Compression was wanted, and on *count of the connections that were opened the server declined it:
 * their messages went as they are. */
bool doubt_plain(const struct run *run, uint64_t *count);
