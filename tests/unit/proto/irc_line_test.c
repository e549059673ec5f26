#include "simul/irc.h"

#include "unit/expect.h"

#include <criterion/criterion.h>

static void append_times(struct buf *b, char c, size_t times)
{
    for (size_t i = 0; i < times; i++)
        expect_ok(buf_append(b, span_of(&c, 1)));
}

/* --- the stream into lines --------------------------------------------------------------- */

/* A session as seen from its stream: what it keeps between reads, and a transcript of results,
 * "<line>" and "!" for one too long. */
struct reader {
    bool is_skipping;
    size_t tags_bytes_max;
    struct buf kept;
    struct buf seen;
};

static void reader_read(struct reader *r, struct span bytes)
{
    expect_ok(buf_append(&r->kept, bytes));
    struct span in = buf_span(&r->kept), line;
    enum irc_line_result result;
    while ((result = irc_line_next(&r->is_skipping, &in, r->tags_bytes_max, &line)) !=
           IRC_LINE_NEED_MORE) {
        if (result == IRC_LINE_READY)
            expect_ok(buf_printf(&r->seen, "<%.*s>", SPAN_ARG(line)));
        else
            expect_ok(buf_append(&r->seen, SPAN("!")));
    }
    buf_consume(&r->kept, r->kept.len - in.len);
    cr_assert_leq(r->kept.len, r->tags_bytes_max + IRC_REST_BYTES_MAX + 1);
}

static void reader_expect(struct reader *r, struct span seen)
{
    expect_span(buf_span(&r->seen), seen);
    buf_deinit(&r->kept);
    buf_deinit(&r->seen);
}

/* Whole, cut in two everywhere, and one byte at a time. */
static void expect_lines(struct span stream, struct span seen)
{
    for (size_t cut = 0; cut <= stream.len; cut++) {
        struct reader r = {.tags_bytes_max = IRC_CLIENT_TAGS_BYTES_MAX};
        reader_read(&r, span_take(stream, cut));
        reader_read(&r, span_drop(stream, cut));
        reader_expect(&r, seen);
    }
    struct reader r = {.tags_bytes_max = IRC_CLIENT_TAGS_BYTES_MAX};
    for (size_t i = 0; i < stream.len; i++)
        reader_read(&r, span_take(span_drop(stream, i), 1));
    reader_expect(&r, seen);
}

Test(irc_line, ends_lines_with_lf_and_drops_one_cr_before_it)
{
    expect_lines(SPAN("NICK a\r\nUSER b\nPING\r\r\n"), SPAN("<NICK a><USER b><PING\r>"));
}

Test(irc_line, passes_over_empty_lines)
{
    expect_lines(SPAN("\r\n\n\n\r\nPING\r\n\r\n"), SPAN("<PING>"));
    expect_lines(SPAN("\n\n\n"), SPAN(""));
    expect_lines(SPAN(""), SPAN(""));
}

Test(irc_line, keeps_an_unfinished_line_for_later)
{
    expect_lines(SPAN("PING a\r\nPI"), SPAN("<PING a>"));
    expect_lines(SPAN("PING a\r"), SPAN(""));
}

Test(irc_line, leaves_nul_and_bare_cr_for_the_parser_to_refuse)
{
    expect_lines(SPAN("A\rB\n"), SPAN("<A\rB>"));
    struct span nul = SPAN("A\0B\n"), line;
    bool is_skipping = false;
    cr_assert_eq(irc_line_next(&is_skipping, &nul, IRC_CLIENT_TAGS_BYTES_MAX, &line),
                 IRC_LINE_READY);
    cr_assert_eq(line.len, 3);
}

/* A line of so many bytes of tag section and of rest, then a short one. */
static void expect_size(size_t tags_bytes, size_t rest_bytes, const char *eol, bool is_too_long)
{
    struct buf line = {0}, stream = {0}, seen = {0};
    if (tags_bytes > 0) {
        expect_ok(buf_append(&line, SPAN("@")));
        append_times(&line, 't', tags_bytes - 2);
        expect_ok(buf_append(&line, SPAN(" ")));
    }
    append_times(&line, 'r', rest_bytes);
    expect_ok(buf_printf(&stream, "%.*s%sPING\r\n", SPAN_ARG(buf_span(&line)), eol));
    if (is_too_long)
        expect_ok(buf_append(&seen, SPAN("!<PING>")));
    else
        expect_ok(buf_printf(&seen, "<%.*s><PING>", SPAN_ARG(buf_span(&line))));

    expect_lines(buf_span(&stream), buf_span(&seen));
    cr_assert_eq(irc_line_fits(buf_span(&line), IRC_CLIENT_TAGS_BYTES_MAX), !is_too_long);
    buf_deinit(&line);
    buf_deinit(&stream);
    buf_deinit(&seen);
}

