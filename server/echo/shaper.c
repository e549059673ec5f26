#include "echo/shaper.h"

#include "echo/faults.h"
#include "net/net.h"

#include <stdlib.h>

enum {
    PIECE_BYTES = 16 * 1024,      /* written at once */
    QUEUED_BYTES_MAX = 64 * 1024, /* beyond it the peer has to take some first */
    PACE_STEP_MS = 20,            /* what a pace allows in this time leaves at once */
};

enum item_kind { ITEM_SAY, ITEM_TRICKLE, ITEM_FILL, ITEM_STALL, ITEM_END };

struct shaper_item {
    struct shaper_item *next;
    uint64_t due_ms;
    uint64_t value; /* ITEM_FILL: how many bytes; ITEM_STALL: ms; ITEM_END: enum shaper_end */
    uint64_t sent;
    enum item_kind kind;
    uint32_t len; /* of bytes */
    uint8_t bytes[];
};

static struct loop *loop_of(const struct shaper *s)
{
    return conn_net(s->conn)->loop;
}

static void on_due(struct wheel_timer *t)
{
    conn_wake(container_of(t, struct shaper, timer)->conn);
}

void shaper_init(struct shaper *s, struct conn *c, const struct faults *f)
{
    *s = (struct shaper){
        .conn = c,
        .timer.fire = on_due,
        .chance = {~(uint64_t)f->value[FAULT_SEED]}, /* a stream of its own */
        .delay_ms = f->value[FAULT_DELAY_MS],
        .jitter_ms = f->value[FAULT_JITTER_MS],
        .chop_bytes = f->value[FAULT_CHOP],
        .bytes_per_second = f->value[FAULT_SLOW_BYTES_PER_SECOND],
    };
}

/* --- the queue --------------------------------------------------------------------------- */

static void count_memory(struct shaper *s)
{
    memory_count(&conn_net(s->conn)->memory, &s->counted,
                 s->bytes + s->items * sizeof(struct shaper_item));
}

/* NULL: without memory, or behind the end. */
static struct shaper_item *push(struct shaper *s, enum item_kind kind, uint64_t value, size_t len)
{
    if (s->is_ending)
        return NULL;
    struct shaper_item *item = malloc(sizeof(*item) + len);
    if (item == NULL) {
        conn_abort_no_memory(s->conn);
        return NULL;
    }
    *item = (struct shaper_item){
        .due_ms = s->due_ms, .kind = kind, .value = value, .len = (uint32_t)len};
    if (s->tail == NULL)
        s->head = item;
    else
        s->tail->next = item;
    s->tail = item;
    s->items++;
    s->bytes += len;
    count_memory(s);
    return item;
}

static void push_bytes(struct shaper *s, enum item_kind kind, uint64_t value, struct span bytes)
{
    struct shaper_item *item = bytes.len == 0 ? NULL : push(s, kind, value, bytes.len);
    if (item != NULL)
        memcpy(item->bytes, bytes.ptr, bytes.len);
}

static void pop(struct shaper *s)
{
    struct shaper_item *item = s->head;
    s->head = item->next;
    if (s->head == NULL)
        s->tail = NULL;
    s->items--;
    s->bytes -= item->len;
    count_memory(s);
    free(item);
}

bool shaper_clear(struct shaper *s)
{
    /* Filling stands behind the header that promises it. */
    bool is_whole = s->head == NULL || (s->head->sent == 0 && s->head->kind != ITEM_FILL);
    while (s->head != NULL)
        pop(s);
    s->is_ending = false;
    return is_whole;
}

void shaper_deinit(struct shaper *s)
{
    wheel_cancel(&s->timer);
    shaper_clear(s);
}

/* --- what is said ------------------------------------------------------------------------ */

void shaper_begin(struct shaper *s)
{
    uint64_t due_ms = loop_of(s)->now_ms + s->delay_ms;
    if (s->jitter_ms > 0)
        due_ms += chance_below(&s->chance, s->jitter_ms + 1);
    if (due_ms > s->due_ms)
        s->due_ms = due_ms;
}

uint8_t *shaper_room(struct shaper *s, size_t len)
{
    struct shaper_item *item = push(s, ITEM_SAY, 0, len);
    return item == NULL ? NULL : item->bytes;
}

void shaper_say(struct shaper *s, struct span bytes)
{
    push_bytes(s, ITEM_SAY, 0, bytes);
}

void shaper_trickle(struct shaper *s, struct span bytes)
{
    push_bytes(s, ITEM_TRICKLE, 0, bytes);
}

void shaper_fill(struct shaper *s, const uint8_t pattern[4], uint64_t count)
{
    if (count > 0)
        push_bytes(s, ITEM_FILL, count, span_of(pattern, 4));
}

