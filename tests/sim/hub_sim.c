/* A deterministic simulation of the chat:
 *
 *     hub_sim SEED [STEPS]          one run
 *     hub_sim FIRST-LAST [STEPS]    one for each seed
 *
 * Random clients talk to the real server, of one to four loops, whose system calls, clock and turns
 * are made up from the seed (world.c, peer.c, chatter.c). A second, plain hub applies what the hub
 * applies (model.c); after each entry the two are compared (hub_check.c), and every line that a
 * client hears must be the next that the second one promised it, whatever the mail between the
 * loops took. At the end the entries are applied again to other hubs, which must come to the same
 * state (record.c). A run that fails says how to have it again, with the same kind of build: debug
 * builds resume sleeping sessions besides. */
#include "chat/chat_loop.h"
#include "chat/hub/hub.h"
#include "chat/hub/hub_hash.h"
#include "core/log.h"
#include "net/net.h"
#include "sim/chatter.h"
#include "sim/hub_check.h"
#include "sim/model.h"
#include "sim/peer.h"
#include "sim/record.h"
#include "sim/sim.h"
#include "sim/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STEPS = 2000, ENTRIES_PER_HASH = 32, OUT_BYTES_SMALL = 4096, OUT_BYTES_LARGE = 1 << 20 };

static struct {
    unsigned long seed, steps, step;
    struct model model;
    const struct hub *hub;
    struct position last; /* of the newest entry that is no query */
    unsigned long entries, entries_total;
    uint64_t digest; /* of all that the hubs have sent in all runs */
} run;

/* --- what the hub applies ---------------------------------------------------------------- */

enum err __wrap_hub_apply(struct hub *hub, struct entry *e);
enum err __real_hub_apply(struct hub *hub, struct entry *e);

static void check_position(const struct entry *e)
{
    /* A query has the time at which it is asked, and takes no position. */
    SIM_CHECK(e->is_query ? e->at.ms >= run.last.ms : position_is_before(&run.last, &e->at),
              "an entry stands at %llu.%u, behind one at %llu.%u", (unsigned long long)e->at.ms,
              e->at.seq, (unsigned long long)run.last.ms, run.last.seq);
    if (!e->is_query)
        run.last = e->at;
}

/* Every entry comes by here. */
enum err __wrap_hub_apply(struct hub *hub, struct entry *e)
{
    run.hub = hub;
    hub_check_init(hub, &run.model);
    check_position(e);
    record_add(e);
    enum err want = model_apply(&run.model, e);
    enum err have = __real_hub_apply(hub, e);
    SIM_CHECK(have == want, "the hub says \"%s\" instead of \"%s\"", err_name(have),
              err_name(want));
    SIM_CHECK(e->kind != ENTRY_LINE || e->line->is_unfinished == run.model.is_unfinished,
              "the hub is %s done with the line", e->line->is_unfinished ? "not" : "already");
    hub_check();
    if (++run.entries % ENTRIES_PER_HASH == 0)
        record_hash(hub_hash(hub));
    return have;
}

/* --- one run ----------------------------------------------------------------------------- */

/* A client says a line, or a burst. */
static void speak(void)
{
    struct peer *p = peer_any();
    if (!p->is_open || !p->is_registered || p->is_being_told)
        return;
    for (unsigned n = sim_chance(5) ? sim_below(60) : 1; n > 0; n--)
        chatter_say(p);
}

static void step(void)
{
    world_pass();
    unsigned dice = sim_below(1000);
    if (dice < 450)
        world_tick();
    else if (dice < 890)
        speak();
    else if (dice < 960)
        world_connect();
    else if (dice < 970)
        world_disturb();
    else if (dice < 998)
        peer_any()->is_slow ^= true;
    else
        world_settle();
}

static struct siphash_key any_key(void)
{
    struct siphash_key key;
    for (size_t i = 0; i < sizeof(key.bytes); i++)
        key.bytes[i] = (uint8_t)sim_below(256);
    return key;
}

