#include "simul/buf.h"
#include "simul/ws_deflate.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"

#define P "permessage-deflate"
#define FORGETS P "; server_no_context_takeover; client_no_context_takeover"
#define KEEPS P "; server_no_context_takeover"

static const struct ws_deflate_policy OFF = {.is_on = false}, ON = {.is_on = true},
                                      ON_KEEPING = {.is_on = true, .may_keep_in = true};

/* --- a server chooses -------------------------------------------------------------------- */

static void expect_answer(const struct ws_deflate_choice *choice, const char *offer,
                          const char *answer)
{
    struct buf out = {0};
    expect_ok(ws_deflate_answer(choice, &out));
    cr_expect(span_eq(buf_span(&out), span_str(answer)), "to \"%s\": \"%.*s\", not \"%s\"", offer,
              SPAN_ARG(buf_span(&out)), answer);
    buf_deinit(&out);
}

/* What is answered to one header, with no context kept and with one allowed; "" declines. */
struct offer {
    const char *header, *answer, *answer_keeping;
};

static void expect_offers(const struct offer *offers, size_t count)
{
    for (const struct offer *o = offers; o < offers + count; o++) {
        struct ws_deflate_choice off = {0}, on = {0}, keeping = {0};
        struct span header = span_str(o->header);
        expect_ok(ws_deflate_choose(&off, &OFF, header));
        expect_ok(ws_deflate_choose(&on, &ON, header));
        expect_ok(ws_deflate_choose(&keeping, &ON_KEEPING, header));
        expect_answer(&off, o->header, "");
        expect_answer(&on, o->header, o->answer);
        expect_answer(&keeping, o->header, o->answer_keeping);
        cr_expect_eq(ws_deflate_is_agreed(&on.agreed), o->answer[0] != '\0', "%s", o->header);
    }
}

#define EXPECT_OFFERS(...)                                                                         \
    do {                                                                                           \
        static const struct offer OFFERS[] = {__VA_ARGS__};                                        \
        expect_offers(OFFERS, sizeof OFFERS / sizeof *OFFERS);                                     \
    } while (0)

#define ACCEPTED(parameters, said)                                                                 \
    {                                                                                              \
        P parameters, FORGETS said, KEEPS said                                                     \
    }
#define ACCEPTED_FORGETTING(parameters, said)                                                      \
    {                                                                                              \
        P parameters, FORGETS said, FORGETS said                                                   \
    }
#define DECLINED(parameters)                                                                       \
    {                                                                                              \
        P parameters, "", ""                                                                       \
    }

Test(ws_extension, accepts_no_context_takeover_of_either_side)
{
    EXPECT_OFFERS(
        ACCEPTED("", ""), ACCEPTED("; server_no_context_takeover", ""),
        ACCEPTED_FORGETTING("; client_no_context_takeover", ""),
        ACCEPTED_FORGETTING("; client_no_context_takeover; server_no_context_takeover", ""));
}

Test(ws_extension, accepts_a_window_for_the_server_by_naming_it)
{
    EXPECT_OFFERS(ACCEPTED("; server_max_window_bits=9", "; server_max_window_bits=9"),
                  ACCEPTED("; server_max_window_bits=10", "; server_max_window_bits=10"),
                  ACCEPTED("; server_max_window_bits=15", "; server_max_window_bits=15"),
                  ACCEPTED("; server_max_window_bits=\"12\"", "; server_max_window_bits=12"),
                  ACCEPTED("; server_max_window_bits=\"\\1\\2\"", "; server_max_window_bits=12"));
}

Test(ws_extension, declines_a_window_that_zlib_cannot_compress_with)
{
    EXPECT_OFFERS(DECLINED("; server_max_window_bits=8"),
                  DECLINED("; client_max_window_bits; server_max_window_bits=8"));
}

Test(ws_extension, names_the_clients_window_only_if_the_client_did)
{
    EXPECT_OFFERS(ACCEPTED("; client_max_window_bits", ""),
                  ACCEPTED("; client_max_window_bits=8", "; client_max_window_bits=8"),
                  ACCEPTED("; client_max_window_bits=9", "; client_max_window_bits=9"),
                  ACCEPTED("; client_max_window_bits=15", "; client_max_window_bits=15"),
                  ACCEPTED("; client_max_window_bits=\"10\"", "; client_max_window_bits=10"));
}

Test(ws_extension, answers_all_parameters_at_once)
{
    EXPECT_OFFERS(ACCEPTED_FORGETTING("; client_max_window_bits=11;server_max_window_bits=13;"
                                      "client_no_context_takeover\t ;\tserver_no_context_takeover",
                                      "; server_max_window_bits=13; client_max_window_bits=11"));
}

