#include "chat/hub/held.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/target.h"

#include <stdlib.h>

enum {
    /* A long reply may have grown the buffer; what is above this goes back. */
    REPLIES_KEPT_BYTES = 64 * 1024,
};

/* Whoever is still here leaves without a word: nobody is listening any more. */
static void discard(struct hub_sink *sink, unsigned loop, struct delivery *d)
{
    (void)sink;
    (void)loop;
    delivery_free(d);
}

void hub_free(struct hub *hub)
{
    struct hub_sink nobody = {.send = discard};
    if (hub == NULL)
        return;
    hub->sink = &nobody;
    for (unsigned loop = 0; hub->loops != NULL && loop < hub->options.loops; loop++) {
        struct hub_slots *slots = &hub->loops[loop];
        for (size_t i = 0; i < slots->count; i++) {
            if (slots->at[i] == NULL)
                continue;
            struct hub_call call = {.hub = hub, .from = slots->at[i]->handle};
            user_quit(&call, slots->at[i]->user, SPAN_EMPTY);
        }
        free(slots->at);
    }
    free(hub->loops);
    table_deinit(&hub->users);
    table_deinit(&hub->channels);
    table_deinit(&hub->watched);
    free(hub->recipients.at);
    roster_deinit(&hub->user_order);
    whowas_deinit(&hub->whowas);
    roster_deinit(&hub->channel_order);
    free(hub->free_slots);
    buf_deinit(&hub->scratch);
    buf_deinit(&hub->replies);
    free((char *)hub->options.server_name);
    free(hub);
}

struct hub *hub_new(const struct hub_options *options, struct hub_sink *sink)
{
    CHECK(options->nick_bytes_max <= UINT8_MAX);
    struct hub *hub = calloc(1, sizeof(*hub));
    if (hub == NULL)
        return NULL;
    hub->options = *options;
    hub->options.server_name = strdup(options->server_name);
    hub->sink = sink;
    hub->loops = calloc(options->loops, sizeof(hub->loops[0]));
    if (hub->options.server_name != NULL && hub->loops != NULL &&
        table_init(&hub->users, &options->key, user_is) == OK &&
        table_init(&hub->channels, &options->key, channel_is) == OK &&
        table_init(&hub->watched, &options->key, watched_is) == OK)
        return hub;
    hub_free(hub);
    return NULL;
}

void call_each_target(struct hub_call *call, struct span list, uint32_t targets_max,
                      bool (*serve)(struct hub_call *call, struct span target))
{
    struct cursor *at = call->cursor;
    struct span target;
    for (uint32_t n = 0; target_next(&list, &target); n++) {
        if (n < at->target)
            continue;
        if (n == targets_max) {
            REPLY(call, "407", target, SPAN("Too many targets"));
            return;
        }
        if (!serve(call, target))
            return;
        *at = (struct cursor){.target = n + 1};
    }
}

static enum err apply_register(struct hub_call *call, const struct entry *e)
{
    struct hub *hub = call->hub;
    if (call->session != NULL || user_find(hub, e->registration->nick) != NULL)
        return ERR_EXISTS;
    struct user *u = user_new(call, e);
    user_add_session(call, u, e->from);
    watch_tell_online(call, u);
    return OK;
}

static void apply_line(struct hub_call *call, struct entry *e)
{
    struct entry_line *l = e->line;
    l->is_unfinished = false; /* it may have been killed between two parts */
    l->rows = 0;
    if (call->session == NULL)
        return;
    call->line = l->line;
    call->caps = l->caps;
    call->response = l->response;
    call->cursor = &l->cursor;
    call->rows_left = call->hub->options.rows_max;
    l->apply(call);
    l->is_unfinished = call->is_unfinished;
    l->rows = call->hub->options.rows_max - call->rows_left;
    reply_flush(call);
    if (call->hub->replies.cap > REPLIES_KEPT_BYTES)
        buf_deinit(&call->hub->replies);
}

/* The last session takes its user with it. */
static void apply_close(struct hub_call *call, const char *reason)
{
    if (call->session == NULL)
        return;
    struct list *sessions = &call->user->sessions;
    bool is_last = sessions->next == sessions->prev;
    if (is_last) {
        user_quit(call, call->user, span_str(reason));
        return;
    }
    user_remove_session(call->hub, call->session);
    held_tell_again(call, call->user);
}

enum err hub_apply(struct hub *hub, struct entry *e)
{
    struct hub_call call = {.hub = hub, .at = e->at, .from = e->from};
    call.session = session_find(hub, e->from);
    call.user = call.session == NULL ? NULL : call.session->user;
    switch ((enum entry_kind)e->kind) {
    case ENTRY_REGISTER:
        return apply_register(&call, e);
    case ENTRY_LINE:
        apply_line(&call, e);
        return OK;
    case ENTRY_CLOSE:
        apply_close(&call, e->reason);
        return OK;
    case ENTRY_SETTINGS:
        hub->options.settings = *e->settings;
        return OK;
    }
    return OK;
}

struct hub_counts hub_counts(const struct hub *hub)
{
    return hub->counts;
}
