#include "chat/session_register.h"

#include "chat/chat_loop.h"
#include "chat/cloak.h"
#include "chat/hub_service.h"
#include "chat/session.h"
#include "chat/welcome.h"
#include "config/config.h"
#include "net/tls/tls.h"

#include <string.h>

_Static_assert((int)TLS_FINGERPRINT_CHARS == HUB_FINGERPRINT_BYTES_MAX + 1, "it is kept as it is");

/* A host never begins with ':', which would make it the last param. */
static void take_host(struct conn *c, struct registration_command *r)
{
    char text[ADDR_IP_CHARS];
    struct span ip = span_str(addr_ip(&c->peer, text));
    struct registration_details *d = r->details;
    size_t at = 0;
    if (ip.ptr[0] == ':')
        d->ip[at++] = '0';
    memcpy(d->ip + at, ip.ptr, ip.len);
    d->ip_bytes = (uint8_t)(at + ip.len);
    struct span host = span_of(d->ip, d->ip_bytes);
    char cloaked[CLOAK_CHARS];
    const struct chat_loop *cl = chat_loop_of(c);
    if (cl->config->chat.cloak && !c->peer.is_unix) /* there is nothing to hide */
        host = span_str(cloak(hub_service_cloak_key(cl->hub), &c->peer, cloaked));
    memcpy(d->host, host.ptr, host.len);
    d->host_bytes = (uint8_t)host.len;
    d->is_secure = c->tls != NULL;
    if (!tls_peer_fingerprint(c, d->fingerprint))
        d->fingerprint[0] = '\0';
}

bool session_register_begin(struct conn *c, struct chat_session *s)
{
    if (c->timer != TIMER_HANDSHAKE)
        conn_set_timer(c, TIMER_HANDSHAKE);
    s->began_ms = c->timeout.stamp_ms; /* the first line may have taken some of the time already */
    s->registration = registration_command_new(conn_handle(c));
    if (s->registration == NULL) {
        conn_abort_no_memory(c);
        return false;
    }
    s->registration->command.head.loop = chat_loop_of(c);
    take_host(c, s->registration);
    return true;
}

bool session_register_is_ready(const struct chat_session *s)
{
    return s->registration->nick_bytes > 0 && s->registration->details->user_bytes > 0 &&
           !s->is_negotiating;
}

void session_register_post(struct conn *c, struct chat_session *s)
{
    if (!s->knows_password && chat_loop_of(c)->config->server.password[0] != '\0') {
        NUMERIC(c, "464", SPAN("Password incorrect"));
        s->reason = "Password incorrect";
        return;
    }
    struct chat_command *command = &s->registration->command;
    registration_command_seal(s->registration);
    s->registration = NULL;
    if (!s->is_pinned)
        conn_pin(c);
    s->is_pinned = true;
    chat_session_post(c, command);
}

void chat_session_registered(struct conn *c, struct registration_command *r)
{
    struct chat_session *s = chat_session_of(c);
    s->registration = r;
    if (r->result != OK) {
        NUMERIC(c, "433", span_of(r->nick, r->nick_bytes), SPAN("Nickname is already in use"));
        r->nick_bytes = 0;
        return;
    }
    s->is_registered = true;
    metric_add(&conn_net(c)->loop->metrics.sessions, 1);
    welcome_write(c, &r->details->counts);
    registration_command_forget(r);
}
