#include "chat/command.h"

#include <stdlib.h>

static void command_init(struct chat_command *command, enum entry_kind kind, struct handle from)
{
    *command = (struct chat_command){
        .head.kind = DELIVERY_RETURN,
        .item.entry = {.kind = (uint8_t)kind, .from = from},
    };
}

struct registration_command *registration_command_new(struct handle from, size_t nick_bytes_max)
{
    struct registration_command *r = malloc(sizeof(*r) + nick_bytes_max);
    if (r == NULL)
        return NULL;
    command_init(&r->command, ENTRY_REGISTER, from);
    r->nick_bytes = r->user_bytes = r->host_bytes = 0;
    return r;
}

void registration_command_seal(struct registration_command *r)
{
    struct entry *e = &r->command.item.entry;
    e->registration.nick = span_of(r->nick, r->nick_bytes);
    e->registration.user = span_of(r->user, r->user_bytes);
    e->registration.host = span_of(r->host, r->host_bytes);
}

struct line_command *line_command_new(struct handle from, struct span line)
{
    struct line_command *l = malloc(sizeof(*l) + line.len);
    if (l == NULL)
        return NULL;
    command_init(&l->command, ENTRY_LINE, from);
    memcpy(l->bytes, line.ptr, line.len);
    enum err e = irc_parse(span_of(l->bytes, line.len), &l->line);
    CHECK(e == OK);
    l->command.item.entry.line.line = &l->line;
    return l;
}
