#include "chat/hub_service.h"

#include "chat/chat_loop.h"
#include "chat/cloak.h"
#include "chat/hub/held.h"
#include "chat/hub/log_local.h"
#include "config/config.h"

#include <stdlib.h>

enum {
    COST_PER_RUN = 1024, /* commands and rows of long answers, in one tick */
    ROWS_MAX = 256,
    COST_BYTES = 1024,         /* of a message, that cost as much as one more delivery */
    CHANNELS_PER_LETTER = 512, /* of a survey; some 100 µs */
};

struct hub_service {
    struct hub_sink sink;
    struct hub *hub;
    struct loop *loop;
    struct log_local log;
    struct hub_metrics metrics;
    struct siphash_key cloak_key;
    struct chat_loop *loops[LOOPS_MAX]; /* those attached, by index */
    unsigned loop_count;                /* indices below this are attached */
    uint64_t since_cycles;              /* of the command that is being applied */
    _Atomic bool waits;                 /* for room in a delivery queue */
};

/* --- what goes out ----------------------------------------------------------------------- */

static void post_head(struct hub_service *h, struct chat_loop *cl, struct delivery_head *head,
                      uint32_t cost)
{
    head->loop = cl;
    head->cost = cost;
    head->mail.deliver = chat_loop_deliver;
    atomic_fetch_add_explicit(&cl->queued, cost, memory_order_relaxed);
    loop_post(h->loop, cl->loop, &head->mail);
}

static void send_delivery(struct hub_sink *sink, unsigned loop, struct delivery *d)
{
    struct hub_service *h = container_of(sink, struct hub_service, sink);
    const struct message *m = d->message;
    uint32_t bytes = m == NULL ? 0 : m->tags_bytes + m->text_bytes;
    metric_add(&h->metrics.hub_deliveries, 1);
    d->head.since_cycles = h->since_cycles;
    post_head(h, h->loops[loop], &d->head, 1 + bytes / COST_BYTES);
}

static bool has_room(const struct hub_service *h)
{
    for (unsigned i = 0; i < h->loop_count; i++)
        if (atomic_load(&h->loops[i]->queued) >= h->loops[i]->queue_max)
            return false;
    return true;
}

/* --- what comes in ----------------------------------------------------------------------- */

static void on_command(struct mail *m)
{
    struct chat_command *command = container_of(m, struct chat_command, head.mail);
    struct hub_service *h = command->head.loop->hub;
    metric_add(&h->metrics.hub_waiting, 1);
    h->log.log.append(&h->log.log, &command->item, h->loop->wall_ms);
}

void hub_service_post(struct hub_service *h, struct chat_command *command)
{
    command->head.mail.deliver = on_command;
    loop_post(command->head.loop->loop, h->loop, &command->head.mail);
}

static void count_entry(struct hub_service *h, const struct entry *e)
{
    struct hub_metrics *m = &h->metrics;
    _Atomic uint64_t *const counters[] = {[ENTRY_REGISTER] = &m->hub_registrations,
                                          [ENTRY_LINE] = &m->hub_lines,
                                          [ENTRY_CLOSE] = &m->hub_closes,
                                          [ENTRY_SETTINGS] = &m->hub_reloads};
    metric_add(counters[e->kind], 1);
    metric_sub(&m->hub_waiting, 1);
}

/* Returns what it has cost. */
static uint32_t apply(struct hub_service *h, struct chat_command *command)
{
    struct entry *e = &command->item.entry;
    count_entry(h, e);
    h->since_cycles = command->head.since_cycles;
    enum err result = hub_apply(h->hub, e);
    uint32_t rows = e->kind == ENTRY_LINE ? e->line->rows : 0;
    if (e->kind == ENTRY_REGISTER) {
        struct registration_command *r =
            container_of(command, struct registration_command, command);
        r->result = result;
        r->details->counts = hub_counts(h->hub);
    }
    post_head(h, command->head.loop, &command->head, 1);
    return 1 + rows;
}

static void publish_counts(struct hub_service *h)
{
    const struct hub_counts counts = hub_counts(h->hub);
    metric_set(&h->metrics.users, counts.users);
    metric_set(&h->metrics.operators, counts.opers);
    metric_set(&h->metrics.channels, counts.channels);
}

