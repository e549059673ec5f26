/* The client's side of HTTP, as far as tests need it: text out, text in, Date left out. */
#pragma once

#include "unit/net_fixture.h"
#include "web/http_session.h"

#include <string.h>

/* What has come since the last time, without its Date and Server lines, which are everywhere. */
static inline const char *http_peer_heard(unsigned i)
{
    static const char *const common[] = {"Date: ", "Server: "};
    char *text = (char *)(uintptr_t)client_heard(i);
    for (size_t k = 0; k < 2; k++)
        for (char *at; (at = strstr(text, common[k])) != NULL;) {
            char *end = strstr(at, "\r\n");
            cr_assert_not_null(end);
            memmove(at, end + 2, strlen(end + 2) + 1);
        }
    return text;
}

static inline const char *http_peer_ask(unsigned i, const char *request)
{
    client_say(i, request);
    return http_peer_heard(i);
}

#define ASKS_HEARS(i, request, answer) cr_assert_str_eq(http_peer_ask(i, request), answer)

/* A request of this head on a connection of its own, which asks for its end. */
static inline const char *http_peer_ask_once(const struct session_type *type, const char *head)
{
    char request[8192];
    snprintf(request, sizeof(request),
             "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", head);
    return http_peer_ask(client_connect(0, type), request);
}

static inline void http_peer_expect_status(const char *answer, int status)
{
    char line[16];
    int n = snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
    cr_assert_eq(strncmp(answer, line, (size_t)n), 0, "not %d: %s", status, answer);
}

/* The answer has this line, whatever the line's place. */
static inline void http_peer_expect_field(const char *answer, const char *line)
{
    char whole[1024];
    snprintf(whole, sizeof(whole), "\r\n%s\r\n", line);
    cr_assert_not_null(strstr(answer, whole), "%s is not in: %s", line, answer);
}

static inline const char *http_peer_body(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    cr_assert_not_null(end, "%s", answer);
    return end + 4;
}
