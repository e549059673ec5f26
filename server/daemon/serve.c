#include "daemon/serve.h"

#include "core/cycles.h"
#include "core/descriptors.h"
#include "core/log.h"
#include "daemon/activation.h"
#include "daemon/daemonize.h"
#include "daemon/identity.h"
#include "daemon/notify.h"
#include "daemon/pid_file.h"
#include "jobs/landlock.h"
#include "jobs/spawner.h"
#include "jobs/syscall_filter.h"
#include "listeners.h"
#include "net/listener.h"
#include "server.h"
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DESCRIPTORS_RESERVED = 16 }; /* files that are open for a moment; sockets of new workers */

struct start {
    const struct config *config;
    const struct config_sources *sources;
    const struct config_report *report;
    struct log_options log;
    struct identity identity;
    struct daemonize daemonize;
    char pid_path[PID_FILE_PATH_BYTES_MAX];
    struct pid_file pid_file;
    int64_t descriptors; /* how many there may be */
    struct activation activation;
    struct spawner spawner;
    struct server *server; /* NULL: not yet */
    char error[CONFIG_TEXT_BYTES_MAX];
};

/* --- what is told ------------------------------------------------------------------------ */

static int complain(struct start *t)
{
    fprintf(t->daemonize.errors, "simuld: %s\n", t->error);
    daemonize_tell(&t->daemonize, EXIT_FAILURE);
    return EXIT_FAILURE;
}

/* How many connections there can be, with what the server itself has open and will need. */
static int64_t connections_possible(const struct start *t)
{
    int64_t own = descriptors_count() + t->config->jobs.workers + DESCRIPTORS_RESERVED;
    return t->descriptors > own ? t->descriptors - own : 0;
}

static void warn_if_unreadable(const struct start *t, const char *path)
{
    if (path != NULL && path[0] != '\0' && access(path, R_OK) != 0)
        LOG_WARN("HUP will not be able to read this file again", LOG_STR("file", path),
                 LOG_STR("user", t->identity.user), LOG_STR("reason", strerror(errno)));
}

/* What root has read may be closed to who we are now. */
static void warn_of_unreadable(const struct start *t)
{
    const struct config *config = t->config;
    warn_if_unreadable(t, t->sources->path);
    warn_if_unreadable(t, config->tls.certificate);
    warn_if_unreadable(t, config->tls.key);
    warn_if_unreadable(t, config->tls.client_authorities);
    for (size_t i = 0; i < config->certificate_count; i++) {
        warn_if_unreadable(t, config->certificates[i].certificate);
        warn_if_unreadable(t, config->certificates[i].key);
    }
    warn_if_unreadable(t, config->chat.motd);
}

static void log_start_up(const struct start *t)
{
    const struct config *config = t->config;
    int64_t possible = connections_possible(t);
    LOG_INFO("starting", LOG_STR("version", SIMUL_VERSION), LOG_INT("loops", config->loops),
             LOG_STR("user", t->identity.user), LOG_INT("descriptors", t->descriptors),
             LOG_INT("connections_possible", possible),
             LOG_STR("landlock", landlock_is_possible() ? "on" : "off"),
             LOG_STR("seccomp", syscall_filter_is_possible() ? "on" : "off"));
    for (size_t i = 0; i < t->report->warning_count; i++)
        LOG_WARN("configuration", LOG_STR("warning", t->report->warnings[i]));
    if (t->identity.changes)
        warn_of_unreadable(t);
    if (t->identity.is_ignored)
        LOG_WARN("daemon.user and daemon.group are for servers that root starts",
                 LOG_STR("user", t->identity.user));
    if (config->limits.connections > possible &&
        config->limits.connections < CONFIG_CONNECTIONS_MAX)
        LOG_WARN("limits.connections is more than the descriptors permit",
                 LOG_INT("limit", config->limits.connections),
                 LOG_INT("connections_possible", possible));
}

static void announce(struct server *s)
{
    struct start *t = s->on_ready_arg;
    const struct net *first = &s->threads[0].net;
    for (unsigned i = 0; i < first->listener_count; i++) {
        char text[LISTENER_TEXT_CHARS];
        const struct listener *l = &first->listeners[i];
        fprintf(t->daemonize.out, "listening %s %s\n", l->name, listener_format(l, text));
        LOG_INFO("listening", LOG_STR("name", l->name), LOG_STR("address", text));
    }
    fprintf(t->daemonize.out, "ready\n");
    fflush(t->daemonize.out);
    notify_send("READY=1\nMAINPID=%d\nSTATUS=serving", (int)getpid());
    daemonize_tell(&t->daemonize, EXIT_SUCCESS);
}

