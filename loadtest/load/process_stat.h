/* What a process on this machine uses, from /proc. Process 0, and one that is gone, uses nothing.
 */
#pragma once

#include <stdint.h>

/* Its resident memory. */
uint64_t process_memory_bytes(int pid);

/* The CPU time of all its threads that live, to the nanosecond. */
uint64_t process_cpu_ns(int pid);
