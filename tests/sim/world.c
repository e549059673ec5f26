#include "sim/world.h"

#include "chat/chat_loop.h"
#include "chat/hub_service.h"
#include "chat/session.h"
#include "config/config.h"
#include "core/wheel.h"
#include "net/listener.h"
#include "net/net.h"
#include "net/net_internal.h"
#include "server.h"
#include "sim/hub_check.h"
#include "sim/peer.h"
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#define SERVER_NAME "s.test"

enum { START_MS = 1000000, SETTLE_TICKS_MAX = 100000 };

static struct {
    struct config config;
    struct server server;
    struct hub_options hub_options;
    unsigned sleeping[WORLD_LOOPS_MAX + 1]; /* turns that the loop misses */
    bool is_busy[WORLD_LOOPS_MAX + 1];      /* the loop's next poll will not wait */
    uint64_t now_ms, wall_ms;
    uint32_t credits; /* of each loop, while nothing is in flight */
    bool is_settling;
} world;

/* --- what the linker puts in place of the server's own ----------------------------------- */

void __wrap_loop_poll(struct loop *l, bool busy, uint64_t wait_ms);
bool __wrap_fan_out_go_on(struct chat_loop *cl, const struct delivery *d, size_t *budget);
bool __real_fan_out_go_on(struct chat_loop *cl, const struct delivery *d, size_t *budget);

struct hub *__wrap_hub_new(const struct hub_options *options, struct hub_sink *sink);
struct hub *__real_hub_new(const struct hub_options *options, struct hub_sink *sink);

/* Few members are enough for an answer in many parts. */
struct hub *__wrap_hub_new(const struct hub_options *options, struct hub_sink *sink)
{
    uint32_t rows_max = world.hub_options.rows_max;
    uint32_t held_step_bytes = world.hub_options.held_step_bytes;
    world.hub_options = *options;
    world.hub_options.rows_max = rows_max;
    world.hub_options.held_step_bytes = held_step_bytes;
    world.hub_options.server_name = SERVER_NAME;
    return __real_hub_new(&world.hub_options, sink);
}

const struct hub_options *world_hub_options(void)
{
    return &world.hub_options;
}

static struct conn *conn_of(const struct peer *p)
{
    return conn_table_at(&world.server.threads[p->handle.loop].net.conns, p->handle.slot);
}

/* What the peer has for the server, if the server asked. */
static int events_of(const struct peer *p)
{
    const struct conn *c = conn_of(p);
    return ev_is_active(&c->io) ? c->io.events & peer_events(p) : 0;
}

void __wrap_loop_poll(struct loop *l, bool busy, uint64_t wait_ms)
{
    (void)busy;
    (void)wait_ms;
    l->now_ms = world.now_ms;
    l->wall_ms = world.wall_ms;
    wheel_advance(&l->sched.wheel, l->now_ms);
    unsigned first = sim_below(PEERS_MAX);
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        struct peer *p = &peers[(first + i) % PEERS_MAX];
        if (!p->is_open || p->handle.loop != l->index)
            continue;
        int events = events_of(p);
        if (events != 0 && (world.is_settling || sim_chance(80)))
            net_on_io(l->ev, &conn_of(p)->io, events);
    }
}

/* The budget of a tick is never used up by a few peers: at times it is made small. */
bool __wrap_fan_out_go_on(struct chat_loop *cl, const struct delivery *d, size_t *budget)
{
    if (sim_chance(70))
        return __real_fan_out_go_on(cl, d, budget);
    size_t few = 1 + sim_below(4);
    return __real_fan_out_go_on(cl, d, &few);
}

/* --- life -------------------------------------------------------------------------------- */

static void load_config(const struct world_options *options)
{
    enum { NUMBERS = 5, TEXT_CHARS = 64 };
    const struct {
        const char *name;
        uint64_t value;
    } numbers[NUMBERS] = {
        {"loops", options->loops},
        {"limits.out_bytes", options->out_bytes},
        {"channel.quiet_members", options->quiet_members},
        {"chat.flood_lines_per_second", options->flood_lines},
        {"chat.flood_burst", options->flood_burst},
    };
    char texts[NUMBERS][TEXT_CHARS];
    for (int i = 0; i < NUMBERS; i++)
        snprintf(texts[i], TEXT_CHARS, "%s=%llu", numbers[i].name,
                 (unsigned long long)numbers[i].value);
    const char *const overrides[] = {"server.name=" SERVER_NAME,
                                     "oper.root.password=secret",
                                     "chat.nick_length=16",
                                     "chat.ping_seconds=0",
                                     "limits.handshake_seconds=3600",
                                     "ws.deflate_min_bytes=60",
                                     texts[0],
                                     texts[1],
                                     texts[2],
                                     texts[3],
                                     texts[4]};
    const struct config_sources sources = {
        .overrides = overrides, .override_count = sizeof(overrides) / sizeof(overrides[0])};
    static struct config_report report;
    SIM_CHECK(config_load(&world.config, &sources, &report) == OK, "%s", report.error);
}

