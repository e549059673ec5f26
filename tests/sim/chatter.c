#include "sim/chatter.h"

#include "sim/peer.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

enum { NAME_CHARS = 16, LIST_CHARS = 128 };

static unsigned nick_count, channel_count;
static unsigned texts; /* so that no two are the same */

void chatter_init(unsigned nicks, unsigned channels)
{
    nick_count = nicks;
    channel_count = channels;
    texts = 0;
}

/* --- names ---------------------------------------------------------------------------------- */

/* Names mean the same in either case. */
static const char *nick(char out[NAME_CHARS])
{
    char first = sim_chance(80) ? 'n' : 'N';
    snprintf(out, NAME_CHARS, "%c%u", first, sim_below(nick_count));
    return out;
}

static const char *channel(char out[NAME_CHARS])
{
    char first = sim_chance(80) ? 'a' : 'A';
    snprintf(out, NAME_CHARS, "#%c", first + (int)sim_below(channel_count));
    if (sim_chance(2))
        strcpy(out, sim_chance(50) ? "nowhere" : "#\a");
    return out;
}

static const char *list(const char *(*name)(char out[NAME_CHARS]), unsigned count,
                        char out[LIST_CHARS])
{
    char one[NAME_CHARS];
    out[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        strcat(out, i == 0 ? "" : ",");
        strcat(out, name(one));
    }
    return out;
}

static const char *channel_or_nick(char out[NAME_CHARS])
{
    return sim_chance(70) ? channel(out) : nick(out);
}

/* --- lines ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint32_t bit;
} known_caps[] = {
    {"echo-message", CAP_ECHO_MESSAGE},
    {"message-tags", CAP_MESSAGE_TAGS},
    {"server-time", CAP_SERVER_TIME},
};
enum { KNOWN_CAPS = sizeof(known_caps) / sizeof(known_caps[0]) };

uint32_t chatter_any_caps(void)
{
    uint32_t wanted = 0;
    for (size_t i = 0; i < KNOWN_CAPS; i++)
        if (sim_chance(50))
            wanted |= known_caps[i].bit;
    return wanted;
}

void chatter_begin(struct peer *p)
{
    char name[NAME_CHARS], wanted[512] = "";
    for (size_t i = 0; i < KNOWN_CAPS; i++)
        if (p->caps & known_caps[i].bit)
            strcat(strcat(wanted, known_caps[i].name), " ");
    if (p->caps != 0)
        peer_say(p, "CAP REQ :%s", wanted);
    peer_say(p, "NICK %s", nick(name));
    peer_say(p, "USER u%u 0 * :x", sim_below(10));
    if (p->caps != 0)
        peer_say(p, "CAP END");
}

void chatter_take_nick(struct peer *p)
{
    char name[NAME_CHARS];
    if (sim_chance(20))
        p->is_eof = true;
    else
        peer_say(p, "NICK %s", nick(name));
}

static void say_join(struct peer *p)
{
    char names[LIST_CHARS];
    peer_say(p, "JOIN %s", list(channel, 1 + sim_below(3), names));
}

static void say_part(struct peer *p)
{
    char names[LIST_CHARS];
    list(channel, 1 + sim_below(2), names);
    if (sim_chance(50))
        peer_say(p, "PART %s", names);
    else
        peer_say(p, "PART %s :reason %u", names, texts++);
}

static void say_message(struct peer *p)
{
    char names[LIST_CHARS];
    const char *verb = sim_chance(70) ? "PRIVMSG" : "NOTICE";
    list(channel_or_nick, sim_chance(80) ? 1 : 2 + sim_below(4), names);
    int width = sim_chance(30) ? (int)sim_below(300) : 1;
    if (sim_chance(2))
        peer_say(p, "%s", verb);
    else if (sim_chance(2))
        peer_say(p, "%s %s", verb, names);
    else if (sim_chance(20))
        peer_say(p, "@+x=%0*u;y=2 %s %s :text", 5 * width, texts++, verb, names);
    else
        peer_say(p, "%s %s :text %0*u", verb, names, width, texts++);
}

static void say_tagmsg(struct peer *p)
{
    char names[LIST_CHARS];
    peer_say(p, "@+x=%u TAGMSG %s", texts++, list(channel_or_nick, 1 + sim_below(2), names));
}

static void say_topic(struct peer *p)
{
    char name[NAME_CHARS];
    channel(name);
    if (sim_chance(30))
        peer_say(p, "TOPIC %s", name);
    else if (sim_chance(20))
        peer_say(p, "TOPIC %s :", name);
    else
        peer_say(p, "TOPIC %s :topic %u", name, texts++);
}

static void say_names(struct peer *p)
{
    char names[LIST_CHARS];
    peer_say(p, "NAMES %s", list(channel, 1 + sim_below(2), names));
}

static void say_channel_mode(struct peer *p)
{
    char name[NAME_CHARS], letters[8] = "", nicks[LIST_CHARS] = "", one[NAME_CHARS];
    unsigned count = 1 + sim_below(4);
    for (unsigned i = 0; i < count; i++) {
        letters[i] = sim_chance(2) ? '!' : "oovvnt"[sim_below(6)];
        if (letters[i] == 'o' || letters[i] == 'v') {
            strcat(nicks, " ");
            strcat(nicks, nick(one));
        }
    }
    channel(name);
    char sign = sim_chance(60) ? '+' : '-';
    if (sim_chance(15))
        peer_say(p, "MODE %s", name);
    else if (sim_chance(5))
        peer_say(p, "MODE %s %c%s", name, sign, letters);
    else
        peer_say(p, "MODE %s %c%s%s", name, sign, letters, nicks);
}

static void say_user_mode(struct peer *p)
{
    static const char *const changes[] = {"", " +i", " -i"};
    char name[NAME_CHARS];
    nick(name);
    peer_say(p, "MODE %s%s", name, changes[sim_below(3)]);
}

static void say_nick(struct peer *p)
{
    char name[NAME_CHARS];
    peer_say(p, "NICK %s", sim_chance(3) ? "9bad" : nick(name));
}

static void say_quit(struct peer *p)
{
    peer_say(p, "QUIT :bye %u", texts++);
    p->has_quit = true;
}

/* How often each is said, out of the sum. */
static const struct {
    unsigned weight;
    void (*say)(struct peer *p);
} lines[] = {
    {35, say_message}, {22, say_join},        {12, say_part},     {6, say_nick},  {6, say_tagmsg},
    {5, say_topic},    {5, say_channel_mode}, {3, say_user_mode}, {4, say_names}, {1, say_quit},
};

void chatter_say(struct peer *p)
{
    if (p->has_quit || p->is_eof || p->is_over)
        return;
    if (sim_chance(5)) {
        peer_say(p, "PING %u", p->commands);
        return;
    }
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        sum += lines[i].weight;
    unsigned dice = sim_below(sum);
    size_t i = 0;
    while (dice >= lines[i].weight)
        dice -= lines[i++].weight;
    p->commands++;
    lines[i].say(p);
}
