#include "echo/faults.h"

#include "simul/check.h"
#include "simul/decimal.h"
#include "simul/http.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER(min_, max_) .type = FAULT_TYPE_NUMBER, .min = (min_), .max = (max_)
#define MS(min_) NUMBER(min_, FAULT_MS_MAX)
#define CHANCE .type = FAULT_TYPE_CHANCE, .min = 1, .max = 1000000
#define FLAG .type = FAULT_TYPE_FLAG, .min = 1, .max = 1

enum {
    WS = FAULTS_WS,
    HTTP = FAULTS_HTTP,
    TCP = FAULTS_TCP,
    ALL = WS | HTTP | TCP,
    AFTER_MAX = 1 << 30,
    PING_MS_MIN = 10, /* a hundred in a second are as many as one client may ask for */
    DEFAULT_SEED = 1,
};

const struct fault_row fault_rows[FAULT_COUNT] = {
    [FAULT_DELAY_MS] = {"delay_ms", ALL, .free_places = HTTP, MS(0),
                        .help = "milliseconds before each answer"},
    [FAULT_JITTER_MS] = {"jitter_ms", ALL, MS(0),
                         .help = "up to this many milliseconds more, at random; the order is kept"},
    [FAULT_SLOW_BYTES_PER_SECOND] = {"slow_bytes_per_second", ALL, NUMBER(1, 10000000),
                                     .help = "bytes are sent at this pace"},
    [FAULT_CHOP] = {"chop", ALL, NUMBER(1, 65536),
                    .help = "bytes are sent in segments of this size, with pauses between"},
    [FAULT_FRAGMENT] = {"fragment", WS, NUMBER(1, 1 << 20),
                        .help = "answers come in fragments of this many bytes"},
    [FAULT_AFTER] = {"after", ALL, NUMBER(0, AFTER_MAX),
                     .help = "when stall_ms, close, rst, halfclose and truncate happen: after this "
                             "many answered messages (TCP and HTTP: bytes); 0: at once"},
    [FAULT_STALL_MS] = {"stall_ms", ALL, MS(1),
                        .help = "milliseconds during which nothing is sent; see after"},
    [FAULT_CLOSE] = {"close", WS, NUMBER(0, 65535),
                     .help = "closes with this code, legal or not; see after"},
    [FAULT_RST] = {"rst", ALL, FLAG, .help = "the connection is reset; see after"},
    [FAULT_HALFCLOSE] = {"halfclose", ALL, FLAG,
                         .help = "our side is shut, and the peer still read; see after"},
    [FAULT_NOREAD_AFTER] = {"noread_after", ALL, NUMBER(0, AFTER_MAX),
                            .help = "nothing more is read after this many messages (TCP and HTTP: "
                                    "bytes); a minute later it closes"},
    [FAULT_DROP] = {"drop", WS | TCP, CHANCE,
                    .help = "one answer in N is left out (TCP: one byte)"},
    [FAULT_DUPLICATE] = {"duplicate", WS | TCP, CHANCE,
                         .help = "one answer in N comes twice (TCP: one byte)"},
    [FAULT_CORRUPT] = {"corrupt", ALL, CHANCE,
                       .help = "one answer in N has a bit flipped (TCP and HTTP: one byte)"},
    [FAULT_REORDER] =
        {"reorder", WS | TCP, NUMBER(2, FAULT_REORDER_MAX),
         .help = "answers (TCP: bytes) wait until there are this many, and come shuffled"},
    [FAULT_PING_EVERY_MS] = {"ping_every_ms", WS, NUMBER(PING_MS_MIN, FAULT_MS_MAX),
                             .help = "a ping this often, but none while much waits to be sent"},
    [FAULT_NOPONG] = {"nopong", WS, FLAG, .help = "pings are not answered"},
    [FAULT_MASK] = {"mask", WS, FLAG, .help = "frames are masked, which a server must not do"},
    [FAULT_RSV] = {"rsv", WS, FLAG, .help = "frames have the second reserved bit set"},
    [FAULT_BAD_UTF8] = {"bad_utf8", WS, FLAG, .help = "text ends in a byte that is not UTF-8"},
    [FAULT_OVERSIZE] = {"oversize", WS, NUMBER(1, FAULT_OVERSIZE_MAX),
                        .help = "answers are padded to this many bytes"},
    [FAULT_HANDSHAKE] = {"handshake", WS, .type = FAULT_TYPE_ANSWER, .min = 200, .max = 599,
                         .help = "what is wrong with the answer to the Upgrade"},
    [FAULT_STATUS] = {"status", HTTP, .free_places = HTTP, NUMBER(200, 599),
                      .help = "status of the answer"},
    [FAULT_HEADER] = {"header", HTTP, .type = FAULT_TYPE_FIELD,
                      .help = "one more header in the answer, up to 8 of them; none that affects "
                              "its framing, and none that browsers trust or keep"},
    [FAULT_CHUNKED] = {"chunked", HTTP, FLAG, .help = "the answer is chunked"},
    [FAULT_TRUNCATE] = {"truncate", HTTP, FLAG, .help = "the answer ends too early; see after"},
    [FAULT_SEED] = {"seed", ALL, NUMBER(0, UINT32_MAX),
                    .help = "of what is random: the same seed gives the same answers; else 1"},
};
_Static_assert(FAULT_COUNT <= 32, "struct faults has a bit for each");

