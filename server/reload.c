#include "reload.h"

#include "chat/chat_loop.h"
#include "chat/session.h"
#include "config/config_merge.h"
#include "core/log.h"
#include "listeners.h"
#include "net/tls/tls.h"
#include "server.h"

#include <stdlib.h>

/* A loop's share. */
struct reload_part {
    struct mail mail;
    struct reload *reload;
    struct loop_thread *thread;
};

/* Settings on their way to the loops. */
struct reload {
    struct server *server;
    const struct config *config;
    struct config *retired; /* freed when no loop reads it any more; or NULL */
    struct settings_command *for_hub;
    struct mail done;
    _Atomic unsigned waiting; /* parts that are on their way */
    struct reload_part parts[];
};

enum { SAID_BYTES_MAX = CONFIG_TEXT_BYTES_MAX };

/* --- on each loop ------------------------------------------------------------------------ */

static void on_done(struct mail *m)
{
    struct reload *r = container_of(m, struct reload, done);
    struct server *s = r->server;
    if (r->retired != NULL)
        config_deinit(r->retired);
    free(r->retired);
    free(r);
    s->reload = NULL;
    if (s->reload_again && !s->draining)
        reload_begin(s);
}

static void on_part(struct mail *m)
{
    struct reload_part *p = container_of(m, struct reload_part, mail);
    struct reload *r = p->reload;
    struct net *n = &p->thread->net;
    net_configure(n, r->config);
    if (r->server->door != NULL)
        net_use_door(n, r->server->door);
    listeners_configure(n, r->config);
    if (chat_loop_configure(n->chat, r->config) != OK)
        LOG_WARN("the reason of who does not answer stays", LOG_STR("reason", "out of memory"));
    if (p->thread->loop->index == 0)
        chat_loop_post_settings(n->chat, r->for_hub);
    if (atomic_fetch_sub(&r->waiting, 1) == 1)
        loop_post(p->thread->loop, &r->server->loops.loops[0], &r->done);
}

/* --- before anything changes ------------------------------------------------------------- */

/* Reads the settings. NULL: `said` tells what is wrong. */
static struct config *read_settings(struct server *s, struct config_changes *changes,
                                    char said[SAID_BYTES_MAX])
{
    static struct config_report report;
    struct config *fresh = malloc(sizeof(*fresh));
    snprintf(said, SAID_BYTES_MAX, "out of memory");
    if (fresh == NULL)
        return NULL;
    if (config_load(fresh, s->sources, &report) != OK) {
        snprintf(said, SAID_BYTES_MAX, "%s", report.error);
        free(fresh);
        return NULL;
    }
    for (size_t i = 0; i < report.warning_count; i++)
        LOG_WARN("configuration", LOG_STR("warning", report.warnings[i]));
    if (config_merge(fresh, s->config, changes) == OK)
        return fresh;
    config_deinit(fresh);
    free(fresh);
    return NULL;
}

/* Without one the default TLS ports are in no settings, and would close: a mistake, until they are
 * closed by name. Other listeners speak TLS until a restart. */
static bool has_certificates(const struct config *fresh, const struct config *old,
                             char said[SAID_BYTES_MAX])
{
    if (config_has_tls(fresh))
        return true;
    for (size_t i = 0; i < old->listener_count; i++) {
        const struct config_listener *l = &old->listeners[i];
        if (!l->tls)
            continue;
        snprintf(said, SAID_BYTES_MAX,
                 "listen.%s speaks TLS, but there is no certificate any more; "
                 "set tls.certificate and tls.key, or tls.self_signed=on, "
                 "or first close it with listen.%s.port=off",
                 l->name, l->name);
        return false;
    }
    return true;
}

static struct reload *new_reload(struct server *s, const struct config *config)
{
    struct reload *r = malloc(sizeof(*r) + s->net_count * sizeof(r->parts[0]));
    const struct hub_settings settings = {.quiet_members = (size_t)config->channel.quiet_members};
    if (r == NULL)
        return NULL;
    *r = (struct reload){.server = s,
                         .config = config,
                         .for_hub = settings_command_new(&settings),
                         .done.deliver = on_done,
                         .waiting = s->net_count};
    if (r->for_hub == NULL) {
        free(r);
        return NULL;
    }
    for (unsigned i = 0; i < s->net_count; i++)
        r->parts[i] =
            (struct reload_part){.mail.deliver = on_part, .reload = r, .thread = &s->threads[i]};
    return r;
}

/* Does everything that can fail; certificates come last, since they are in force from then on.
 * NULL: `said` tells why. */
