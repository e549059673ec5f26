#include "chat/hub/roster.h"

#include "simul/check.h"

#include <stdlib.h>

enum { CAP_MIN = 4 };

void roster_deinit(struct roster *r)
{
    free(r->at);
    *r = (struct roster){0};
}

static void resize(struct roster *r, size_t cap)
{
    r->at = realloc(r->at, cap * sizeof(r->at[0]));
    CHECK(r->at != NULL);
    r->cap = cap;
}

static void close_gaps(struct roster *r)
{
    size_t len = 0;
    for (size_t i = 0; i < r->len; i++)
        if (r->at[i].member != NULL)
            r->at[len++] = r->at[i];
    r->len = len;
}

uint64_t roster_add(struct roster *r, void *member)
{
    CHECK(member != NULL);
    if (r->len == r->cap)
        resize(r, r->cap == 0 ? CAP_MIN : r->cap * 2);
    r->at[r->len++] = (struct roster_entry){.seq = ++r->last_seq, .member = member};
    r->count++;
    return r->last_seq;
}

/* Index of the first entry behind that number. */
static size_t index_behind(const struct roster *r, uint64_t seq)
{
    size_t low = 0, high = r->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->at[middle].seq <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void roster_remove(struct roster *r, uint64_t seq)
{
    size_t i = index_behind(r, seq);
    CHECK(i > 0 && r->at[i - 1].seq == seq && r->at[i - 1].member != NULL);
    r->at[i - 1].member = NULL;
    r->count--;
    /* Once more than half are gaps: so every leaving pays for the moving of one entry at most. */
    if (r->len - r->count <= r->count)
        return;
    close_gaps(r);
    if (r->cap > CAP_MIN && r->len < r->cap / 4)
        resize(r, r->cap / 2);
}

void *roster_next(const struct roster *r, uint64_t *after)
{
    for (size_t i = index_behind(r, *after); i < r->len; i++) {
        if (r->at[i].member == NULL)
            continue;
        *after = r->at[i].seq;
        return r->at[i].member;
    }
    return NULL;
}
