/* HTTP on a client that has no socket: what is queued for requests, and what a scenario hears of
 * responses, however their bytes are cut. */
#include "load/client.h"
#include "scenario/scenario.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct plan plan;
static struct board *board;
static struct driver *d;
static struct client client;
static char heard[4096]; /* "[": first, "]": last, "!": a refusal */

static void hear(struct client *c, const struct message *m)
{
    (void)c;
    size_t n = strlen(heard);
    snprintf(heard + n, sizeof heard - n, "%s%s%.*s%s", m->first ? "[" : "",
             m->first && m->is_refusal ? "!" : "", SPAN_ARG(m->payload), m->last ? "]" : "");
}

static const struct scenario LISTENER = {.name = "listener", .on_message = hear};

/* A client that is open. */
static void make(const char *method, const char *header)
{
    const char *why;
    plan = (struct plan){.scenario = &LISTENER, .method = method, .connections = 1};
    cr_assert_eq(url_parse("http://h.example:81/x?y", &plan.urls[0], &why), OK);
    if (header != NULL)
        plan.headers[plan.header_count++] = header;
    board = board_new(1, 0);
    d = calloc(1, sizeof *d);
    cr_assert(board != NULL && d != NULL);
    *d = (struct driver){.plan = &plan,
                         .board = board,
                         .lane = board->lanes,
                         .count = 1,
                         .opening = 1,
                         .left_open = 1,
                         .phase = PHASE_RUNNING,
                         .now_ns = 1000};
    board->measure_to_ns = UINT64_MAX;
    list_init(&d->deadlines);
    list_init(&d->leaving);
    client = (struct client){.driver = d,
                             .state = CLIENT_GREETING,
                             .io = {.fd = -1},
                             .wire = &wire_http,
                             .url = &plan.urls[0]};
    heard[0] = '\0';
    wire_http.greet(&client);
}

static void unmake(void)
{
    client_close(&client);
    buf_deinit(&d->output);
    board_free(board);
    free(d);
}

/* Decodes that and, as the client does, keeps what is left. */
static void receive(struct span text)
{
    static uint8_t input[8192];
    static size_t kept;
    if (client.state != CLIENT_OPEN)
        return;
    memcpy(input + kept, text.ptr, text.len);
    struct ws_input in = {input, kept + text.len};
    wire_http.decode(&client, &in);
    kept = client.state == CLIENT_OPEN ? in.len : 0;
    memmove(input, in.ptr, kept);
}

static uint64_t faults(enum fault fault)
{
    return hist_get(&d->lane->faults[fault]);
}

struct vector {
    const char *name, *response, *expected;
    bool renews;
    enum fault fault; /* FAULT_KINDS: none */
    const char *reason;
};

/* One response, in two pieces, the second of which comes in `step`s. */
static void run(const struct vector *v, const char *method, size_t first, size_t step)
{
    struct span text = span_str(v->response);
    make(method, NULL);
    client_send(&client, SPAN_EMPTY, false);
    receive(span_take(text, first));
    for (text = span_drop(text, first); text.len > 0; text = span_drop(text, step)) {
        step = step < text.len ? step : text.len;
        receive(span_take(text, step));
    }
    cr_assert_str_eq(heard, v->expected, "%s, cut at %zu: %s", v->name, first, heard);
    cr_assert_eq(client.is_spent, v->renews, "%s", v->name);
    for (enum fault f = 0; f < FAULT_KINDS; f++)
        cr_assert_eq(faults(f), f == v->fault, "%s: %s", v->name, fault_name(f));
    if (v->reason != NULL)
        cr_assert_str_eq(d->lane->reasons[0].text, v->reason, "%s", v->name);
    cr_assert_eq(hist_total(&d->lane->timings[TIMING_FIRST_BYTE]), 1);
    unmake();
}

static void run_everywhere(const struct vector *v, const char *method)
{
    size_t len = strlen(v->response);
    for (size_t first = 0; first <= len; first++)
        run(v, method, first, len);
    run(v, method, 0, 1);
}

#define OK_ "HTTP/1.1 200 OK\r\n"

