/* What peers are to hear, and what they hear. */
#include "chat/hub/position.h"
#include "sim/chatter.h"
#include "sim/peer.h"
#include "sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_CHARS = 4096 };

/* An item of `expected` is its kind, whether it belongs to the answer to a labeled command, or is
 * brought about beside the answer, and a text. */
enum { ITEM_LINE = '=', ITEM_BEGINNING = '^', ITEM_ANSWERED = '!' };
enum { ITEM_OF_LABEL = '@', ITEM_BESIDE = '*', ITEM_OF_NONE = '-', ITEM_HEAD = 2 };

/* Whose labeled command is being applied; NULL: nobody's. */
static struct peer *asker;

/* --- what is to be heard -------------------------------------------------------------------- */

static struct peer *peer_of(struct handle h)
{
    for (struct peer *p = peers; p < peers + PEERS_MAX; p++)
        if (p->is_open && p->handle.loop == h.loop && p->handle.slot == h.slot &&
            p->handle.generation == h.generation)
            return p;
    return NULL;
}

static void expect(struct peer *p, char item, bool is_answer, const char *text)
{
    char of = p != asker ? ITEM_OF_NONE : is_answer ? ITEM_OF_LABEL : ITEM_BESIDE;
    SIM_CHECK(buf_printf(&p->expected, "%c%c%s\n", item, of, text) == OK, "out of memory");
}

void peer_begin_answer(const struct handle *to)
{
    struct peer *p = to == NULL ? NULL : peer_of(*to);
    bool is_labeled = p != NULL && p->applied < p->commands && p->labeled.data[p->applied] == '1';
    asker = is_labeled ? p : NULL;
}

void peer_expect_message(struct handle to, const struct peer_message *pm)
{
    struct peer *p = peer_of(to);
    if (p == NULL || p->is_gone || (p->caps & pm->need) != pm->need || p->caps & pm->avoid)
        return;
    if (p == peer_of(pm->from) &&
        (pm->is_for_others || (pm->is_echo && !(p->caps & CAP_ECHO_MESSAGE))))
        return;
    char time[POSITION_TIME_CHARS], msgid[POSITION_MSGID_CHARS_MAX], line[LINE_CHARS];
    position_time(pm->at.ms, time);
    size_t msgid_chars = position_msgid(&pm->at, pm->part, msgid);
    int n = 0;
    if (p->caps & CAP_SERVER_TIME)
        n += sprintf(line + n, "@time=%.*s", POSITION_TIME_CHARS, time);
    if (p->caps & CAP_MESSAGE_TAGS)
        n += sprintf(line + n, "%smsgid=%.*s%s%s%s", n == 0 ? "@" : ";", (int)msgid_chars, msgid,
                     pm->is_bot ? ";bot" : "", pm->tags[0] == '\0' ? "" : ";", pm->tags);
    snprintf(line + n, sizeof(line) - (size_t)n, "%s%s", n == 0 ? "" : " ", pm->text);
    expect(p, ITEM_LINE, !pm->is_no_answer, line);
}

void peer_expect_line(struct handle to, bool is_whole, const char *format, ...)
{
    struct peer *p = peer_of(to);
    if (p == NULL)
        return;
    char line[LINE_CHARS];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    expect(p, is_whole ? ITEM_LINE : ITEM_BEGINNING, true, line);
}

void peer_expect_no_more(struct handle to)
{
    struct peer *p = peer_of(to);
    if (p != NULL)
        p->is_gone = true;
}

void peer_expect_answered(struct handle to)
{
    struct peer *p = peer_of(to);
    if (p == NULL)
        return;
    char number[16];
    snprintf(number, sizeof(number), "%u", ++p->applied);
    expect(p, ITEM_ANSWERED, true, number);
}

/* The answer to the command in question is over. */
static void take_answered(struct peer *p, struct span item)
{
    p->answered++;
    p->is_label_used = false;
    p->batch[0] = '\0';
    p->expected_at += item.len + 1;
}

/* The next item, without its LF; empty when there is none. Ends of answers that are not heard
 * before it are taken: those of commands without a label, or whose label stood on the only line. */
static struct span next_expected(struct peer *p)
{
    for (;;) {
        struct span rest = span_drop(buf_span(&p->expected), p->expected_at);
        struct span item = span_take(rest, span_find(rest, '\n'));
        if (item.len == 0) {
            p->expected.len = p->expected_at = 0;
            return SPAN_EMPTY;
        }
        if (item.ptr[0] != ITEM_ANSWERED || (item.ptr[1] == ITEM_OF_LABEL && !p->is_label_used))
            return item;
        take_answered(p, item);
    }
}

void peer_check_all_heard(void)
{
    for (struct peer *p = peers; p < peers + PEERS_MAX; p++) {
        if (!p->is_open || p->is_over)
            continue;
        SIM_CHECK(!p->is_gone || p->is_reset, "peer %u was not let go", peer_number(p));
        struct span item = next_expected(p);
        SIM_CHECK(item.len == 0, "peer %u never heard: %.*s", peer_number(p), SPAN_ARG(item));
        SIM_CHECK(p->answered == p->commands, "peer %u waits for the answer to command %u",
                  peer_number(p), p->answered + 1);
    }
}