static void init_loop(struct loop_thread *t, unsigned index)
{
    struct server *s = &world.server;
    t->server = s;
    t->loop = &s->loops.loops[index];
    t->loop->now_ms = world.now_ms;
    t->loop->wall_ms = world.wall_ms;
    sched_init(&t->loop->sched, world.now_ms);
    t->has_net = index < s->net_count;
    t->runs_hub = index == s->loops.count - 1;
    if (!t->has_net)
        return;
    SIM_CHECK(net_init(&t->net, t->loop, &world.config, &s->open_total) == OK, "out of memory");
    t->net.listeners = calloc(1, sizeof(*t->net.listeners));
    SIM_CHECK(t->net.listeners != NULL, "out of memory");
    t->net.listeners[0] = (struct listener){.name = "sim", .fd = -1};
    t->net.listener_count = 1;
}

void world_init(const struct world_options *options)
{
    memset(&world, 0, sizeof(world));
    world.now_ms = START_MS;
    world.wall_ms = 1700000000000;
    world.credits = options->credits;
    world.hub_options.rows_max = options->rows_max;
    world.hub_options.held_step_bytes = options->held_step_bytes;
    load_config(options);
    struct server *s = &world.server;
    unsigned loops = options->loops, count = loops + (loops > 1);
    s->config = &world.config;
    s->net_count = loops;
    SIM_CHECK(loop_set_init(&s->loops, count) == OK, "the loops could not be made");
    s->threads = calloc(count, sizeof(*s->threads));
    SIM_CHECK(s->threads != NULL, "out of memory");
    for (unsigned i = 0; i < count; i++)
        init_loop(&s->threads[i], i);
    s->hub = hub_service_new(&s->loops.loops[count - 1], &world.config, &options->key);
    SIM_CHECK(s->hub != NULL, "out of memory");
    for (unsigned i = 0; i < loops; i++) {
        struct net *n = &s->threads[i].net;
        n->chat = chat_loop_new(n, s->hub);
        SIM_CHECK(n->chat != NULL, "out of memory");
        n->chat->credits = options->credits;
        n->chat->queue_max = options->queue_max;
        n->chat->few_max = options->few_max;
        n->soon.size = options->soon_max;
        n->turns_per_tick = options->turns;
    }
}

static void check_nothing_is_left(void)
{
    struct server *s = &world.server;
    SIM_CHECK(s->open_total == 0, "%u connections are left", (unsigned)s->open_total);
    for (unsigned i = 0; i < s->net_count; i++) {
        struct net *n = &s->threads[i].net;
        SIM_CHECK(n->chat->credits == world.credits, "loop %u has lost a credit", i);
        SIM_CHECK(n->chat->queued == 0, "loop %u miscounts its deliveries", i);
        for (uint32_t slot = 0; slot < n->conns.slot_count; slot++)
            SIM_CHECK(conn_table_at(&n->conns, slot)->pins == 0, "slot %u is pinned", slot);
    }
    hub_check_empty();
}

void world_done(void)
{
    struct server *s = &world.server;
    peer_reset_all();
    world_settle();
    check_nothing_is_left();
    for (unsigned i = 0; i < s->net_count; i++) {
        chat_loop_free(s->threads[i].net.chat);
        net_deinit(&s->threads[i].net);
    }
    hub_service_free(s->hub);
    loop_set_deinit(&s->loops);
    free(s->threads);
    config_deinit(&world.config);
    peer_done();
}

/* --- events ------------------------------------------------------------------------------ */

void world_pass(void)
{
    world.now_ms += sim_below(2);
    world.wall_ms += sim_below(20);
    if (sim_chance(1))
        world.wall_ms -= sim_below(2000);
    if (sim_chance(1))
        world.wall_ms += sim_below(2000);
}

/* The connection that net_open has made of the descriptor. */
static struct conn *find_conn(struct net *n, int fd)
{
    for (uint32_t slot = 0; slot < n->conns.slot_count; slot++) {
        struct conn *c = conn_table_at(&n->conns, slot);
        if (c->session != NULL && c->io.fd == fd)
            return c;
    }
    sim_fail("no connection has descriptor %d", fd);
}