static const char *const ANSWERS[] = {[FAULT_ANSWER_BAD_ACCEPT] = "bad_accept",
                                      [FAULT_ANSWER_NO_UPGRADE] = "no_upgrade",
                                      [FAULT_ANSWER_SLOW] = "slow"};
enum { ANSWER_COUNT = sizeof(ANSWERS) / sizeof(ANSWERS[0]) };
static const char STATUS[] = "status_";

/* --- reading ----------------------------------------------------------------------------- */

static enum err parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
    uint64_t n;
    if (!decimal_parse(span_str(text), max, &n) || n < min)
        return ERR_SYNTAX;
    *out = (uint32_t)n;
    return OK;
}

static enum err parse_answer(const struct fault_row *row, const char *text, uint32_t *out)
{
    for (uint32_t i = FAULT_ANSWER_BAD_ACCEPT; i < ANSWER_COUNT; i++) {
        if (strcmp(text, ANSWERS[i]) == 0) {
            *out = i;
            return OK;
        }
    }
    if (strncmp(text, STATUS, sizeof(STATUS) - 1) != 0)
        return ERR_SYNTAX;
    return parse_number(text + sizeof(STATUS) - 1, row->min, row->max, out);
}

static enum err parse_value(const struct fault_row *row, const char *text, uint32_t *out)
{
    switch ((enum fault_type)row->type) {
    case FAULT_TYPE_NUMBER:
        return parse_number(text, row->min, row->max, out);
    case FAULT_TYPE_CHANCE:
        if (text[0] != '1' || text[1] != '/')
            return ERR_SYNTAX;
        return parse_number(text + 2, row->min, row->max, out);
    case FAULT_TYPE_FLAG:
        *out = 1;
        return text[0] == '\0' ? OK : ERR_SYNTAX;
    case FAULT_TYPE_ANSWER:
        return parse_answer(row, text, out);
    case FAULT_TYPE_FIELD:
        *out = 1;
        return OK; /* check_fields judges it */
    }
    return ERR_UNKNOWN;
}

