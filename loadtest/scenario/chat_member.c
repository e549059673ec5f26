/* The members of chat's rooms: each checks what it hears of every publisher of its room, from its
 * own JOIN on, which the server has sent back, to its PART. */
#include "scenario/chat.h"

#include <stdio.h>

static struct chat_track *track_of(const struct chat_client *m, uint32_t publisher)
{
    return &m->tracks[publisher];
}

static bool is_own(const struct chat_client *m, uint32_t publisher)
{
    return (int32_t)publisher == m->publisher;
}

/* --- coming and going -------------------------------------------------------------------- */

void chat_member_join(struct chat_client *m)
{
    irc_client_say(&m->client, "JOIN %s%u", CHAT_ROOM_NAME(m));
    m->place = CHAT_JOINING;
}

static void enter(struct chat_client *m)
{
    const struct driver *d = m->client.driver;
    struct chat_shared *s = &chat_state(d)->shared;
    chat_room_enter(s, m->seats.room);
    m->place = CHAT_INSIDE;
    for (uint32_t p = 0; p < d->plan->publishers; p++) {
        struct chat_track *t = track_of(m, p);
        t->base = chat_said(s, m->seats.room, p);
        t->flight.next = t->base;
    }
}

void chat_member_leave(struct chat_client *m, bool all_is_lost)
{
    struct driver *d = m->client.driver;
    struct chat_shared *s = &chat_state(d)->shared;
    bool was_inside = m->place == CHAT_INSIDE;
    uint64_t lost = 0;
    m->place = CHAT_OUTSIDE;
    if (!was_inside)
        return;
    chat_room_leave(s, m->seats.room);
    for (uint32_t p = 0; p < d->plan->publishers; p++) {
        struct flight *f = &track_of(m, p)->flight;
        uint64_t next = f->next, said = is_own(m, p) ? next : chat_said(s, m->seats.room, p);
        f->sent = all_is_lost ? said : next;
        lost += flight_clear(f);
        while (next < said)
            chat_heard(m, p, next++);
    }
    lane_fault_add(d->lane, FAULT_LOST, lost);
}

uint64_t chat_member_waiting(const struct chat_client *m)
{
    const struct driver *d = m->client.driver;
    uint64_t waiting = 0;
    for (uint32_t p = 0; m->place == CHAT_INSIDE && p < d->plan->publishers; p++) {
        if (!is_own(m, p))
            waiting +=
                chat_said(&chat_state(d)->shared, m->seats.room, p) - track_of(m, p)->flight.next;
    }
    return waiting;
}

/* --- what publishers say ----------------------------------------------------------------- */

/* A message that is not the one that was to come next. False: it does not count as a delivery. */
static bool arrive_oddly(struct chat_client *m, uint32_t publisher, uint64_t number)
{
    struct driver *d = m->client.driver;
    struct chat_track *t = track_of(m, publisher);
    uint64_t first_passed = t->flight.next, passed, forgotten;
    if (number < t->base)
        return false;
    t->flight.sent = chat_said(&chat_state(d)->shared, m->seats.room, publisher);
    enum arrival arrival = flight_arrive(&t->flight, number, &passed, &forgotten);
    if (arrival != ARRIVED) {
        lane_fault_add(d->lane, flight_fault(arrival), 1);
        return false;
    }
    lane_fault_add(d->lane, FAULT_LOST, forgotten);
    for (uint64_t n = first_passed; n < number; n++)
        chat_heard(m, publisher, n);
    return true;
}

static bool arrive(struct chat_client *m, uint32_t publisher, uint64_t number)
{
    struct flight *f = &track_of(m, publisher)->flight;
    if (number != f->next)
        return arrive_oddly(m, publisher, number);
    f->next++;
    return true;
}

/* Whether a client is a publisher of our room, and which; not we ourselves. */
static bool find_publisher(const struct chat_client *m, uint32_t client, uint32_t *publisher)
{
    int32_t found = chat_publisher_of(m->client.driver->plan, &m->seats, client);
    *publisher = (uint32_t)found;
    return found != CHAT_SILENT && found != m->publisher;
}

/* A text of ours that is not as it was said: it stands for the message that it seems to be, or for
 * the next of a publisher who is alone. */
