#include "web/routes.h"

#include "unit/expect.h"
#include "unit/http_peer.h"

TestSuite(routes, .init = fix_init, .fini = fix_done);

static const struct http_route *find(const struct http_route *table, const char *path)
{
    for (; table->path != NULL; table++)
        if (strcmp(table->path, path) == 0)
            return table;
    return NULL;
}

static void expect_well_formed(const struct http_route *table)
{
    for (const struct http_route *r = table; r->path != NULL; r++) {
        cr_assert_eq(r->path[0], '/', "%s", r->path);
        cr_assert_not_null(r->handle, "%s", r->path);
        cr_assert_neq(r->methods, 0, "%s", r->path);
        cr_assert_eq(find(table, r->path), r, "%s is there twice", r->path);
    }
}

Test(routes, every_row_has_a_path_methods_and_a_handler)
{
    expect_well_formed(web_routes);
    expect_well_formed(admin_routes);
}

Test(routes, no_row_is_hidden_behind_a_prefix)
{
    for (const struct http_route *r = web_routes; r->path != NULL; r++)
        if (r->is_prefix)
            for (const struct http_route *later = r + 1; later->path != NULL; later++)
                cr_assert_not(span_starts_with(span_str(later->path), span_str(r->path)), "%s",
                              later->path);
}

/* Which handler answers is seen by what it says. */
static void expect_answer(const struct session_type *type, const char *head, int status,
                          const char *says)
{
    const char *answer = http_peer_ask_once(type, head);
    http_peer_expect_status(answer, status);
    cr_assert_not_null(strstr(answer, says), "%s: %s", head, answer);
}

Test(routes, public_paths_lead_to_their_handlers)
{
    expect_answer(&http_session, "GET /", 200, "<!doctype html>");
    expect_answer(&http_session, "GET /main.js", 200, "Content-Type: text/javascript");
    expect_answer(&http_session, "GET /echo", 200, "\"target\":\"/echo\"");
    expect_answer(&http_session, "GET /chat", 426, "Upgrade: websocket");
    expect_answer(&http_session, "GET /jobs/none", 404, "no such job");
    expect_answer(&http_session, "DELETE /jobs/none", 404, "no such job");
}

Test(routes, the_query_is_no_part_of_the_path)
{
    expect_answer(&http_session, "GET /?x=/echo", 200, "<!doctype html>");
    expect_answer(&http_session, "GET /echo?x=y", 200, "\"target\":\"/echo?x=y\"");
}

Test(routes, paths_that_only_begin_like_one_are_not_it)
{
    expect_answer(&http_session, "GET /echo/", 404, "not found");
    expect_answer(&http_session, "GET /echoes", 404, "not found");
    expect_answer(&http_session, "GET /chat/x", 404, "not found");
    expect_answer(&http_session, "GET /jobs", 404, "not found");
    expect_answer(&http_session, "GET //", 404, "not found");
    expect_answer(&http_session, "GET /ECHO", 404, "not found");
    expect_answer(&http_session, "GET /%65cho", 404, "not found");
    expect_answer(&http_session, "GET /../etc/passwd", 404, "not found");
}

Test(routes, admin_paths_are_not_public)
{
    expect_answer(&http_session, "GET /metrics", 404, "not found");
    expect_answer(&http_session, "GET /livez", 404, "not found");
    expect_answer(&http_session, "GET /readyz", 404, "not found");
    expect_answer(&http_session, "GET /stats", 404, "not found");
}

Test(routes, public_paths_are_not_on_the_admin_listener)
{
    expect_answer(&admin_session, "GET /", 404, "not found");
    expect_answer(&admin_session, "GET /echo", 404, "not found");
    expect_answer(&admin_session, "GET /chat", 404, "not found");
    expect_answer(&admin_session, "GET /jobs/burn", 404, "not found");
    expect_answer(&admin_session, "POST /livez", 405, "Allow: GET, HEAD");
}
