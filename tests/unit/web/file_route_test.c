#include "unit/expect.h"
#include "unit/http_peer.h"
#include "web/web_files.h"

static unsigned client;

static void setup(void)
{
    fix_init();
    client = client_connect(0, &http_session);
}

TestSuite(file_route, .init = setup, .fini = fix_done);

static const struct web_file *file_of(const char *path)
{
    for (size_t i = 0; i < web_client.count; i++)
        if (strcmp(web_client.at[i].path, path) == 0)
            return &web_client.at[i];
    cr_assert_fail("no file %s", path);
    return NULL;
}

static const char *ask(const char *method, const char *path, const char *fields)
{
    char request[2048];
    snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, path, fields);
    return http_peer_ask(client, request);
}

Test(file_route, every_file_comes_whole_with_its_type)
{
    for (size_t i = 0; i < web_client.count; i++) {
        const struct web_file *f = &web_client.at[i];
        if (strcmp(f->path, "/echo/help") == 0)
            continue; /* which is completed for each request: echo/echo_help.c */
        char line[128];
        const char *answer = ask("GET", f->path, "");
        http_peer_expect_status(answer, 200);
        snprintf(line, sizeof(line), "Content-Type: %s", f->content_type);
        http_peer_expect_field(answer, line);
        snprintf(line, sizeof(line), "Content-Length: %zu", f->size);
        http_peer_expect_field(answer, line);
        snprintf(line, sizeof(line), "ETag: %s", f->etag);
        http_peer_expect_field(answer, line);
        expect_span(span_str(http_peer_body(answer)), span_of(f->bytes, f->size));
    }
}

Test(file_route, every_file_has_a_strict_policy)
{
    for (size_t i = 0; i < web_client.count; i++) {
        const char *answer = ask("GET", web_client.at[i].path, "");
        http_peer_expect_field(answer, "X-Content-Type-Options: nosniff");
        http_peer_expect_field(answer, "Referrer-Policy: no-referrer");
        http_peer_expect_field(answer, "Cache-Control: no-cache");
        const char *policy = strstr(answer, "\r\nContent-Security-Policy: default-src 'none'; ");
        cr_assert_not_null(policy);
        cr_assert_not_null(strstr(policy, "script-src 'self';"));
        cr_assert_not_null(strstr(policy, "frame-ancestors 'none'"));
        cr_assert_not_null(strstr(policy, "base-uri 'none'"));
        cr_assert_null(strstr(policy, "unsafe-"));
    }
}

Test(file_route, head_has_the_length_and_no_body)
{
    char line[64];
    const char *answer = ask("HEAD", "/", "");
    http_peer_expect_status(answer, 200);
    snprintf(line, sizeof(line), "Content-Length: %zu", file_of("/")->size);
    http_peer_expect_field(answer, line);
    cr_assert_str_eq(http_peer_body(answer), "");
}

Test(file_route, unknown_files_are_404)
{
    static const char *const paths[] = {"/index.html", "/none", "/style.css/", "/main.js%00",
                                        "/client/main.js"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        http_peer_expect_status(ask("GET", paths[i], ""), 404);
}

Test(file_route, other_methods_are_405)
{
    const char *answer = ask("POST", "/style.css", "Content-Length: 0\r\n");
    http_peer_expect_status(answer, 405);
    http_peer_expect_field(answer, "Allow: GET, HEAD");
}

/* --- If-None-Match ----------------------------------------------------------------------- */

/* '$' stands for the file's tag. */
static const char *ask_if(const char *fields)
{
    char text[512];
    int before = (int)strcspn(fields, "$");
    bool has_tag = fields[before] == '$';
    snprintf(text, sizeof(text), "%.*s%s%s", before, fields,
             has_tag ? file_of("/style.css")->etag : "", fields + before + has_tag);
    return ask("GET", "/style.css", text);
}

static void expect_known(const char *fields)
{
    const char *answer = ask_if(fields);
    http_peer_expect_status(answer, 304);
    cr_assert_not_null(strstr(answer, "\r\nETag: "));
    cr_assert_not_null(strstr(answer, "\r\nCache-Control: "));
    cr_assert_null(strstr(answer, "Content-Length"));
    cr_assert_str_eq(http_peer_body(answer), "");
}

Test(file_route, a_file_that_is_known_is_304)
{
    expect_known("If-None-Match: $\r\n");
}

Test(file_route, a_list_may_name_it)
{
    expect_known("If-None-Match: \"a\", \"b\" ,$\r\n");
    expect_known("If-None-Match: \"a\"\r\nIf-None-Match: $\r\n");
}

Test(file_route, a_weak_tag_names_it_too)
{
    expect_known("If-None-Match: W/$\r\n");
    expect_known("If-None-Match: W/\"a\", W/$\r\n");
}

Test(file_route, a_star_names_any)
{
    expect_known("If-None-Match: *\r\n");
}

Test(file_route, other_tags_do_not_name_it)
{
    static const char *const others[] = {
        "If-None-Match: \"a\"\r\n", "If-None-Match:\r\n",       "If-None-Match: W/\"a\"\r\n",
        "If-None-Match: W/*\r\n",   "If-None-Match: \"*\"\r\n", "If-None-Match: x$\r\n",
        "If-None-Match: W/W/$\r\n", "If-Match: $\r\n",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        http_peer_expect_status(ask_if(others[i]), 200);
}

Test(file_route, the_tag_of_another_file_does_not_name_it)
{
    char field[128];
    snprintf(field, sizeof(field), "If-None-Match: %s\r\n", file_of("/main.js")->etag);
    http_peer_expect_status(ask("GET", "/style.css", field), 200);
}
