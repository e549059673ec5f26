/* Past owners of nicks: users who left or took another nick. A part of the hub, and bounded: the
 * oldest entry makes room for a new one. */
#pragma once

#include "simul/span.h"

#include <stdint.h>

struct user;

enum { WHOWAS_MAX = 1024 };

struct whowas_entry {
    uint64_t until_ms;
    uint16_t nick_bytes, user_bytes, host_bytes, realname_bytes, ip_bytes;
    char text[]; /* the five, one behind the other */
};

struct whowas {
    struct whowas_entry *at[WHOWAS_MAX]; /* a ring */
    uint64_t count;                      /* all that were ever added: where the next one goes */
};

/* A zeroed one is empty. */
void whowas_deinit(struct whowas *w);

/* Copies what the user is up to now_ms. */
void whowas_add(struct whowas *w, const struct user *u, uint64_t now_ms);

/* The newest entry before number *before, which becomes its number; NULL when there is none left.
 * *before is w->count at the beginning. */
const struct whowas_entry *whowas_next(const struct whowas *w, uint64_t *before);

static inline struct span whowas_nick(const struct whowas_entry *e)
{
    return span_of(e->text, e->nick_bytes);
}

static inline struct span whowas_user(const struct whowas_entry *e)
{
    return span_of(e->text + e->nick_bytes, e->user_bytes);
}

static inline struct span whowas_host(const struct whowas_entry *e)
{
    return span_of(e->text + e->nick_bytes + e->user_bytes, e->host_bytes);
}

static inline struct span whowas_realname(const struct whowas_entry *e)
{
    return span_of(e->text + e->nick_bytes + e->user_bytes + e->host_bytes, e->realname_bytes);
}

static inline struct span whowas_ip(const struct whowas_entry *e)
{
    return span_of(e->text + e->nick_bytes + e->user_bytes + e->host_bytes + e->realname_bytes,
                   e->ip_bytes);
}