static struct reload *prepare(struct server *s, const struct config *config,
                              char said[SAID_BYTES_MAX])
{
    if (!has_certificates(config, s->config, said))
        return NULL;
    struct reload *r = new_reload(s, config);
    snprintf(said, SAID_BYTES_MAX, "out of memory");
    if (r == NULL)
        return NULL;
    if (tls_store_reload(s->tls, config, said, SAID_BYTES_MAX) == OK)
        return r;
    chat_command_free(&r->for_hub->command);
    free(r);
    return NULL;
}

/* --- from here on it is in force --------------------------------------------------------- */

static void configure_process(struct server *s, const struct config *config)
{
    if (s->pool != NULL)
        pool_configure(s->pool, (uint32_t)config->jobs.queue_max,
                       (uint32_t)config->jobs.deadline_ms);
    if (log_set_levels(config->log.level, config->log.modules) != OK)
        LOG_ERROR("log.modules is not in force", LOG_STR("modules", config->log.modules));
    if (server_open_door(s, config) != OK)
        LOG_ERROR("no limits by address until the next reload");
    tls_store_log_expiry(s->tls);
}

static void count(struct server *s, bool is_done)
{
    s->reloads.has_failed = !is_done;
    if (!is_done) {
        s->reloads.failed++;
        return;
    }
    s->reloads.done++;
    s->reloads.done_ms = s->loops.loops[0].wall_ms;
}

/* Says what has changed, to the log, and in short in `said`. */
static void tell(const struct config_changes *changes, char said[SAID_BYTES_MAX])
{
    LOG_INFO("configuration reloaded", LOG_INT("changed", (int64_t)changes->live.count),
             LOG_LONG_STR("settings", changes->live.text));
    if (changes->held.count > 0)
        LOG_WARN("settings that differ need a restart",
                 LOG_INT("count", (int64_t)changes->held.count),
                 LOG_LONG_STR("settings", changes->held.text));
    const char *held = changes->held.count > 0 ? changes->held.text : "none";
    snprintf(said, SAID_BYTES_MAX,
             "Reloaded; settings changed: %zu; a restart is needed for: %.300s",
             changes->live.count, held);
}

static void publish(struct server *s, struct reload *r, struct config *fresh)
{
    if (fresh != NULL) {
        r->retired = s->reloaded;
        s->config = s->reloaded = fresh;
    }
    s->reload = r;
    configure_process(s, r->config);
    for (unsigned i = 0; i < s->net_count; i++)
        loop_post_now(s->threads[i].loop, &r->parts[i].mail);
}

static void run(struct server *s, char said[SAID_BYTES_MAX])
{
    static struct config_changes changes;
    struct config *fresh = NULL;
    struct reload *r = NULL;
    changes = (struct config_changes){0};
    s->reload_again = s->reload != NULL;
    if (s->reload_again) {
        snprintf(said, SAID_BYTES_MAX, "A reload is under way; another follows it");
        return;
    }
    if (s->sources == NULL || (fresh = read_settings(s, &changes, said)) != NULL)
        r = prepare(s, fresh == NULL ? s->config : fresh, said);
    count(s, r != NULL);
    if (r == NULL) {
        LOG_ERROR("configuration not reloaded, the old one stays", LOG_STR("reason", said));
        if (fresh != NULL)
            config_deinit(fresh);
        free(fresh);
        return;
    }
    publish(s, r, fresh);
    tell(&changes, said);
}

void reload_begin(struct server *s)
{
    char said[SAID_BYTES_MAX];
    run(s, said);
}

/* --- an operator ------------------------------------------------------------------------- */

/* Travels from the session's loop to loop 0, and back with the outcome. */
struct request {
    struct mail mail;
    struct server *server;
    struct handle session;
    char said[SAID_BYTES_MAX];
};

static void on_answer(struct mail *m)
{
    struct request *r = container_of(m, struct request, mail);
    struct conn *c = conn_find(&r->server->threads[r->session.loop].net, r->session);
    if (c != NULL)
        chat_session_notice(c, span_str(r->said));
    free(r);
}

static void on_request(struct mail *m)
{
    struct request *r = container_of(m, struct request, mail);
    struct loop *loops = r->server->loops.loops;
    run(r->server, r->said);
    r->mail.deliver = on_answer;
    loop_post(&loops[0], &loops[r->session.loop], &r->mail);
}

void reload_rehash(struct server *s, struct handle session)
{
    struct loop *loops = s->loops.loops;
    struct request *r = malloc(sizeof(*r));
    if (r == NULL) {
        LOG_ERROR("configuration not reloaded, the old one stays",
                  LOG_STR("reason", "out of memory"));
        return;
    }
    *r = (struct request){.mail.deliver = on_request, .server = s, .session = session};
    loop_post(&loops[session.loop], &loops[0], &r->mail);
}
