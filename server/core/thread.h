/* A thread beside the loops: the log's, the watchdog's. */
#pragma once

#include <pthread.h>

/* Starts `run` with a small stack and every signal blocked, so that signals stay with the threads
 * that want them. The caller joins it. Returns 0, or an errno. */
int thread_start(pthread_t *thread, void *(*run)(void *), void *arg);