/* --- what is heard -------------------------------------------------------------------------- */

/* A line, and what it says of the command that it answers. */
struct heard {
    struct span label, batch; /* empty: none */
    struct span line;         /* without these two */
};

/* The server says them before all others. */
static struct heard take_label(struct span line, char out[LINE_CHARS])
{
    struct heard h = {.line = line};
    bool is_label = span_starts_with(line, SPAN("@label="));
    if (!is_label && !span_starts_with(line, SPAN("@batch=")))
        return h;
    struct span tags = span_drop(span_take(line, span_find(line, ' ')), 7);
    *(is_label ? &h.label : &h.batch) = span_take(tags, span_find(tags, ';'));
    struct span rest = span_drop(line, 7 + (is_label ? h.label : h.batch).len);
    SIM_CHECK(rest.len > 0 && rest.len < LINE_CHARS, "a line is nothing but its label");
    memcpy(out, rest.ptr, rest.len);
    out[0] = '@';
    h.line = rest.ptr[0] == ';' ? span_of(out, rest.len) : span_drop(rest, 1);
    return h;
}

/* The label of the command that is answered now. */
static bool is_label(const struct peer *p, struct span label)
{
    char want[sizeof(p->label)];
    snprintf(want, sizeof(want), "c%u", p->answered + 1);
    return span_eq(label, span_str(want));
}

/* The line of an answer is in its batch, or the only one. */
static bool is_answer(struct peer *p, const struct heard *h)
{
    if (p->batch[0] != '\0')
        return span_eq(h->batch, span_str(p->batch));
    if (p->is_label_used || !is_label(p, h->label))
        return false;
    p->is_label_used = true;
    return true;
}

/* Nothing was said, or all that stands in the batch. */
static bool is_end(const struct peer *p, const struct heard *h)
{
    char want[LINE_CHARS];
    if (p->batch[0] == '\0')
        return is_label(p, h->label) && span_eq(h->line, SPAN(":s.test ACK"));
    snprintf(want, sizeof(want), ":s.test BATCH -%s", p->batch);
    return h->label.len == 0 && h->batch.len == 0 && span_eq(h->line, span_str(want));
}

/* A batch begins with a line of the answer behind it, and only one. */
static bool is_batch(struct peer *p, const struct heard *h, struct span item)
{
    char id[sizeof(p->batch)] = "", line[LINE_CHARS];
    snprintf(line, sizeof(line), "%.*s", SPAN_ARG(h->line));
    bool begins = sscanf(line, ":s.test BATCH +%23s labeled-response", id) == 1;
    if (!begins || item.ptr[0] == ITEM_ANSWERED || p->batch[0] != '\0' || p->is_label_used ||
        !is_label(p, h->label))
        return false;
    strcpy(p->batch, id);
    return true;
}

static bool is_text(struct span item, struct span line)
{
    struct span text = span_drop(item, ITEM_HEAD);
    return item.ptr[0] == ITEM_LINE ? span_eq(line, text) : span_starts_with(line, text);
}

/* The first line of an answer is held back until it is known whether it is the only one: what comes
 * beside the answer passes it. */
static bool is_beside(struct peer *p, const struct heard *h, struct span item)
{
    struct span rest = span_drop(buf_span(&p->expected), p->expected_at + item.len + 1);
    struct span next = span_take(rest, span_find(rest, '\n'));
    if (item.ptr[0] == ITEM_ANSWERED || p->batch[0] != '\0' || next.len == 0 ||
        next.ptr[1] != ITEM_BESIDE || h->label.len > 0 || !is_text(next, h->line))
        return false;
    size_t at = p->expected_at + item.len + 1, end = at + next.len + 1;
    memmove(p->expected.data + at, p->expected.data + end, p->expected.len - end);
    p->expected.len -= next.len + 1;
    return true;
}

static bool is_expected(struct peer *p, const struct heard *h)
{
    struct span item = next_expected(p);
    if (item.len == 0)
        return false;
    bool is_of_label = item.ptr[1] == ITEM_OF_LABEL;
    if (is_of_label && (is_batch(p, h, item) || is_beside(p, h, item)))
        return true;
    if (item.ptr[0] == ITEM_ANSWERED) {
        if (!is_end(p, h))
            return false;
        take_answered(p, item);
        return true;
    }
    if (!is_text(item, h->line))
        return false;
    if (is_of_label ? !is_answer(p, h) : h->label.len + h->batch.len > 0)
        return false;
    p->expected_at += item.len + 1;
    return true;
}

