/* What one run is to do. The command line fills it (plan/cli.h), complete and checked before
 * anything is started; from then on nobody changes it, and every process and thread reads it. */
#pragma once

#include "plan/address.h"
#include "plan/url.h"

#include <stdbool.h>
#include <stdint.h>

enum { PLAN_HEADERS_MAX = 32, PLAN_PROTOCOLS_MAX = 8, PLAN_EXPECTS_MAX = 32, PLAN_URLS_MAX = 32 };

/* What a line of chat may have: the stamps must fit, and of IRC's 512 bytes the rest is for the
 * sender, the channel and the command. */
enum { PLAN_CHAT_BYTES_MIN = 30, PLAN_CHAT_BYTES_MAX = 400 };

struct plan {
    const struct scenario *scenario;

    /* Where to: connection k goes to urls[k % url_count], there to the next of its addresses, from
     * the next of the sources. */
    struct url urls[PLAN_URLS_MAX];
    unsigned url_count;            /* all of the same scheme */
    struct address_list addresses; /* of all URLs in turn; not empty */
    struct address_list sources;   /* may be empty: as the kernel likes */

    /* How much of it. */
    uint32_t connections;
    double connect_rate; /* connections a second, of all threads together; 0: as fast as it goes */
    uint64_t warm_up_ns, duration_ns; /* duration 0: until Ctrl-C, or until messages_max */
    uint64_t timeout_ns;   /* for a connection to open, and for replies when all has been sent */
    uint64_t messages_max; /* stop after so many; 0: no limit */
    uint32_t size_min, size_max; /* bytes of a message, or of a request's body */
    double rate;        /* messages a second over all connections: open loop; 0: closed loop */
    uint32_t in_flight; /* of each connection, in closed loop; the most that wait, in open loop, 0:
                           of chat, as many as its socket takes */
    bool binary;        /* WebSocket messages; text otherwise */
    bool words;         /* what is said is made of words; of random characters or bytes otherwise */
    unsigned threads;
    unsigned processes;

    uint32_t echo_sample; /* of hold: so many of the connections echo a message at the end */

    /* connect */
    const char *say; /* a line that is sent once it is open; NULL: nothing */
    bool first_byte; /* ready is who has heard something; `say` implies it */

    /* chat */
    bool irc;                              /* what is said over ws:// is IRC */
    uint32_t rooms, members;               /* members of each room; rooms * members = connections */
    uint32_t publishers;                   /* of each room's members, how many speak */
    double churn;                          /* joins and leaves a second, of all rooms together */
    const char *password, *nick, *channel; /* PASS; prefixes of nicks and channels */

    /* jobs */
    uint32_t beside; /* how many echo connections measure what the requests do to others */
    struct url beside_url;
    struct address_list beside_addresses;
    const char *method;

    /* HTTP and WebSocket */
    const char *headers[PLAN_HEADERS_MAX]; /* "Name: value" */
    unsigned header_count;
    const char *protocols[PLAN_PROTOCOLS_MAX]; /* subprotocols, the most wanted first */
    unsigned protocol_count;
    const char *origin;
    bool deflate; /* of WebSocket: permessage-deflate is offered */

    /* TLS */
    bool tls_verify;      /* the certificate and its name */
    bool tls_resume;      /* of `connect`: resume sessions where the server permits it */
    const char *tls_ca;   /* a PEM file; NULL: the system's */
    const char *tls_name; /* SNI, and the name that is verified; NULL: the URL's host */
    const char *tls_alpn; /* "http/1.1", several with commas; NULL: none */

    /* What is shown. */
    int server_pid; /* a local server whose memory and CPU time is looked at; 0: none */
    bool quiet;
    const char *json_path, *csv_path, *html_path; /* NULL: none */
    const char *expects[PLAN_EXPECTS_MAX];        /* as typed: report/expect.h reads them */
    unsigned expect_count;
    const char *command_line; /* as it was typed, for the reports */
};
