#include "listeners.h"

#include "chat/session.h"
#include "echo/echo.h"
#include "net/listener.h"
#include "refusal_session.h"
#include "server.h"
#include "session.h"
#include "web/http_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a protocol begins on a connection, and on one that is not let in (see struct listener). */
struct manners {
    const struct session_type *session, *refusal;
    struct span (*say_full)(struct span first);
};

static const struct manners MANNERS[] = {
    [CONFIG_PROTOCOL_AUTO] = {&auto_session, &auto_refusal_session, auto_say_full},
    [CONFIG_PROTOCOL_HTTP] = {&http_session, &http_refusal_session, http_say_full},
    [CONFIG_PROTOCOL_IRC] = {&chat_line_session, &irc_refusal_session, irc_say_full},
    [CONFIG_PROTOCOL_ECHO] = {.session = &tcp_echo_session}, /* which has no words of its own */
};
static const struct manners COMMAND_MANNERS = {.session = &tcp_command_session};
static const struct manners ADMIN_MANNERS = {.session = &admin_session, .say_full = http_say_full};

/* What a listener of the settings means, the admin listener included. */
struct listener_plan {
    const char *name;
    const char *address;
    int64_t port;
    bool tls;
    enum config_client_certificates client_certificates;
    bool proxy;
    bool deflate;
    bool faults;
    bool is_admin;
    const struct manners *manners;
};

static const struct manners *manners_of(const struct config *config,
                                        const struct config_listener *l)
{
    if (l->protocol == CONFIG_PROTOCOL_ECHO && config->echo.commands &&
        config_is_on(l->faults, config->echo.faults))
        return &COMMAND_MANNERS;
    return &MANNERS[l->protocol];
}

static unsigned plan_listeners(const struct config *config, struct listener_plan *plans)
{
    unsigned count = 0;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *l = &config->listeners[i];
        plans[count++] =
            (struct listener_plan){.name = l->name,
                                   .address = l->address,
                                   .port = l->port,
                                   .tls = l->tls,
                                   .client_certificates = l->client_certificates,
                                   .proxy = l->proxy,
                                   .deflate = config_is_on(l->deflate, config->ws.deflate),
                                   .faults = config_is_on(l->faults, config->echo.faults),
                                   .manners = manners_of(config, l)};
    }
    if (config->admin.port != CONFIG_PORT_OFF)
        plans[count++] = (struct listener_plan){.name = "admin",
                                                .address = config->admin.address,
                                                .port = config->admin.port,
                                                .is_admin = true,
                                                .manners = &ADMIN_MANNERS};
    return count;
}

/* Binds one socket for a listener on each loop; the admin listener lives on loop 0 alone. */
static enum err open_listener(struct server *s, const struct listener_plan *plan, char *error,
                              size_t error_bytes)
{
    struct addr addr;
    enum err e = addr_parse(&addr, plan->address, (uint16_t)plan->port);
    if (e != OK) {
        snprintf(error, error_bytes,
                 "listen.%s.address: '%s' is not an address; use an IPv4 or "
                 "IPv6 address, or *",
                 plan->name, plan->address);
        return e;
    }
    unsigned loops = plan->is_admin ? 1 : s->net_count;
    for (unsigned i = 0; i < loops; i++) {
        struct net *n = &s->threads[i].net;
        struct listener *l = &n->listeners[n->listener_count];
        int fd;
        e = listener_bind(&addr, i == 0, &fd);
        if (e != OK) {
            char text[ADDR_CHARS];
            snprintf(error, error_bytes,
                     "cannot listen on %s (%s): %s; choose another port with "
                     "-o %s%s.port=N",
                     addr_format(&addr, text), plan->name, strerror(errno),
                     plan->is_admin ? "" : "listen.", plan->name);
            return e;
        }
        *l = (struct listener){.name = plan->name,
                               .fd = fd,
                               .tls = plan->tls,
                               .client_certificates = plan->client_certificates,
                               .proxy = plan->proxy,
                               .deflate = plan->deflate,
                               .faults = plan->faults,
                               .is_admin = plan->is_admin,
                               .addr = addr,
                               .session = plan->manners->session,
                               .refusal = plan->manners->refusal,
                               .say_full = plan->manners->say_full};
        n->listener_count++;
    }
    return OK;
}

enum err listeners_open(struct server *s, char *error, size_t error_bytes)
{
    struct listener_plan plans[CONFIG_LISTENERS_MAX + 1];
    unsigned count = plan_listeners(s->config, plans);
    for (unsigned i = 0; i < s->net_count; i++) {
        s->threads[i].net.listeners = calloc(count + 1, sizeof(struct listener));
        if (s->threads[i].net.listeners == NULL)
            return ERR_NOMEM;
    }
    for (unsigned i = 0; i < count; i++) {
        enum err e = open_listener(s, &plans[i], error, error_bytes);
        if (e != OK)
            return e;
    }
    return OK;
}
