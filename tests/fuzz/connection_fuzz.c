/* Whole connections: bytes → transport → coroutine → hub → deliveries, under a simulated clock. The
 * input is a play for a few clients of every protocol. Nothing that they do, in any order, may
 * break the server or a line of chat, and when they have left, nothing is left of them.
 *
 * A step is a byte that says what happens and to whom, and what that wants behind it. Whatever the
 * bytes are, they are a play, so mutations stay meaningful. tests/fuzz/play.py writes seeds. */
#include "auto_session.h"
#include "echo/echo.h"
#include "net/tls/tls.h"
#include "unit/chat/chat_fixture.h" /* with fuzz/criterion/ in the place of Criterion */
#include "web/http_session.h"

enum {
    SEATS = 4,
    CONNECTIONS_MAX = 16,
    STEPS_MAX = 200,
    TURNS = 3, /* of all loops behind each step; what takes longer goes on in the next */
    WS_PAYLOAD_MAX = 255,
};

enum action {
    ACTION_SAY,     /* LENGTH BYTES… */
    ACTION_FRAME,   /* FIRST_BYTE LENGTH BYTES…: the same as a masked WebSocket frame */
    ACTION_OPEN,    /* KIND: somebody else takes the seat */
    ACTION_HEAR,    /* reads what has come; who does not is a slow reader */
    ACTION_PASS,    /* TIME: the clock moves by its square, in hundredths of a second */
    ACTION_SHUT,    /* half a close */
    ACTION_CLOSE,   /* a whole one */
    ACTION_UPGRADE, /* a handshake, so that frames need not be found by chance */
    ACTIONS
};

/* The fixture's admin listener is another public one here, to whom proxies speak. */
enum { FIX_PROXIED = FIX_ADMIN };

