/* /status, the page, and /status/events, what it draws. */
#include "net/net.h"
#include "server.h"
#include "web/admin/status.h"
#include "web/http_session.h"
#include "web/routes.h"

/* The status of the server, which is made for the first who asks. NULL without memory. */
static struct status *status_of(struct server *s)
{
    if (s->status == NULL)
        s->status = status_new(s);
    return s->status;
}

static void release(void *kept)
{
    status_unwatch(kept);
}

/* False: it was refused, or has all that it asked for. */
static bool begin(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    static const struct http_field safe[] = {
        {SPAN("Cache-Control"), SPAN("no-store")},
        {SPAN("X-Content-Type-Options"), SPAN("nosniff")},
    };
    static const struct http_field later = {SPAN("Retry-After"), SPAN("10")}; /* seconds */
    struct status *st = status_of(conn_net(c)->server);
    struct status_watch *watch;
    enum err e = st == NULL ? ERR_NOMEM : status_watch(st, conn_handle(c), &watch);
    if (e != OK) {
        http_answer_with(c, s, 503, NULL, &later, 1,
                         e == ERR_LIMIT ? SPAN("too many watch\n") : SPAN("out of memory\n"));
        return false;
    }
    x->kept = (struct http_kept){watch, release, NULL};
    x->response.streamed = true;
    x->response.fields = safe;
    x->response.field_count = sizeof(safe) / sizeof(safe[0]);
    http_begin(c, s, 200, "text/event-stream");
    if (x->response.bodyless) { /* who asks for no more does not watch */
        http_release(s);
        return false;
    }
    conn_set_timer(c, TIMER_NONE); /* who is gone does not take what is sent */
    return true;
}

/* The next event waits until the last has been taken, so the past comes in slices, one in a tick.
 */
static bool can_be_told(struct conn *c, const struct status_watch *w)
{
    return status_has_news(w) && conn_has_room_for(c, 0);
}

enum co_result route_status_events(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    CO_BEGIN(x);
    /* No other site's page may take the places. */
    if (http_header_has(x->request->headers, "Sec-Fetch-Site", "cross-site")) {
        http_refuse(c, s, 403, "the status is not for pages of other sites");
        CO_RETURN;
    }
    if (!begin(c, s))
        CO_RETURN;
    while (!c->eof) {
        CO_AWAIT(c->eof ||
                 can_be_told(c, x->kept.ptr)); /* woken by the status, a read, the flush */
        if (!c->eof)
            http_send(c, s, status_take_news(x->kept.ptr));
    }
    http_end(c, s);
    CO_END;
}