void fault_describe_value(const struct fault_row *row, char *to, size_t size)
{
    switch ((enum fault_type)row->type) {
    case FAULT_TYPE_NUMBER:
        snprintf(to, size, "=%" PRIu32 " to %" PRIu32, row->min, row->max);
        break;
    case FAULT_TYPE_CHANCE:
        snprintf(to, size, "=1/%" PRIu32 " to 1/%" PRIu32, row->min, row->max);
        break;
    case FAULT_TYPE_FLAG:
        snprintf(to, size, "%s", "");
        break;
    case FAULT_TYPE_ANSWER:
        snprintf(to, size, "=%s, %s, %s, or %s%" PRIu32 " to %s%" PRIu32,
                 ANSWERS[FAULT_ANSWER_BAD_ACCEPT], ANSWERS[FAULT_ANSWER_NO_UPGRADE],
                 ANSWERS[FAULT_ANSWER_SLOW], STATUS, row->min, STATUS, row->max);
        break;
    case FAULT_TYPE_FIELD:
        snprintf(to, size, "=Name: value");
        break;
    }
}

static enum err refuse_value(const struct fault_row *row, char message[FAULTS_MESSAGE_CHARS])
{
    char value[FAULT_VALUE_CHARS];
    fault_describe_value(row, value, sizeof(value));
    if (value[0] == '\0')
        snprintf(message, FAULTS_MESSAGE_CHARS, "%s has no value", row->name);
    else
        snprintf(message, FAULTS_MESSAGE_CHARS, "%s is %s", row->name, value + 1);
    return ERR_SYNTAX;
}

static enum err refuse_place(const struct fault_row *row, char message[FAULTS_MESSAGE_CHARS])
{
    static const char *const names[] = {"WebSocket", "HTTP", "TCP"}; /* bits, from the lowest */
    size_t used = (size_t)snprintf(message, FAULTS_MESSAGE_CHARS, "%s is for", row->name);
    const char *separator = " ";
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((row->places >> i & 1) == 0)
            continue;
        used += (size_t)snprintf(message + used, FAULTS_MESSAGE_CHARS - used, "%s%s", separator,
                                 names[i]);
        separator = " and ";
    }
    return ERR_SYNTAX;
}

/* --- header= ----------------------------------------------------------------------------- */

/* Fields that the answer's frame hangs on (RFC 9112 section 6, RFC 9110 section 7.6.1), and such as
 * would let an answer, which is made of what somebody else may have written, run in our origin, be
 * read by other sites, or leave something behind in a browser. */
static const char *const RESERVED[] = {"Connection",
                                       "Content-Length",
                                       "Keep-Alive",
                                       "Proxy-Connection",
                                       "TE",
                                       "Trailer",
                                       "Transfer-Encoding",
                                       "Upgrade",
                                       "Alt-Svc",
                                       "Clear-Site-Data",
                                       "Content-Type",
                                       "NEL",
                                       "Report-To",
                                       "Set-Cookie",
                                       "Strict-Transport-Security"};
static const struct span CROSS_ORIGIN = SPAN("Access-Control-");

static bool is_reserved(struct span name)
{
    for (size_t i = 0; i < sizeof(RESERVED) / sizeof(RESERVED[0]); i++)
        if (span_eq_nocase(name, span_str(RESERVED[i])))
            return true;
    return name.len >= CROSS_ORIGIN.len &&
           span_eq_nocase(span_take(name, CROSS_ORIGIN.len), CROSS_ORIGIN);
}

/* "Name: value". */
static enum err parse_field(const char *text, struct http_field *field)
{
    struct span name = span_take(span_str(text), span_find(span_str(text), ':'));
    const char *value = text + name.len;
    if (*value != ':' || is_reserved(name))
        return ERR_SYNTAX;
    value += 1 + strspn(value + 1, " ");
    *field = (struct http_field){name, span_str(value)};
    return http_field_is_valid(*field) ? OK : ERR_SYNTAX; /* a line feed would begin another */
}

enum err faults_next_field(struct span *query, char text[FAULT_FIELD_CHARS],
                           struct http_field *field)
{
    while (query->len > 0) {
        enum err e = http_query_get(span_take_until(query, '&'), fault_rows[FAULT_HEADER].name,
                                    text, FAULT_FIELD_CHARS);
        if (e == OK)
            return parse_field(text, field);
        if (e != ERR_UNKNOWN)
            return ERR_SYNTAX;
    }
    return ERR_UNKNOWN;
}

