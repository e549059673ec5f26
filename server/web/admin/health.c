/* /livez and /readyz, for those that start, watch and balance servers. */
#include "net/net.h"
#include "server.h"
#include "web/http_session.h"
#include "web/routes.h"

enum co_result route_livez(struct conn *c, struct http_session *s)
{
    http_answer(c, s, 200, NULL, SPAN("ok\n"));
    return CO_DONE;
}

enum co_result route_readyz(struct conn *c, struct http_session *s)
{
    if (conn_net(c)->server->draining)
        http_refuse(c, s, 503, "draining");
    else
        http_answer(c, s, 200, NULL, SPAN("ok\n"));
    return CO_DONE;
}
