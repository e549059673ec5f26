#include "chat/hub/delivery.h"

#include <stdlib.h>

struct delivery *delivery_new(enum delivery_kind kind, struct handle session, struct message *m,
                              uint32_t channel_count)
{
    struct delivery *d = malloc(sizeof(*d) + channel_count * sizeof(d->channels[0]));
    if (d == NULL)
        return NULL;
    *d = (struct delivery){
        .head.kind = (uint8_t)kind,
        .session = session,
        .message = m,
        .channel_count = channel_count,
    };
    return d;
}

enum err delivery_add_sessions(struct delivery *d, uint32_t count)
{
    d->sessions = calloc(count, sizeof(d->sessions[0]));
    d->session_count = d->sessions == NULL ? 0 : count;
    return d->sessions == NULL ? ERR_NOMEM : OK;
}

void delivery_free(struct delivery *d)
{
    free(d->sessions);
    message_put(d->message);
    free(d);
}