/* --- the steps, in their order ----------------------------------------------------------- */

static enum err find_identity(struct start *t)
{
    return identity_find(&t->identity, t->config->daemon.user, t->config->daemon.group, t->error,
                         sizeof(t->error));
}

static enum err go_to_background(struct start *t)
{
    enum err e = daemonize_begin(&t->daemonize);
    if (e != OK)
        snprintf(t->error, sizeof(t->error), "cannot become a daemon: %s", strerror(errno));
    return e;
}

static void warn_of_silence(const struct start *t)
{
    if (t->log.file[0] == '\0' && t->log.syslog == LOG_SYSLOG_OFF)
        fputs("simuld: warning: the log of a daemon goes nowhere; set log.file or log.syslog\n",
              t->daemonize.errors);
}

static enum err lock_pid_file(struct start *t)
{
    return pid_file_lock(&t->pid_file, t->pid_path, t->error, sizeof(t->error));
}

static enum err start_spawner(struct start *t)
{
    int null_fd = t->daemonize.null_fd;
    return spawner_start(&t->spawner, &t->identity, null_fd < 0 ? STDERR_FILENO : null_fd, t->error,
                         sizeof(t->error));
}

static enum err open_server(struct start *t)
{
    enum err e =
        server_new(&t->server, t->config, &t->spawner, &t->activation, t->error, sizeof(t->error));
    if (e != OK)
        return e;
    t->server->sources = t->sources;
    t->server->on_ready = announce;
    t->server->on_ready_arg = t;
    return OK;
}

/* The log's files are opened by who will have to open them again. */
static enum err give_up_root(struct start *t)
{
    const struct log_options *log = &t->log;
    if (log->file[0] != '\0')
        identity_create_file(&t->identity, log->file, LOG_FILE_MODE);
    if (log->access_file[0] != '\0')
        identity_create_file(&t->identity, log->access_file, LOG_FILE_MODE);
    if (t->identity.changes)
        listeners_give(t->server, t->identity.uid, t->identity.gid);
    return identity_assume(&t->identity, t->error, sizeof(t->error));
}

static enum err open_log(struct start *t)
{
    daemonize_let_go(&t->daemonize);
    enum err e = log_start(&t->log, t->error, sizeof(t->error));
    if (e != OK) {
        size_t len = strlen(t->error);
        snprintf(t->error + len, sizeof(t->error) - len,
                 "; simuld runs as '%s' by then (daemon.user)", t->identity.user);
    }
    return e;
}

/* --- the whole --------------------------------------------------------------------------- */

/* Everything before the server runs; what was begun is ended by stop. */
static enum err start(struct start *t, bool is_daemon)
{
    notify_open();
    enum err e = activation_take(&t->activation, t->error, sizeof(t->error));
    if (e == OK)
        e = find_identity(t);
    if (e == OK)
        e = pid_file_choose(t->config->daemon.pid_file, is_daemon, t->pid_path, t->error,
                            sizeof(t->error));
    if (e == OK && is_daemon)
        e = go_to_background(t);
    signals_hold(); /* whoever reads the pid file may send one before the server runs */
    signal(SIGPIPE, SIG_IGN);
    if (e == OK)
        e = lock_pid_file(t);
    if (e != OK)
        return e;
    if (is_daemon)
        warn_of_silence(t);
    cycles_calibrate();
    t->descriptors = descriptors_raise_limit(); /* many loops open many, to begin with */
    e = start_spawner(t);
    if (e == OK)
        e = open_server(t);
    if (e == OK)
        e = give_up_root(t); /* with the ports bound and the keys read */
    if (e == OK)
        e = open_log(t); /* which starts the first thread */
    return e;
}

static void stop(struct start *t)
{
    if (t->server != NULL)
        server_free(t->server);
    spawner_stop(&t->spawner);
    log_stop();
    notify_close();
    activation_close(&t->activation);
    pid_file_remove(&t->pid_file);
}

int serve(const struct config *config, const struct config_sources *sources,
          const struct config_report *report, bool is_daemon)
{
    struct start t = {
        .config = config,
        .sources = sources,
        .report = report,
        .log = {.level = config->log.level,
                .modules = config->log.modules,
                .format = config->log.format,
                .file = config->log.file,
                .syslog = config->log.syslog,
                .access_file = config->log.access ? config->log.access_file : ""},
        .daemonize = daemonize_not(),
        .pid_file = {.fd = -1},
    };
    enum err e = start(&t, is_daemon);
    int status = EXIT_FAILURE;
    if (e == OK) {
        log_start_up(&t);
        status = server_run(t.server) == OK ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    stop(&t);
    return e == OK ? status : complain(&t);
}
