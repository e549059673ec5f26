/* The network fixture with the chat on it: the hub, and each loop's part of it. */
#pragma once

#include "chat/chat_loop.h"
#include "chat/hub_service.h"
#include "chat/session.h"
#include "unit/net_fixture.h"

static struct {
    struct hub_service *hub;
    bool hub_stands_still;   /* the hub applies nothing */
    unsigned standing_still; /* bit i: loop i works off no deliveries */
} chat;

/* The hub's part of its loop's tick, and each loop's deliveries. */
static inline void chat_behind_sessions(struct loop *l)
{
    if (l->index == fix.set.count - 1 && !chat.hub_stands_still) {
        hub_service_run(chat.hub);
        loop_publish_mail(l);
        loop_deliver_mail(l);
    }
    if (l->index < fix.net_count && !(chat.standing_still >> l->index & 1))
        chat_loop_fan_out(fix.nets[l->index].chat);
}

static inline void chat_init_with(unsigned loops, const char *const *more, size_t more_count)
{
    const char *overrides[FIX_OVERRIDES_MAX] = {"chat.nick_length=16", "chat.cloak=off",
                                                "chat.flood_lines_per_second=0"};
    const size_t ours = 3;
    for (size_t i = 0; i < more_count; i++)
        overrides[ours + i] = more[i];
    fix_init_with(loops, loops > 1, overrides, ours + more_count);
    static const struct siphash_key key;
    chat.hub = hub_service_new(&fix.set.loops[fix.set.count - 1], &fix.config, &key);
    cr_assert_not_null(chat.hub);
    for (unsigned i = 0; i < loops; i++) {
        struct net *n = &fix.nets[i];
        n->chat = chat_loop_new(n, chat.hub);
        cr_assert_not_null(n->chat);
    }
    fix.behind_sessions = chat_behind_sessions;
}

static inline void chat_init(unsigned loops)
{
    chat_init_with(loops, NULL, 0);
}

/* After fix_close. */
static inline void chat_free(void)
{
    fix.behind_sessions = NULL;
    for (unsigned i = 0; i < fix.net_count; i++)
        chat_loop_free(fix.nets[i].chat);
    hub_service_free(chat.hub);
    fix_free();
}

static inline void chat_done(void)
{
    chat.hub_stands_still = false;
    chat.standing_still = 0;
    fix_close();
    chat_free();
}

/* A registered client on that loop, that has heard its welcome. */
static inline unsigned client_named(unsigned loop, const char *nick)
{
    unsigned i = client_connect(loop, &chat_line_session);
    char lines[128];
    snprintf(lines, sizeof(lines), "NICK %s\r\nUSER %s 0 * :x\r\n", nick, nick);
    client_say(i, lines);
    const char *heard = client_heard(i);
    cr_assert_not_null(strstr(heard, " 001 "), "%s", heard);
    return i;
}
