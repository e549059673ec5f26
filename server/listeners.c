#include "listeners.h"

#include "auto_session.h"
#include "chat/session.h"
#include "core/log.h"
#include "daemon/activation.h"
#include "echo/echo.h"
#include "net/listener.h"
#include "net/unix_socket.h"
#include "refusal_session.h"
#include "server.h"
#include "web/http_session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How a protocol begins on a connection, and what it says to a peer that is not let in (see struct
 * listener). */
struct manners {
    const struct session_type *session, *refusal;
    struct span (*say_full)(struct span first);
};

static const struct manners MANNERS[] = {
    [CONFIG_PROTOCOL_AUTO] = {&auto_session, &auto_refusal_session, auto_say_full},
    [CONFIG_PROTOCOL_HTTP] = {&http_session, &http_refusal_session, http_say_full},
    [CONFIG_PROTOCOL_IRC] = {&chat_line_session, &irc_refusal_session, irc_say_full},
    [CONFIG_PROTOCOL_ECHO] = {.session = &tcp_echo_session}, /* it has no words for a refusal */
};
static const struct manners COMMAND_MANNERS = {.session = &tcp_command_session};
static const struct manners ADMIN_MANNERS = {.session = &admin_session, .say_full = http_say_full};

/* A listener that the settings ask for, or the admin listener. */
struct listener_plan {
    struct listener as; /* what it will be on every loop, without its socket */
    const char *address;
    int64_t port;
    const char *mode;                    /* of a Unix socket's file, in octal digits */
    struct activation_socket *activated; /* NULL: it binds its own */
};

static const struct manners *manners_of(const struct config *config,
                                        const struct config_listener *l)
{
    if (l->protocol == CONFIG_PROTOCOL_ECHO && config->echo.commands &&
        config_is_on(l->faults, config->echo.faults))
        return &COMMAND_MANNERS;
    return &MANNERS[l->protocol];
}

static void plan_manners(struct listener *l, const struct manners *m)
{
    l->session = m->session;
    l->refusal = m->refusal;
    l->say_full = m->say_full;
}

/* What a reload may change. */
static void configure(struct listener *to, const struct config *config,
                      const struct config_listener *l)
{
    to->client_certificates = l->client_certificates;
    to->proxy = l->proxy;
    to->deflate = config_is_on(l->deflate, config->ws.deflate);
    to->faults = config_is_on(l->faults, config->echo.faults);
    plan_manners(to, manners_of(config, l));
}

static unsigned plan_listeners(const struct config *config, struct listener_plan *plans)
{
    unsigned count = 0;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *l = &config->listeners[i];
        struct listener_plan *plan = &plans[count++];
        *plan = (struct listener_plan){.as = {.name = l->name, .tls = l->tls},
                                       .address = l->address,
                                       .port = l->port,
                                       .mode = l->mode};
        configure(&plan->as, config, l);
    }
    if (config->admin.port != CONFIG_PORT_OFF) {
        struct listener_plan *plan = &plans[count++];
        *plan = (struct listener_plan){.as = {.name = "admin", .is_admin = true},
                                       .address = config->admin.address,
                                       .port = config->admin.port,
                                       .mode = config->admin.mode};
        plan_manners(&plan->as, &ADMIN_MANNERS);
    }
    return count;
}

/* The prefix of the listener's settings: "listen.", or none. */
static const char *section_of(const struct listener_plan *plan)
{
    return plan->as.is_admin ? "" : "listen.";
}

static enum err plan_address(struct listener_plan *plan, char *error, size_t error_bytes)
{
    const char *path = unix_socket_path(plan->address);
    if (path != NULL) {
        plan->as.addr.is_unix = 1;
        snprintf(plan->as.path, sizeof(plan->as.path), "%s", path);
        return OK;
    }
    enum err e = addr_parse(&plan->as.addr, plan->address, (uint16_t)plan->port);
    if (e != OK)
        snprintf(error, error_bytes,
                 "%s%s.address: '%s' is not an address; use an IPv4 or IPv6 address, * or "
                 "unix:/path",
                 section_of(plan), plan->as.name, plan->address);
    return e;
}

/* --- sockets that were opened for us ----------------------------------------------------- */

static enum err assign_activated(struct listener_plan *plans, unsigned count, struct activation *a,
                                 char *error, size_t error_bytes)
{
    struct activation_place places[CONFIG_LISTENERS_MAX + 1];
    for (unsigned i = 0; i < count; i++)
        places[i] =
            (struct activation_place){plans[i].as.name, &plans[i].as.addr, plans[i].as.path, NULL};
    enum err e = activation_assign(a, places, count, error, error_bytes);
    for (unsigned i = 0; i < count; i++)
        plans[i].activated = places[i].socket;
    return e;
}

/* --- opening ----------------------------------------------------------------------------- */

static void add_listener(struct net *n, const struct listener_plan *plan, int fd)
{
    struct listener *l = &n->listeners[n->listener_count++];
    *l = plan->as;
    l->fd = fd;
}

/* The admin listener lives on loop 0 alone. */
static unsigned loops_of(const struct server *s, const struct listener_plan *plan)
{
    return plan->as.is_admin ? 1 : s->net_count;
}

