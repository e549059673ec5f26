/* The web client: our own static files, from inside the program. */
#include "net/conn.h"
#include "web/files.h"
#include "web/http_session.h"
#include "web/routes.h"
#include "web/upgrade.h"

#include <stdio.h>

static const char POLICY[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                             "img-src 'self'; connect-src 'self'; base-uri 'none'; "
                             "form-action 'none'; frame-ancestors 'none'";

static const struct web_file *find(struct span path)
{
    for (size_t i = 0; i < web_file_count; i++)
        if (span_eq(path, span_str(web_files[i].path)))
            return &web_files[i];
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

enum co_result route_file(struct conn *c, struct http_session *s)
{
    const struct http_request *request = s->exchange.request;
    if (span_eq(request->path, SPAN("/")) && upgrade_is_wanted(s)) {
        upgrade_to_chat(c, s);
        return CO_DONE;
    }
    const struct web_file *file = find(request->path);
    if (file == NULL) {
        http_refuse(c, s, 404, "not found");
        return CO_DONE;
    }
    const struct http_field fields[] = {
        {SPAN("ETag"), span_str(file->etag)},
        {SPAN("Cache-Control"), SPAN("no-cache")},
        {SPAN("X-Content-Type-Options"), SPAN("nosniff")},
        {SPAN("Referrer-Policy"), SPAN("no-referrer")},
        {SPAN("Content-Security-Policy"), span_str(POLICY)},
    };
    bool known = is_known(request, file);
    http_answer_with(c, s, known ? 304 : 200, file->content_type, fields,
                     sizeof(fields) / sizeof(fields[0]),
                     known ? SPAN_EMPTY : span_of(file->bytes, file->size));
    return CO_DONE;
}

enum co_result route_chat(struct conn *c, struct http_session *s)
{
    upgrade_to_chat(c, s);
    return CO_DONE;
}
