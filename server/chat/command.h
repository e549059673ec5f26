/* What a loop asks of the hub. The command belongs to the loop's side: the hub applies its entry,
 * and then returns the command itself behind all the deliveries that it caused. So it is its own
 * acknowledgement, and costs no second allocation. */
#pragma once

#include "chat/hub/delivery.h"
#include "chat/hub/hub.h"
#include "chat/hub/log.h"
#include "chat/response.h"
#include "simul/irc.h"

struct chat_command {
    struct delivery_head head; /* how it comes back: DELIVERY_RETURN */
    struct log_item item;
};

/* What a client says of itself, other than its nick, until the hub has it. */
struct registration_details {
    uint8_t user_bytes, host_bytes, ip_bytes, realname_bytes; /* user_bytes 0: not given yet */
    bool is_secure;                                           /* came over TLS */
    char user[HUB_USER_BYTES_MAX];
    char host[HUB_HOST_BYTES_MAX + 1];               /* what others see; a 0 before its ':' */
    char ip[HUB_HOST_BYTES_MAX + 1];                 /* where it really comes from */
    char fingerprint[HUB_FINGERPRINT_BYTES_MAX + 1]; /* of its certificate; "": it showed none */
    char realname[HUB_REALNAME_BYTES_MAX];
    struct registration registration; /* the same, for the hub; once sealed */
    struct hub_counts counts;         /* which the hub answers with */
};

/* A session's registration, filled in while the client names itself. When it has come back, the
 * session keeps it, for its nick and to become the session's close later, which so cannot fail. */
struct registration_command {
    struct chat_command command;
    struct registration_details *details; /* its own; freed when the session is registered */
    enum err result;                      /* what the hub said */
    uint8_t nick_bytes;                   /* 0: not given yet */
    char nick[];                          /* no more room than it needs */
};

/* A line of a registered session, with its bytes. */
struct line_command {
    struct chat_command command;
    struct response response; /* without a label until the session gives it one */
    struct entry_line said;   /* of `line` */
    struct irc_line line;
    uint8_t bytes[];
};

/* Other settings for the hub. */
struct settings_command {
    struct chat_command command;
    struct hub_settings settings;
};

/* NULL without memory. Whoever has the command when it is done frees it with chat_command_free. */
struct registration_command *registration_command_new(struct handle from);
/* Copies the nick; *r may move. ERR_NOMEM changes nothing. */
enum err registration_command_set_nick(struct registration_command **r, struct span nick);

/* Points the entry at the names, for posting. */
void registration_command_seal(struct registration_command *r);

/* `line` has been parsed without an error; it is copied, and parsed again where it lies then. */
struct line_command *line_command_new(struct handle from, struct span line);

struct settings_command *settings_command_new(const struct hub_settings *settings);

/* Frees any of them, and what it owns; NULL is allowed. */
void chat_command_free(struct chat_command *command);

/* Turns a registration that has come back into the end of its session; it keeps its nick. */
void registration_command_close(struct registration_command *r, const char *reason);
/* Frees the details, which a registered session no longer needs. */
void registration_command_forget(struct registration_command *r);
