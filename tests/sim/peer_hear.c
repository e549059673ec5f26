/* What peers hear: each line is the next that they are to hear, or one that a loop may say on its
 * own. */
#include "sim/chatter.h"
#include "sim/peer_expect.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

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

/* The label of the command that is answered at that place. */
static bool is_label(const struct peer_place *place, struct span label)
{
    char want[16];
    snprintf(want, sizeof(want), "c%u", place->answered + 1);
    return span_eq(label, span_str(want));
}

/* The line of an answer is in its batch, or the only one. */
static bool is_answer(const struct peer *p, struct peer_place *place, const struct heard *h)
{
    if (p->batch[0] != '\0')
        return span_eq(h->batch, span_str(p->batch));
    if (place->is_label_used || !is_label(place, h->label))
        return false;
    place->is_label_used = true;
    return true;
}

/* Nothing was said, or all that stands in the batch. */
static bool is_end(const struct peer *p, const struct peer_place *place, const struct heard *h)
{
    char want[LINE_CHARS];
    if (p->batch[0] == '\0')
        return is_label(place, h->label) && span_eq(h->line, SPAN(":s.test ACK"));
    snprintf(want, sizeof(want), ":s.test BATCH -%s", p->batch);
    return h->label.len == 0 && h->batch.len == 0 && span_eq(h->line, span_str(want));
}

/* A batch begins with a line of the answer behind it, and only one. */
static bool is_batch(struct peer *p, const struct peer_place *place, const struct heard *h,
                     struct span item)
{
    char id[sizeof(p->batch)] = "", line[LINE_CHARS];
    snprintf(line, sizeof(line), "%.*s", SPAN_ARG(h->line));
    bool begins = sscanf(line, ":s.test BATCH +%23s labeled-response", id) == 1;
    if (!begins || item.ptr[0] == ITEM_ANSWERED || p->batch[0] != '\0' || place->is_label_used ||
        !is_label(place, h->label))
        return false;
    strcpy(p->batch, id);
    return true;
}

/* The first line of an answer is held back until it is known whether it is the only one: what comes
 * beside the answer passes it. */
static bool is_beside(struct peer *p, const struct peer_place *place, const struct heard *h,
                      struct span item)
{
    size_t at = place->at + item.len + 1;
    struct span next = peer_item_at(p, &at);
    if (item.ptr[0] == ITEM_ANSWERED || p->batch[0] != '\0' || next.len == 0 ||
        next.ptr[1] != ITEM_BESIDE || h->label.len > 0 || !peer_item_is(p, next, h->line))
        return false;
    size_t end = at + next.len + 1;
    memmove(p->expected.data + at, p->expected.data + end, p->expected.len - end);
    p->expected.len = p->expected.len - end + at;
    return true;
}

/* Whether the line is the item at that place; if so, it is taken. */
static bool try_take(struct peer *p, struct peer_place *place, const struct heard *h,
                     struct span item)
{
    bool is_of_label = item.ptr[1] == ITEM_OF_LABEL;
    if (is_of_label && (is_batch(p, place, h, item) || is_beside(p, place, h, item)))
        return true;
    bool is_it = false;
    if (item.ptr[0] == ITEM_ANSWERED)
        is_it = is_end(p, place, h);
    else if (peer_item_is(p, item, h->line))
        is_it = is_of_label ? is_answer(p, place, h) : h->label.len + h->batch.len == 0;
    if (is_it)
        peer_item_take(p, place, item);
    return is_it;
}

static bool is_expected(struct peer *p, const struct heard *h)
{
    struct peer_place place = p->place;
    for (struct span item; (item = peer_item_next(p, &place)).len > 0; place.at += item.len + 1) {
        if (try_take(p, &place, h, item))
            return true;
        if (!peer_item_is_optional(p, &place))
            return false;
    }
    return false;
}

