/* The settings, read once at start-up and then only read. Sources, later ones win:
 *
 *     default < file < environment (SIMUL_LISTEN_WEB_PORT) < -o listen.web.port=8080
 *
 * One table (config_table.c) has every setting with its type, default, bounds and help; reading,
 * checking, --help and the README's list follow from it. */
#pragma once

#include "core/log.h"
#include "net/networks.h"
#include "simul/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    CONFIG_LISTENERS_MAX = 32,
    CONFIG_OPERS_MAX = 32,
    CONFIG_CERTIFICATES_MAX = 32,
    CONFIG_NAME_BYTES_MAX = 32,  /* of a section's name, with its zero */
    CONFIG_TEXT_BYTES_MAX = 512, /* of an error or a warning, with its terminating zero */
    CONFIG_ERRORS_MAX = 16,      /* beside the first */
    CONFIG_WARNINGS_MAX = 16,
    CONFIG_CONNECTIONS_MAX = 10000000,
    CONFIG_PORT_OFF = -1, /* only admin.port: listeners that are off are not in the list */
};

enum config_protocol {
    CONFIG_PROTOCOL_AUTO,
    CONFIG_PROTOCOL_HTTP,
    CONFIG_PROTOCOL_IRC,
    CONFIG_PROTOCOL_ECHO
};
enum config_client_certificates {
    CONFIG_CLIENT_CERTIFICATES_OFF,
    CONFIG_CLIENT_CERTIFICATES_ASK,
    CONFIG_CLIENT_CERTIFICATES_REQUIRE
};
enum config_tls_version { CONFIG_TLS_1_2, CONFIG_TLS_1_3 };
/* In which a proxy says whom an HTTP request is for. */
enum config_proxy_header { CONFIG_PROXY_HEADER_X_FORWARDED_FOR, CONFIG_PROXY_HEADER_FORWARDED };
enum config_jobs { CONFIG_JOBS_AUTO, CONFIG_JOBS_ON, CONFIG_JOBS_OFF };

/* What a listener says about a switch that there is for all of them. */
enum config_override { CONFIG_OVERRIDE_DEFAULT, CONFIG_OVERRIDE_ON, CONFIG_OVERRIDE_OFF };

static inline bool config_is_on(enum config_override here, bool everywhere)
{
    return here == CONFIG_OVERRIDE_DEFAULT ? everywhere : here == CONFIG_OVERRIDE_ON;
}

struct config_listener {
    char name[CONFIG_NAME_BYTES_MAX];
    char *address; /* "*" (IPv4 and IPv6), a literal without brackets: "127.0.0.1", "::1", or
                      "unix:/path" */
    char *mode;    /* of a Unix socket's file: octal digits */
    int64_t port;  /* 0 takes a free one */
    enum config_protocol protocol;
    bool tls;
    bool proxy; /* peers in proxy.trusted begin with a PROXY header */
    enum config_client_certificates client_certificates; /* off without tls */
    enum config_override deflate;                        /* of ws.deflate */
    enum config_override faults;                         /* of echo.faults */
    bool is_optional; /* a default listener that is left out when there is no certificate */
};

/* An operator of the chat: whoever knows the password may say OPER name password. */
struct config_oper {
    char name[CONFIG_NAME_BYTES_MAX];
    char *password; /* not empty */
};

/* A certificate for clients that ask for one of its names. */
struct config_certificate {
    char name[CONFIG_NAME_BYTES_MAX];
    char *names;       /* "chat.example.org,*.example.org": lower case, no blanks; empty: those that
                          the certificate has itself */
    char *certificate; /* paths, neither empty */
    char *key;
};

/* All numbers are int64_t, so that one kind of table row describes them. Texts are never NULL; the
 * config owns them. "0 = no limit" is stored as the largest value that the setting may have, so
 * that readers need only compare; except for the two limits by address, for which no table is made
 * when both are 0. */
