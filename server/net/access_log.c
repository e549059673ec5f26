#include "net/access_log.h"

#include "core/log.h"
#include "net/listener.h"
#include "net/net.h"
#include "net/tcp_stat.h"

#include <stdlib.h>

enum { RECORDS_MIN = 256 };

struct record {
    uint64_t opened_ms;
    uint64_t messages;
    const char *reason; /* static; NULL: not known yet */
};

struct access_log {
    struct record *records; /* by slot */
    uint32_t count;
};

struct access_log *access_log_new(void)
{
    return calloc(1, sizeof(struct access_log));
}

void access_log_free(struct access_log *a)
{
    if (a != NULL)
        free(a->records);
    free(a);
}

static enum err grow(struct access_log *a, uint32_t slot)
{
    uint32_t count = a->count == 0 ? RECORDS_MIN : a->count;
    while (count <= slot)
        count *= 2;
    struct record *records = realloc(a->records, count * sizeof(*records));
    if (records == NULL)
        return ERR_NOMEM;
    a->records = records;
    a->count = count;
    return OK;
}

enum err access_log_begin(struct access_log *a, const struct conn *c)
{
    if (c->slot >= a->count && grow(a, c->slot) != OK)
        return ERR_NOMEM;
    a->records[c->slot] = (struct record){.opened_ms = conn_net(c)->loop->now_ms};
    return OK;
}

void access_log_note_end(struct access_log *a, const struct conn *c, const char *reason)
{
    struct record *r = &a->records[c->slot];
    if (r->reason == NULL)
        r->reason = reason;
}

uint64_t access_log_messages(const struct conn *c)
{
    const struct loop_metrics *m = &conn_net(c)->loop->metrics;
    switch (c->session->protocol) {
    case PROTOCOL_HTTP:
        return metric_get(&m->http_requests);
    case PROTOCOL_WS:
        return metric_get(&m->ws_messages);
    case PROTOCOL_IRC:
    case PROTOCOL_IRC_WS:
        return metric_get(&m->irc_lines);
    case PROTOCOL_NONE:
    case PROTOCOL_TCP:
        break;
    }
    return 0;
}

void access_log_add(struct access_log *a, const struct conn *c, uint64_t messages)
{
    a->records[c->slot].messages += messages;
}

static const char *protocol_name(enum conn_protocol protocol)
{
    static const char *const names[] = {
        [PROTOCOL_NONE] = "none", [PROTOCOL_TCP] = "tcp", [PROTOCOL_HTTP] = "http",
        [PROTOCOL_WS] = "ws",     [PROTOCOL_IRC] = "irc", [PROTOCOL_IRC_WS] = "irc-ws",
    };
    return names[protocol];
}

void access_log_end(struct access_log *a, const struct conn *c)
{
    const struct net *n = conn_net(c);
    const struct record *r = &a->records[c->slot];
    char peer[ADDR_CHARS];
    uint64_t in = 0, out = 0;
    bool is_counted = tcp_stat_carried(c->io.fd, c->eof, &in, &out) == OK;
    /* An eviction comes last, and is why. */
    const char *reason = conn_is_evicted(c) ? conn_end_reason(c) : r->reason;
    struct log_field fields[10] = {
        LOG_STR("msg", "access"),
        LOG_STR("peer", addr_format(&c->peer, peer)),
        LOG_STR("listener", n->listeners[c->listener].name),
        LOG_STR("protocol", protocol_name(c->session->protocol)),
        LOG_BOOL("tls", c->tls != NULL),
        LOG_INT("duration_ms", (int64_t)(n->loop->now_ms - r->opened_ms)),
        LOG_INT("messages", (int64_t)r->messages),
        LOG_STR("reason", reason),
    };
    size_t count = 8;
    if (is_counted) {
        fields[count++] = LOG_INT("bytes_in", (int64_t)in);
        fields[count++] = LOG_INT("bytes_out", (int64_t)out);
    }
    log_access(fields, count);
}
