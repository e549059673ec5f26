/* OPER, as far as its password goes: that must neither wait for the hub nor stand in its log. */
#include "chat/judge.h"
#include "chat/secret.h"
#include "chat/session.h"
#include "config/config.h"
#include "core/log.h"
#include "net/net.h"

#include <stdio.h>

enum { TRIES_MAX = 3 };

/* Asks all of them, so that the time it takes does not tell whether there is one of that name. */
static bool knows_password(const struct config *config, struct span name, struct span password)
{
    bool is_right = false;
    for (size_t i = 0; i < config->oper_count; i++) {
        bool is_password = secret_eq(password, span_str(config->opers[i].password));
        is_right |= is_password & span_eq(name, span_str(config->opers[i].name));
    }
    return is_right;
}

void judge_oper(struct conn *c, struct chat_session *s, struct irc_line *line)
{
    const struct config *config = conn_net(c)->config;
    char name[CONFIG_NAME_BYTES_MAX], peer[ADDR_CHARS];
    snprintf(name, sizeof(name), "%.*s", SPAN_ARG(line->params[0]));
    bool is_right = knows_password(config, line->params[0], line->params[1]);
    line->param_count = config->oper_count > 0;
    if (is_right) {
        LOG_INFO("operator", LOG_STR("name", name), LOG_STR("peer", addr_format(&c->peer, peer)));
        return;
    }
    line->params[0] = SPAN_EMPTY;
    LOG_WARN("not an operator", LOG_STR("name", name),
             LOG_STR("peer", addr_format(&c->peer, peer)));
    if (++s->oper_failures == TRIES_MAX)
        s->reason = "Too many wrong passwords";
}