/* An answer of the loop's own, with its label: whatever was said before is answered. */
static void hear_answer(struct peer *p, const struct heard *h)
{
    struct peer_local local;
    struct peer_place place;
    SIM_CHECK(p->locals.len > 0, "peer %u never asked for: %.*s", peer_number(p),
              SPAN_ARG(h->line));
    memcpy(&local, p->locals.data, sizeof(local));
    buf_consume(&p->locals, sizeof(local));
    SIM_CHECK(span_eq(h->label, span_str(local.label)), "peer %u: label \"%.*s\" is on: %.*s",
              peer_number(p), SPAN_ARG(h->label), SPAN_ARG(h->line));
    peer_item_firm(p, &place);
    SIM_CHECK(place.answered >= local.commands,
              "peer %u: it came before the answer to command %u: %.*s", peer_number(p),
              place.answered + 1, SPAN_ARG(h->line));
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
    size_t tags_bytes = line.ptr[0] == '@' ? span_find(line, ' ') : 0;
    line = span_drop(line, tags_bytes + (tags_bytes > 0 && tags_bytes < line.len));
    struct span rest = span_drop(line, span_find(line, ' '));
    if (span_starts_with(line, span_of(source, (size_t)len)) &&
        span_starts_with(rest, SPAN(" NICK :")))
        take_nick(p, span_drop(rest, strlen(" NICK :")));
}

/* With the nick as the loop knows it. */
static bool is_motd(const struct peer *p, struct span line)
{
    char want[64];
    int len = snprintf(want, sizeof(want), ":s.test 422 %s ", p->nick);
    return span_starts_with(line, span_of(want, (size_t)len));
}

/* ":s.test CAP nick ACK :list": from here on the peer hears by other capabilities. Whether what it
 * did not hear by those that it had came to the loop before is not known. */
static void hear_caps(struct peer *p, const struct heard *h)
{
    struct peer_place firm;
    hear_answer(p, h);
    peer_item_firm(p, &firm);
    p->optional_until = firm.at;
    struct span list = span_drop(h->line, 1);
    chatter_apply_caps(span_drop(list, span_find(list, ':') + 1), &p->caps);
}

/* The last words: whoever said QUIT, or was killed, has heard all there was. */
static void hear_error(struct peer *p)
{
    struct peer_place end;
    SIM_CHECK(!p->is_gone || peer_item_firm(p, &end).len == 0,
              "peer %u was let go before it heard everything", peer_number(p));
    p->is_over = true;
}

/* What the loop says before the welcome is over; false when it is nothing of that. */
static bool hear_welcome(struct peer *p, struct span line)
{
    if (p->is_being_told) {
        p->is_being_told = !is_numeric(line, "422");
        return is_numeric(line, "002 003 004 005 251 252 254 255 265 266 422");
    }
    if (is_numeric(line, "433")) {
        chatter_take_nick(p);
        return true;
    }
    if (!is_numeric(line, "001"))
        return span_starts_with(line, SPAN(":s.test CAP * ACK "));
    take_nick(p, span_drop(line, strlen(":s.test 001 ")));
    p->is_registered = p->is_being_told = true;
    return true;
}

/* What the loop says of itself. */
static void hear_local(struct peer *p, const struct heard *h)
{
    bool is_ours = true;
    if (span_starts_with(h->line, SPAN("ERROR :")))
        hear_error(p);
    else if (!p->is_registered || p->is_being_told)
        is_ours = hear_welcome(p, h->line);
    else if (span_starts_with(h->line, SPAN(":s.test PONG s.test :")) || is_motd(p, h->line))
        hear_answer(p, h);
    else if (span_starts_with(h->line, SPAN(":s.test CAP ")))
        hear_caps(p, h);
    else
        is_ours = false;
    struct peer_place place;
    if (!is_ours)
        sim_fail("peer %u heard (label \"%.*s\", batch \"%.*s\"): %.*s\ninstead of: %.*s",
                 peer_number(p), SPAN_ARG(h->label), SPAN_ARG(h->batch), SPAN_ARG(h->line),
                 SPAN_ARG(peer_item_firm(p, &place)));
}

void peer_hear_line(struct peer *p, struct span line)
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
    if (p->ws.is_on) {
        peer_ws_hear(p, bytes);
        return;
    }
    SIM_CHECK(buf_append(&p->heard, bytes) == OK, "out of memory");
    struct span rest = buf_span(&p->heard);
    for (size_t n; (n = span_find(rest, '\n')) < rest.len; rest = span_drop(rest, n + 1)) {
        SIM_CHECK(n > 0 && rest.ptr[n - 1] == '\r', "peer %u heard a line without CR",
                  peer_number(p));
        peer_hear_line(p, span_take(rest, n - 1));
    }
    buf_consume(&p->heard, p->heard.len - rest.len);
}