/* The log is as good as what it can be turned into again. */
static void replay(void)
{
    struct hub_options options = *world_hub_options();
    uint64_t same = record_replay(&options);
    options.key = any_key();
    SIM_CHECK(record_replay(&options) == same, "another table key gives other deliveries");
    run.digest = run.digest * 31 + same;
}

static struct world_options any_options(void)
{
    struct world_options o = {.key = any_key()};
    o.loops = 1 + sim_below(WORLD_LOOPS_MAX);
    o.credits = sim_chance(30) ? 1 + sim_below(8) : CHAT_CREDITS;
    o.queue_max = sim_chance(50) ? 1 + sim_below(16) : CHAT_QUEUE_MAX;
    o.few_max = sim_chance(70) ? sim_below(8) : CHAT_FEW_MAX;
    o.soon_max = sim_chance(50) ? sim_below(6) : NET_SOON_MAX;
    o.turns = sim_chance(70) ? 1 + sim_below(8) : NET_TURNS_PER_TICK;
    o.out_bytes = sim_chance(50) ? OUT_BYTES_SMALL : OUT_BYTES_LARGE;
    o.rows_max = sim_chance(50) ? 1 + sim_below(6) : 256;
    o.held_step_bytes = 200 + sim_below(2000);
    o.flood_lines = sim_chance(30) ? 200 + sim_below(2000) : 0;
    o.flood_burst = 1 + sim_below(20);
    o.quiet_members = sim_chance(50) ? 1 + sim_below(6) : 1000;
    return o;
}

static void run_seed(unsigned long seed)
{
    run.seed = seed;
    run.hub = NULL;
    run.entries = 0;
    run.last = (struct position){0};
    sim_seed(seed);
    struct world_options options = any_options();
    peer_init(2 + sim_below(PEERS_MAX - 1));
    unsigned nicks = 4 + sim_below(24), channels = 1 + sim_below(8);
    chatter_init(nicks, 1 + sim_below(channels));
    model_init(&run.model, options.rows_max, options.quiet_members);
    hub_check_init(NULL, &run.model);
    world_init(&options);
    for (run.step = 0; run.step < run.steps; run.step++)
        step();
    world_settle();
    if (run.entries > 0)
        record_hash(hub_hash(run.hub));
    world_done();
    replay();
    record_clear();
    run.entries_total += run.entries;
}

/* --- the program ------------------------------------------------------------------------- */

/* Sanitizers end the program as a failed CHECK does, so that they too tell the seed. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "abort_on_error=1";
}

const char *__ubsan_default_options(void)
{
    return "abort_on_error=1:print_stacktrace=1";
}

static void on_abort(int signal)
{
    (void)signal;
    fprintf(stderr, "seed %lu failed in step %lu; the newest entries:\n", run.seed, run.step);
    record_print_last();
    fprintf(stderr, "again: hub_sim %lu %lu\n", run.seed, run.steps);
    _exit(1);
}

int main(int argc, char **argv)
{
    unsigned long first = 0, last = 0;
    int numbers = argc < 2 ? 0 : sscanf(argv[1], "%lu-%lu", &first, &last);
    if (numbers == 0 || argc > 3) {
        fprintf(stderr, "usage: hub_sim SEED|FIRST-LAST [STEPS]\n");
        return 2;
    }
    last = numbers == 1 ? first : last;
    run.steps = argc == 3 ? strtoul(argv[2], NULL, 10) : STEPS;
    signal(SIGABRT, on_abort);
    char error[256];
    if (log_start(&(struct log_options){.level = LOG_LEVEL_ERROR}, error, sizeof(error)) != OK)
        return 1;
    for (unsigned long seed = first; seed <= last; seed++)
        run_seed(seed);
    log_stop();
    printf("%lu seeds of %lu steps: %lu entries applied, digest %016llx\n", last - first + 1,
           run.steps, run.entries_total, (unsigned long long)run.digest);
    return 0;
}