/* Who can be connected; `listener` is one of the fixture's. */
static const struct kind {
    const struct session_type *const session;
    unsigned listener;
} KINDS[] = {
    {&auto_session, FIX_PUBLIC},        {&chat_line_session, FIX_PUBLIC},
    {&http_session, FIX_PUBLIC},        {&tcp_echo_session, FIX_PUBLIC},
    {&tcp_command_session, FIX_PUBLIC}, {&chat_line_session, FIX_TLS},
    {&auto_session, FIX_PROXIED},
};
enum { KINDS_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

static const char *const SETTINGS[] = {
    "limits.memory_bytes=8388608", "ws.deflate=on",          "echo.faults=on",
    "tls.self_signed=on",          "limits.out_bytes=65536", "proxy.trusted=127.0.0.0/8"};

static const char UPGRADE[] = "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n";
static const char *const UPGRADES[][2] = {
    {"/chat", "Sec-WebSocket-Protocol: text.ircv3.net\r\n"},
    {"/chat", "Sec-WebSocket-Protocol: binary.ircv3.net\r\n"
              "Sec-WebSocket-Extensions: permessage-deflate\r\n"},
    {"/echo", ""},
    {"/echo", "Sec-WebSocket-Extensions: permessage-deflate\r\n"},
};
enum { UPGRADES_COUNT = sizeof(UPGRADES) / sizeof(UPGRADES[0]) };

static struct {
    struct span rest; /* of the input */
    int seats[SEATS]; /* index into fix.clients; -1: nobody */
    bool speaks_irc[FIX_CLIENTS_MAX];
} play;

static struct tls_store *store; /* a key is made once, not for each input */

/* --- the input --- */

/* 0 behind the end. */
static uint8_t next_byte(void)
{
    if (play.rest.len == 0)
        return 0;
    uint8_t byte = play.rest.ptr[0];
    play.rest = span_drop(play.rest, 1);
    return byte;
}

static struct span next_bytes(void)
{
    size_t len = next_byte();
    struct span bytes = span_take(play.rest, len < play.rest.len ? len : play.rest.len);
    play.rest = span_drop(play.rest, bytes.len);
    return bytes;
}

/* --- the clients --- */

static void turn(void)
{
    for (int i = 0; i < TURNS; i++)
        fix_tick(&fix.set.loops[0]);
}

/* What the peer's kernel takes no more is not said. */
static void say(unsigned client, struct span bytes)
{
    if (bytes.len > 0)
        (void)!send(fix.clients[client].fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
}

static void say_frame(unsigned client, uint8_t first, struct span payload)
{
    static const uint8_t mask[4] = {1, 2, 3, 4};
    uint8_t frame[4 + sizeof(mask) + WS_PAYLOAD_MAX] = {first, 0x80 | 126, 0, (uint8_t)payload.len};
    size_t head = 4;
    if (payload.len < 126) {
        frame[1] = (uint8_t)(0x80 | payload.len);
        head = 2;
    }
    memcpy(frame + head, mask, sizeof(mask));
    head += sizeof(mask);
    for (size_t i = 0; i < payload.len; i++)
        frame[head + i] = payload.ptr[i] ^ mask[i % sizeof(mask)];
    say(client, span_of(frame, head + payload.len));
}

static void say_upgrade(unsigned client, uint8_t which)
{
    char text[512];
    const char *const *upgrade = UPGRADES[which % UPGRADES_COUNT];
    int len = snprintf(text, sizeof(text), UPGRADE, upgrade[0], upgrade[1]);
    say(client, span_of(text, (size_t)len));
}

/* Whatever a chat client hears, it is lines: each ends in CR LF, and has neither within, nor a
 * zero. One that was cut off in its middle is not looked at. */
static void hear(unsigned client)
{
    struct buf *heard = &fix.clients[client].heard;
    client_read(client);
    const uint8_t *from = heard->data, *end = heard->data + heard->len, *lf;
    while (play.speaks_irc[client] && from < end &&
           (lf = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        size_t len = (size_t)(lf - from);
        CHECK(len > 1 && from[len - 1] == '\r');
        CHECK(memchr(from, '\r', len - 1) == NULL && memchr(from, '\0', len) == NULL);
        from = lf + 1;
    }
    size_t rest = (size_t)(end - from);
    if (rest > 0 && from != heard->data)
        memmove(heard->data, from, rest);
    heard->len = play.speaks_irc[client] ? rest : 0;
}

static void leave(int seat)
{
    if (play.seats[seat] < 0)
        return;
    struct client *cl = &fix.clients[play.seats[seat]];
    close(cl->fd);
    cl->fd = -1;
    play.seats[seat] = -1;
}

static void open_kind(int seat, uint8_t which)
{
    leave(seat);
    if (fix.client_count == CONNECTIONS_MAX)
        return;
    const struct kind *kind = &KINDS[which % KINDS_COUNT];
    unsigned client = client_connect_at(0, kind->listener, kind->session);
    play.seats[seat] = (int)client;
    play.speaks_irc[client] = kind->session == &chat_line_session && kind->listener == FIX_PUBLIC;
}

/* From a hundredth of a second to eleven minutes. */
static void pass(uint64_t time)
{
    fix.now_ms += time * time * 10;
}

static void act(uint8_t step)
{
    int seat = step % SEATS;
    enum action action = step / SEATS % ACTIONS;
    if (play.seats[seat] < 0 && action != ACTION_PASS && action != ACTION_OPEN)
        open_kind(seat, step / SEATS / ACTIONS);
    int client = play.seats[seat];
    switch (action) {
    case ACTION_OPEN:
        open_kind(seat, next_byte());
        return;
    case ACTION_PASS:
        pass(next_byte());
        return;
    default:
        break;
    }
    if (client < 0)
        return; /* as many were here as may be */
    switch (action) {
    case ACTION_SAY:
        say((unsigned)client, next_bytes());
        break;
    case ACTION_FRAME: {
        uint8_t first = next_byte();
        say_frame((unsigned)client, first, next_bytes());
        break;
    }
    case ACTION_UPGRADE:
        say_upgrade((unsigned)client, next_byte());
        break;
    case ACTION_HEAR:
        hear((unsigned)client);
        break;
    case ACTION_SHUT:
        shutdown(fix.clients[client].fd, SHUT_WR);
        break;
    case ACTION_CLOSE:
        leave(seat);
        break;
    default:
        break;
    }
}

/* --- the play --- */

static void begin(struct span input)
{
    memset(&fix, 0, sizeof(fix));
    memset(&play, 0, sizeof(play));
    play.rest = input;
    for (int i = 0; i < SEATS; i++)
        play.seats[i] = -1;
    chat_init_with(1, SETTINGS, sizeof(SETTINGS) / sizeof(SETTINGS[0]));
    struct net *n = &fix.nets[0];
    char error[CONFIG_TEXT_BYTES_MAX];
    if (store == NULL)
        CHECK(tls_store_new(&store, &fix.config, error, sizeof(error)) == OK);
    CHECK(tls_net_new(&n->tls, store) == OK);
    n->listeners[FIX_PUBLIC].deflate = n->listeners[FIX_PUBLIC].faults = true;
    n->listeners[FIX_PROXIED].is_admin = false;
    n->listeners[FIX_PROXIED].proxy = true;
}

/* All leave; what is then still there has been forgotten. */
static void end(void)
{
    struct net *n = &fix.nets[0];
    for (int seat = 0; seat < SEATS; seat++)
        if (play.seats[seat] >= 0)
            hear((unsigned)play.seats[seat]);
    fix_close();
    CHECK(fix.open_total == 0);
    CHECK(n->memory.counted_bytes == 0);
    CHECK(n->out.heap_bytes == 0);
    chat_free();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Why connections were closed is not news here. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    static const struct log_options errors_only = {.level = LOG_LEVEL_ERROR};
    char error[CONFIG_TEXT_BYTES_MAX];
    return log_start(&errors_only, error, sizeof(error)) == OK ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin(span_of(data, size));
    for (int i = 0; i < STEPS_MAX && play.rest.len > 0; i++) {
        act(next_byte());
        turn();
    }
    end();
    return 0;
}
