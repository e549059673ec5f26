/* WebSocket on a client whose socket is one of a pair: what it asks for and sends, masked and
 * compressed, and what a scenario hears. */
#include "load/client.h"
#include "scenario/scenario.h"
#include "simul/ws_handshake.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct plan plan;
static struct board *board;
static struct driver *d;
static struct client client;
static int peer;          /* the server's end */
static char heard[65536]; /* "[": first, "]": last */

static void hear(struct client *c, const struct message *m)
{
    (void)c;
    size_t n = strlen(heard);
    snprintf(heard + n, sizeof heard - n, "%s%.*s%s", m->first ? "[" : "", SPAN_ARG(m->payload),
             m->last ? "]" : "");
}

static const struct scenario LISTENER = {.name = "listener", .on_message = hear};

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)w, (void)events;
}

/* --- a client ---------------------------------------------------------------------------- */

static struct driver *new_driver(void)
{
    struct driver *new = calloc(1, sizeof *new);
    cr_assert_not_null(new);
    *new = (struct driver){.plan = &plan,
                           .board = board,
                           .lane = board->lanes,
                           .count = 1,
                           .opening = 1,
                           .left_open = 1,
                           .phase = PHASE_RUNNING,
                           .now_ns = 1000};
    new->rules = (struct ws_rules){
        .inflated_bytes_max = 1 << 20, .wait_bytes = 32 * 1024, .side = WS_CLIENT};
    list_init(&new->deadlines);
    list_init(&new->leaving);
    ws_pool_init(&new->frames, 1);
    ws_deflater_init(&new->deflater);
    return new;
}

/* One that has asked for the Upgrade. */
static void make(bool deflate)
{
    const char *why;
    int pair[2];
    plan = (struct plan){.scenario = &LISTENER, .connections = 1, .deflate = deflate};
    cr_assert_eq(url_parse("ws://h.example/x", &plan.urls[0], &why), OK);
    board = board_new(1, 0);
    d = new_driver();
    d->ev = ev_loop_new(0);
    board->measure_to_ns = UINT64_MAX;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    peer = pair[1];
    client = (struct client){
        .driver = d, .state = CLIENT_GREETING, .wire = &wire_ws, .url = &plan.urls[0]};
    ev_io_init(&client.io, on_io, pair[0], EV_READ);
    heard[0] = '\0';
    wire_ws.greet(&client);
}

static void unmake(void)
{
    client_close(&client);
    ws_pool_deinit(&d->frames);
    ws_deflater_deinit(&d->deflater);
    buf_deinit(&d->output);
    ev_loop_destroy(d->ev);
    board_free(board);
    close(peer);
    free(d);
}

/* What the client has sent since. */
static struct ws_input sent(void)
{
    static uint8_t bytes[1 << 20];
    client_flush(&client);
    ssize_t n = recv(peer, bytes, sizeof bytes, 0);
    return (struct ws_input){bytes, n < 0 ? 0 : (size_t)n};
}

/* What the server sends, in pieces of that length. */
static void receive(const void *bytes, size_t len, size_t step)
{
    static uint8_t input[1 << 20];
    size_t kept = 0;
    for (size_t at = 0; at < len && client.state != CLIENT_CLOSED; at += step) {
        size_t n = step < len - at ? step : len - at;
        memcpy(input + kept, (const uint8_t *)bytes + at, n);
        struct ws_input in = {input, kept + n};
        if (client.state != CLIENT_LEAVING)
            wire_ws.decode(&client, &in);
        kept = client.state == CLIENT_LEAVING ? 0 : in.len;
        memmove(input, in.ptr, kept);
    }
}

/* The server agrees, with this line among the headers, to what was asked. Returns the request. */
static const char *upgrade(const char *line)
{
    static char request[4096];
    char accept[WS_ACCEPT_CHARS + 1], answer[1024];
    struct ws_input in = sent();
    snprintf(request, sizeof request, "%.*s", (int)in.len, (const char *)in.ptr);
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    cr_assert_not_null(key, "%s", request);
    key += strlen("Sec-WebSocket-Key: ");
    cr_assert_eq(ws_handshake_accept(span_of(key, WS_KEY_CHARS), accept), OK);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             line, accept);
    receive(answer, strlen(answer), sizeof answer);
    return request;
}

static uint64_t faults(enum fault fault)
{
    return hist_get(&d->lane->faults[fault]);
}

