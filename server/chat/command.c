#include "chat/command.h"

#include <stdlib.h>

static void command_init(struct chat_command *command, enum entry_kind kind, struct handle from)
{
    *command = (struct chat_command){
        .head.kind = DELIVERY_RETURN,
        .item.entry = {.kind = (uint8_t)kind, .from = from},
    };
}

struct registration_command *registration_command_new(struct handle from)
{
    struct registration_command *r = malloc(sizeof(*r));
    if (r == NULL)
        return NULL;
    command_init(&r->command, ENTRY_REGISTER, from);
    r->nick_bytes = 0;
    r->details = calloc(1, sizeof(*r->details));
    if (r->details == NULL) {
        free(r);
        return NULL;
    }
    return r;
}

enum err registration_command_set_nick(struct registration_command **r, struct span nick)
{
    struct registration_command *moved =
        realloc(*r, offsetof(struct registration_command, nick) + nick.len);
    if (moved == NULL)
        return ERR_NOMEM;
    memcpy(moved->nick, nick.ptr, nick.len);
    moved->nick_bytes = (uint8_t)nick.len;
    *r = moved;
    return OK;
}

struct settings_command *settings_command_new(const struct hub_settings *settings)
{
    struct settings_command *s = malloc(sizeof(*s));
    if (s == NULL)
        return NULL;
    command_init(&s->command, ENTRY_SETTINGS, (struct handle){0});
    s->settings = *settings;
    s->command.item.entry.settings = &s->settings;
    return s;
}

void registration_command_forget(struct registration_command *r)
{
    free(r->details);
    r->details = NULL;
}

void registration_command_close(struct registration_command *r, const char *reason)
{
    registration_command_forget(r);
    r->command.item.entry.kind = ENTRY_CLOSE;
    r->command.item.entry.reason = reason;
}

void chat_command_free(struct chat_command *command)
{
    if (command != NULL && command->item.entry.kind == ENTRY_REGISTER)
        registration_command_forget(container_of(command, struct registration_command, command));
    else if (command != NULL && command->item.entry.kind == ENTRY_LINE)
        response_deinit(&container_of(command, struct line_command, command)->response);
    free(command); /* the first member of all of them */
}

void registration_command_seal(struct registration_command *r)
{
    struct registration_details *d = r->details;
    d->registration = (struct registration){
        .nick = span_of(r->nick, r->nick_bytes),
        .user = span_of(d->user, d->user_bytes),
        .host = span_of(d->host, d->host_bytes),
        .ip = span_of(d->ip, d->ip_bytes),
        .realname = span_of(d->realname, d->realname_bytes),
        .fingerprint = span_str(d->fingerprint),
        .is_secure = d->is_secure,
    };
    r->command.item.entry.registration = &d->registration;
}

struct line_command *line_command_new(struct handle from, struct span line)
{
    struct line_command *l = malloc(sizeof(*l) + line.len);
    if (l == NULL)
        return NULL;
    command_init(&l->command, ENTRY_LINE, from);
    l->response = (struct response){0};
    l->said = (struct entry_line){.line = &l->line};
    memcpy(l->bytes, line.ptr, line.len);
    enum err e = irc_parse(span_of(l->bytes, line.len), &l->line);
    CHECK(e == OK);
    l->command.item.entry.line = &l->said;
    return l;
}