void world_connect(void)
{
    int fd = peer_connect();
    if (fd < 0)
        return;
    struct net *n = &world.server.threads[sim_below(world.server.net_count)].net;
    const struct addr address = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = 1};
    world.server.open_total++;
    struct peer *p = &peers[fd - PEER_FD];
    const struct session_type *session = p->ws.is_on ? &chat_ws_session : &chat_line_session;
    SIM_CHECK(net_open(n, fd, 0, &address, session) == OK, "out of memory");
    struct conn *c = find_conn(n, fd);
    if (p->ws.is_on)
        chat_ws_session_init(c, c->frame, p->ws.protocol, &p->ws.agreed);
    p->handle = conn_handle(c);
    hub_check_slot_is_free(p->handle);
}

/* What the loop finds when it goes to its next poll, as in tick.c. What changes later, by another
 * loop, must wake it by mail. */
static bool has_work(const struct loop_thread *t)
{
    return sched_has_ready(&t->loop->sched) ||
           (t->runs_hub && hub_service_has_work(world.server.hub)) ||
           (t->has_net && (chat_loop_has_work(t->net.chat) || net_has_unsent(&t->net)));
}

static void tick_loop(unsigned i)
{
    struct loop_thread *t = &world.server.threads[i];
    tick(t);
    world.is_busy[i] = has_work(t);
    if (t->has_net && t->net.chat->queued == 0)
        hub_check_index(&t->net);
}

void world_tick(void)
{
    unsigned i = sim_below(world.server.loops.count);
    if (world.sleeping[i] > 0) {
        world.sleeping[i]--;
        return;
    }
    if (sim_chance(5))
        world.sleeping[i] = sim_below(60);
    tick_loop(i);
}

void world_disturb(void)
{
    struct peer *p = peer_any();
    if (!p->is_open)
        return;
    switch (sim_below(4)) {
    case 0:
        p->is_reset = true;
        break;
    case 1:
        p->is_eof = true;
        break;
    case 2:
        conn_abort(conn_of(p), "the dice wanted it");
        world.is_busy[p->handle.loop] = true; /* the tick that does so goes on to reap it */
        break;
    default:
        conn_wake(conn_of(p)); /* spurious resumes are legal */
    }
}

/* --- rest -------------------------------------------------------------------------------- */

static bool has_events(unsigned i)
{
    for (const struct peer *p = peers; p < peers + PEERS_MAX; p++)
        if (p->is_open && p->handle.loop == i && events_of(p) != 0)
            return true;
    return false;
}

/* When the loop's next timer fires at the earliest; UINT64_MAX: none is armed. */
static uint64_t due_ms(unsigned i)
{
    const struct wheel *w = &world.server.loops.loops[i].sched.wheel;
    uint64_t wait_ms = wheel_next_ms(w);
    return wait_ms == UINT64_MAX ? UINT64_MAX : w->now_ms + wait_ms;
}

/* Time passes until a timer is due; false when none is armed. */
static bool pass_to_timer(void)
{
    uint64_t first_ms = UINT64_MAX;
    for (unsigned i = 0; i < world.server.loops.count; i++)
        first_ms = due_ms(i) < first_ms ? due_ms(i) : first_ms;
    if (first_ms != UINT64_MAX && first_ms > world.now_ms)
        world.now_ms = first_ms;
    return first_ms != UINT64_MAX;
}

/* Whether the loop is not in its poll, or will come back from it. */
static bool is_awake(unsigned i)
{
    return world.is_busy[i] || due_ms(i) <= world.now_ms ||
           !mailbox_is_empty(&world.server.loops.loops[i].mailbox) || has_events(i);
}

void world_settle(void)
{
    world.is_settling = true;
    bool is_any_awake = true;
    for (int ticks = 0; is_any_awake; ticks++) {
        SIM_CHECK(ticks < SETTLE_TICKS_MAX, "the loops do not come to rest");
        peer_hurry_all();
        is_any_awake = false;
        for (unsigned i = 0; i < world.server.loops.count; i++) {
            if (!is_awake(i))
                continue;
            is_any_awake = true;
            tick_loop(i);
        }
        is_any_awake = is_any_awake || pass_to_timer();
    }
    peer_check_all_heard();
    for (unsigned i = 0; i < world.server.net_count; i++)
        SIM_CHECK(world.server.threads[i].net.chat->queued == 0, "loop %u sleeps over its mail", i);
    world.is_settling = false;
}