Test(ws_extension, says_what_is_agreed_on)
{
    struct ws_deflate_choice choice = {0};
    expect_ok(ws_deflate_choose(&choice, &ON, SPAN(P)));
    cr_expect_eq(choice.agreed.out_bits, 15);
    cr_expect_eq(choice.agreed.in_bits, 15);
    cr_expect(!choice.agreed.keeps_in);

    choice = (struct ws_deflate_choice){0};
    expect_ok(ws_deflate_choose(&choice, &ON_KEEPING,
                                SPAN(P "; server_max_window_bits=9; client_max_window_bits=8")));
    cr_expect_eq(choice.agreed.out_bits, 9);
    cr_expect_eq(choice.agreed.in_bits, 8);
    cr_expect(choice.agreed.keeps_in);
}

Test(ws_extension, declines_parameters_that_it_does_not_know)
{
    EXPECT_OFFERS(DECLINED("; x"), DECLINED("; x=1"), DECLINED("; server_max_window_bit=10"),
                  DECLINED("; Server_no_context_takeover"), DECLINED("; client_max_window_bits; x"),
                  DECLINED("; x; client_max_window_bits"));
}

Test(ws_extension, declines_values_that_are_invalid)
{
    EXPECT_OFFERS(
        DECLINED("; server_no_context_takeover=1"), DECLINED("; server_no_context_takeover=true"),
        DECLINED("; client_no_context_takeover=\"a\""), DECLINED("; client_no_context_takeover=15"),
        DECLINED("; server_max_window_bits"), DECLINED("; server_max_window_bits=7"),
        DECLINED("; server_max_window_bits=16"), DECLINED("; server_max_window_bits=0"),
        DECLINED("; server_max_window_bits=1"), DECLINED("; server_max_window_bits=010"),
        DECLINED("; server_max_window_bits=09"), DECLINED("; server_max_window_bits=\"09\""),
        DECLINED("; server_max_window_bits=+9"), DECLINED("; server_max_window_bits=-9"),
        DECLINED("; server_max_window_bits=9.0"), DECLINED("; server_max_window_bits=9x"),
        DECLINED("; server_max_window_bits=0x9"), DECLINED("; server_max_window_bits=100"),
        DECLINED("; server_max_window_bits=265"), DECLINED("; server_max_window_bits=4294967305"),
        DECLINED("; server_max_window_bits=18446744073709551625"),
        DECLINED("; client_max_window_bits=7"), DECLINED("; client_max_window_bits=16"),
        DECLINED("; client_max_window_bits=08"), DECLINED("; client_max_window_bits=x"),
        DECLINED("; client_max_window_bits=00"));
}

Test(ws_extension, declines_a_parameter_that_comes_twice)
{
    EXPECT_OFFERS(DECLINED("; server_no_context_takeover; server_no_context_takeover"),
                  DECLINED("; client_no_context_takeover; client_no_context_takeover"),
                  DECLINED("; server_max_window_bits=10; server_max_window_bits=10"),
                  DECLINED("; server_max_window_bits=10; server_max_window_bits=11"),
                  DECLINED("; client_max_window_bits; client_max_window_bits"),
                  DECLINED("; client_max_window_bits; client_max_window_bits=10"),
                  DECLINED("; client_max_window_bits=10; client_max_window_bits"));
}

Test(ws_extension, takes_the_first_offer_that_it_can)
{
    EXPECT_OFFERS(
        {"x-webkit-deflate-frame, bbf-usp-protocol; eid=\"proto--ws\", " P, FORGETS, KEEPS},
        {P "; server_max_window_bits=8, " P "; server_max_window_bits=9, " P,
         FORGETS "; server_max_window_bits=9", KEEPS "; server_max_window_bits=9"},
        {P "; x, " P "; client_max_window_bits=10; x," P "; client_no_context_takeover", FORGETS,
         FORGETS},
        {P ", " P "; server_max_window_bits=10", FORGETS, KEEPS},
        {P "; server_max_window_bits=8, " P "; x, y", "", ""}, {"foo, bar; baz=2", "", ""},
        {"PERMESSAGE-DEFLATE, permessage-deflate2, deflate", "", ""});
}

