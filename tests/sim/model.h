/* A second hub, as plain as can be: arrays, no deliveries, no allocation. It applies the same
 * entries as the real one and tells each peer what it is to hear from them, line by line. What it
 * says is what the chat promises; hub_check.c compares the two states. */
#pragma once

#include "chat/hub/entry.h"
#include "simul/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MODEL_USERS_MAX = 96, /* more than there are peers: some are gone before they are closed */
    MODEL_CHANNELS_MAX = 16,
    MODEL_NAME_CHARS = 24,
    MODEL_TEXT_CHARS = 160,
    MODEL_MASKS_MAX = 32,
    MODEL_MASK_CHARS = 64,
    MODEL_WATCHES_MAX = 64,
    MODEL_PAST_MAX = 1024,
    MODEL_LETTERS = 128, /* a mode is looked up by its letter */
};

/* Where the user's long answer stands: what its next part is to begin with. */
struct model_walk {
    const struct entry *unfinished; /* NULL: nothing is */
    unsigned target;
    bool is_begun;
    uint64_t after; /* number of the last row */
};

struct model_user {
    bool is_in;
    bool has_mode[MODEL_LETTERS];
    struct handle handle;
    uint64_t number; /* in order of coming, from 1 */
    uint64_t signon_ms, active_ms;
    char nick[MODEL_NAME_CHARS];
    char tail[MODEL_TEXT_CHARS]; /* "!user@host" */
    char ip[MODEL_TEXT_CHARS];
    char realname[MODEL_TEXT_CHARS];
    char away[MODEL_TEXT_CHARS]; /* empty: here */
    unsigned watch_count;
    char watches[MODEL_WATCHES_MAX][MODEL_NAME_CHARS]; /* in order of watching */
    struct model_walk walk;
};

struct model_member {
    struct model_user *user;
    bool is_op, is_voiced;
    uint64_t number; /* in order of joining, from 1 */
    uint64_t since;  /* the number of its joining among all that there were anywhere */
};

struct model_mask {
    char mask[MODEL_MASK_CHARS];
    char setter[MODEL_NAME_CHARS + MODEL_TEXT_CHARS];
    uint64_t set_ms;
};

struct model_masks {
    unsigned count;
    struct model_mask at[MODEL_MASKS_MAX];
};

struct model_channel {
    bool is_in;
    bool has_mode[MODEL_LETTERS]; /* of i m n s t */
    char name[MODEL_NAME_CHARS];
    char topic[MODEL_TEXT_CHARS]; /* empty: none */
    char topic_setter[MODEL_NAME_CHARS + MODEL_TEXT_CHARS];
    char key[MODEL_NAME_CHARS]; /* empty: none */
    unsigned limit;             /* 0: none */
    struct model_masks bans, excepted, invited;
    bool has_invited[MODEL_USERS_MAX]; /* by the user's place in model.users */
    uint64_t number;                   /* in order of creation, from 1 */
    uint64_t created_ms, topic_ms;
    uint64_t joins; /* that there ever were */
    unsigned member_count;
    struct model_member members[MODEL_USERS_MAX]; /* in order of joining */
};

/* What a user was who left, or took another nick. */
struct model_past {
    char nick[MODEL_NAME_CHARS];
    char tail[MODEL_TEXT_CHARS];
    char ip[MODEL_TEXT_CHARS];
    char realname[MODEL_TEXT_CHARS];
    uint64_t until_ms;
};

struct model {
    struct model_user users[MODEL_USERS_MAX];
    struct model_channel channels[MODEL_CHANNELS_MAX];
    unsigned past_count;
    struct model_past past[MODEL_PAST_MAX]; /* the oldest first */
    uint64_t users_ever, channels_ever, joins_ever;
    uint32_t users_max;
    unsigned rows_max;      /* of a part of a long answer */
    unsigned quiet_members; /* above, a channel does not hear of members without a role */
    bool is_unfinished;     /* the last line has more to say */
};

/* Empties it. */
void model_init(struct model *m, unsigned rows_max, unsigned quiet_members);

/* What hub_apply is to answer. Peers are told by peer_expect_*. */
enum err model_apply(struct model *m, const struct entry *e);

/* NULL when there is none. */
struct model_user *model_user_of(struct model *m, struct handle h);
struct model_channel *model_channel(struct model *m, const char *name);
bool model_watches(const struct model_user *watcher, const char *nick);
/* The user's place in the channel; NULL when it is no member. */
struct model_member *model_member(struct model_channel *ch, const struct model_user *u);
