#include "echo/faults.h"

#include "simul/chance.h"
#include "simul/http.h"
#include "unit/expect.h"

static struct faults f;
static char message[FAULTS_MESSAGE_CHARS];

static enum err parse(const char *query, enum fault_place place)
{
    memset(message, 0, sizeof(message));
    return faults_parse(span_str(query), place, true, &f, message);
}

#define REFUSES(query, place, why)                                                                 \
    do {                                                                                           \
        cr_assert_eq(parse(query, place), ERR_SYNTAX, "%s", query);                                \
        cr_assert_str_eq(message, why);                                                            \
    } while (0)

/* --- reading ----------------------------------------------------------------------------- */

Test(faults, each_kind_of_value_is_read)
{
    expect_ok(parse("delay_ms=250&drop=1/20&rst&close=1005&handshake=status_503", FAULTS_WS));
    cr_assert_eq(f.value[FAULT_DELAY_MS], 250);
    cr_assert_eq(f.value[FAULT_DROP], 20);
    cr_assert(faults_has(&f, FAULT_RST));
    cr_assert_eq(f.value[FAULT_CLOSE], 1005);
    cr_assert_eq(f.value[FAULT_HANDSHAKE], 503);
    cr_assert_not(faults_has(&f, FAULT_JITTER_MS));
    expect_ok(parse("handshake=no_upgrade", FAULTS_WS));
    cr_assert_eq(f.value[FAULT_HANDSHAKE], FAULT_ANSWER_NO_UPGRADE);
}

Test(faults, nothing_asked_for_is_nothing)
{
    expect_ok(parse("", FAULTS_HTTP));
    cr_assert_eq(f.named, 0);
    expect_ok(parse("token=secret&x&=&&%zz", FAULTS_HTTP));
    cr_assert_eq(f.named, 0);
}

Test(faults, a_close_code_of_0_is_one)
{
    expect_ok(parse("close=0", FAULTS_WS));
    cr_assert(faults_has(&f, FAULT_CLOSE));
}

Test(faults, there_is_always_a_seed)
{
    expect_ok(parse("drop=1/2", FAULTS_WS));
    cr_assert_eq(f.value[FAULT_SEED], 1);
    expect_ok(parse("seed=4294967295", FAULTS_TCP));
    cr_assert_eq(f.value[FAULT_SEED], UINT32_MAX);
}

Test(faults, the_bounds_of_each_row_hold)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        const struct fault_row *row = &fault_rows[i];
        const char *prefix = row->type == FAULT_TYPE_CHANCE   ? "1/"
                             : row->type == FAULT_TYPE_ANSWER ? "status_"
                                                              : "";
        if (row->type == FAULT_TYPE_FLAG || row->type == FAULT_TYPE_FIELD)
            continue;
        const enum fault_place place = (enum fault_place)(row->places & -row->places);
        const long long values[] = {row->min, row->max, (long long)row->min - 1,
                                    (long long)row->max + 1};
        for (int k = 0; k < 4; k++) {
            char query[64];
            snprintf(query, sizeof(query), "%s=%s%lld", row->name, prefix, values[k]);
            cr_assert_eq(parse(query, place), k < 2 ? OK : ERR_SYNTAX, "%s", query);
            if (k < 2)
                cr_assert_eq(f.value[i], (uint32_t)values[k]);
        }
    }
}

Test(faults, a_bad_value_is_told_with_what_is_allowed)
{
    REFUSES("drop=x", FAULTS_WS, "drop is 1/1 to 1/1000000");
    REFUSES("drop=20", FAULTS_WS, "drop is 1/1 to 1/1000000");
    REFUSES("delay_ms=", FAULTS_WS, "delay_ms is 0 to 60000");
    REFUSES("delay_ms=-1", FAULTS_TCP, "delay_ms is 0 to 60000");
    REFUSES("delay_ms=+1", FAULTS_TCP, "delay_ms is 0 to 60000");
    REFUSES("delay_ms=1%200", FAULTS_TCP, "delay_ms is 0 to 60000");
    REFUSES("after=18446744073709551616", FAULTS_TCP, "after is 0 to 1073741824");
    REFUSES("rst=no", FAULTS_WS, "rst has no value");
    REFUSES("handshake=odd", FAULTS_WS,
            "handshake is bad_accept, no_upgrade, slow, or status_200 to status_599");
    REFUSES("handshake=status_101", FAULTS_WS,
            "handshake is bad_accept, no_upgrade, slow, or status_200 to status_599");
    REFUSES("seed=%00", FAULTS_WS, "seed is 0 to 4294967295");
}

Test(faults, a_value_of_any_length_is_survived)
{
    static char query[4096] = "seed=";
    memset(query + 5, '1', sizeof(query) - 6);
    REFUSES(query, FAULTS_WS, "seed is 0 to 4294967295");
    memcpy(query, "rst=1", 5);
    REFUSES(query, FAULTS_WS, "rst has no value");
}

Test(faults, a_fault_of_another_place_is_told)
{
    REFUSES("fragment=1", FAULTS_HTTP, "fragment is for WebSocket");
    REFUSES("status=404", FAULTS_WS, "status is for HTTP");
    REFUSES("drop=1/2", FAULTS_HTTP, "drop is for WebSocket and TCP");
}

Test(faults, names_are_decoded_as_everywhere_in_queries)
{
    expect_ok(parse("dr%6fp=1%2F3&drop=1/5", FAULTS_WS));
    cr_assert_eq(f.value[FAULT_DROP], 3);
}

