/* Whole connections: bytes → listener → transport → coroutine → hub → deliveries, in a whole server
 * under a simulated clock. The input is a play for a few clients of every protocol, and for one who
 * looks after the server. Nothing that they do, in any order, may break the server or a line of
 * chat, and when they have left, nothing is left of them.
 *
 * A step is a byte that says what happens and to whom, and what that wants behind it. Whatever the
 * bytes are, they are a play, so mutations stay meaningful. tests/fuzz/play.py writes seeds. */
#include "fuzz/client.h"
#include "unit/server_fixture.h" /* with fuzz/criterion/ in the place of Criterion */
#include "unit/still_clock.h"

enum {
    SEATS = 4,
    CONNECTIONS_MAX = 16,
    STEPS_MAX = 200,
    TURNS = 3, /* behind each step; what takes longer goes on in the next */
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

/* Who can be connected: a client of that listener, over TLS or in whatever bytes there are. */
static const struct kind {
    const char *listener;
    bool is_secure;
    bool speaks_irc;
} KINDS[] = {
    {"web", false, false},     {"irc", false, true},      {"http", false, false},
    {"echo", false, false},    {"command", false, false}, {"irctls", false, false},
    {"proxied", false, false}, {"admin", false, false},   {"webtls", true, false},
    {"irctls", true, true},
};
enum { KINDS_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

static const char *const SETTINGS[] = {
    "chat.nick_length=16",
    "chat.cloak=off",
    "chat.flood_lines_per_second=0",
    "limits.memory_bytes=8388608",
    "limits.out_bytes=65536",
    "limits.connections_per_address=2", /* of those behind a proxy */
    "ws.deflate=on",
    "echo.faults=on",
    "echo.commands=on",
    "tls.self_signed=on",
    "proxy.trusted=unix",
    "listen.http.protocol=http",
    "listen.echo.faults=off",
    "listen.command.protocol=echo",
    "listen.proxied.proxy=on",
};
enum { SETTINGS_COUNT = sizeof(SETTINGS) / sizeof(SETTINGS[0]) };

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
    struct client clients[SEATS];
    const struct kind *kinds[SEATS];
    unsigned connections; /* so far */
    uint64_t now_ms;
    struct still_clock clock;
} play;

static char directory[] = "/tmp/connection_fuzz.XXXXXX"; /* of the sockets */

/* --- the input --------------------------------------------------------------------------- */

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

/* --- the clients ------------------------------------------------------------------------- */

static void turn(void)
{
    for (int i = 0; i < TURNS; i++) {
        whole_tick(0);
        for (int seat = 0; seat < SEATS; seat++)
            client_greet(&play.clients[seat]);
    }
}

static void say_frame(struct client *c, uint8_t first, struct span payload)
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
    client_say(c, span_of(frame, head + payload.len));
}

static void say_upgrade(struct client *c, uint8_t which)
{
    char text[512];
    const char *const *upgrade = UPGRADES[which % UPGRADES_COUNT];
    int len = snprintf(text, sizeof(text), UPGRADE, upgrade[0], upgrade[1]);
    client_say(c, span_of(text, (size_t)len));
}

/* Whatever a chat client hears, it is lines: each ends in CR LF, and has neither within, nor a
 * zero. One that was cut off in its middle is not looked at. */
