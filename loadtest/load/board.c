#include "load/board.h"

#include "simul/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

static const char *const COUNT_NAMES[] = {
    [COUNT_STARTED] = "connections_started",
    [COUNT_OPENED] = "connections_opened",
    [COUNT_ENDED] = "connections_ended",
    [COUNT_CLOSED] = "connections_closed_by_server",
    [COUNT_RESUMED] = "tls_sessions_resumed",
    [COUNT_SENT] = "sent",
    [COUNT_RECEIVED] = "received",
    [COUNT_SENT_BYTES] = "sent_bytes",
    [COUNT_RECEIVED_BYTES] = "received_bytes",
    [COUNT_BESIDE] = "beside_received",
    [COUNT_COMPRESSED] = "connections_compressed",
    [COUNT_SENT_WIRE] = "sent_wire_bytes",
    [COUNT_RECEIVED_WIRE] = "received_wire_bytes",
};

static const struct {
    const char *name, *meaning;
} FAULTS[] = {
    [FAULT_REFUSED] = {"refused", "connections that nobody accepted"},
    [FAULT_TIMEOUT] = {"timeout", "connections that did not open in time"},
    [FAULT_CONNECT] = {"connect", "connections that could not be made"},
    [FAULT_TLS] = {"tls", "TLS failures"},
    [FAULT_HANDSHAKE] = {"handshake", "handshakes that the server did not agree to"},
    [FAULT_CLOSED] = {"closed", "connections that the server closed unasked"},
    [FAULT_RESET] = {"reset", "connections that broke"},
    [FAULT_PROTOCOL] = {"protocol", "breaches of the protocol by the server"},
    [FAULT_STATUS] = {"status", "responses with a status of 400 or more"},
    [FAULT_WRONG] = {"wrong", "messages that are not what was sent"},
    [FAULT_LOST] = {"lost", "messages that never came"},
    [FAULT_DUPLICATED] = {"duplicated", "messages that came again"},
    [FAULT_REORDERED] = {"reordered", "messages that came behind later ones"},
    [FAULT_LOCAL] = {"local", "failures of this machine"},
};

static const struct {
    const char *name, *meaning;
} TIMINGS[] = {
    [TIMING_LATENCY] = {"latency", "from the intended sending of a message to all of its arrival"},
    [TIMING_CONNECT] = {"connect", "TCP connections"},
    [TIMING_TLS] = {"tls", "TLS handshakes"},
    [TIMING_HANDSHAKE] = {"handshake", "WebSocket upgrades, IRC registrations"},
    [TIMING_FIRST_BYTE] = {"first_byte", "from a request to the first byte of its response"},
    [TIMING_LAG] = {"lag", "how late this program itself sent"},
    [TIMING_BESIDE] = {"beside", "echoed messages on the connections beside"},
};

_Static_assert(sizeof COUNT_NAMES / sizeof *COUNT_NAMES == COUNT_KINDS, "a name for each count");
_Static_assert(sizeof FAULTS / sizeof *FAULTS == FAULT_KINDS, "a name for each fault");
_Static_assert(sizeof TIMINGS / sizeof *TIMINGS == TIMING_KINDS, "a name for each timing");

const char *count_name(enum count count)
{
    return COUNT_NAMES[count];
}

const char *fault_name(enum fault fault)
{
    return FAULTS[fault].name;
}

const char *fault_meaning(enum fault fault)
{
    return FAULTS[fault].meaning;
}

const char *timing_name(enum timing timing)
{
    return TIMINGS[timing].name;
}

const char *timing_meaning(enum timing timing)
{
    return TIMINGS[timing].meaning;
}

struct board *board_new(unsigned lane_count, size_t shared_bytes)
{
    CHECK(lane_count > 0);
    size_t lanes_at = (sizeof(struct board) + 63) & ~(size_t)63;
    size_t shared_at = lanes_at + lane_count * sizeof(struct lane);
    size_t bytes = shared_at + shared_bytes;
    uint8_t *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    struct board *b = (struct board *)base;
    b->lane_count = lane_count;
    b->lanes = (struct lane *)(base + lanes_at);
    b->shared = base + shared_at;
    CHECK(getrandom(&b->key, sizeof b->key, 0) == (ssize_t)sizeof b->key);
    b->bytes = bytes;
    return b;
}

void board_free(struct board *b)
{
    munmap(b, b->bytes);
}

bool board_has_come_to(const struct board *b, enum lane_state state)
{
    for (unsigned k = 0; k < b->lane_count; k++) {
        if (atomic_load(&b->lanes[k].state) < (int)state)
            return false;
    }
    return true;
}

/* Writes the text as it is shown: bytes that cannot be printed as \xHH, cut where it gets long. */
static void make_printable(char out[REASON_BYTES], const char *text)
{
    size_t n = 0;
    for (; *text != '\0' && n + 5 < REASON_BYTES; text++) {
        uint8_t byte = (uint8_t)*text;
        if (byte < 0x20 || byte >= 0x7f)
            n += (size_t)snprintf(out + n, REASON_BYTES - n, "\\x%02x", byte);
        else
            out[n++] = (char)byte;
    }
    out[n] = '\0';
}

void lane_reason_add(struct lane *l, const char *text)
{
    char shown[REASON_BYTES];
    unsigned count = atomic_load_explicit(&l->reason_count, memory_order_relaxed);
    make_printable(shown, text);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(l->reasons[i].text, shown) == 0) {
            hist_bump(&l->reasons[i].count, 1);
            return;
        }
    }
    if (count == REASONS_MAX) {
        hist_bump(&l->reasons[REASONS_MAX - 1].count, 1);
        return;
    }
    strcpy(l->reasons[count].text, count == REASONS_MAX - 1 ? "others" : shown);
    hist_bump(&l->reasons[count].count, 1);
    /* The watcher reads texts below the count only. */
    atomic_store_explicit(&l->reason_count, count + 1, memory_order_release);
}
