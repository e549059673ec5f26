/* What a client of any IRC server must do, whatever its scenario is: register, answer PING, and
 * hear what the server refuses. https://modern.ircdocs.horse */
#pragma once

#include "load/client.h"
#include "simul/irc.h"

enum { IRC_NICK_BYTES = 48 };

/* Zeroed, then introduced. */
struct irc_client {
    char nick[IRC_NICK_BYTES]; /* ours; ended with a zero */
    uint8_t tries;             /* nicks that were taken */
    bool is_registered;
};

enum irc_heard {
    IRC_HEARD,      /* done with */
    IRC_REGISTERED, /* the server has welcomed us, once for each introduction */
    IRC_OTHER,      /* the scenario's */
    IRC_GONE,       /* the client is closed */
};

/* Sends PASS, where the plan has a password, NICK and USER. */
void irc_client_introduce(struct irc_client *irc, struct client *c);

/* Hears a message. *line borrows from it, and is set with IRC_OTHER alone. Whatever the server
 * refuses before the client is open fails the client; later it is counted. */
enum irc_heard irc_client_hear(struct irc_client *irc, struct client *c, const struct message *m,
                               struct irc_line *line);

/* Whether that is who sent the line. */
bool irc_client_is_source(const struct irc_client *irc, const struct irc_line *line);

/* Sends a line. */
__attribute__((format(printf, 2, 3))) void irc_client_say(struct client *c, const char *format,
                                                          ...);