static uint64_t compressed_connections(void)
{
    return hist_get(&d->lane->counts[COUNT_COMPRESSED]);
}

/* --- compression ------------------------------------------------------------------------- */

static const char AGREED[] =
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n";
static const char TEXT[] = "to be or not to be, that is what is to be or not to be";

/* The server's frame for a text; returns its length. */
static size_t compressed_frame(uint8_t *out, struct span text)
{
    struct ws_deflater deflater;
    struct span payload;
    ws_deflater_init(&deflater);
    cr_assert_eq(ws_deflater_run(&deflater, 15, text, &payload), OK);
    size_t n = ws_encode_frame(out, WS_TEXT, true, payload);
    out[0] |= WS_RSV1;
    ws_deflater_deinit(&deflater);
    return n;
}

Test(wire_ws, offers_compression_only_where_it_is_wanted)
{
    make(true);
    cr_assert_not_null(strstr(upgrade(""), "Sec-WebSocket-Extensions: permessage-deflate"));
    unmake();
    make(false);
    cr_assert_null(strstr(upgrade(""), "Sec-WebSocket-Extensions"));
    cr_assert_eq(client.state, CLIENT_OPEN);
    unmake();
}

Test(wire_ws, compresses_what_it_sends_where_both_agree)
{
    struct ws_rules rules = {.inflated_bytes_max = 1000, .wait_bytes = 1000, .side = WS_SERVER};
    struct ws_reader reader = {.deflate = {.out_bits = 15, .in_bits = 15}};
    struct ws_pool pool;
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    make(true);
    upgrade(AGREED);
    cr_assert_eq(compressed_connections(), 1);
    for (unsigned k = 0; k < 2; k++) { /* the second without what the first has said */
        client_send(&client, span_str(TEXT), true);
        struct ws_input in = sent();
        cr_assert_eq(in.ptr[0], 0x80 | WS_RSV1 | WS_TEXT);
        cr_assert_lt(in.len, strlen(TEXT));
        cr_assert_eq(ws_next(&reader, &pool, &rules, &in, &ev), WS_DATA);
        cr_assert(ev.is_compressed && span_eq(ev.payload, span_str(TEXT)));
    }
    ws_reader_deinit(&reader, &pool);
    ws_pool_deinit(&pool);
    unmake();
}

Test(wire_ws, tells_what_came_compressed_cut_anywhere)
{
    uint8_t frames[2 * sizeof TEXT + 32];
    size_t len = compressed_frame(frames, span_str(TEXT));
    len += ws_encode_frame(frames + len, WS_TEXT, true, SPAN("plain"));
    for (size_t step = 1; step <= len; step++) {
        make(true);
        upgrade(AGREED);
        receive(frames, len, step);
        cr_assert_str_eq(heard, "[to be or not to be, that is what is to be or not to be][plain]");
        cr_assert_eq(d->frames.held_bytes, 0, "a client that waits holds nothing");
        unmake();
    }
}

Test(wire_ws, goes_on_without_compression_if_the_server_declines_it)
{
    make(true);
    upgrade("");
    cr_assert_eq(client.state, CLIENT_OPEN);
    cr_assert_eq(compressed_connections(), 0);
    client_send(&client, span_str(TEXT), true);
    cr_assert_eq(sent().ptr[0], 0x80 | WS_TEXT);
    unmake();
}

Test(wire_ws, takes_no_compression_that_was_not_agreed_on)
{
    uint8_t frame[2 * sizeof TEXT];
    make(false);
    upgrade(AGREED);
    cr_assert_eq(faults(FAULT_PROTOCOL), 1);
    cr_assert_eq(client.state, CLIENT_CLOSED);
    unmake();
    make(true);
    upgrade("");
    receive(frame, compressed_frame(frame, span_str(TEXT)), sizeof frame);
    cr_assert_eq(faults(FAULT_PROTOCOL), 1);
    cr_assert_str_eq(heard, "");
    unmake();
}

Test(wire_ws, does_not_inflate_without_end)
{
    enum { BYTES = 2 << 20 };
    static uint8_t zeros[BYTES], frame[BYTES / 100];
    make(true);
    upgrade(AGREED);
    receive(frame, compressed_frame(frame, span_of(zeros, BYTES)), sizeof frame);
    cr_assert_eq(faults(FAULT_PROTOCOL), 1);
    cr_assert_eq(client.state, CLIENT_LEAVING);
    cr_assert_lt(d->frames.held_bytes, BYTES);
    unmake();
}