static void take_altered(struct chat_client *m, const struct chat_stamp *stamp)
{
    struct driver *d = m->client.driver;
    uint32_t publisher;
    lane_fault_add(d->lane, FAULT_WRONG, 1);
    if (!find_publisher(m, stamp->client, &publisher)) {
        publisher = 0;
        if (d->plan->publishers > 1 || is_own(m, publisher))
            return;
    }
    uint64_t next = track_of(m, publisher)->flight.next;
    uint64_t said = chat_said(&chat_state(d)->shared, m->seats.room, publisher);
    uint64_t number = stamp->number >= next && stamp->number < said ? stamp->number : next;
    if (next < said && arrive(m, publisher, number))
        chat_heard(m, publisher, number);
}

static void take_text(struct chat_client *m, struct span text)
{
    struct driver *d = m->client.driver;
    struct chat_stamp stamp;
    uint32_t publisher;
    switch (chat_text_read(&chat_state(d)->text, text, &stamp)) {
    case CHAT_TEXT_FOREIGN:
        break;
    case CHAT_TEXT_ALTERED:
        take_altered(m, &stamp);
        break;
    case CHAT_TEXT_WHOLE:
        if (!find_publisher(m, stamp.client, &publisher)) {
            lane_fault_add(d->lane, FAULT_WRONG, 1);
        } else if (arrive(m, publisher, stamp.number)) {
            driver_received(d, TIMING_LATENCY, stamp.intended_ns, text.len);
            chat_heard(m, publisher, stamp.number);
        }
        break;
    }
}

/* --- lines ------------------------------------------------------------------------------- */

/* Skips a word and the space behind it. */
static struct span skip_word(struct span s)
{
    size_t len = span_find(s, ' ');
    return len < s.len ? span_drop(s, len + 1) : SPAN_EMPTY;
}

/* The text of a PRIVMSG that is written as all servers do; parsing in full costs three times as
 * much, and there may be a million of these a second. */
static bool find_text(struct span line, struct span *text)
{
    if (line.len > 0 && line.ptr[0] == '@')
        line = skip_word(line);
    if (line.len > 0 && line.ptr[0] == ':')
        line = skip_word(line);
    if (!span_starts_with(line, SPAN("PRIVMSG ")))
        return false;
    line = skip_word(span_drop(line, SPAN("PRIVMSG ").len));
    bool has_colon = line.len > 0 && line.ptr[0] == ':';
    *text = has_colon ? span_drop(line, 1) : line;
    return has_colon || span_find(line, ' ') == line.len;
}

static bool is_own_room(const struct chat_client *m, struct span name)
{
    char own[64];
    snprintf(own, sizeof own, "%s%u", CHAT_ROOM_NAME(m));
    return irc_eq(name, span_str(own));
}

static void hear_line(struct chat_client *m, const struct irc_line *line)
{
    struct span first = line->param_count > 0 ? line->params[0] : SPAN_EMPTY;
    struct span second = line->param_count > 1 ? line->params[1] : SPAN_EMPTY;
    if (span_eq_nocase(line->command, SPAN("PRIVMSG"))) {
        if (m->place == CHAT_INSIDE)
            take_text(m, second);
    } else if (span_eq_nocase(line->command, SPAN("JOIN"))) {
        if (m->place == CHAT_JOINING && irc_client_is_source(&m->irc, line) &&
            is_own_room(m, first))
            enter(m);
    } else if (span_eq(line->command, SPAN("366"))) { /* the end of who is there */
        if (m->client.state == CLIENT_INTRODUCING && m->place == CHAT_INSIDE &&
            is_own_room(m, second))
            client_opened(&m->client);
    } else if (span_eq_nocase(line->command, SPAN("KICK"))) {
        if (irc_eq(second, span_str(m->irc.nick)) && is_own_room(m, first))
            client_fail(&m->client, FAULT_CLOSED, "kicked out of the room");
    }
}

void chat_member_hear(struct client *c, const struct message *message)
{
    struct chat_client *m = chat_of(c);
    struct irc_line line;
    struct span text;
    if (m->place == CHAT_INSIDE && message->last && find_text(message->payload, &text)) {
        take_text(m, text);
        return;
    }
    switch (irc_client_hear(&m->irc, c, message, &line)) {
    case IRC_REGISTERED:
        chat_member_join(m);
        break;
    case IRC_OTHER:
        hear_line(m, &line);
        break;
    case IRC_HEARD:
    case IRC_GONE:
        break;
    }
}