Test(ws_extension, goes_on_with_the_next_header_if_nothing_was_chosen)
{
    struct ws_deflate_choice choice = {0};
    expect_ok(ws_deflate_choose(&choice, &ON, SPAN("foo, " P "; server_max_window_bits=8")));
    expect_answer(&choice, "the first header", "");
    expect_ok(ws_deflate_choose(&choice, &ON, SPAN(P "; server_max_window_bits=10")));
    expect_ok(ws_deflate_choose(&choice, &ON, SPAN(P "; client_max_window_bits=11")));
    expect_answer(&choice, "all three", FORGETS "; server_max_window_bits=10");
}

Test(ws_extension, reads_every_form_of_a_list)
{
    EXPECT_OFFERS({" \t" P "\t ", FORGETS, KEEPS}, {", ,\t,," P, FORGETS, KEEPS},
                  {P ",", FORGETS, KEEPS}, {P " , ,\t", FORGETS, KEEPS},
                  {"foo,," P, FORGETS, KEEPS}, {"foo;a=b;c;d=\"e\";f = g ; h\t=\t\"\\i\"", "", ""},
                  {"!#$%&'*+-.^_`|~09azAZ", "", ""}, {"a; b=\"!#$%&'*+-.^_`|~09azAZ\"", "", ""},
                  {P ";client_max_window_bits = \"9\" ", FORGETS "; client_max_window_bits=9",
                   KEEPS "; client_max_window_bits=9"});
}

static const char *const NO_LISTS[] = {
    "",
    " ",
    ",",
    " , ,\t",
    ";",
    "=",
    "\"",
    "\"a\"",       /* an extension's name is never quoted */
    "a b",         /**/
    "a;",          /* a parameter has a name */
    "a; ,b",       /**/
    "a;;b",        /**/
    "a;=b",        /**/
    "a;\"b\"",     /**/
    "a=b",         /* an extension has no value */
    "a;b=",        /* a value is not empty */
    "a;b=,c",      /**/
    "a;b=;c",      /**/
    "a;b==c",      /**/
    "a;b=c=d",     /**/
    "a;b=c d",     /**/
    "a;b=\"\"",    /* what is quoted is a token */
    "a;b=\" c\"",  /**/
    "a;b=\"c d\"", /**/
    "a;b=\"c,d\"", /**/
    "a;b=\"c;d\"", /**/
    "a;b=\"c",     /* a quote has an end */
    "a;b=\"",      /**/
    "a;b=\"c\\",   /**/
    "a;b=\"c\\\"", /**/
    "a;b=\"\\\"\"",
    "a;b=\"\\\\\"",
    "a;b=\"\\ \"",
    "a;b=\"c\"d",
    "a;b=c\"d\"",
    "a;b=\"c\" \"d\"",
    "a;b=c\\d",
    "a/1",
    "a:b",
    "a, (b)",
    "a, [b], c",
    "a@b",
    "\x01",
    "a\x7f",
    "\xc3\xa4",
    "a;b=\"\xc3\xa4\"",
    "a;b=\"\\\xc3\"",
};

Test(ws_extension, fails_on_what_is_no_list)
{
    for (size_t i = 0; i < sizeof NO_LISTS / sizeof *NO_LISTS; i++) {
        struct ws_deflate_choice choice = {0};
        struct ws_deflate agreed;
        struct span text = span_str(NO_LISTS[i]);
        cr_expect_eq(ws_deflate_choose(&choice, &OFF, text), ERR_SYNTAX, "%s", NO_LISTS[i]);
        cr_expect_eq(ws_deflate_choose(&choice, &ON, text), ERR_SYNTAX, "%s", NO_LISTS[i]);
        cr_expect_neq(ws_deflate_verify(text, &agreed), OK, "%s", NO_LISTS[i]);
    }
    struct ws_deflate_choice choice = {0};
    cr_expect_eq(ws_deflate_choose(&choice, &ON, span_of("a\0b", 3)), ERR_SYNTAX);
    cr_expect_eq(ws_deflate_choose(&choice, &ON, span_of(NULL, 0)), ERR_SYNTAX);
}

/* What is behind the offer that was taken counts, too. */
Test(ws_extension, fails_on_what_is_no_list_behind_an_offer)
{
    static const char *const wrong[] = {P ", a b",       P ", \"a\"", P "; x=\"",
                                        P ", " P "; x=", P " " P,     "a, " P ";"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ws_deflate_choice choice = {0};
        cr_expect_eq(ws_deflate_choose(&choice, &ON, span_str(wrong[i])), ERR_SYNTAX, "%s",
                     wrong[i]);
    }
    struct ws_deflate_choice choice = {0};
    expect_ok(ws_deflate_choose(&choice, &ON, SPAN(P)));
    cr_expect_eq(ws_deflate_choose(&choice, &ON, SPAN("a b")), ERR_SYNTAX);
}

