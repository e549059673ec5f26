/* A run second by second, as comma-separated values for spreadsheets and scripts: one line of
 * names, then one a second. Numbers have a point and no thousands separators; what is not known is
 * empty. The columns:
 *
 *   time_s, seconds      when the second ended, since the run began; how long it was (the last may
 *                        be shorter)
 *   phase                opening, running, draining, closing
 *   measured             1: it lies in the measured window; 0: it does not
 *   open                 connections, at its end
 *   (each count)         of load/board.h, under its own name, in this second: connections_opened,
 *                        sent, received_bytes, …
 *   errors               of all kinds, in this second
 *   p50_ns … max_ns      of the latencies of this second
 *   server_cores         of --pid: how many cores it kept busy
 *   server_memory_bytes  of --pid, at its end */
#pragma once

#include "report/run.h"

#include <stdio.h>

/* Writes it all. ERR_IO: the stream failed. */
enum err csv_write(const struct run *run, FILE *to);