/* An answer of the loop's own: whatever was said before it is answered. "l1" has a label. */
static void hear_pong(struct peer *p, const struct heard *h)
{
    unsigned commands = 0;
    char line[64], label[sizeof(p->label)] = "";
    snprintf(line, sizeof(line), "%.*s", SPAN_ARG(h->line));
    bool has_label = sscanf(line, ":s.test PONG s.test :l%u", &commands) == 1;
    SIM_CHECK(has_label || sscanf(line, ":s.test PONG s.test :%u", &commands) == 1,
              "peer %u heard: %s", peer_number(p), line);
    if (has_label)
        snprintf(label, sizeof(label), "p%u", commands);
    SIM_CHECK(span_eq(h->label, span_str(label)), "peer %u: a PONG has label %.*s", peer_number(p),
              SPAN_ARG(h->label));
    next_expected(p);
    SIM_CHECK(p->answered >= commands, "peer %u: a PONG came before the answer to command %u",
              peer_number(p), p->answered + 1);
}

static bool is_numeric(struct span line, const char *numerics)
{
    static const char source[] = ":s.test ";
    char numeric[4] = "";
    if (!span_starts_with(line, span_str(source)) || line.len < sizeof(source) + 3)
        return false;
    memcpy(numeric, line.ptr + sizeof(source) - 1, 3);
    return strstr(numerics, numeric) != NULL;
}

/* The nick that the text begins with. */
static void take_nick(struct peer *p, struct span text)
{
    size_t len = span_find(text, ' ');
    SIM_CHECK(len < sizeof(p->nick), "peer %u has a long nick", peer_number(p));
    memcpy(p->nick, text.ptr, len);
    p->nick[len] = '\0';
}

/* Its loop has to know of a new nick as soon as the peer does. */
static void learn_nick(struct peer *p, struct span line)
{
    char source[sizeof(p->nick) + 2];
    int len = snprintf(source, sizeof(source), ":%s!", p->nick);
    if (line.ptr[0] == '@')
        line = span_drop(line, span_find(line, ' ') + 1);
    struct span rest = span_drop(line, span_find(line, ' '));
    if (span_starts_with(line, span_of(source, (size_t)len)) &&
        span_starts_with(rest, SPAN(" NICK :")))
        take_nick(p, span_drop(rest, strlen(" NICK :")));
}

/* An answer of the loop's own, with the nick as it knows it. */
static bool is_motd(const struct peer *p, struct span line)
{
    char want[64];
    int len = snprintf(want, sizeof(want), ":s.test 422 %s ", p->nick);
    return p->is_registered && span_starts_with(line, span_of(want, (size_t)len));
}

/* The last words: whoever said QUIT, or was killed, has heard all there was. */
static void hear_error(struct peer *p)
{
    SIM_CHECK(!p->is_gone || next_expected(p).len == 0,
              "peer %u was let go before it heard everything", peer_number(p));
    p->is_over = true;
}

/* What the loop says of itself. Between welcome and ERROR that is only PONG. */
static void hear_local(struct peer *p, const struct heard *h)
{
    struct span line = h->line;
    if (span_starts_with(line, SPAN("ERROR :"))) {
        hear_error(p);
    } else if (span_starts_with(line, SPAN(":s.test PONG"))) {
        hear_pong(p, h);
    } else if (!p->is_registered && is_numeric(line, "433")) {
        chatter_take_nick(p);
    } else if (!p->is_registered && is_numeric(line, "001")) {
        p->is_registered = p->is_being_told = true;
        take_nick(p, span_drop(line, strlen(":s.test 001 ")));
    } else if (p->is_being_told &&
               is_numeric(line, "002 003 004 005 251 252 254 255 265 266 422")) {
        p->is_being_told = !is_numeric(line, "422");
    } else if (is_motd(p, line)) {
        next_expected(p);
    } else if (p->is_registered || !span_starts_with(line, SPAN(":s.test CAP * ACK "))) {
        struct span item = next_expected(p);
        sim_fail("peer %u heard (label \"%.*s\", batch \"%.*s\"): %.*s\ninstead of: %.*s",
                 peer_number(p), SPAN_ARG(h->label), SPAN_ARG(h->batch), SPAN_ARG(line),
                 SPAN_ARG(item));
    }
}

static void hear_line(struct peer *p, struct span line)
{
    char text[LINE_CHARS];
    SIM_CHECK(!p->is_over, "peer %u heard after its ERROR: %.*s", peer_number(p), SPAN_ARG(line));
    const struct heard h = take_label(line, text);
    if (p->is_registered && !p->is_being_told && is_expected(p, &h))
        learn_nick(p, h.line);
    else
        hear_local(p, &h);
}

void peer_hear(struct peer *p, struct span bytes)
{
    SIM_CHECK(buf_append(&p->heard, bytes) == OK, "out of memory");
    struct span rest = buf_span(&p->heard);
    for (size_t n; (n = span_find(rest, '\n')) < rest.len; rest = span_drop(rest, n + 1)) {
        SIM_CHECK(n > 0 && rest.ptr[n - 1] == '\r', "peer %u heard a line without CR",
                  peer_number(p));
        hear_line(p, span_take(rest, n - 1));
    }
    buf_consume(&p->heard, p->heard.len - rest.len);
}