static void apply_waiting(struct hub_service *h)
{
    atomic_store(&h->waits, false);
    for (uint32_t cost = 0; cost < COST_PER_RUN && !log_local_is_empty(&h->log);) {
        if (!has_room(h)) {
            /* Asked again behind the flag: a loop that drained just before it saw no flag. */
            atomic_store(&h->waits, true);
            if (!has_room(h)) {
                metric_add(&h->metrics.hub_waits, 1);
                return;
            }
            atomic_store(&h->waits, false);
        }
        struct log_item *item = h->log.log.next(&h->log.log);
        cost += apply(h, container_of(item, struct chat_command, item));
    }
}

void hub_service_run(struct hub_service *h)
{
    apply_waiting(h);
    publish_counts(h);
}

bool hub_service_has_work(const struct hub_service *h)
{
    return !log_local_is_empty(&h->log) && !atomic_load(&h->waits);
}

/* --- room again -------------------------------------------------------------------------- */

/* Only ends the wait of the hub's loop. */
static void on_drained(struct mail *m)
{
    struct chat_loop *cl = container_of(m, struct chat_loop, drained_mail);
    atomic_store(&cl->drained_posted, false);
}

void hub_service_drained(struct hub_service *h, struct chat_loop *cl)
{
    if (atomic_load(&cl->queued) > cl->queue_max / 2 || !atomic_exchange(&h->waits, false))
        return;
    if (cl->loop == h->loop || atomic_exchange(&cl->drained_posted, true))
        return;
    cl->drained_mail.deliver = on_drained;
    loop_post(cl->loop, h->loop, &cl->drained_mail);
}

/* --- surveys ----------------------------------------------------------------------------- */

static void on_surveyed(struct mail *m)
{
    struct hub_survey *s = container_of(m, struct hub_survey, mail);
    s->done(s);
}

/* On the hub's loop. What is left goes by the mail too, so that commands have their turn. */
static void on_survey(struct mail *m)
{
    struct hub_survey *s = container_of(m, struct hub_survey, mail);
    bool is_done = survey_advance(&s->survey, s->hub->hub, CHANNELS_PER_LETTER);
    if (is_done)
        s->mail.deliver = on_surveyed;
    loop_post(s->hub->loop, is_done ? s->from : s->hub->loop, &s->mail);
}

void hub_service_survey(struct hub_service *h, struct loop *from, struct hub_survey *s)
{
    survey_begin(&s->survey);
    s->hub = h;
    s->from = from;
    s->mail.deliver = on_survey;
    loop_post(from, h->loop, &s->mail);
}

/* --- life -------------------------------------------------------------------------------- */

void hub_service_free(struct hub_service *h)
{
    if (h == NULL)
        return;
    for (struct log_item *item; (item = h->log.log.next(&h->log.log)) != NULL;)
        chat_command_free(container_of(item, struct chat_command, item));
    hub_free(h->hub);
    free(h);
}

struct hub_service *hub_service_new(struct loop *hub_loop, const struct config *config,
                                    const struct siphash_key *key)
{
    struct hub_service *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return NULL;
    const struct hub_options options = {
        .server_name = config->server.name,
        .nick_bytes_max = (size_t)config->chat.nick_length,
        .channel_bytes_max = (size_t)config->chat.channel_length,
        .loops = (unsigned)config->loops,
        .rows_max = ROWS_MAX,
        .held_step_bytes = HELD_STEP_BYTES,
        .settings = {.quiet_members = (size_t)config->channel.quiet_members},
        .started_ms = hub_loop->wall_ms,
        .key = *key,
    };
    h->sink.send = send_delivery;
    h->cloak_key = cloak_key(config->chat.cloak_key, key);
    h->loop = hub_loop;
    log_local_init(&h->log);
    h->hub = hub_new(&options, &h->sink);
    if (h->hub != NULL)
        return h;
    hub_service_free(h);
    return NULL;
}

const struct hub_metrics *hub_service_metrics(const struct hub_service *h)
{
    return &h->metrics;
}

const struct siphash_key *hub_service_cloak_key(const struct hub_service *h)
{
    return &h->cloak_key;
}

void hub_service_attach(struct hub_service *h, struct chat_loop *cl)
{
    CHECK(cl->loop->index == h->loop_count && h->loop_count < LOOPS_MAX);
    h->loops[h->loop_count++] = cl;
}
