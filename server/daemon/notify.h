/* Reports to the service manager by systemd's protocol, sd_notify(3), if there is one that asks for
 * it: datagrams to the socket that NOTIFY_SOCKET names. A datagram that it does not take is lost,
 * and nothing here waits. A process has one manager, and so one state, which belongs to no thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Connects to the manager, if there is one, and clears the variables, so that no child process
 * takes itself for the service. To be called before any thread is started. */
void notify_open(void);
void notify_close(void);

/* How often the manager wants a sign of life, in microseconds; 0: never. */
uint64_t notify_watchdog_us(void);

/* Sends assignments such as "READY=1", one on each line. From the thread of loop 0. */
void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));
