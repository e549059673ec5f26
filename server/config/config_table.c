#include "config/config_table.h"

#include "config/config_value.h"

#include <stddef.h>

enum { PATH_BYTES = 4095 };
static const int64_t TEBIBYTE = (int64_t)1 << 40; /* as good as no limit, and safe to add to */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(member) .offset = offsetof(struct config, member)
#define OPER_AT(member) .offset = offsetof(struct config_oper, member)
#define LISTENER_AT(member) .offset = offsetof(struct config_listener, member)
#define CERTIFICATE_AT(member) .offset = offsetof(struct config_certificate, member)

#define NUMBER(initial_, min_, max_)                                                               \
    .type = CONFIG_TYPE_NUMBER, .initial = (initial_), .min = (min_), .max = (max_)
#define LIMIT(initial_, min_, max_)                                                                \
    NUMBER(initial_, min_, max_), .special = CONFIG_SPECIAL_UNLIMITED
#define CORES(max_) NUMBER("auto", 1, max_), .special = CONFIG_SPECIAL_CORES
#define PORT(initial_) NUMBER(initial_, 0, 65535), .special = CONFIG_SPECIAL_PORT
#define SWITCH(initial_) .type = CONFIG_TYPE_SWITCH, .initial = (initial_)
#define CHOICE(initial_, choices_)                                                                 \
    .type = CONFIG_TYPE_CHOICE, .initial = (initial_), .choices = (choices_)
#define TEXT(initial_, bytes_) .type = CONFIG_TYPE_TEXT, .initial = (initial_), .max = (bytes_)
#define LIVE .is_live = true
#define COLONS(initial_, example_)                                                                 \
    TEXT(initial_, 1000), .normalise = config_normalise_colons,                                    \
                          .expects = "names separated by colons, such as " example_
#define ADDRESS(initial_)                                                                          \
    TEXT(initial_, 112), .normalise = config_normalise_address,                                    \
                         .expects = "*, an IPv4 address, an IPv6 address or unix:/path"
#define MODE(initial_)                                                                             \
    TEXT(initial_, 4), .normalise = config_normalise_mode, .expects = "3 or 4 octal digits"