static void hear(int seat)
{
    struct client *c = &play.clients[seat];
    struct buf *heard = &c->heard;
    client_hear(c);
    if (heard->len == 0)
        return;
    const uint8_t *from = heard->data, *end = heard->data + heard->len, *lf;
    while (play.kinds[seat]->speaks_irc && from < end &&
           (lf = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        size_t len = (size_t)(lf - from);
        CHECK(len > 1 && from[len - 1] == '\r');
        CHECK(memchr(from, '\r', len - 1) == NULL && memchr(from, '\0', len) == NULL);
        from = lf + 1;
    }
    size_t rest = play.kinds[seat]->speaks_irc ? (size_t)(end - from) : 0;
    if (rest > 0 && from != heard->data)
        memmove(heard->data, from, rest);
    heard->len = rest;
}

static void open_kind(int seat, uint8_t which)
{
    client_leave(&play.clients[seat]);
    if (play.connections++ >= CONNECTIONS_MAX)
        return;
    const struct kind *kind = &KINDS[which % KINDS_COUNT];
    play.kinds[seat] = kind;
    client_open(&play.clients[seat], whole_listener(kind->listener)->path, kind->is_secure);
}

/* From a hundredth of a second to eleven minutes. */
static void pass(uint64_t time)
{
    play.now_ms += time * time * 10;
}

static void act(uint8_t step)
{
    int seat = step % SEATS;
    enum action action = step / SEATS % ACTIONS;
    struct client *c = &play.clients[seat];
    if (c->fd < 0 && action != ACTION_PASS && action != ACTION_OPEN)
        open_kind(seat, step / SEATS / ACTIONS);
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
    if (c->fd < 0)
        return; /* as many were here as may be */
    switch (action) {
    case ACTION_SAY:
        client_say(c, next_bytes());
        break;
    case ACTION_FRAME: {
        uint8_t first = next_byte();
        say_frame(c, first, next_bytes());
        break;
    }
    case ACTION_UPGRADE:
        say_upgrade(c, next_byte());
        break;
    case ACTION_HEAR:
        hear(seat);
        break;
    case ACTION_SHUT:
        client_shut(c);
        break;
    case ACTION_CLOSE:
        client_leave(c);
        break;
    default:
        break;
    }
}

/* --- the play ---------------------------------------------------------------------------- */

static void begin(struct span input)
{
    memset(&play, 0, sizeof(play));
    play.rest = input;
    for (int seat = 0; seat < SEATS; seat++)
        play.clients[seat].fd = -1;
    whole_open();
    struct loop *l = &whole.server->loops.loops[0];
    play.now_ms = l->now_ms + 60 * 60 * 1000; /* the true clock never gets there */
    still_clock_start(&play.clock, l, &play.now_ms);
}

/* All leave, and whoever is still served is closed; what is then there has been forgotten. */
static void end(void)
{
    struct net *n = &whole.server->threads[0].net;
    for (int seat = 0; seat < SEATS; seat++) {
        if (play.clients[seat].fd >= 0)
            hear(seat);
        client_leave(&play.clients[seat]);
    }
    net_close(n);
    whole_settle();
    CHECK(whole.server->open_total == 0);
    CHECK(n->memory.counted_bytes == 0);
    CHECK(n->out.heap_bytes == 0);
    server_free(whole.server);
}

/* --- once -------------------------------------------------------------------------------- */

static void remove_directory(void)
{
    rmdir(directory);
}

/* Each listener has a socket of its name. */
static void configure(void)
{
    static char addresses[KINDS_COUNT][96];
    const char *settings[SETTINGS_COUNT + KINDS_COUNT];
    memcpy(settings, SETTINGS, sizeof(SETTINGS));
    for (int i = 0; i < KINDS_COUNT; i++) {
        const char *name = KINDS[i].listener;
        bool is_admin = strcmp(name, "admin") == 0;
        snprintf(addresses[i], sizeof(addresses[i]), "%s%s.address=unix:%s/%s",
                 is_admin ? "" : "listen.", name, directory, name);
        settings[SETTINGS_COUNT + i] = addresses[i];
    }
    whole_config(settings, SETTINGS_COUNT + KINDS_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Why connections were closed is not news here. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    static const struct log_options errors_only = {.level = LOG_LEVEL_ERROR};
    if (mkdtemp(directory) == NULL || atexit(remove_directory) != 0)
        return -1;
    configure();
    return log_start(&errors_only, whole.error, sizeof(whole.error)) == OK ? 0 : -1;
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