static enum err check_fields(struct span query)
{
    char text[FAULT_FIELD_CHARS];
    struct http_field field;
    enum err e = OK;
    for (int i = 0; i <= FAULT_FIELDS_MAX && e == OK; i++)
        e = faults_next_field(&query, text, &field);
    return e == ERR_UNKNOWN ? OK : ERR_SYNTAX; /* OK would be one more than there may be */
}

/* --- all of them ------------------------------------------------------------------------- */

bool faults_need_setting(struct span query, enum fault_place place)
{
    char value[FAULT_FIELD_CHARS];
    for (int i = 0; query.len > 0 && i < FAULT_COUNT; i++) {
        const struct fault_row *row = &fault_rows[i];
        if ((row->places & ~row->free_places & place) != 0 &&
            http_query_get(query, row->name, value, sizeof(value)) != ERR_UNKNOWN)
            return true;
    }
    return false;
}

enum err faults_parse(struct span query, enum fault_place place, bool are_on, struct faults *out,
                      char message[FAULTS_MESSAGE_CHARS])
{
    *out = (struct faults){.value = {[FAULT_SEED] = DEFAULT_SEED}};
    char text[FAULT_FIELD_CHARS];
    for (int i = 0; query.len > 0 && i < FAULT_COUNT; i++) {
        const struct fault_row *row = &fault_rows[i];
        if (!are_on && (row->free_places & place) == 0)
            continue;
        enum err e = http_query_get(query, row->name, text, sizeof(text));
        if (e == ERR_UNKNOWN)
            continue;
        if ((row->places & place) == 0)
            return refuse_place(row, message);
        if (e == OK)
            e = parse_value(row, text, &out->value[i]);
        if (e == OK && row->type == FAULT_TYPE_FIELD)
            e = check_fields(query);
        if (e != OK)
            return refuse_value(row, message);
        out->named |= 1u << i;
    }
    return OK;
}

struct span faults_find_unknown(struct span query)
{
    while (query.len > 0) {
        struct span name = span_take_until(&query, '&');
        name = span_take(name, span_find(name, '='));
        bool is_known = name.len == 0;
        for (int i = 0; i < FAULT_COUNT && !is_known; i++)
            is_known = span_eq(name, span_str(fault_rows[i].name));
        if (!is_known)
            return name;
    }
    return SPAN_EMPTY;
}

/* --- writing ----------------------------------------------------------------------------- */

static void format_value(const struct fault_row *row, uint32_t value, char *to, size_t size)
{
    switch ((enum fault_type)row->type) {
    case FAULT_TYPE_NUMBER:
        snprintf(to, size, "=%" PRIu32, value);
        break;
    case FAULT_TYPE_CHANCE:
        snprintf(to, size, "=1/%" PRIu32, value);
        break;
    case FAULT_TYPE_ANSWER:
        if (value < ANSWER_COUNT)
            snprintf(to, size, "=%s", ANSWERS[value]);
        else
            snprintf(to, size, "=%s%" PRIu32, STATUS, value);
        break;
    case FAULT_TYPE_FLAG:
    case FAULT_TYPE_FIELD:
        to[0] = '\0';
        break;
    }
}

const char *faults_format(const struct faults *f, char text[FAULTS_TEXT_CHARS])
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (!faults_has(f, (enum fault)i))
            continue;
        char value[32];
        format_value(&fault_rows[i], f->value[i], value, sizeof(value));
        used += (size_t)snprintf(text + used, FAULTS_TEXT_CHARS - used, "%s%s%s",
                                 used == 0 ? "" : ", ", fault_rows[i].name, value);
        CHECK(used < FAULTS_TEXT_CHARS); /* all of them, with their longest values, fit */
    }
    return text;
}
