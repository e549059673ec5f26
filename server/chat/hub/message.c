#include "chat/hub/message.h"

#include "simul/check.h"

#include <stdlib.h>

struct message *message_new(const struct position *at, struct span tags, struct span text)
{
    CHECK(tags.len <= UINT16_MAX && text.len <= UINT32_MAX);
    struct message *m = malloc(sizeof(*m) + tags.len + text.len);
    if (m == NULL)
        return NULL;
    *m = (struct message){
        .refs = 1,
        .text_bytes = (uint32_t)text.len,
        .tags_bytes = (uint16_t)tags.len,
        .at = *at,
    };
    if (tags.len > 0)
        memcpy(m->bytes, tags.ptr, tags.len);
    if (text.len > 0)
        memcpy(m->bytes + tags.len, text.ptr, text.len);
    return m;
}

struct message *message_get(struct message *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void message_put(struct message *m)
{
    /* Acquire-release: whoever frees it has seen the last use on every other loop. */
    if (m != NULL && atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) == 1)
        free(m);
}
