#include "sim/record.h"

#include "chat/hub/hub.h"
#include "chat/hub/hub_hash.h"
#include "sim/sim.h"
#include "simul/irc.h"

#include <stdio.h>
#include <stdlib.h>

enum { PRINTED = 12 };

struct record {
    struct entry entry; /* points at one of the next two when it is replayed */
    struct registration registration;
    struct entry_line said; /* of `line` */
    struct irc_line line;
    struct buf bytes;
    bool has_hash;
    uint64_t hash;
};

/* The hub's own: those of the server's hub are wrapped. */
struct hub *__real_hub_new(const struct hub_options *options, struct hub_sink *sink);
enum err __real_hub_apply(struct hub *hub, struct entry *e);

/* They move while there come more. */
static struct record *records;
static size_t count, cap;

/* --- recording --------------------------------------------------------------------------- */

static void append(struct buf *b, struct span s)
{
    SIM_CHECK(buf_append(b, s) == OK, "out of memory");
}

static struct span take_span(struct span *rest, size_t len)
{
    struct span s = span_take(*rest, len);
    *rest = span_drop(*rest, len);
    return s;
}

static void copy_registration(struct record *r, const struct registration *from)
{
    append(&r->bytes, from->nick);
    append(&r->bytes, from->user);
    append(&r->bytes, from->host);
    append(&r->bytes, from->ip);
    append(&r->bytes, from->realname);
    append(&r->bytes, from->fingerprint);
    struct span rest = buf_span(&r->bytes);
    r->registration.nick = take_span(&rest, from->nick.len);
    r->registration.user = take_span(&rest, from->user.len);
    r->registration.host = take_span(&rest, from->host.len);
    r->registration.ip = take_span(&rest, from->ip.len);
    r->registration.realname = take_span(&rest, from->realname.len);
    r->registration.fingerprint = rest;
    r->registration.is_secure = from->is_secure;
}

/* Written out and parsed again. */
static void copy_line(struct record *r, const struct entry_line *from)
{
    r->said = *from;
    SIM_CHECK(irc_format(from->line, &r->bytes) == OK, "out of memory");
    SIM_CHECK(irc_parse(buf_span(&r->bytes), &r->line) == OK, "an entry is no line");
}

void record_add(const struct entry *e)
{
    if (count == cap) {
        cap = cap == 0 ? 1024 : cap * 2;
        records = realloc(records, cap * sizeof(*records));
        SIM_CHECK(records != NULL, "out of memory");
    }
    struct record *r = &records[count++];
    *r = (struct record){.entry = *e};
    if (e->kind == ENTRY_REGISTER)
        copy_registration(r, e->registration);
    else if (e->kind == ENTRY_LINE)
        copy_line(r, e->line);
    else
        append(&r->bytes, span_str(e->reason));
}

void record_hash(uint64_t hash)
{
    records[count - 1].has_hash = true;
    records[count - 1].hash = hash;
}

void record_print_last(void)
{
    static const char *const kinds[] = {"registers", "says", "is closed"};
    for (size_t i = count > PRINTED ? count - PRINTED : 0; i < count; i++) {
        const struct record *r = &records[i];
        fprintf(stderr, "  entry %zu at %llu.%u: loop %u slot %u generation %u %s: %.*s\n", i,
                (unsigned long long)r->entry.at.ms, r->entry.at.seq, r->entry.from.loop,
                r->entry.from.slot, r->entry.from.generation, kinds[r->entry.kind],
                SPAN_ARG(buf_span(&r->bytes)));
    }
}

void record_clear(void)
{
    for (size_t i = 0; i < count; i++)
        buf_deinit(&records[i].bytes);
    free(records);
    records = NULL;
    count = cap = 0;
}

/* --- replaying --------------------------------------------------------------------------- */

struct digest_sink {
    struct hub_sink sink;
    uint64_t digest;
};

/* FNV-1a, 64 bits. */
static void digest(struct digest_sink *s, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        s->digest = (s->digest ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
}

static void take(struct hub_sink *sink, unsigned loop, struct delivery *d)
{
    struct digest_sink *s = container_of(sink, struct digest_sink, sink);
    const uint32_t head[] = {loop,
                             d->head.kind,
                             d->is_echo,
                             d->session.loop,
                             d->session.slot,
                             d->session.generation,
                             d->channel_count,
                             d->session_count,
                             d->held_steps};
    digest(s, head, sizeof(head));
    for (uint32_t i = 0; i < d->session_count; i++) {
        const uint32_t to[] = {d->sessions[i].slot, d->sessions[i].generation};
        digest(s, to, sizeof(to));
    }
    digest(s, d->channels, d->channel_count * sizeof(d->channels[0]));
    if (d->message != NULL) {
        digest(s, &d->message->need, sizeof(d->message->need));
        digest(s, &d->message->avoid, sizeof(d->message->avoid));
        digest(s, &d->message->part, sizeof(d->message->part));
        digest(s, d->message->bytes, (size_t)d->message->tags_bytes + d->message->text_bytes);
    }
    delivery_free(d);
}

uint64_t record_replay(const struct hub_options *options)
{
    struct digest_sink sink = {.sink.send = take, .digest = 0xcbf29ce484222325};
    struct hub *hub = __real_hub_new(options, &sink.sink);
    for (size_t i = 0; i < count; i++) {
        const struct record *r = &records[i];
        struct entry entry = r->entry;
        struct entry_line said = r->said; /* applying moves its cursor */
        said.line = &r->line;
        if (entry.kind == ENTRY_REGISTER)
            entry.registration = &r->registration;
        else if (entry.kind == ENTRY_LINE)
            entry.line = &said;
        enum err e = __real_hub_apply(hub, &entry);
        SIM_CHECK(e == OK || r->entry.kind == ENTRY_REGISTER, "replayed, entry %zu fails", i);
        if (r->has_hash)
            SIM_CHECK(hub_hash(hub) == r->hash, "replayed, entry %zu leads to another state", i);
    }
    hub_free(hub);
    return sink.digest;
}
