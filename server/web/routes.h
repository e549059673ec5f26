/* The handlers of the tables in routes.c; each is an http_handler. */
#pragma once

#include "simul/co.h"

struct conn;
struct http_session;

enum co_result route_echo(struct conn *c, struct http_session *s);       /* echo/http_echo.c */
enum co_result route_echo_help(struct conn *c, struct http_session *s);  /* echo/echo_help.c */
enum co_result route_chat(struct conn *c, struct http_session *s);       /* chat/chat_route.c */
enum co_result route_file(struct conn *c, struct http_session *s);       /* web/file_route.c */
enum co_result route_admin_file(struct conn *c, struct http_session *s); /* web/file_route.c */
enum co_result route_job(struct conn *c, struct http_session *s);        /* web/job_route.c */

/* web/admin/, each in a file of its name */
enum co_result route_metrics(struct conn *c, struct http_session *s);
enum co_result route_livez(struct conn *c, struct http_session *s);  /* health.c */
enum co_result route_readyz(struct conn *c, struct http_session *s); /* health.c */
enum co_result route_stats(struct conn *c, struct http_session *s);
enum co_result route_debug_connections(struct conn *c, struct http_session *s);
enum co_result route_debug_loops(struct conn *c, struct http_session *s);
enum co_result route_debug_stall(struct conn *c, struct http_session *s);
enum co_result route_status_events(struct conn *c, struct http_session *s); /* status_route.c */