void shaper_stall(struct shaper *s, uint32_t ms)
{
    (void)push(s, ITEM_STALL, ms, 0);
}

void shaper_end(struct shaper *s, enum shaper_end end)
{
    (void)push(s, ITEM_END, end, 0);
    s->is_ending = true;
}

/* --- what is sent ------------------------------------------------------------------------ */

/* When the first of the queue may leave. */
static uint64_t next_ms(const struct shaper *s)
{
    uint64_t free_ms = (s->free_us + 999) / 1000;
    if (s->hurries)
        return 0;
    return s->head->due_ms > free_ms ? s->head->due_ms : free_ms;
}

/* Segments that are to be seen as such leave only when the one before has left. */
static bool is_cut(const struct shaper *s)
{
    return !s->hurries &&
           (s->chop_bytes > 0 || s->bytes_per_second > 0 || s->head->kind == ITEM_TRICKLE);
}

bool shaper_can_run(struct shaper *s)
{
    return s->head != NULL && next_ms(s) <= loop_of(s)->now_ms &&
           conn_has_room_for(s->conn, is_cut(s) ? 0 : QUEUED_BYTES_MAX);
}

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How many bytes may leave at once. */
static uint64_t piece_bytes(const struct shaper *s)
{
    if (s->hurries)
        return PIECE_BYTES;
    uint64_t bytes = s->head->kind == ITEM_TRICKLE ? 1 : PIECE_BYTES;
    if (s->chop_bytes > 0)
        bytes = min(bytes, s->chop_bytes);
    if (s->bytes_per_second > 0)
        bytes = min(bytes, (uint64_t)s->bytes_per_second * PACE_STEP_MS / 1000 + 1);
    return bytes;
}

/* Bytes have left: the next have to wait. */
static void note_sent(struct shaper *s, uint64_t bytes)
{
    uint64_t now_us = loop_of(s)->now_ms * 1000, pause_ms = 0;
    /* Being a little late is made up for, so that the pace holds. */
    if (s->free_us < now_us - PACE_STEP_MS * 1000)
        s->free_us = now_us - PACE_STEP_MS * 1000;
    if (s->bytes_per_second > 0)
        s->free_us += bytes * 1000 * 1000 / s->bytes_per_second;
    if (s->chop_bytes > 0)
        pause_ms = SHAPER_CHOP_PAUSE_MS;
    if (s->head->kind == ITEM_TRICKLE)
        pause_ms = SHAPER_TRICKLE_PAUSE_MS;
    if (s->free_us < now_us + pause_ms * 1000)
        s->free_us = now_us + pause_ms * 1000;
}

static void send_piece(struct shaper *s)
{
    struct shaper_item *item = s->head;
    uint64_t total = item->kind == ITEM_FILL ? item->value : item->len;
    uint64_t bytes = min(total - item->sent, piece_bytes(s));
    uint8_t *to = conn_write_room(s->conn, bytes);
    if (to == NULL)
        return;
    if (item->kind == ITEM_FILL)
        for (uint64_t i = 0; i < bytes; i++)
            to[i] = item->bytes[(item->sent + i) % item->len];
    else
        memcpy(to, item->bytes + item->sent, bytes);
    item->sent += bytes;
    note_sent(s, bytes);
    if (item->sent == total)
        pop(s);
}

static void stall(struct shaper *s)
{
    s->free_us = (loop_of(s)->now_ms + s->head->value) * 1000;
    pop(s);
}

static void end(struct shaper *s)
{
    switch ((enum shaper_end)s->head->value) {
    case SHAPER_CLOSE:
        conn_close(s->conn);
        break;
    case SHAPER_RESET:
        conn_reset(s->conn);
        break;
    case SHAPER_HALF_CLOSE:
        conn_half_close(s->conn);
        break;
    }
    pop(s);
}

static void step(struct shaper *s)
{
    switch (s->head->kind) {
    case ITEM_SAY:
    case ITEM_TRICKLE:
    case ITEM_FILL:
        send_piece(s);
        break;
    case ITEM_STALL:
        stall(s);
        break;
    case ITEM_END:
        end(s);
        break;
    }
}

/* Has the session woken when the first of the queue may leave. */
static void set_timer(struct shaper *s)
{
    wheel_cancel(&s->timer);
    if (s->head != NULL && next_ms(s) > loop_of(s)->now_ms)
        wheel_add(&loop_of(s)->sched.wheel, &s->timer, next_ms(s));
}

void shaper_run(struct shaper *s)
{
    while (s->conn->state == CONN_OPEN && shaper_can_run(s))
        step(s);
    set_timer(s);
    memory_note(conn_net(s->conn), s->conn); /* much may wait, with nothing to flush */
}
