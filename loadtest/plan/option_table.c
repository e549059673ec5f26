#include "plan/option.h"
#include "plan/words.h"

#include "simul/check.h"
#include "simul/http.h"
#include "simul/irc.h"

#include <ctype.h>
#include <string.h>

enum {
    CONNECTIONS_MAX = 10 * 1000 * 1000,
    SIZE_MAX_BYTES = 64 << 20,
    THREADS_MAX = 256,
    PROCESSES_MAX = 4096,
    IN_FLIGHT_MAX = 1000 * 1000,
    RATE_MAX = 1000 * 1000 * 1000,
    PID_MAX = 1 << 22,
    NAME_BYTES = 20, /* of a nick's and a channel's prefix: a number is appended */
};
static const uint64_t DAY_NS = 86400ull * 1000 * 1000 * 1000;

static bool is_token(const char *text)
{
    size_t len = strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"); /* RFC 9110 §5.6.2 */
    return len > 0 && text[len] == '\0';
}

static bool is_method(const char *text)
{
    enum http_method method;
    return http_method_find(span_str(text), &method);
}

/* RFC 9112 §5: a name, a colon, a value without control characters (tabs may be). */
static bool is_header(const char *text)
{
    char name[256];
    size_t len = strcspn(text, ":");
    if (len >= sizeof(name) || text[len] != ':')
        return false;
    memcpy(name, text, len);
    name[len] = '\0';
    if (!is_token(name))
        return false;
    for (const char *c = text + len; *c != '\0'; c++)
        if (iscntrl((unsigned char)*c) && *c != '\t')
            return false;
    return true;
}

static bool is_nick(const char *text)
{
    return irc_nick_is_valid(span_str(text), NAME_BYTES);
}

static bool is_channel(const char *text)
{
    return irc_channel_is_valid(span_str(text), NAME_BYTES);
}

#define AT(member) .offset = offsetof(struct plan, member)
#define COUNTED(min_, max_) .type = OPTION_COUNT, .min = (min_), .max = (max_)
#define PER_SECOND .type = OPTION_RATE, .max = RATE_MAX
#define TIME(min_) .type = OPTION_DURATION, .min = (min_), .max = DAY_NS * 100
#define LIST(member, count, max_)                                                                  \
    .type = OPTION_LIST, AT(member), .count_offset = offsetof(struct plan, count), .max = (max_)
#define TEXT(member) .type = OPTION_TEXT, AT(member)

#define LOAD .group = GROUP_LOAD
#define MESSAGES .group = GROUP_MESSAGES
#define CHAT .group = GROUP_CHAT, .scenarios = "chat"
#define IRC .group = GROUP_CHAT, .scenarios = "hold connect chat", .carriers = ON_LINE | ON_WS
#define CONNECT .scenarios = "connect", .carriers = ON_RAW
#define JOBS .group = GROUP_JOBS, .scenarios = "jobs"
#define HTTP .group = GROUP_HTTP, .carriers = ON_HTTP | ON_WS
#define WS .group = GROUP_HTTP, .carriers = ON_WS
#define TLS .group = GROUP_TLS, .is_tls = true
#define SHOWN .group = GROUP_SHOWN

