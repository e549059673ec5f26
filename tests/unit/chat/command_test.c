#include "chat/command.h"
#include "unit/alloc_fail.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const struct handle FROM = {.slot = 1, .generation = 2, .loop = 3};

Test(command, line_owns_its_bytes)
{
    char text[] = "@+a=b PRIVMSG #a :hello";
    struct line_command *l = line_command_new(FROM, span_str(text));
    memset(text, 0, sizeof(text));
    cr_assert_eq(l->command.head.kind, DELIVERY_RETURN);
    cr_assert_eq(l->command.item.entry.kind, ENTRY_LINE);
    cr_assert_eq(l->command.item.entry.from.generation, 2);
    const struct irc_line *line = l->command.item.entry.line->line;
    cr_assert(span_eq(line->tags, SPAN("+a=b")));
    cr_assert(span_eq(line->command, SPAN("PRIVMSG")));
    cr_assert_eq(line->param_count, 2);
    cr_assert(span_eq(line->params[1], SPAN("hello")));
    chat_command_free(&l->command);
}

Test(command, registration_points_at_its_own_names)
{
    struct registration_command *r = registration_command_new(FROM);
    cr_assert_eq(r->nick_bytes, 0);
    cr_assert_eq(registration_command_set_nick(&r, SPAN("a")), OK);
    cr_assert_eq(registration_command_set_nick(&r, SPAN("0123456789abcdef")), OK);
    struct registration_details *d = r->details;
    cr_assert_eq(d->user_bytes, 0);
    memcpy(d->user, "~u", 2);
    d->user_bytes = 2;
    d->host[0] = 'h';
    d->host_bytes = 1;
    d->ip[0] = 'i';
    d->ip_bytes = 1;
    memcpy(d->realname, "A B", 3);
    d->realname_bytes = 3;
    strcpy(d->fingerprint, "0af3");
    d->is_secure = true;
    registration_command_seal(r);
    const struct entry *e = &r->command.item.entry;
    cr_assert_eq(e->kind, ENTRY_REGISTER);
    cr_assert_not(e->is_query);
    cr_assert(span_eq(e->registration->nick, SPAN("0123456789abcdef")));
    cr_assert(span_eq(e->registration->user, SPAN("~u")));
    cr_assert(span_eq(e->registration->host, SPAN("h")));
    cr_assert(span_eq(e->registration->ip, SPAN("i")));
    cr_assert(span_eq(e->registration->realname, SPAN("A B")));
    cr_assert(span_eq(e->registration->fingerprint, SPAN("0af3")));
    cr_assert(e->registration->is_secure);
    chat_command_free(&r->command);
}

Test(command, registration_becomes_the_close_of_its_session)
{
    struct registration_command *r = registration_command_new(FROM);
    registration_command_close(r, "Quit");
    cr_assert_eq(r->command.item.entry.kind, ENTRY_CLOSE);
    cr_assert_str_eq(r->command.item.entry.reason, "Quit");
    cr_assert_eq(r->command.item.entry.from.generation, FROM.generation);
    cr_assert_null(r->details);
    chat_command_free(&r->command);
    chat_command_free(NULL);
}

Test(command, says_when_there_is_no_memory)
{
    alloc_fail_after(0);
    cr_assert_null(line_command_new(FROM, SPAN("PING 1")));
    alloc_fail_stop();
    alloc_fail_after(0);
    cr_assert_null(registration_command_new(FROM));
    alloc_fail_stop();
    alloc_fail_after(1);
    cr_assert_null(registration_command_new(FROM));
    alloc_fail_stop();
    struct registration_command *r = registration_command_new(FROM);
    alloc_fail_after(0);
    cr_assert_eq(registration_command_set_nick(&r, SPAN("a")), ERR_NOMEM);
    alloc_fail_stop();
    cr_assert_eq(r->nick_bytes, 0);
    chat_command_free(&r->command);
}
