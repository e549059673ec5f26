/* Whatever a client has written in Forwarded or X-Forwarded-For, and whatever host it asks for,
 * which its proxy quotes: whom the proxy names behind it is found, and nobody else.
 *
 * Input: what the client has written, up to a line feed; the host. */
#include "config/config.h"
#include "net/addr.h"
#include "simul/buf.h"
#include "simul/check.h"
#include "web/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct buf *b, struct span s)
{
    CHECK(buf_append(b, s) == OK);
}

/* As it may stand in a line: the HTTP parser lets no other control characters through. */
static void add_text(struct buf *b, struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        add(b, s.ptr[i] < ' ' || s.ptr[i] == 0x7f ? SPAN("\t") : span_of(&s.ptr[i], 1));
}

static void add_quoted(struct buf *b, struct span s)
{
    add(b, SPAN("\""));
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"' || s.ptr[i] == '\\')
            add(b, SPAN("\\"));
        add_text(b, span_of(&s.ptr[i], 1));
    }
    add(b, SPAN("\""));
}

/* `element` is the proxy's, behind the client's on its line, or on a line of its own. */
static void expect_found(const struct config *config, struct span name, struct span client,
                         struct span element)
{
    static const struct addr hop = {.is_unix = 1};
    for (int is_own_line = 0; is_own_line < 2; is_own_line++) {
        struct buf headers = {0};
        struct addr found, expected;
        CHECK(addr_parse(&expected, "192.0.2.1", 0) == OK);
        add(&headers, name);
        add(&headers, SPAN(":"));
        add_text(&headers, client);
        add(&headers, is_own_line ? SPAN("\r\n") : SPAN(","));
        if (is_own_line) {
            (void)forwarded_find(config, &hop, buf_span(&headers), &found); /* the client's alone */
            add(&headers, name);
            add(&headers, SPAN(":"));
        }
        add(&headers, element);
        add(&headers, SPAN("\r\n"));
        CHECK(forwarded_find(config, &hop, buf_span(&headers), &found));
        CHECK(memcmp(found.ip, expected.ip, sizeof(found.ip)) == 0 && !found.is_v6);
        buf_deinit(&headers);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config;
    CHECK(networks_parse(&config.proxy.networks, "unix, 10.0.0.0/8") == OK);
    struct span host = span_of(data, size), client = span_take_until(&host, '\n');
    config.proxy.header = CONFIG_PROXY_HEADER_X_FORWARDED_FOR;
    expect_found(&config, SPAN("X-Forwarded-For"), client, SPAN("192.0.2.1"));

    config.proxy.header = CONFIG_PROXY_HEADER_FORWARDED;
    for (int is_first = 0; is_first < 2; is_first++) {
        struct buf element = {0};
        add(&element, is_first ? SPAN("for=192.0.2.1;host=") : SPAN("host="));
        add_quoted(&element, host);
        add(&element, is_first ? SPAN("") : SPAN(";for=192.0.2.1"));
        expect_found(&config, SPAN("Forwarded"), client, buf_span(&element));
        buf_deinit(&element);
    }
    return 0;
}