/* All loops accept on the one socket, each with a descriptor of its own. */
static enum err share_socket(struct server *s, struct listener_plan *plan, int fd, char *error,
                             size_t error_bytes)
{
    plan->as.is_shared = loops_of(s, plan) > 1;
    add_listener(&s->threads[0].net, plan, fd);
    plan->as.path_inode = 0; /* the first removes the file */
    for (unsigned i = 1; i < loops_of(s, plan); i++) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            snprintf(error, error_bytes, "cannot share the socket of %s: %s", plan->as.name,
                     strerror(errno));
            return ERR_IO;
        }
        add_listener(&s->threads[i].net, plan, copy);
    }
    return OK;
}

static enum err open_activated(struct server *s, struct listener_plan *plan, char *error,
                               size_t error_bytes)
{
    struct activation_socket *a = plan->activated;
    int fd = a->fd;
    a->fd = -1;
    plan->as.addr = a->addr;
    memcpy(plan->as.path, a->path, sizeof(plan->as.path));
    if (!a->addr.is_unix)
        listener_set_flags(fd);
    return share_socket(s, plan, fd, error, error_bytes);
}

static enum err open_unix(struct server *s, struct listener_plan *plan, char *error,
                          size_t error_bytes)
{
    int fd;
    mode_t mode = (mode_t)strtoul(plan->mode, NULL, 8);
    enum err e = unix_socket_bind(plan->as.path, mode, &fd, &plan->as.path_inode);
    if (e == OK)
        return share_socket(s, plan, fd, error, error_bytes);
    snprintf(error, error_bytes,
             "cannot listen on unix:%s (%s): %s; choose another path with -o "
             "%s%s.address=unix:PATH",
             plan->as.path, plan->as.name,
             e == ERR_EXISTS ? "there is a file that is no socket"
             : e == ERR_BUSY ? "another program listens there"
                             : strerror(errno),
             section_of(plan), plan->as.name);
    return e;
}

/* What errno says, and what can be done about it. */
static void tell_unbound(const struct listener_plan *plan, char *error, size_t error_bytes)
{
    const char *why = strerror(errno), *name = plan->as.name, *section = section_of(plan);
    bool lacks_files = errno == EMFILE || errno == ENFILE, lacks_address = errno == EADDRNOTAVAIL;
    char text[ADDR_CHARS];
    addr_format(&plan->as.addr, text);
    if (lacks_files)
        snprintf(error, error_bytes, "cannot listen on %s (%s): %s; raise the limit (ulimit -n)",
                 text, name, why);
    else
        snprintf(error, error_bytes,
                 "cannot listen on %s (%s): %s; choose another %s with -o %s%s.%s", text, name, why,
                 lacks_address ? "address" : "port", section, name,
                 lacks_address ? "address=A" : "port=N");
}

/* Each loop has a socket of its own. */
static enum err open_tcp(struct server *s, struct listener_plan *plan, char *error,
                         size_t error_bytes)
{
    for (unsigned i = 0; i < loops_of(s, plan); i++) {
        int fd;
        enum err e = listener_bind(&plan->as.addr, i == 0, &fd);
        if (e != OK) {
            tell_unbound(plan, error, error_bytes);
            return e;
        }
        add_listener(&s->threads[i].net, plan, fd);
    }
    return OK;
}

static enum err open_listener(struct server *s, struct listener_plan *plan, char *error,
                              size_t error_bytes)
{
    if (plan->activated != NULL)
        return open_activated(s, plan, error, error_bytes);
    return plan->as.addr.is_unix ? open_unix(s, plan, error, error_bytes)
                                 : open_tcp(s, plan, error, error_bytes);
}

enum err listeners_open(struct server *s, struct activation *activation, char *error,
                        size_t error_bytes)
{
    struct listener_plan plans[CONFIG_LISTENERS_MAX + 1];
    unsigned count = plan_listeners(s->config, plans);
    enum err e = OK;
    for (unsigned i = 0; e == OK && i < s->net_count; i++) {
        s->threads[i].net.listeners = calloc(count + 1, sizeof(struct listener));
        e = s->threads[i].net.listeners == NULL ? ERR_NOMEM : OK;
    }
    for (unsigned i = 0; e == OK && i < count; i++)
        e = plan_address(&plans[i], error, error_bytes);
    if (e == OK && activation != NULL)
        e = assign_activated(plans, count, activation, error, error_bytes);
    for (unsigned i = 0; e == OK && i < count; i++)
        e = open_listener(s, &plans[i], error, error_bytes);
    return e;
}

void listeners_give(struct server *s, uid_t uid, gid_t gid)
{
    const struct net *first = &s->threads[0].net;
    for (unsigned i = 0; i < first->listener_count; i++)
        if (first->listeners[i].path_inode != 0)
            (void)!lchown(first->listeners[i].path, uid, gid);
}

/* NULL: there is none of this name any more. */
static const struct config_listener *find_settings(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (strcmp(config->listeners[i].name, name) == 0)
            return &config->listeners[i];
    return NULL;
}

/* Its connections go on. The first loop tells for all. */
static void retire(struct listener *l, unsigned loop)
{
    char text[LISTENER_TEXT_CHARS];
    if (l->fd >= 0 && loop == 0)
        LOG_INFO("no longer listening", LOG_STR("name", l->name),
                 LOG_STR("address", listener_format(l, text)));
    listener_stop(l);
}

void listeners_configure(struct net *n, const struct config *config)
{
    for (unsigned i = 0; i < n->listener_count; i++) {
        struct listener *l = &n->listeners[i];
        const struct config_listener *settings = find_settings(config, l->name);
        listener_configure(l, config);
        if (settings != NULL)
            configure(l, config, settings);
        else if (!l->is_admin)
            retire(l, n->loop->index);
    }
}
