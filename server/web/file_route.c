/* Our own static files, from inside the program. */
#include "web/file_route.h"

#include "net/conn.h"
#include "web/http_session.h"
#include "web/routes.h"
#include "web/upgrade.h"
#include "web/web_files.h"

#include <stdio.h>

static const char POLICY[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                             "img-src 'self'; connect-src 'self'; base-uri 'none'; "
                             "form-action 'none'; frame-ancestors 'none'";

const struct web_file *file_route_find(const struct web_files *files, struct span path)
{
    for (size_t i = 0; i < files->count; i++)
        if (span_eq(path, span_str(files->at[i].path)))
            return &files->at[i];
    return NULL;
}

/* Whether the peer has the file already: If-None-Match names it, weakly or not, or is "*" (RFC 9110
 * section 13.1.2). */
static bool is_known(const struct http_request *request, const struct web_file *file)
{
    char weak[64]; /* a tag has 34 characters */
    snprintf(weak, sizeof(weak), "W/%s", file->etag);
    return http_header_has(request->headers, "If-None-Match", file->etag) ||
           http_header_has(request->headers, "If-None-Match", weak) ||
           http_header_has(request->headers, "If-None-Match", "*");
}

/* With one field more, that says when the answer may be used again. */
static void answer(struct conn *c, struct http_session *s, uint16_t status, const char *type,
                   struct http_field validity, struct span body)
{
    const struct http_field fields[] = {
        validity,
        {SPAN("Cache-Control"), SPAN("no-cache")},
        {SPAN("X-Content-Type-Options"), SPAN("nosniff")},
        {SPAN("Referrer-Policy"), SPAN("no-referrer")},
        {SPAN("Content-Security-Policy"), span_str(POLICY)},
    };
    http_answer_with(c, s, status, type, fields, sizeof(fields) / sizeof(fields[0]), body);
}

void file_route_answer_made(struct conn *c, struct http_session *s, const char *content_type,
                            struct span body)
{
    const struct http_field vary = {SPAN("Vary"), SPAN("Accept")};
    answer(c, s, 200, content_type, vary, body);
}

/* NULL: there is no such file. */
static void answer_file(struct conn *c, struct http_session *s, const struct web_file *file)
{
    if (file == NULL) {
        http_refuse(c, s, 404, "not found");
        return;
    }
    const struct http_field tag = {SPAN("ETag"), span_str(file->etag)};
    if (is_known(s->exchange.request, file))
        answer(c, s, 304, file->content_type, tag, SPAN_EMPTY);
    else
        answer(c, s, 200, file->content_type, tag, span_of(file->bytes, file->size));
}

enum co_result route_file(struct conn *c, struct http_session *s)
{
    struct span path = s->exchange.request->path;
    if (span_eq(path, SPAN("/")) && upgrade_is_wanted(s))
        return route_chat(c, s);
    answer_file(c, s, file_route_find(&web_client, path));
    return CO_DONE;
}

enum co_result route_admin_file(struct conn *c, struct http_session *s)
{
    struct span path = s->exchange.request->path;
    const struct web_file *file = file_route_find(&web_admin, path);
    answer_file(c, s, file != NULL ? file : file_route_find(&web_client, path));
    return CO_DONE;
}
