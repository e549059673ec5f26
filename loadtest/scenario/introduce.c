#include "scenario/introduce.h"

bool introduce_is_irc(const struct plan *plan)
{
    return plan->irc || plan->urls[0].scheme->carrier == CARRIER_LINE;
}

void introduce_begin(struct irc_client *irc, struct client *c)
{
    const struct plan *plan = c->driver->plan;
    if (introduce_is_irc(plan)) {
        irc_client_introduce(irc, c);
    } else if (c->wire == &wire_http) {
        client_send(c, SPAN_EMPTY, false);
    } else if (plan->say != NULL) {
        client_send(c, span_str(plan->say), true);
        client_send(c, SPAN("\r\n"), true);
    } else if (!plan->first_byte) {
        client_opened(c);
    }
}

void introduce_hear(struct irc_client *irc, struct client *c, const struct message *m)
{
    struct irc_line line;
    if (introduce_is_irc(c->driver->plan)) {
        if (irc_client_hear(irc, c, m, &line) == IRC_REGISTERED)
            client_opened(c);
    } else if (c->state == CLIENT_INTRODUCING && c->wire == &wire_http) {
        if (m->last)
            client_opened(c);
    } else if (c->state == CLIENT_INTRODUCING) {
        driver_time(c->driver, TIMING_FIRST_BYTE, c->stage_ns);
        client_opened(c);
    }
}

void introduce_leave(struct client *c)
{
    if (introduce_is_irc(c->driver->plan))
        irc_client_say(c, "QUIT");
}
