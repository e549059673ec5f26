/* LIST (https://modern.ircdocs.horse, LIST message), with the conditions of ELIST=CMNTU. It walks
 * all channels, a part at a time, each time from the last one on. */
#include "chat/hub/cmd.h"
#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"
#include "chat/hub/target.h"
#include "simul/decimal.h"

enum {
    MINUTE_MS = 60 * 1000,
    MASKS_MAX = 8, /* more are not looked at: each costs time at every channel */
};

struct range {
    uint64_t min, max;
};

static bool range_has(const struct range *r, uint64_t n)
{
    return n >= r->min && n <= r->max;
}

/* Which channels are wanted: those for which all of this is so. */
struct filter {
    struct range users, age_ms, topic_age_ms;
    bool needs_topic;
    struct span masks[MASKS_MAX]; /* "*name*", or "!*name*" for names that are not so */
    size_t mask_count;
};

/* "<5" or ">5" in units; what is not a number is no condition. */
static void range_narrow(struct range *r, struct span condition, uint64_t unit)
{
    uint64_t n = 0;
    for (size_t i = 1; i < condition.len; i++) {
        uint8_t digit = condition.ptr[i];
        if (digit < '0' || digit > '9' || n > UINT32_MAX)
            return;
        n = n * 10 + (digit - (uint64_t)'0');
    }
    if (condition.len == 1)
        return;
    n *= unit;
    if (condition.ptr[0] == '>')
        r->min = r->min > n ? r->min : n + 1;
    else if (n == 0)
        *r = (struct range){1, 0};
    else
        r->max = r->max < n ? r->max : n - 1;
}

static void filter_add(struct filter *f, struct span item)
{
    bool is_aged = item.len > 1 && (item.ptr[1] == '<' || item.ptr[1] == '>');
    uint8_t kind = item.ptr[0];
    if (kind == '<' || kind == '>') {
        range_narrow(&f->users, item, 1);
    } else if (is_aged && (kind == 'C' || kind == 'c')) {
        range_narrow(&f->age_ms, span_drop(item, 1), MINUTE_MS);
    } else if (is_aged && (kind == 'T' || kind == 't')) {
        range_narrow(&f->topic_age_ms, span_drop(item, 1), MINUTE_MS);
        f->needs_topic = true;
    } else if (f->mask_count < MASKS_MAX) {
        f->masks[f->mask_count++] = item;
    }
}

/* Whether the name is as one of the masks says, if there are any, and as none of those with '!'. */
static bool filter_has_name(const struct filter *f, struct span name)
{
    bool is_found = false, must_be_found = false;
    for (size_t i = 0; i < f->mask_count; i++) {
        struct span mask = f->masks[i];
        bool is_not = mask.ptr[0] == '!';
        bool matches = irc_mask_matches(is_not ? span_drop(mask, 1) : mask, name);
        if (is_not && matches)
            return false;
        must_be_found = must_be_found || !is_not;
        is_found = is_found || matches;
    }
    return is_found || !must_be_found;
}

static bool filter_has(const struct filter *f, const struct channel *ch, uint64_t now_ms)
{
    if (f->needs_topic && ch->topic == NULL)
        return false;
    return range_has(&f->users, ch->members.count) &&
           range_has(&f->age_ms, now_ms - ch->created_ms) &&
           range_has(&f->topic_age_ms, ch->topic == NULL ? 0 : now_ms - ch->topic_ms) &&
           filter_has_name(f, channel_name(ch));
}

static void reply_channel(struct hub_call *call, const struct filter *f, const struct channel *ch)
{
    char users[DECIMAL_CHARS];
    if (channel_is_visible(ch, call->user) && filter_has(f, ch, call->at.ms))
        REPLY(call, "322", channel_name(ch), decimal(ch->members.count, users),
              ch->topic == NULL ? SPAN_EMPTY : span_str(ch->topic));
}

/* What is no condition: '#' and no wildcard. */
static bool is_name(struct span item)
{
    return item.ptr[0] == '#' && span_find(item, '*') == item.len &&
           span_find(item, '?') == item.len;
}

/* The channels that are named; false when there are more to come. */
static bool list_named(struct hub_call *call, const struct filter *f)
{
    struct span list = call->line->params[0], item;
    for (uint32_t n = 0; target_next(&list, &item); n++) {
        if (n < call->cursor->target || !is_name(item))
            continue;
        if (!call_take_row(call))
            return false;
        call->cursor->target = n + 1;
        const struct channel *ch = channel_find(call->hub, item);
        if (ch != NULL)
            reply_channel(call, f, ch);
    }
    return true;
}

/* Those that are not wanted are rows too: they take their time. */
static bool list_all(struct hub_call *call, const struct filter *f)
{
    uint64_t at = call->cursor->after;
    for (const struct channel *ch; (ch = roster_next(&call->hub->channel_order, &at)) != NULL;) {
        if (!call_take_row(call))
            return false;
        call->cursor->after = at;
        reply_channel(call, f, ch);
    }
    return true;
}

/* LIST [<#channel>{,<#channel>}] [<condition>{,<condition>}]; conditions may come first too. */
void cmd_list(struct hub_call *call)
{
    const struct range all = {0, UINT64_MAX};
    struct filter f = {.users = all, .age_ms = all, .topic_age_ms = all};
    bool has_names = false;
    for (size_t i = 0; i < 2 && i < call->line->param_count; i++) {
        struct span list = call->line->params[i], item;
        while (target_next(&list, &item)) {
            if (i == 0 && is_name(item))
                has_names = true;
            else
                filter_add(&f, item);
        }
    }
    if (!call->cursor->is_begun)
        REPLY(call, "321", SPAN("Channel"), SPAN("Users  Name"));
    call->cursor->is_begun = true;
    if (has_names ? list_named(call, &f) : list_all(call, &f))
        REPLY(call, "323", SPAN("End of /LIST"));
}
