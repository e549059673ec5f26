/* What the system tells of this process. */
#pragma once

#include <stdint.h>

/* 0: not known. */
struct process {
    double cpu_seconds;   /* of all threads, in the system and out of it */
    double start_seconds; /* when it was started, since 1970 */
    uint64_t resident_bytes, virtual_bytes;
    uint64_t descriptors; /* that are open; known from Linux 6.2 on */
    uint64_t descriptors_max;
    uint64_t threads;
};

struct process process_read(void);