Test(faults, what_needs_no_setting_is_told_apart)
{
    cr_assert(faults_need_setting(SPAN("x=1&rst"), FAULTS_WS));
    cr_assert(faults_need_setting(SPAN("delay_ms=5"), FAULTS_WS));
    cr_assert_not(faults_need_setting(SPAN("delay_ms=5&status=404"), FAULTS_HTTP));
    cr_assert(faults_need_setting(SPAN("drop=nonsense"), FAULTS_TCP));
    cr_assert_not(faults_need_setting(SPAN("status=404&token=1"), FAULTS_WS));
    cr_assert_not(faults_need_setting(SPAN(""), FAULTS_WS));
}

Test(faults, where_they_are_off_those_of_other_places_are_names_like_others)
{
    struct faults read;
    const struct span query = SPAN("status=404&close=1&mask=x");
    cr_assert_eq(faults_parse(query, FAULTS_HTTP, true, &read, message), ERR_SYNTAX);
    cr_assert_eq(faults_parse(query, FAULTS_HTTP, false, &read, message), OK);
    cr_assert_eq(read.named, 1u << FAULT_STATUS);
    cr_assert_eq(faults_parse(SPAN("status=x"), FAULTS_HTTP, false, &read, message), ERR_SYNTAX);
}

Test(faults, the_first_unknown_name_is_found)
{
    expect_span(faults_find_unknown(SPAN("drop=1/2&dorp=1/2&x")), SPAN("dorp"));
    cr_assert_eq(faults_find_unknown(SPAN("drop=1/2&&seed=1")).len, 0);
    cr_assert_eq(faults_find_unknown(SPAN_EMPTY).len, 0);
}

/* --- header= ----------------------------------------------------------------------------- */

Test(faults, fields_are_read_one_by_one)
{
    char text[FAULT_FIELD_CHARS];
    struct http_field field;
    struct span query = SPAN("rst&header=X-Odd:+a%3Bb&header=X:&seed=1");
    expect_ok(faults_next_field(&query, text, &field));
    expect_span(field.name, SPAN("X-Odd"));
    expect_span(field.value, SPAN("a;b"));
    expect_ok(faults_next_field(&query, text, &field));
    expect_span(field.name, SPAN("X"));
    cr_assert_eq(field.value.len, 0);
    cr_assert_eq(faults_next_field(&query, text, &field), ERR_UNKNOWN);
}

Test(faults, there_may_be_eight_fields)
{
    expect_ok(parse("header=A:1&header=A:2&header=A:3&header=A:4&header=A:5&header=A:6&header=A:7"
                    "&header=A:8",
                    FAULTS_HTTP));
    REFUSES("header=A:1&header=A:2&header=A:3&header=A:4&header=A:5&header=A:6&header=A:7"
            "&header=A:8&header=A:9",
            FAULTS_HTTP, "header is Name: value");
}

Test(faults, a_field_reframes_nothing_and_gives_nothing_away)
{
    static const char *const bad[] = {
        "header=Content-Length:0",
        "header=transfer-encoding:+chunked",
        "header=Connection:close",
        "header=Upgrade:websocket",
        "header=X:1&header=Set-Cookie:a%3Db",
        "header=alt-svc:h2%3D\"x:443\"",
        "header=Report-To:{}",
        "header=NEL:{}",
        "header=Content-Type:text/html",
        "header=Access-Control-Allow-Origin:*",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        REFUSES(bad[i], FAULTS_HTTP, "header is Name: value");
    expect_ok(parse("header=Content-Encoding:gzip&header=Location:/x", FAULTS_HTTP));
}

Test(faults, a_field_cannot_end_its_line)
{
    static const char *const bad[] = {
        "header=X-Odd:+a%0d%0aSet-Cookie:+b",
        "header=X-Odd:+a%0ab",
        "header=X%0d%0aY:+b",
        "header=X-Odd",
        "header=:+b",
        "header=X+Y:+b",
        "header=X:%00",
        "header=",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        REFUSES(bad[i], FAULTS_HTTP, "header is Name: value");
}

/* --- writing ----------------------------------------------------------------------------- */

Test(faults, all_of_them_can_be_written)
{
    char text[FAULTS_TEXT_CHARS];
    expect_ok(parse("seed=7&drop=1/20&rst&handshake=bad_accept", FAULTS_WS));
    cr_assert_str_eq(faults_format(&f, text), "rst, drop=1/20, handshake=bad_accept, seed=7");
    expect_ok(parse("handshake=status_503", FAULTS_WS));
    cr_assert_str_eq(faults_format(&f, text), "handshake=status_503");
    for (int i = 0; i < FAULT_COUNT; i++) {
        f.named |= 1u << i;
        f.value[i] = fault_rows[i].max;
    }
    cr_assert_lt(strlen(faults_format(&f, text)), FAULTS_TEXT_CHARS);
}

Test(faults, each_row_is_complete)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        const struct fault_row *row = &fault_rows[i];
        cr_assert_not_null(row->name);
        cr_assert_not_null(row->help);
        cr_assert_neq(row->places, 0);
        cr_assert_eq(row->free_places & ~row->places, 0);
    }
}

/* --- chance ------------------------------------------------------------------------------ */

Test(faults, the_same_seed_gives_the_same_numbers)
{
    struct chance a = {7}, b = {7}, other = {8};
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t n = chance_below(&a, 1000);
        cr_assert_lt(n, 1000);
        cr_assert_eq(n, chance_below(&b, 1000));
        same += n == chance_below(&other, 1000);
    }
    cr_assert_lt(same, 20);
}

Test(faults, one_in_n_is_hit)
{
    struct chance c = {1};
    int hits = 0;
    for (int i = 0; i < 10000; i++)
        hits += chance_hits(&c, 10);
    cr_assert(hits > 800 && hits < 1200, "%d", hits);
    struct chance before = c;
    cr_assert_not(chance_hits(&c, 0));
    cr_assert_eq(c.state, before.state);
    cr_assert(chance_hits(&c, 1));
}