const struct config_setting config_settings[] = {
    {"loops", AT(loops), CORES(256), .help = "event loops, one thread each; auto: one per core"},
    {"drain_seconds", AT(drain_seconds), NUMBER("10", 0, 86400), LIVE,
     .help = "seconds over which clients are told to go after TERM; 0: all at once"},

    {"slow_ms", AT(slow_ms), NUMBER("100", 1, 60000), LIVE,
     .help = "milliseconds; a connection that keeps its loop busy longer is logged"},
    {"watchdog_ms", AT(watchdog_ms), NUMBER("1000", 0, 60000),
     .help = "milliseconds; a loop that is stuck for longer is logged; 0: never"},

    {"daemon.pid_file", AT(daemon.pid_file), TEXT("auto", PATH_BYTES),
     .help = "locked while it runs; auto: with -d, in /run or XDG_RUNTIME_DIR"},
    {"daemon.user", AT(daemon.user), TEXT("auto", 63),
     .help = "whom it becomes if root starts it; auto: simul if that exists, or nobody"},
    {"daemon.group", AT(daemon.group), TEXT("", 63),
     .help = "its group then; empty: that of the user"},

    {"admin.address", AT(admin.address), ADDRESS("127.0.0.1"),
     .help = "of /status, /metrics, /stats, /livez, /readyz and /debug; *: all"},
    {"admin.port", AT(admin.port), PORT("9090"),
     .help = "its port; 0: a free one; off: not opened"},

    {"admin.mode", AT(admin.mode), MODE("0660"),
     .help = "permissions of the file, if it is a Unix socket"},

    {"proxy.trusted", AT(proxy.trusted), TEXT("", 1024), LIVE,
     .normalise = config_normalise_networks,
     .expects = "networks separated by commas, such as 10.0.0.0/8, ::1 or unix",
     .help = "networks of proxies, which are believed when they name a client"},
    {"proxy.header", AT(proxy.header), CHOICE("x-forwarded-for", "x-forwarded-for|forwarded"), LIVE,
     .help = "HTTP header in which they name it; the other one is ignored"},

    {"tls.certificate", AT(tls.certificate), TEXT("", PATH_BYTES), LIVE,
     .help = "file with the certificate chain (PEM)"},
    {"tls.key", AT(tls.key), TEXT("", PATH_BYTES), LIVE, .help = "file with its private key (PEM)"},
    {"tls.self_signed", AT(tls.self_signed), SWITCH("off"), LIVE,
     .help = "make a throw-away certificate instead, for trying things out"},
    {"tls.minimum", AT(tls.minimum), CHOICE("1.2", "1.2|1.3"), LIVE,
     .help = "the oldest version of TLS that is accepted"},
    {"tls.ciphers", AT(tls.ciphers),
     COLONS("ECDHE+AESGCM:ECDHE+CHACHA20", "ECDHE-ECDSA-AES128-GCM-SHA256"), LIVE,
     .help = "for TLS 1.2, in order of preference; see openssl-ciphers(1)"},
    {"tls.ciphersuites", AT(tls.ciphersuites),
     COLONS("TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
            "TLS_AES_128_GCM_SHA256"),
     LIVE, .help = "for TLS 1.3, likewise"},
    {"tls.curves", AT(tls.curves), COLONS("?X25519MLKEM768:X25519:P-256:P-384", "X25519:P-256"),
     LIVE, .help = "groups for the key exchange; with a ?: if OpenSSL knows it"},
    {"tls.client_authorities", AT(tls.client_authorities), TEXT("", PATH_BYTES), LIVE,
     .help = "file with the authorities (PEM) that vouch for clients"},

    {"server.name", AT(server.name), TEXT("auto", 63), .normalise = config_normalise_server_name,
     .expects = "auto, or a name with a dot, such as irc.example.org",
     .help = "of the IRC server; auto: the host name if it has a dot, or simul.local"},
    {"server.network", AT(server.network), TEXT("simul", 32), .normalise = config_normalise_network,
     .expects = "1 to 32 letters, digits, dots, hyphens and underscores",
     .help = "the IRC network's name"},
    {"server.admin", AT(server.admin), TEXT("", 200), LIVE,
     .help = "how to reach whoever runs the server, for ADMIN; empty: not told"},
    {"server.password", AT(server.password), TEXT("", 200), .is_secret = true, LIVE,
     .help = "what IRC clients must send with PASS; empty: nothing"},

    {"limits.connections", AT(limits.connections), LIMIT("0", 1, CONFIG_CONNECTIONS_MAX), LIVE,
     .help = "connections at a time; 0: as many as there are descriptors for"},
    {"limits.connections_per_address", AT(limits.connections_per_address),
     NUMBER("0", 0, CONFIG_CONNECTIONS_MAX), LIVE,
     .help = "connections of one IPv4 address or IPv6 /64; 0: no limit"},
    {"limits.connection_rate_per_address", AT(limits.connection_rate_per_address),
     NUMBER("0", 0, 100000), LIVE,
     .help = "new ones per second, twice as many at once; 0: no limit"},
    {"limits.out_bytes", AT(limits.out_bytes), LIMIT("1048576", 4096, TEBIBYTE), LIVE,
     .help = "bytes waiting to be sent to one connection; 0: no limit"},
    {"limits.header_bytes", AT(limits.header_bytes), LIMIT("16384", 256, TEBIBYTE), LIVE,
     .help = "bytes of an HTTP request's line and headers; 0: no limit"},
    {"limits.body_bytes", AT(limits.body_bytes), LIMIT("1048576", 1, TEBIBYTE), LIVE,
     .help = "bytes of an HTTP request's body; 0: no limit"},
    {"limits.handshake_seconds", AT(limits.handshake_seconds), LIMIT("10", 1, 86400), LIVE,
     .help = "seconds to finish a handshake or registration; 0: a day"},

    {"limits.read_rate_min", AT(limits.read_rate_min), NUMBER("100", 0, 1 << 20), LIVE,
     .help = "bytes per second of a frame, body or line that has begun; 0: any pace"},
    {"limits.write_rate_min", AT(limits.write_rate_min), NUMBER("100", 0, 1 << 20), LIVE,
     .help = "bytes per second that a peer must take while some wait; 0: any pace"},
    {"limits.rate_seconds", AT(limits.rate_seconds), NUMBER("30", 1, 3600), LIVE,
     .help = "period in seconds over which both rates are measured"},
    {"limits.memory_bytes", AT(limits.memory_bytes), NUMBER("auto", 1 << 20, TEBIBYTE),
     .special = CONFIG_SPECIAL_MEMORY, LIVE,
     .help = "bytes that connections may hold; auto: half of the memory; 0: no limit"},

    {"chat.nick_length", AT(chat.nick_length), NUMBER("32", 1, 64), .help = "bytes of a nick"},
    {"chat.channel_length", AT(chat.channel_length), NUMBER("64", 2, 200),
     .help = "bytes of a channel's name"},
    {"chat.flood_lines_per_second", AT(chat.flood_lines_per_second), NUMBER("5", 0, 1000000), LIVE,
     .help = "lines taken from a chat client in the long run; 0: any number"},
    {"chat.flood_burst", AT(chat.flood_burst), NUMBER("20", 1, 1000000), LIVE,
     .help = "lines taken at once before that limit applies"},
    {"chat.ping_seconds", AT(chat.ping_seconds), NUMBER("120", 0, 86400), LIVE,
     .help = "seconds of silence before a chat client is pinged; 0: never"},
    {"chat.motd", AT(chat.motd), TEXT("", PATH_BYTES), LIVE,
     .help = "file with the message of the day; empty: none"},
    {"chat.cloak", AT(chat.cloak), SWITCH("on"), LIVE,
     .help = "users see a hash of each other's address"},
    {"chat.cloak_key", AT(chat.cloak_key), TEXT("", 200), .normalise = config_normalise_cloak_key,
     .expects = "empty, or 16 to 200 characters", .is_secret = true,
     .help = "secret of that hash; empty: a random one at each start"},

    {"channel.quiet_members", AT(channel.quiet_members), LIMIT("1000", 1, 1 << 30), LIVE,
     .help = "members above which joins and parts are not announced; 0: no limit"},

    {"ws.message_bytes_max", AT(ws.message_bytes_max), NUMBER("65536", 125, 1 << 30), LIVE,
     .help = "bytes of a message after inflating; on /echo of compressed ones only"},
    {"ws.ping_seconds", AT(ws.ping_seconds), NUMBER("30", 0, 86400), LIVE,
     .help = "seconds of silence before a WebSocket is pinged; 0: never"},
    {"ws.origins", AT(ws.origins), TEXT("", 4095), .normalise = config_normalise_origins,
     .expects = "origins without a path, separated by commas, such as https://example.org", LIVE,
     .help = "web origins, beside our own, whose pages may open a WebSocket"},
    {"ws.deflate", AT(ws.deflate), SWITCH("off"), LIVE,
     .help = "agree to compress WebSocket messages (permessage-deflate)"},
    {"ws.deflate_min_bytes", AT(ws.deflate_min_bytes), NUMBER("128", 0, 1 << 20), LIVE,
     .help = "bytes; shorter chat messages are not compressed"},
    {"ws.deflate_takeover", AT(ws.deflate_takeover), SWITCH("off"), LIVE,
     .help = "clients may compress with reference to the past; 40 KiB more each"},

    {"echo.faults", AT(echo.faults), SWITCH("off"), LIVE,
     .help = "the echo misbehaves for anybody who asks it to; see /echo/help"},
    {"echo.commands", AT(echo.commands), SWITCH("off"), LIVE,
     .help = "TCP echo can be asked by a first line such as ?drop=1/20"},

    {"jobs.enabled", AT(jobs.enabled), CHOICE("auto", "auto|on|off"),
     .help = "serve /jobs; auto: on loopback addresses only"},
    {"jobs.workers", AT(jobs.workers), CORES(256), .help = "worker processes; auto: one per core"},
    {"jobs.queue_max", AT(jobs.queue_max), NUMBER("64", 0, 65536), LIVE,
     .help = "jobs that may wait for a worker; beyond it 503"},
    {"jobs.deadline_ms", AT(jobs.deadline_ms), NUMBER("10000", 1, 86400000), LIVE,
     .help = "milliseconds from a job's arrival to its answer; beyond it 504"},

    {"debug.jobs", AT(debug.jobs), SWITCH("off"), LIVE,
     .help = "for tests: jobs that do what workers may not do"},
    {"debug.stall", AT(debug.stall), SWITCH("off"), LIVE,
     .help = "for tests: /debug/stall on the admin listener stops a loop"},

    {"log.level", AT(log.level), CHOICE("info", "error|warn|info|debug"), LIVE,
     .help = "least important lines that are logged"},
    {"log.modules", AT(log.modules), TEXT("", 200), .normalise = config_normalise_log_modules,
     .expects = "MODULE=LEVEL,... for" LOG_MODULE_NAMES, LIVE,
     .help = "modules with a level of their own, such as net=debug,chat=warn"},
    {"log.format", AT(log.format), CHOICE("logfmt", "logfmt|json"),
     .help = "the form of a log line"},
    {"log.file", AT(log.file), TEXT("", PATH_BYTES),
     .help = "file to append to; empty: standard error"},
    {"log.syslog", AT(log.syslog),
     CHOICE("off", "off|daemon|local0|local1|local2|local3|local4|local5|local6|local7"),
     .help = "log to /dev/log instead, with this facility"},
    {"log.access", AT(log.access), SWITCH("off"),
     .help = "log a line for each connection when it ends"},
    {"log.access_file", AT(log.access_file), TEXT("", PATH_BYTES),
     .help = "file for these lines; empty: with all others"},
};
const size_t config_setting_count = COUNT(config_settings);

