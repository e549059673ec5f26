#include "echo/echo.h"

static enum co_result run(struct conn *c, void *frame)
{
    (void)frame;
    CO_BEGIN(c);
    conn_set_timer(c, TIMER_NONE);
    while (!c->draining) {
        conn_write(c, conn_input(c));
        conn_take(c, c->in.len);
        if (c->eof)
            break;
        CO_AWAIT(conn_try_event(c)); /* woken by the next read, or by the drain */
    }
    CO_END; /* the close sends what is queued first: half-close is honoured */
}

const struct session_type tcp_echo_session = {
    .name = "tcp-echo",
    .protocol = PROTOCOL_TCP,
    .is_lasting = true,
    .input_bytes = 256 * 1024,
    .resume = run,
};
