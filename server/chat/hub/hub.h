/* The hub: users, sessions, channels, membership and modes, as one deterministic state machine
 * with a single writer. It knows no socket, clock or randomness: the same entries in the same order
 * give the same deliveries, in a test, in a simulation, and later on every node of a cluster.
 *
 * A user owns zero or more sessions, and the two are never the same thing: names, membership and
 * modes are the user's; a session is a way to reach it. Running out of memory while applying an
 * entry aborts, since a state machine that skips an entry is no longer the same machine. */
#pragma once

#include "chat/hub/delivery.h"
#include "chat/hub/entry.h"
#include "core/siphash.h"
#include "simul/err.h"

#include <stddef.h>
#include <stdint.h>

/* Limits that do not differ between servers; ISUPPORT tells them to clients. */
enum {
    HUB_CHANNELS_PER_USER_MAX = 50,
    HUB_TARGETS_MAX = 4, /* of one PRIVMSG, NOTICE, TAGMSG, KICK, NAMES or WHOIS */
    HUB_MODES_MAX = 4,   /* mode changes with a param, in one MODE */
    HUB_MASKS_MAX = 100, /* of a channel: bans, exceptions and invitations together */
    HUB_MASK_BYTES_MAX = 128,
    HUB_KEY_BYTES_MAX = 32,
    HUB_INVITES_PER_USER_MAX = 50,
    HUB_USER_BYTES_MAX = 17,
    HUB_HOST_BYTES_MAX = 46,        /* an IPv6 address */
    HUB_FINGERPRINT_BYTES_MAX = 64, /* of a client certificate: SHA-256 in hex */
    HUB_REALNAME_BYTES_MAX = 150,
    HUB_AWAY_BYTES_MAX = 200,
    HUB_WATCHES_MAX = 100, /* of one session: MONITOR */
};

/* What a line has room for behind ":nick!~user@host VERB #channel …:", so that relaying never cuts
 * it. 390 bytes at most, as elsewhere. */
static inline size_t hub_text_bytes_max(size_t around_bytes)
{
    size_t room = 510 - around_bytes - HUB_USER_BYTES_MAX - HUB_HOST_BYTES_MAX;
    return room < 390 ? room : 390;
}

/* Of a topic. */
static inline size_t hub_topic_bytes_max(size_t nick_bytes_max, size_t channel_bytes_max)
{
    return hub_text_bytes_max(sizeof(":!~@ TOPIC  :") - 1 + nick_bytes_max + channel_bytes_max);
}

/* Of the reason of a KICK. */
static inline size_t hub_kick_bytes_max(size_t nick_bytes_max, size_t channel_bytes_max)
{
    return hub_text_bytes_max(sizeof(":!~@ KICK   :") - 1 + 2 * nick_bytes_max + channel_bytes_max);
}

struct hub_options {
    const char *server_name;
    size_t nick_bytes_max;
    size_t channel_bytes_max;
    unsigned loops;               /* handles name loops below this */
    uint32_t rows_max;            /* of a long answer, in one go */
    uint32_t held_step_bytes;     /* HELD_STEP_BYTES, except in tests */
    struct hub_settings settings; /* until an entry brings others */
    uint64_t started_ms;          /* for STATS */
    struct siphash_key key;
};

/* Where deliveries go. */
struct hub_sink {
    /* Takes d over. */
    void (*send)(struct hub_sink *sink, unsigned loop, struct delivery *d);
};

/* What registering tells the new session (numerics 251 to 266). */
struct hub_counts {
    uint32_t users, users_max;
    uint32_t invisible, opers; /* of the users */
    uint32_t channels;
};

struct hub;

/* Copies what options point to; the sink is borrowed. NULL without memory. */
struct hub *hub_new(const struct hub_options *options, struct hub_sink *sink);
void hub_free(struct hub *hub);

/* Applies one entry. Lines and closes of sessions that the hub does not know do nothing. A line
 * that is_unfinished then wants to be applied again, when its session can take more: with the
 * cursor as it was left, before anything else of that session.
 *
 * ENTRY_REGISTER: ERR_EXISTS if the nick is taken, or the handle is registered already; the others
 * cannot fail. */
enum err hub_apply(struct hub *hub, struct entry *e);

struct hub_counts hub_counts(const struct hub *hub);