Test(irc_line, takes_510_bytes_and_no_more)
{
    expect_size(0, 510, "\r\n", false);
    expect_size(0, 510, "\n", false);
    expect_size(0, 511, "\r\n", true);
    expect_size(0, 511, "\n", true);
    expect_size(0, 2000, "\r\n", true);
}

Test(irc_line, counts_a_cr_that_ends_nothing)
{
    struct buf stream = {0};
    append_times(&stream, 'r', 510);
    expect_ok(buf_append(&stream, SPAN("\r\r\n")));
    expect_lines(buf_span(&stream), SPAN("!"));
    buf_deinit(&stream);
}

Test(irc_line, counts_the_tags_by_themselves, .timeout = 60)
{
    expect_size(4096, 510, "\r\n", false);
    expect_size(4096, 511, "\r\n", true);
    expect_size(4097, 4, "\r\n", true);
    expect_size(4097, 4, "\n", true);
    expect_size(2, 510, "\r\n", false);
    expect_size(2, 511, "\r\n", true);
}

Test(irc_line, limits_a_tag_section_that_never_ends)
{
    struct reader r = {.tags_bytes_max = IRC_CLIENT_TAGS_BYTES_MAX};
    reader_read(&r, SPAN("@"));
    for (size_t i = 1; i < IRC_CLIENT_TAGS_BYTES_MAX - 1; i++)
        reader_read(&r, SPAN("t"));
    cr_assert_eq(r.seen.len, 0);
    reader_read(&r, SPAN("t"));
    cr_assert_eq(r.seen.len, 1);
    reader_read(&r, SPAN("\n"));
    reader_expect(&r, SPAN("!"));
}

Test(irc_line, says_too_long_once_and_keeps_nothing_of_it)
{
    struct reader r = {.tags_bytes_max = IRC_CLIENT_TAGS_BYTES_MAX};
    struct buf megabyte = {0};
    append_times(&megabyte, 'x', 1 << 20);
    for (int i = 0; i < 4; i++) {
        reader_read(&r, buf_span(&megabyte));
        cr_assert_eq(r.kept.len, 0);
    }
    reader_read(&r, SPAN("\r"));
    reader_read(&r, SPAN("\nPING\r\n"));
    reader_expect(&r, SPAN("!<PING>"));
    buf_deinit(&megabyte);
}

Test(irc_line, says_too_long_for_each_line_that_is)
{
    struct buf stream = {0};
    for (int i = 0; i < 3; i++) {
        append_times(&stream, 'x', 600);
        expect_ok(buf_append(&stream, SPAN("\r\n")));
    }
    expect_lines(buf_span(&stream), SPAN("!!!"));
    buf_deinit(&stream);
}

Test(irc_line, lets_a_server_send_more_tags_than_a_client)
{
    struct buf line = {0};
    expect_ok(buf_append(&line, SPAN("@")));
    append_times(&line, 't', IRC_SERVER_TAGS_BYTES_MAX - 2);
    expect_ok(buf_append(&line, SPAN(" PING")));
    cr_assert(irc_line_fits(buf_span(&line), IRC_SERVER_TAGS_BYTES_MAX));
    cr_assert_not(irc_line_fits(buf_span(&line), IRC_SERVER_TAGS_BYTES_MAX - 1));
    cr_assert_not(irc_line_fits(buf_span(&line), IRC_CLIENT_TAGS_BYTES_MAX));
    buf_deinit(&line);
}

/* --- a line into its parts --------------------------------------------------------------- */