/* --- masks ------------------------------------------------------------------------------- */

enum { MASKS = 20000 };

static uint32_t mask_of_next(struct ws_input *in)
{
    uint32_t mask;
    cr_assert(in->len >= 6 && in->ptr[1] == 0x80);
    memcpy(&mask, in->ptr + 2, sizeof mask);
    in->ptr += 6;
    in->len -= 6;
    return mask;
}

static void collect_masks(uint32_t *masks)
{
    make(false);
    upgrade("");
    for (size_t k = 0; k < MASKS; k += 1000) {
        for (size_t i = 0; i < 1000; i++)
            client_send(&client, SPAN_EMPTY, true);
        struct ws_input in = sent();
        for (size_t i = 0; i < 1000; i++)
            masks[k + i] = mask_of_next(&in);
    }
    unmake();
}

static int compare_masks(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static unsigned count_repeated(uint32_t *masks, size_t count)
{
    unsigned repeated = 0;
    qsort(masks, count, sizeof *masks, compare_masks);
    for (size_t i = 1; i < count; i++)
        repeated += masks[i] == masks[i - 1];
    return repeated;
}

/* Of a random bit's 20,000 throws, six standard deviations are 424. */
static void expect_even(const uint32_t *masks, size_t apart, const char *what)
{
    for (unsigned bit = 0; bit < 32; bit++) {
        unsigned ones = 0, throws = MASKS - (unsigned)apart;
        for (size_t i = 0; i < throws; i++)
            ones += (apart == 0 ? masks[i] : masks[i] ^ masks[i + apart]) >> bit & 1;
        cr_assert(abs((int)ones - (int)throws / 2) < 500, "%s, bit %u: %u", what, bit, ones);
    }
}

Test(wire_ws, masks_look_random_and_none_follows_from_others)
{
    static uint32_t masks[2 * MASKS];
    collect_masks(masks);
    collect_masks(masks + MASKS); /* another run */
    expect_even(masks, 0, "ones");
    expect_even(masks, 1, "changes from one to the next");
    expect_even(masks, 1024, "changes from one block of them to the next");
    /* 2^15.3 of 2^32 values: 0.19 pairs are alike by chance. */
    cr_assert_leq(count_repeated(masks, (size_t)2 * MASKS), 6);
}

Test(wire_ws, no_two_handshakes_have_the_same_key)
{
    char keys[16][WS_KEY_CHARS + 1];
    for (size_t i = 0; i < 16; i++) {
        make(false);
        const char *key =
            strstr(upgrade(""), "Sec-WebSocket-Key: ") + strlen("Sec-WebSocket-Key: ");
        snprintf(keys[i], sizeof keys[i], "%.*s", WS_KEY_CHARS, key);
        for (size_t k = 0; k < i; k++)
            cr_assert_str_neq(keys[k], keys[i]);
        unmake();
    }
}

/* --- the end ----------------------------------------------------------------------------- */

Test(wire_ws, answers_a_close_and_lets_the_server_end)
{
    uint8_t frame[WS_CLOSE_FRAME_BYTES_MAX];
    struct ws_rules rules = {.wait_bytes = 1000, .side = WS_SERVER};
    struct ws_reader reader = {0};
    struct ws_pool pool;
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    make(false);
    upgrade("");
    receive(frame, ws_encode_close(frame, 4321, SPAN("enough")), sizeof frame);
    cr_assert_eq(client.state, CLIENT_LEAVING);
    cr_assert_eq(faults(FAULT_CLOSED), 1);
    cr_assert_str_eq(d->lane->reasons[0].text, "closed by the server: 4321 enough");
    struct ws_input in = sent();
    cr_assert_eq(ws_next(&reader, &pool, &rules, &in, &ev), WS_CLOSE);
    cr_assert_eq(ev.close_code, 4321);
    cr_assert_eq(in.len, 0);
    cr_assert_eq(list_is_empty(&d->leaving), false);
    client_give_up(&client); /* the server did not */
    cr_assert_eq(client.state, CLIENT_CLOSED);
    cr_assert(list_is_empty(&d->leaving));
    cr_assert_eq(faults(FAULT_CLOSED), 1);
    ws_pool_deinit(&pool);
    unmake();
}
