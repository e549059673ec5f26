/* What the service manager is told: systemd's protocol, sd_notify(3), or nothing where nobody asked
 * for it. A datagram to the socket that NOTIFY_SOCKET names; one that it does not take is lost, and
 * nothing here waits. There is one manager for the process, and so one state, of no thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Connects to the manager, if there is one, and forgets the variables, so that no process of ours
 * takes itself for the service. Before any thread is started. */
void notify_open(void);
void notify_close(void);

/* How often the manager wants to hear that we live, in microseconds; 0: it does not. */
uint64_t notify_watchdog_us(void);

/* Assignments such as "READY=1", a line each. From the thread of loop 0. */
void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));
