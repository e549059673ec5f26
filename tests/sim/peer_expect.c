#include "sim/peer_expect.h"

#include "chat/hub/position.h"
#include "sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whose labeled command is being applied; NULL: nobody's. */
static struct peer *asker;

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
    bool is_own = p != NULL && p == peer_of(pm->from);
    if (p == NULL || p->is_gone || (is_own && pm->is_for_others))
        return;
    char time[POSITION_TIME_CHARS], msgid[POSITION_MSGID_CHARS_MAX], text[LINE_CHARS];
    position_time(pm->at.ms, time);
    size_t msgid_chars = position_msgid(&pm->at, pm->part, msgid);
    uint32_t need = pm->need | (is_own && pm->is_echo ? CAP_ECHO_MESSAGE : 0);
    snprintf(text, sizeof(text), "%x %x %.*s %.*s%s%s%s %s", need, pm->avoid, POSITION_TIME_CHARS,
             time, (int)msgid_chars, msgid, pm->is_bot ? ";bot" : "",
             pm->tags[0] == '\0' ? "" : ";", pm->tags, pm->text);
    expect(p, ITEM_MESSAGE, !pm->is_no_answer, text);
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

static struct span next_word(struct span *text)
{
    struct span word = span_take(*text, span_find(*text, ' '));
    *text = span_drop(*text, word.len + 1);
    return word;
}

static uint32_t next_caps(struct span *text)
{
    return (uint32_t)strtoul((const char *)next_word(text).ptr, NULL, 16);
}

/* The message as the peer hears it now; empty when it does not. */
static struct span as_heard(const struct peer *p, struct span item, char out[LINE_CHARS])
{
    struct span text = span_drop(item, ITEM_HEAD);
    uint32_t need = next_caps(&text), avoid = next_caps(&text);
    struct span time = next_word(&text), tags = next_word(&text);
    if ((p->caps & need) != need || p->caps & avoid)
        return SPAN_EMPTY;
    bool has_time = p->caps & CAP_SERVER_TIME, has_tags = p->caps & CAP_MESSAGE_TAGS;
    int len = 0;
    if (has_time)
        len += sprintf(out + len, "@time=%.*s", SPAN_ARG(time));
    if (has_tags)
        len += sprintf(out + len, "%cmsgid=%.*s", has_time ? ';' : '@', SPAN_ARG(tags));
    len += sprintf(out + len, "%s%.*s", len > 0 ? " " : "", SPAN_ARG(text));
    return span_of(out, (size_t)len);
}

struct span peer_item_at(const struct peer *p, size_t *at)
{
    char line[LINE_CHARS];
    for (;;) {
        struct span rest = span_drop(buf_span(&p->expected), *at);
        struct span item = span_take(rest, span_find(rest, '\n'));
        if (item.len == 0 || item.ptr[0] != ITEM_MESSAGE || as_heard(p, item, line).len > 0)
            return item;
        *at += item.len + 1;
    }
}

struct span peer_item_next(const struct peer *p, struct peer_place *next)
{
    for (;;) {
        struct span item = peer_item_at(p, &next->at);
        if (item.len == 0 || item.ptr[0] != ITEM_ANSWERED ||
            (item.ptr[1] == ITEM_OF_LABEL && !next->is_label_used))
            return item;
        next->answered++;
        next->is_label_used = false;
        next->at += item.len + 1;
    }
}

bool peer_item_is_optional(const struct peer *p, const struct peer_place *place)
{
    return place->at < p->optional_until;
}

struct span peer_item_firm(const struct peer *p, struct peer_place *place)
{
    *place = p->place;
    struct span item;
    while ((item = peer_item_next(p, place)).len > 0 && peer_item_is_optional(p, place))
        place->at += item.len + 1;
    return item;
}

void peer_item_take(struct peer *p, const struct peer_place *place, struct span item)
{
    if (peer_item_is_optional(p, place))
        p->optional_until = 0;
    p->place = *place;
    p->place.at += item.len + 1;
    if (item.ptr[0] != ITEM_ANSWERED)
        return;
    p->place.answered++;
    p->batch[0] = '\0';
}

bool peer_item_is(const struct peer *p, struct span item, struct span line)
{
    char out[LINE_CHARS];
    struct span text = span_drop(item, ITEM_HEAD);
    if (item.ptr[0] == ITEM_MESSAGE)
        text = as_heard(p, item, out);
    return item.ptr[0] == ITEM_BEGINNING ? span_starts_with(line, text) : span_eq(line, text);
}

void peer_check_all_heard(void)
{
    struct peer_place end;
    for (struct peer *p = peers; p < peers + PEERS_MAX; p++) {
        if (!p->is_open || p->is_over)
            continue;
        SIM_CHECK(!p->is_gone || p->is_reset, "peer %u was not let go", peer_number(p));
        struct span item = peer_item_firm(p, &end);
        SIM_CHECK(item.len == 0, "peer %u never heard: %.*s", peer_number(p), SPAN_ARG(item));
        SIM_CHECK(end.answered == p->commands, "peer %u waits for the answer to command %u",
                  peer_number(p), end.answered + 1);
        SIM_CHECK(p->locals.len == 0, "peer %u waits for its loop", peer_number(p));
        p->place = end;
        p->expected.len = p->place.at = p->optional_until = 0;
    }
}