struct config {
    int64_t loops; /* at least 1: "auto" is resolved */
    int64_t drain_seconds;
    int64_t slow_ms;
    int64_t watchdog_ms;                                    /* 0: off */
    struct config_listener listeners[CONFIG_LISTENERS_MAX]; /* those to open, in order */
    size_t listener_count;
    struct config_oper opers[CONFIG_OPERS_MAX];
    size_t oper_count;
    struct config_certificate certificates[CONFIG_CERTIFICATES_MAX];
    size_t certificate_count;
    struct {
        char *pid_file; /* a path; empty: none; "auto": see daemon/pid_file.h */
        char *user;     /* a name, or "auto"; see daemon/identity.h */
        char *group;    /* empty: the user's own */
    } daemon;
    struct {
        char *address; /* as for a listener */
        char *mode;
        int64_t port; /* or CONFIG_PORT_OFF */
    } admin;
    struct {
        char *trusted;
        struct networks networks; /* what that means */
        enum config_proxy_header header;
    } proxy;
    struct {
        char *certificate; /* paths, both or neither empty */
        char *key;
        bool self_signed; /* never together with a certificate */
        enum config_tls_version minimum;
        char *ciphers;            /* these three are lists with colons between, as OpenSSL has */
        char *ciphersuites;       /* them, but for the question mark that may stand before a */
        char *curves;             /* curve: it is left out where OpenSSL does not know it */
        char *client_authorities; /* a path; empty: nobody vouches for clients */
    } tls;
    struct {
        char *name; /* has a dot */
        char *network;
        char *password; /* empty: none is asked for */
        char *admin;    /* empty: nobody is named */
    } server;
    struct {
        int64_t connections;
        int64_t connections_per_address;
        int64_t connection_rate_per_address; /* a second */
        int64_t out_bytes;
        int64_t header_bytes;
        int64_t body_bytes;
        int64_t handshake_seconds;
        int64_t read_rate_min;  /* bytes a second, measured over rate_seconds; 0: any will do */
        int64_t write_rate_min; /* likewise */
        int64_t rate_seconds;
        int64_t memory_bytes; /* "auto" is resolved */
    } limits;
    struct {
        int64_t nick_length;
        int64_t channel_length;
        int64_t flood_lines_per_second; /* of one session; 0: any number */
        int64_t flood_burst;            /* lines at once, before that counts */
        int64_t ping_seconds;           /* 0: never */
        char *motd;                     /* a path; empty: no message */
        bool cloak;                     /* hosts are hidden */
        char *cloak_key;                /* empty: a random one */
    } chat;
    struct {
        int64_t quiet_members;
    } channel;
    struct {
        int64_t message_bytes_max;
        int64_t ping_seconds; /* 0: never */
        char *origins;        /* "https://a.example,http://b.example:8080": lower case, no blanks */
        bool deflate;
        int64_t deflate_min_bytes;
        bool deflate_takeover;
    } ws;
    struct {
        enum config_jobs enabled;
        int64_t workers; /* at least 1: "auto" is resolved */
        int64_t queue_max;
        int64_t deadline_ms;
    } jobs;
    struct {
        bool faults;
        bool commands;
    } echo;
    struct {
        bool jobs;
        bool stall;
    } debug;
    struct {
        enum log_level level;
        char *modules; /* as log_levels_parse takes it */
        enum log_format format;
        char *file; /* empty: standard error */
        enum log_syslog syslog;
        bool access;
        char *access_file; /* empty: where the others go */
    } log;
};

struct config_sources {
    const char *path;             /* of the file; NULL: none */
    char *const *env;             /* environ, or NULL */
    const char *const *overrides; /* of -o: "section.key=value" */
    size_t override_count;
};

/* What to tell the user. Each text is one line, without a line feed, that says what is wrong,
 * where, and what to do about it. */
struct config_report {
    char error[CONFIG_TEXT_BYTES_MAX]; /* set when config_load fails: the first of them */
    char more_errors[CONFIG_ERRORS_MAX][CONFIG_TEXT_BYTES_MAX];
    size_t more_error_count;
    size_t errors_omitted; /* those beyond CONFIG_ERRORS_MAX */
    char warnings[CONFIG_WARNINGS_MAX][CONFIG_TEXT_BYTES_MAX];
    size_t warning_count;
    size_t warnings_omitted; /* those beyond CONFIG_WARNINGS_MAX */
};

struct config_origins;

/* Fills `out` from all sources and checks it as a whole. On success the caller calls config_deinit;
 * on failure `out` is empty, and the report lists every error of the sources or, if they have none,
 * of the whole. The result is that of report->error. ERR_UNKNOWN: a key that does not exist.
 * ERR_SYNTAX: a value, a line, or settings that contradict each other. ERR_LIMIT: too many
 * listeners or operators. ERR_IO: the file cannot be read. ERR_NOMEM. */
enum err config_load(struct config *out, const struct config_sources *sources,
                     struct config_report *report);

/* The same; `origins`, which is empty, receives where each setting comes from (config_origin.h).
 * The caller frees it in any case. */
enum err config_load_traced(struct config *out, const struct config_sources *sources,
                            struct config_report *report, struct config_origins *origins);

/* Whether there is any certificate, without which there can be no TLS. */
static inline bool config_has_tls(const struct config *config)
{
    return config->tls.certificate[0] != '\0' || config->tls.self_signed ||
           config->certificate_count > 0;
}

/* Frees the texts and empties the config. Safe for a zeroed one. */
void config_deinit(struct config *config);

/* "auto", "http", "irc", "echo"; static storage. */
const char *config_protocol_name(enum config_protocol protocol);