Test(wire_http, a_response_is_a_message)
{
    static const struct vector VECTORS[] = {
        {"with a length", OK_ "Content-Length: 5\r\n\r\nhello", "[hello]", false, FAULT_KINDS,
         NULL},
        {"without a body", "HTTP/1.1 204 No Content\r\n\r\n", "[]", false, FAULT_KINDS, NULL},
        {"in chunks",
         OK_ "Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nA: b"
             "\r\n\r\n",
         "[hello]", false, FAULT_KINDS, NULL},
        {"behind an interim one", "HTTP/1.1 100 Continue\r\n\r\n" OK_ "Content-Length: 1\r\n\r\na",
         "[a]", false, FAULT_KINDS, NULL},
        {"the last one", OK_ "Connection: close\r\nContent-Length: 1\r\n\r\na", "[a]", true,
         FAULT_KINDS, NULL},
        {"of HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "[a]", true, FAULT_KINDS,
         NULL},
        {"a refusal", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "[!no]", false,
         FAULT_STATUS, "404 Not Found"},
    };
    for (size_t i = 0; i < sizeof VECTORS / sizeof *VECTORS; i++)
        run_everywhere(&VECTORS[i], "POST");
}

Test(wire_http, the_response_to_head_has_no_body)
{
    run_everywhere(
        &(struct vector){"HEAD", OK_ "Content-Length: 5\r\n\r\n", "[]", false, FAULT_KINDS, NULL},
        "HEAD");
}

Test(wire_http, what_is_no_response_closes)
{
    static const struct vector VECTORS[] = {
        {"another protocol", "220 ready\r\n", "", false, FAULT_PROTOCOL,
         "not HTTP: malformed HTTP version"},
        {"another length", OK_ "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "", false,
         FAULT_PROTOCOL, NULL},
    };
    for (size_t i = 0; i < sizeof VECTORS / sizeof *VECTORS; i++)
        run_everywhere(&VECTORS[i], "GET");
}

Test(wire_http, a_second_response_is_not_taken_for_the_next_one)
{
    static const struct vector TWICE = {
        "two",          OK_ "Content-Length: 1\r\n\r\na" OK_ "Content-Length: 1\r\n\r\nb",
        "[a",           false,
        FAULT_PROTOCOL, "more than one response to a request"};
    run(&TWICE, "GET", 0, strlen(TWICE.response));
}

Test(wire_http, an_end_of_file_ends_a_body_without_a_length)
{
    make("GET", NULL);
    client_send(&client, SPAN_EMPTY, false);
    receive(SPAN(OK_ "\r\nall of it"));
    cr_assert(wire_http.on_eof(&client));
    cr_assert_str_eq(heard, "[all of it]");
    cr_assert(client.is_spent);
    unmake();
}

Test(wire_http, an_end_of_file_within_a_response_is_a_fault)
{
    static const char *const CUT[] = {"", "HTTP/1.1 2", OK_ "Content-Length: 2\r\n\r\na",
                                      OK_ "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"};
    for (size_t i = 0; i < sizeof CUT / sizeof *CUT; i++) {
        make("GET", NULL);
        client_send(&client, SPAN_EMPTY, false);
        receive(span_str(CUT[i]));
        cr_assert(wire_http.on_eof(&client));
        cr_assert(client.state == CLIENT_CLOSED && faults(FAULT_CLOSED) == 1, "%s", CUT[i]);
        cr_assert_not(client.is_spent);
        unmake();
    }
}

Test(wire_http, only_who_was_answered_may_be_left_without_a_word)
{
    make("GET", NULL);
    cr_assert_not(wire_http.on_eof(&client));
    client_send(&client, SPAN_EMPTY, false);
    receive(SPAN(OK_ "Content-Length: 0\r\n\r\n"));
    cr_assert(wire_http.on_eof(&client));
    cr_assert(client.is_spent && client.state == CLIENT_LEAVING);
    unmake();
}

static void expect_request(struct span body, const char *expected)
{
    d->output.len = 0;
    d->writing = NULL;
    client_send(&client, body, false);
    struct span sent = buf_span(&d->output);
    cr_assert(span_eq(sent, span_str(expected)), "%.*s", SPAN_ARG(sent));
    receive(SPAN(OK_ "Content-Length: 0\r\n\r\n"));
}

Test(wire_http, a_message_is_the_body_of_a_request)
{
    make("PUT", "A-Header:  of ours");
    expect_request(SPAN("abc"), "PUT /x?y HTTP/1.1\r\nHost: h.example:81\r\nA-Header: of ours\r\n"
                                "Content-Length: 3\r\n\r\nabc");
    expect_request(SPAN("xyz"), "PUT /x?y HTTP/1.1\r\nHost: h.example:81\r\nA-Header: of ours\r\n"
                                "Content-Length: 3\r\n\r\nxyz");
    expect_request(SPAN_EMPTY, "PUT /x?y HTTP/1.1\r\nHost: h.example:81\r\nA-Header: of ours\r\n"
                               "Content-Length: 0\r\n\r\n");
    unmake();
    make("GET", "host: another");
    expect_request(SPAN_EMPTY, "GET /x?y HTTP/1.1\r\nhost: another\r\n\r\n");
    unmake();
}
