#include "core/timeout.h"

static void set_duration(struct timeout_class *c, uint32_t duration_ms, uint64_t now_ms)
{
    c->duration_ms = duration_ms;
    /* 16 buckets cover the duration, so 32 always hold every deadline without overlap. */
    c->bucket_ms = duration_ms / 16 + 1;
    c->bucket = now_ms / c->bucket_ms;
}

void timeout_class_init(struct timeout_class *c, uint32_t duration_ms, uint64_t now_ms)
{
    set_duration(c, duration_ms, now_ms);
    c->count = 0;
    list_init(&c->due);
    for (int i = 0; i < TIMEOUT_BUCKETS; i++)
        list_init(&c->buckets[i]);
}

static void place(struct timeout_class *c, struct timeout *t, uint64_t deadline_ms)
{
    /* The bucket that ends after the deadline. */
    uint64_t bucket = deadline_ms / c->bucket_ms + 1;
    if (bucket < c->bucket)
        bucket = c->bucket;
    list_push_back(&c->buckets[bucket % TIMEOUT_BUCKETS], &t->node);
}

void timeout_add(struct timeout_class *c, struct timeout *t, uint64_t now_ms)
{
    timeout_touch(t, now_ms);
    c->count++;
    if (c->count == 1)
        c->bucket = now_ms / c->bucket_ms; /* nothing was looked at while it was empty */
    place(c, t, now_ms + c->duration_ms);
}

/* By its last activity. */
static void place_again(struct timeout_class *c, struct timeout *t, uint64_t now_ms)
{
    uint32_t idle_ms = (uint32_t)now_ms - t->stamp_ms;
    place(c, t, now_ms + (idle_ms < c->duration_ms ? c->duration_ms - idle_ms : 0));
}

void timeout_class_set_duration(struct timeout_class *c, uint32_t duration_ms, uint64_t now_ms)
{
    for (int i = 0; i < TIMEOUT_BUCKETS; i++)
        list_splice_back(&c->due, &c->buckets[i]);
    set_duration(c, duration_ms, now_ms);
}

void timeout_remove(struct timeout_class *c, struct timeout *t)
{
    if (!list_is_linked(&t->node))
        return;
    list_remove(&t->node);
    c->count--;
}

void timeout_advance(struct timeout_class *c, uint64_t now_ms, void (*expire)(struct timeout *))
{
    if (c->count == 0 || c->duration_ms == 0)
        return;
    for (int turn = 0; turn < TIMEOUT_BUCKETS && c->bucket * c->bucket_ms <= now_ms; turn++)
        list_splice_back(&c->due, &c->buckets[c->bucket++ % TIMEOUT_BUCKETS]);
    if (c->bucket * c->bucket_ms <= now_ms)
        c->bucket = now_ms / c->bucket_ms + 1; /* the loop stood still for a whole turn */
    for (int looks = 0; looks < TIMEOUT_LOOKS && !list_is_empty(&c->due); looks++) {
        struct timeout *t = container_of(list_pop_front(&c->due), struct timeout, node);
        if ((uint32_t)now_ms - t->stamp_ms < c->duration_ms) {
            place_again(c, t, now_ms);
        } else {
            c->count--;
            expire(t);
        }
    }
}

uint64_t timeout_next_ms(const struct timeout_class *c, uint64_t now_ms)
{
    if (c->count == 0 || c->duration_ms == 0)
        return UINT64_MAX;
    if (!list_is_empty(&c->due))
        return 0;
    for (uint64_t b = c->bucket; b < c->bucket + TIMEOUT_BUCKETS; b++) {
        if (list_is_empty(&c->buckets[b % TIMEOUT_BUCKETS]))
            continue;
        uint64_t at = b * c->bucket_ms;
        return at > now_ms ? at - now_ms : 0;
    }
    return UINT64_MAX;
}