static const struct config_setting listener_settings[] = {
    {"address", LISTENER_AT(address), ADDRESS("127.0.0.1"),
     .help = "what it listens on; *: IPv4 and IPv6"},
    {"port", LISTENER_AT(port), PORT(NULL), .help = "its port; 0: a free one; off: not opened"},
    {"protocol", LISTENER_AT(protocol), CHOICE("auto", "auto|http|irc|echo"),
     .help = "auto: HTTP and WebSocket, or IRC, told apart by the first bytes"},
    {"tls", LISTENER_AT(tls), SWITCH("off"), .help = "speak TLS; needs a certificate"},
    {"client_certificates", LISTENER_AT(client_certificates), CHOICE("off", "off|ask|require"),
     LIVE, .help = "whether clients are asked for a certificate, or must show one"},
    {"mode", LISTENER_AT(mode), MODE("0660"),
     .help = "permissions of the file, if it is a Unix socket"},
    {"proxy", LISTENER_AT(proxy), SWITCH("off"), LIVE,
     .help = "peers in proxy.trusted must begin with a PROXY header"},
    {"deflate", LISTENER_AT(deflate), CHOICE("default", "default|on|off"), LIVE,
     .help = "compress WebSocket messages; default: as ws.deflate says"},
    {"faults", LISTENER_AT(faults), CHOICE("default", "default|on|off"), LIVE,
     .help = "the echo misbehaves when asked to; default: as echo.faults says"},
};

