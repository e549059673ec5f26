/* The service manager's watchdog (WatchdogSec=), fed only while every loop ticks: four times in its
 * interval loop 0 posts a mail to each loop, itself included, and tells the manager that we live
 * when all have been delivered. A loop that is stuck, wherever, delivers none; the manager then
 * ends us and starts another. */
#pragma once

struct server;

/* Does nothing where no manager asks for it. On loop 0, once all loops run. */
void keepalive_start(struct server *s);
/* Once no loop but loop 0 runs any more. */
void keepalive_stop(struct server *s);
