/* The tables of routes: which handler answers which path. */
#include "web/routes.h"

#include "web/http_session.h"

#define GET (1u << HTTP_METHOD_GET)
#define POST (1u << HTTP_METHOD_POST)
#define PUT (1u << HTTP_METHOD_PUT)
#define ANY (~0u) /* the handler knows better */

const struct http_route web_routes[] = {
    {"/echo", false, GET | POST | PUT, route_echo},
    {"/echo/help", false, GET, route_echo_help},
    {"/chat", false, GET, route_chat},
    {"/jobs/", true, ANY, route_job},
    {"/", true, GET, route_file}, /* an Upgrade at "/" is chat; unknown files are 404 */
    {0},
};

const struct http_route admin_routes[] = {
    {"/metrics", false, GET, route_metrics},
    {"/livez", false, GET, route_livez},
    {"/readyz", false, GET, route_readyz},
    {"/stats", false, GET, route_stats},
    {"/status", false, GET, route_admin_file},
    {"/status/events", false, GET, route_status_events},
    {"/status/", true, GET, route_admin_file},
    {"/palette.css", false, GET, route_admin_file}, /* of the web client, as is the next */
    {"/favicon.svg", false, GET, route_admin_file},
    {"/debug/connections", false, GET, route_debug_connections},
    {"/debug/loops", false, GET, route_debug_loops},
    {"/debug/stall", false, GET, route_debug_stall},
    {0},
};