static const struct vector {
    const char *line;
    const char *tags, *source, *command;
    const char *params[IRC_PARAMS_MAX + 1]; /* ends with NULL */
    bool has_trailing;
    const char *formatted; /* NULL: as it was */
} vectors[] = {
    {"QUIT", "", "", "QUIT", {NULL}, false, NULL},
    {"join #a key", "", "", "join", {"#a", "key"}, false, NULL},
    {":irc.example 001 me :Welcome, you",
     "",
     "irc.example",
     "001",
     {"me", "Welcome, you"},
     true,
     NULL},
    {":a!b@c PRIVMSG #r ::) hello", "", "a!b@c", "PRIVMSG", {"#r", ":) hello"}, true, NULL},
    {"PRIVMSG #r :", "", "", "PRIVMSG", {"#r", ""}, true, NULL},
    {"PRIVMSG #r :  two  spaces  ", "", "", "PRIVMSG", {"#r", "  two  spaces  "}, true, NULL},
    {"JOIN :#a", "", "", "JOIN", {"#a"}, true, NULL},
    {"TOPIC #a:b x:y", "", "", "TOPIC", {"#a:b", "x:y"}, false, NULL},
    {"MODE #r +o nick ", "", "", "MODE", {"#r", "+o", "nick"}, false, "MODE #r +o nick"},
    {"MODE #r +oo one :two", "", "", "MODE", {"#r", "+oo", "one", "two"}, true, NULL},
    {"  PING   token  ", "", "", "PING", {"token"}, false, "PING token"},
    {":srv  432   *  bad\tnick   :Erroneous  nick",
     "",
     "srv",
     "432",
     {"*", "bad\tnick", "Erroneous  nick"},
     true,
     ":srv 432 * bad\tnick :Erroneous  nick"},
    {":n\x02i\x03"
     "04ck AWAY",
     "",
     "n\x02i\x03"
     "04ck",
     "AWAY",
     {NULL},
     false,
     NULL},
    {"@+typing=active TAGMSG #r", "+typing=active", "", "TAGMSG", {"#r"}, false, NULL},
    {"@a=b;c;v.example/d=\\:\\s;e= :s PRIVMSG #r :hi",
     "a=b;c;v.example/d=\\:\\s;e=",
     "s",
     "PRIVMSG",
     {"#r", "hi"},
     true,
     NULL},
    {"@a=1   :s   CAP   LS   302", "a=1", "s", "CAP", {"LS", "302"}, false, "@a=1 :s CAP LS 302"},
    {"@ : PING", "", "", "PING", {NULL}, false, "PING"},
    {"C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
     "",
     "",
     "C",
     {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"},
     true,
     "C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15"},
    {"C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17 ",
     "",
     "",
     "C",
     {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15 16 :17 "},
     true,
     "C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16 :17 "},
    {"C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16",
     "",
     "",
     "C",
     {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15 16"},
     true,
     NULL},
    {"PRIVMSG #r :gr\xc3\xbc\xc3\x9f \xf0\x9f\x91\x8b",
     "",
     "",
     "PRIVMSG",
     {"#r", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x91\x8b"},
     true,
     NULL},
};

enum { VECTORS = sizeof(vectors) / sizeof(vectors[0]) };

static void expect_parse(const struct vector *v)
{
    struct irc_line line;
    expect_ok(irc_parse(span_str(v->line), &line));
    expect_span(line.tags, span_str(v->tags));
    expect_span(line.source, span_str(v->source));
    expect_span(line.command, span_str(v->command));
    size_t count = 0;
    for (; v->params[count] != NULL; count++)
        expect_span(line.params[count], span_str(v->params[count]));
    cr_assert_eq(line.param_count, count, "%s: %zu params", v->line, line.param_count);
    cr_assert_eq(line.has_trailing, v->has_trailing, "%s", v->line);
}

Test(irc_line, takes_a_line_apart)
{
    for (size_t i = 0; i < VECTORS; i++)
        expect_parse(&vectors[i]);
}

Test(irc_line, formats_what_it_parsed)
{
    for (size_t i = 0; i < VECTORS; i++) {
        const struct vector *v = &vectors[i];
        struct irc_line line;
        struct buf out = {0};
        expect_ok(irc_parse(span_str(v->line), &line));
        expect_ok(irc_format(&line, &out));
        expect_span(buf_span(&out), span_str(v->formatted ? v->formatted : v->line));
        buf_deinit(&out);
    }
}

Test(irc_line, finds_every_vector_in_one_stream)
{
    struct buf stream = {0}, seen = {0};
    for (size_t i = 0; i < VECTORS; i++) {
        expect_ok(buf_printf(&stream, "%s\r\n", vectors[i].line));
        expect_ok(buf_printf(&seen, "<%s>", vectors[i].line));
    }
    expect_lines(buf_span(&stream), buf_span(&seen));
    buf_deinit(&stream);
    buf_deinit(&seen);
}

Test(irc_line, refuses_what_is_no_message)
{
    const struct span refused[] = {
        SPAN_EMPTY,         SPAN(" "),          SPAN("   "),       SPAN("@"),
        SPAN("@tags"),      SPAN("@tags "),     SPAN(":"),         SPAN(":source"),
        SPAN(":source "),   SPAN("@tags :src"), SPAN("@a @b C"),   SPAN(":a :b C"),
        SPAN(":a @b C"),    SPAN("@ @"),        SPAN("PING a\nb"), SPAN("PING\n"),
        SPAN("PING a\r\n"), SPAN("PING a\rb"),  SPAN("\rPING"),    SPAN("PING a\0b"),
        SPAN("\0PING"),     SPAN("PING :a\0"),  SPAN("@a\0 PING"), SPAN(":a\r PING"),
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct irc_line line;
        cr_assert_eq(irc_parse(refused[i], &line), ERR_SYNTAX, "%.*s", SPAN_ARG(refused[i]));
    }
}

Test(irc_line, borrows_and_does_not_copy)
{
    static const char text[] = "@t :s C p :q";
    struct irc_line line;
    expect_ok(irc_parse(span_str(text), &line));
    cr_assert_eq(line.tags.ptr, (const uint8_t *)text + 1);
    cr_assert_eq(line.source.ptr, (const uint8_t *)text + 4);
    cr_assert_eq(line.command.ptr, (const uint8_t *)text + 6);
    cr_assert_eq(line.params[0].ptr, (const uint8_t *)text + 8);
    cr_assert_eq(line.params[1].ptr, (const uint8_t *)text + 11);
}
