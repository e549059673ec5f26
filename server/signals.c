#include "signals.h"

#include "core/log.h"
#include "drain.h"
#include "reload.h"
#include "server.h"

#include <signal.h>
#include <string.h>

/* The first ones end us, watched or not. */
static const int SIGNALS[SIGNALS_WATCHED] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
enum { ENDING_SIGNALS = 2 };

static void on_signal(struct ev_loop *ev, ev_signal *w, int revents)
{
    (void)ev;
    (void)revents;
    struct server *s = w->data;
    switch (w->signum) {
    case SIGTERM:
    case SIGINT:
        drain_begin(s);
        break;
    case SIGHUP:
        reload_begin(s);
        break;
    case SIGUSR1:
        log_reopen();
        break;
    default:
        LOG_INFO("signal ignored", LOG_STR("signal", strsignal(w->signum)));
    }
}

/* Blocks or unblocks the signals from index `first` on. */
static void mask(int how, size_t first)
{
    sigset_t mine;
    sigemptyset(&mine);
    for (size_t i = first; i < SIGNALS_WATCHED; i++)
        sigaddset(&mine, SIGNALS[i]);
    pthread_sigmask(how, &mine, NULL);
}

void signals_hold(void)
{
    mask(SIG_BLOCK, ENDING_SIGNALS);
}

void signals_block(void)
{
    mask(SIG_BLOCK, 0);
}

void signals_unblock(void)
{
    mask(SIG_UNBLOCK, 0);
}

void signals_watch(struct server *s)
{
    for (size_t i = 0; i < SIGNALS_WATCHED; i++) {
        ev_signal_init(&s->signals[i], on_signal, SIGNALS[i]);
        s->signals[i].data = s;
        ev_signal_start(s->loops.loops[0].ev, &s->signals[i]);
    }
}

/* libev restores the default action of a signal, which would end the process. */
void signals_ignore(struct server *s)
{
    signals_block();
    for (size_t i = 0; i < SIGNALS_WATCHED; i++) {
        ev_signal_stop(s->loops.loops[0].ev, &s->signals[i]);
        signal(SIGNALS[i], SIG_IGN);
    }
    signals_unblock();
}