static const struct config_setting oper_settings[] = {
    {"password", OPER_AT(password), TEXT(NULL, 200), .normalise = config_normalise_password,
     .expects = "1 to 200 characters", .is_secret = true, LIVE,
     .help = "makes a chat user who says OPER NAME PASSWORD an operator"},
};

static const struct config_setting certificate_settings[] = {
    {"names", CERTIFICATE_AT(names), TEXT("", PATH_BYTES), .normalise = config_normalise_hosts,
     .expects = "host names, such as example.org,*.example.org", LIVE,
     .help = "clients that ask for one of them get it; empty: those in it"},
    {"certificate", CERTIFICATE_AT(certificate), TEXT("", PATH_BYTES), LIVE,
     .help = "file with the certificate chain (PEM)"},
    {"key", CERTIFICATE_AT(key), TEXT("", PATH_BYTES), LIVE,
     .help = "file with its private key (PEM)"},
};

#define SECTION(settings_, type_, array_, counter_)                                                \
    .settings = (settings_), .setting_count = COUNT(settings_), .bytes = sizeof(struct type_),     \
    .array_offset = offsetof(struct config, array_),                                               \
    .count_offset = offsetof(struct config, counter_),                                             \
    .count_max = COUNT(((struct config *)0)->array_)

const struct config_section config_sections[] = {
    /* "listening admin" would be mistaken for the admin address. */
    {"listen.", "a listener", "listeners", .reserved = "admin",
     SECTION(listener_settings, config_listener, listeners, listener_count)},
    {"oper.", "an operator", "operators", .may_come = true,
     SECTION(oper_settings, config_oper, opers, oper_count)},
    /* The default certificate is called so where certificates are listed. */
    {"tls.", "a certificate", "certificates", .reserved = "default", .may_come = true,
     SECTION(certificate_settings, config_certificate, certificates, certificate_count)},
};
const size_t config_section_count = COUNT(config_sections);
const struct config_section *const config_listener_section = &config_sections[0];

_Static_assert(offsetof(struct config_listener, name) == 0, "a section begins with its name");
_Static_assert(offsetof(struct config_oper, name) == 0, "a section begins with its name");
_Static_assert(offsetof(struct config_certificate, name) == 0, "a section begins with its name");

const struct config_default_listener config_default_listeners[] = {
    {"web", 8080, CONFIG_PROTOCOL_AUTO, false},  {"irc", 6667, CONFIG_PROTOCOL_IRC, false},
    {"echo", 7007, CONFIG_PROTOCOL_ECHO, false}, {"webtls", 8443, CONFIG_PROTOCOL_AUTO, true},
    {"irctls", 6697, CONFIG_PROTOCOL_IRC, true},
};
const size_t config_default_listener_count = COUNT(config_default_listeners);

const char *config_protocol_name(enum config_protocol protocol)
{
    switch (protocol) {
    case CONFIG_PROTOCOL_AUTO:
        return "auto";
    case CONFIG_PROTOCOL_HTTP:
        return "http";
    case CONFIG_PROTOCOL_IRC:
        return "irc";
    case CONFIG_PROTOCOL_ECHO:
        return "echo";
    }
    return "?";
}
