#include "chat/hub/survey.h"

#include "chat/hub/hub_state.h"

#include <stdio.h>

void survey_begin(struct survey *s)
{
    s->row_count = 0;
    s->channels = 0;
    s->after = 0;
    s->top = (struct top){.at = s->items, .max = SURVEY_ROWS};
}

/* Messages count before members. */
static uint64_t key_of(uint32_t messages, size_t members)
{
    return (uint64_t)messages << 32 | (uint32_t)members;
}

/* Channels that ended during the walk are in no row. */
static void make_rows(struct survey *s, const struct hub *hub)
{
    top_sort(&s->top);
    for (size_t i = 0; i < s->top.count; i++) {
        uint64_t seq = s->items[i].value, after = seq - 1;
        const struct channel *ch = roster_next(&hub->channel_order, &after);
        if (ch == NULL || after != seq)
            continue;
        struct survey_row *row = &s->rows[s->row_count++];
        row->messages = (uint32_t)(s->items[i].key >> 32);
        row->members = (uint32_t)ch->members.count;
        snprintf(row->name, sizeof(row->name), "%s", ch->name);
    }
    s->channels = hub->counts.channels;
}

bool survey_advance(struct survey *s, struct hub *hub, uint32_t channels_max)
{
    for (uint32_t i = 0; i < channels_max; i++) {
        struct channel *ch = roster_next(&hub->channel_order, &s->after);
        if (ch == NULL) {
            make_rows(s, hub);
            return true;
        }
        uint32_t messages = ch->messages - ch->messages_surveyed;
        ch->messages_surveyed = ch->messages;
        top_offer(&s->top, key_of(messages, ch->members.count), ch->seq);
    }
    return false;
}