const struct cli_option OPTIONS[] = {
    {"connections", 'c', "N", LOAD, COUNTED(1, CONNECTIONS_MAX), AT(connections), .initial = "10",
     .help = "connections at a time; of chat: of all rooms together"},
    {"connect-rate", 0, "R", LOAD, PER_SECOND, AT(connect_rate), .initial = "0",
     .help = "connections begun per second; 0: as fast as possible"},
    {"duration", 'd', "TIME", LOAD, TIME(0), AT(duration_ns), .initial = "10s",
     .help = "how long to measure; 0, or -n alone: no end"},
    {"warm-up", 0, "TIME", LOAD, TIME(0), AT(warm_up_ns), .initial = "1s",
     .help = "time before that in which nothing is measured; with -n alone 0"},
    {"messages", 'n', "N", LOAD, .type = OPTION_LONG_COUNT, .max = UINT64_C(1) << 50,
     AT(messages_max), .initial = "0", .scenarios = "echo connect chat jobs flood",
     .help = "end after this many messages, or connections of connect; 0: never"},
    {"timeout", 0, "TIME", LOAD, TIME(1), AT(timeout_ns), .initial = "10s",
     .help = "for a connection to open, and for the last replies"},
    {"threads", 't', "N", LOAD, COUNTED(1, THREADS_MAX), AT(threads),
     .help = "of all processes together; normally one per core"},
    {"processes", 0, "N", LOAD, COUNTED(1, PROCESSES_MAX), AT(processes),
     .help = "normally as many as the descriptor limit requires"},

    {"rate", 0, "R", MESSAGES, PER_SECOND, AT(rate), .initial = "0", .scenarios = "echo chat jobs",
     .help = "messages per second, of all together; 0: each waits for its replies"},
    {"in-flight", 0, "N", MESSAGES, COUNTED(1, IN_FLIGHT_MAX), AT(in_flight),
     .scenarios = "echo chat", .carriers = ON_RAW | ON_LINE | ON_WS,
     .help = "messages under way per connection; 1, with --rate 1000 (chat: any)"},
    {"size", 's', "BYTES", MESSAGES, .type = OPTION_BYTES, .min = 1, .max = SIZE_MAX_BYTES,
     AT(size_min), .initial = "64", .scenarios = "echo chat jobs flood",
     .help = "of a message, or of a request's body; a range such as 16-1KiB"},
    {"text", 0, NULL, MESSAGES, .type = OPTION_OFF, AT(binary), .scenarios = "echo chat flood",
     .carriers = ON_WS, .help = "WebSocket messages are text; the default"},
    {"binary", 0, NULL, MESSAGES, .type = OPTION_ON, AT(binary), .scenarios = "echo chat flood",
     .carriers = ON_WS, .help = "they are binary; of chat: binary.ircv3.net"},
    {"words", 0, NULL, MESSAGES, .type = OPTION_ON, AT(words), .scenarios = "echo chat jobs flood",
     .help = "they are made of words, and compress as people's do; else random"},

    {"echo-sample", 0, "N", MESSAGES, COUNTED(0, CONNECTIONS_MAX), AT(echo_sample),
     .scenarios = "hold", .carriers = ON_RAW | ON_WS,
     .help = "this many of the held connections echo a message at the end"},
    {"first-byte", 0, NULL, MESSAGES, .type = OPTION_ON, AT(first_byte), CONNECT,
     .help = "a connection is ready when the server has said something"},
    {"say", 0, "LINE", MESSAGES, TEXT(say), CONNECT,
     .help = "send this, with CR LF; it is ready with the answer's first byte"},

    {"rooms", 0, "N", CHAT, COUNTED(1, CONNECTIONS_MAX), AT(rooms),
     .help = "channels; normally 1, or as many as -c and --members make"},
    {"members", 0, "N", CHAT, COUNTED(1, CONNECTIONS_MAX), AT(members),
     .help = "of each room; normally 100, or as many as -c and --rooms make"},
    {"publishers", 0, "N", CHAT, COUNTED(1, CONNECTIONS_MAX), AT(publishers), .initial = "1",
     .help = "members of each room who speak; the others listen"},
    {"churn", 0, "R", CHAT, PER_SECOND, AT(churn), .initial = "0",
     .help = "joins and leaves per second, of all rooms together"},
    {"channel", 0, "NAME", CHAT, TEXT(channel), .initial = "#load", .is_valid = is_channel,
     .expects = "the name of a channel, of at most 20 bytes",
     .help = "how channels are named; a number is appended"},
    {"nick", 0, "NAME", IRC, TEXT(nick), .initial = "load", .is_valid = is_nick,
     .expects = "a nick of at most 20 bytes", .help = "how clients are named; likewise"},
    {"password", 0, "TEXT", IRC, TEXT(password), .is_secret = true,
     .help = "for the IRC server, sent with PASS"},
    {"irc", 0, NULL, .group = GROUP_CHAT, .scenarios = "hold connect chat", .carriers = ON_WS,
     .type = OPTION_ON, AT(irc), .help = "IRC is spoken over WebSocket; chat always does"},

    {"method", 'X', "NAME", JOBS, TEXT(method), .is_valid = is_method,
     .expects = "GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE or PATCH",
     .help = "normally GET, or POST with --size"},
    {"beside", 0, "N", JOBS, COUNTED(0, CONNECTIONS_MAX), AT(beside),
     .help = "echo connections beside; normally 4 if there is /jobs/ or --beside-url"},
    {"beside-url", 0, "URL", JOBS, .type = OPTION_SETTLED,
     .help = "where they go; normally ws://HOST/echo of the first URL"},

    {"header", 'H', "LINE", HTTP, LIST(headers, header_count, PLAN_HEADERS_MAX),
     .is_valid = is_header, .expects = "a header such as 'Name: value'",
     .help = "sent with each request; may be given several times"},
    {"subprotocol", 0, "NAME", WS, LIST(protocols, protocol_count, PLAN_PROTOCOLS_MAX),
     .is_valid = is_token, .expects = "the name of a subprotocol",
     .help = "to ask for; may be given several times, the preferred one first"},
    {"deflate", 0, NULL, WS, .type = OPTION_ON, AT(deflate),
     .help = "offer permessage-deflate; if it is agreed on, messages are compressed"},
    {"origin", 0, "ORIGIN", WS, TEXT(origin), .help = "sent as a browser would"},

    {"insecure", 'k', NULL, TLS, .type = OPTION_OFF, AT(tls_verify),
     .help = "do not verify the certificate and its name"},
    {"ca", 0, "FILE", TLS, TEXT(tls_ca), .help = "certificates to trust (PEM), not the system's"},
    {"sni", 0, "NAME", TLS, TEXT(tls_name), .help = "the server's name, where it is not the URL's"},
    {"alpn", 0, "LIST", TLS, TEXT(tls_alpn), .help = "protocols to offer, such as h2,http/1.1"},
    {"resume", 0, NULL, TLS, .scenarios = "connect", .type = OPTION_ON, AT(tls_resume),
     .help = "resume sessions where the server permits it"},

    {"source", 0, "LIST", .group = GROUP_ADDRESSES, .type = OPTION_SETTLED,
     .help = "addresses to come from in turn: 127.0.0.2-127.0.0.200,127.0.1.1"},
    {"destination", 0, "LIST", .group = GROUP_ADDRESSES, .type = OPTION_SETTLED,
     .help = "addresses to go to in turn, instead of the URL's host"},

    {"quiet", 'q', NULL, SHOWN, .type = OPTION_ON, AT(quiet), .help = "nothing but the result"},
    {"pid", 0, "PID", SHOWN, COUNTED(1, PID_MAX), AT(server_pid),
     .help = "a local server whose memory and CPU time is shown"},
    {"expect", 0, "WHAT", SHOWN, LIST(expects, expect_count, PLAN_EXPECTS_MAX),
     .help = "such as 'p99<5ms' or errors=0; if it does not hold, exit status 3"},
    {"json", 0, "FILE", SHOWN, TEXT(json_path),
     .help = "write the result as JSON; - is standard output"},
    {"csv", 0, "FILE", SHOWN, TEXT(csv_path), .help = "write a row for each second, likewise"},
    {"html", 0, "FILE", SHOWN, TEXT(html_path), .help = "write a page with plots, likewise"},

    {"help", 'h', NULL, .group = GROUP_OTHER, .type = OPTION_HELP,
     .help = "print this and exit; after a scenario, of that one"},
    {"version", 'V', NULL, .group = GROUP_OTHER, .type = OPTION_VERSION,
     .help = "print the version and exit"},
};
const size_t OPTION_KINDS = sizeof(OPTIONS) / sizeof(OPTIONS[0]);
_Static_assert(sizeof(OPTIONS) / sizeof(OPTIONS[0]) <= OPTIONS_MAX, "struct command has room");

/* Where a scenario has another default. */
static const struct {
    const char *scenario, *option, *text;
} INITIALS[] = {
    {"hold", "connections", "100"}, {"hold", "warm-up", "0"},
    {"chat", "connections", NULL}, /* rooms and members decide */
    {"chat", "rate", "5"},         /* what flood control of servers lets through */
    {"jobs", "connections", "4"},   {"jobs", "size", NULL},
    {"flood", "size", "16KiB"},
};

size_t option_find(const char *name)
{
    for (size_t i = 0; i < OPTION_KINDS; i++)
        if (strcmp(OPTIONS[i].name, name) == 0)
            return i;
    CHECK(!"an option of ours");
    return 0;
}

bool option_is_for(const struct cli_option *o, const struct scenario *scenario)
{
    return o->scenarios == NULL || words_have(o->scenarios, scenario->name);
}

const char *option_initial(const struct cli_option *o, const struct scenario *scenario)
{
    for (size_t i = 0; i < sizeof(INITIALS) / sizeof(INITIALS[0]); i++)
        if (strcmp(INITIALS[i].scenario, scenario->name) == 0 &&
            strcmp(INITIALS[i].option, o->name) == 0)
            return INITIALS[i].text;
    return o->initial;
}