Test(ws_extension, survives_no_memory_for_the_answer)
{
    struct ws_deflate_choice choice = {0};
    struct buf out = {0};
    expect_ok(ws_deflate_choose(&choice, &ON,
                                SPAN(P "; server_max_window_bits=10; client_max_window_bits=9")));
    alloc_fail_after(SIZE_MAX);
    expect_ok(ws_deflate_answer(&choice, &out));
    size_t allocations = alloc_fail_stop();
    buf_deinit(&out);
    cr_assert_gt(allocations, 0);
    for (size_t i = 0; i < allocations; i++) {
        alloc_fail_after(i);
        enum err e = ws_deflate_answer(&choice, &out);
        alloc_fail_stop();
        cr_expect_eq(e, ERR_NOMEM, "allocation %zu", i);
        buf_deinit(&out);
    }
}

/* --- a client judges --------------------------------------------------------------------- */

static void expect_verified(const char *answer, unsigned out_bits, unsigned in_bits)
{
    struct ws_deflate agreed;
    enum err e = ws_deflate_verify(span_str(answer), &agreed);
    cr_expect_eq(e, OK, "%s: %s", answer, err_name(e));
    cr_expect_eq(agreed.out_bits, out_bits, "%s", answer);
    cr_expect_eq(agreed.in_bits, in_bits, "%s", answer);
    cr_expect(!agreed.keeps_in);
}

Test(ws_extension, takes_every_answer_that_the_offer_allows)
{
    expect_verified(KEEPS, 15, 15);
    expect_verified(FORGETS, 15, 15);
    expect_verified(KEEPS "; client_max_window_bits=9", 9, 15);
    expect_verified(KEEPS "; client_max_window_bits=15", 15, 15);
    expect_verified(KEEPS "; server_max_window_bits=8", 15, 8);
    expect_verified(KEEPS "; server_max_window_bits=15", 15, 15);
    expect_verified(P ";client_max_window_bits=\"1\\0\";server_no_context_takeover;"
                      "server_max_window_bits = 12 ;client_no_context_takeover",
                    10, 12);
    expect_verified(", " FORGETS " ,\t, ", 15, 15);
}

Test(ws_extension, fails_on_an_answer_that_the_offer_does_not_allow)
{
    static const char *const wrong[] = {
        P, /* the server was to forget its context */
        P "; client_no_context_takeover",
        "x",
        "x, " FORGETS,
        FORGETS ", x",
        FORGETS ", " FORGETS,
        FORGETS ", ;",
        FORGETS "; x",
        FORGETS "; x=1",
        FORGETS "; server_no_context_takeover",
        FORGETS "; client_no_context_takeover",
        KEEPS "; client_max_window_bits=9; client_max_window_bits=9",
        KEEPS "; server_max_window_bits=9; server_max_window_bits=9",
        P "; server_no_context_takeover=1",
        KEEPS "; client_no_context_takeover=0",
        KEEPS "; server_max_window_bits",
        KEEPS "; server_max_window_bits=7",
        KEEPS "; server_max_window_bits=16",
        KEEPS "; server_max_window_bits=09",
        KEEPS "; client_max_window_bits", /* in an answer it has a value */
        KEEPS "; client_max_window_bits=8",
        KEEPS "; client_max_window_bits=7",
        KEEPS "; client_max_window_bits=16",
        KEEPS "; client_max_window_bits=012",
        "Permessage-Deflate; server_no_context_takeover",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ws_deflate agreed;
        cr_expect_eq(ws_deflate_verify(span_str(wrong[i]), &agreed), ERR_UNKNOWN, "%s", wrong[i]);
        cr_expect(!ws_deflate_is_agreed(&agreed), "%s", wrong[i]);
    }
}

Test(ws_extension, both_sides_agree_on_our_own_offer)
{
    const struct ws_deflate_policy *const policies[] = {&ON, &ON_KEEPING};
    for (size_t i = 0; i < 2; i++) {
        struct ws_deflate_choice choice = {0};
        struct ws_deflate agreed;
        struct buf answer = {0};
        expect_ok(ws_deflate_choose(&choice, policies[i], WS_DEFLATE_OFFER));
        expect_ok(ws_deflate_answer(&choice, &answer));
        expect_span(buf_span(&answer), SPAN(FORGETS));
        expect_ok(ws_deflate_verify(buf_span(&answer), &agreed));
        cr_expect_eq(agreed.out_bits, choice.agreed.in_bits);
        cr_expect_eq(agreed.in_bits, choice.agreed.out_bits);
        buf_deinit(&answer);
    }
}
