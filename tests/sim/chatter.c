#include "sim/chatter.h"

#include "sim/peer.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

enum { NAME_CHARS = 20, LIST_CHARS = 160 };

static unsigned nick_count, channel_count;
static unsigned texts; /* so that no two are the same */

void chatter_init(unsigned nicks, unsigned channels)
{
    nick_count = nicks;
    channel_count = channels;
    texts = 0;
}

/* --- names ------------------------------------------------------------------------------- */

/* Names mean the same in either case. */
static const char *nick(char out[NAME_CHARS])
{
    char first = sim_chance(80) ? 'n' : 'N';
    snprintf(out, NAME_CHARS, "%c%u", first, sim_below(nick_count));
    return out;
}

static const char *valid_channel(char out[NAME_CHARS])
{
    char first = sim_chance(80) ? 'a' : 'A';
    snprintf(out, NAME_CHARS, "#%c", first + (int)sim_below(channel_count));
    return out;
}

static const char *channel(char out[NAME_CHARS])
{
    valid_channel(out);
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

/* At times only for those with a role in the channel. */
static const char *target(char out[NAME_CHARS])
{
    if (sim_chance(30))
        return nick(out);
    if (sim_chance(80))
        return channel(out);
    char name[NAME_CHARS];
    channel(name);
    snprintf(out, NAME_CHARS, "%c%.8s", sim_chance(50) ? '@' : '+', name);
    return out;
}

static const char *key(char out[NAME_CHARS])
{
    snprintf(out, NAME_CHARS, "k%u", sim_below(2));
    return out;
}

/* Of nicks or of users, complete or not. */
static const char *mask(char out[NAME_CHARS])
{
    switch (sim_below(5)) {
    case 0:
        nick(out);
        break;
    case 1:
    case 2:
        strcpy(out, sim_chance(50) ? "n?!*@*" : "N?!*@*");
        break;
    case 3:
        snprintf(out, NAME_CHARS, "~u%u@*", sim_below(10));
        break;
    default:
        strcpy(out, "*!*@*");
    }
    return out;
}

/* --- lines ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint32_t bit;
} known_caps[] = {
    {"away-notify", CAP_AWAY_NOTIFY},
    {"batch", CAP_BATCH},
    {"echo-message", CAP_ECHO_MESSAGE},
    {"extended-join", CAP_EXTENDED_JOIN},
    {"extended-monitor", CAP_EXTENDED_MONITOR},
    {"invite-notify", CAP_INVITE_NOTIFY},
    {"labeled-response", CAP_LABELED_RESPONSE},
    {"message-tags", CAP_MESSAGE_TAGS},
    {"multi-prefix", CAP_MULTI_PREFIX},
    {"no-implicit-names", CAP_NO_IMPLICIT_NAMES},
    {"server-time", CAP_SERVER_TIME},
    {"setname", CAP_SETNAME},
    {"userhost-in-names", CAP_USERHOST_IN_NAMES},
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

void chatter_apply_caps(struct span list, uint32_t *bits)
{
    while (list.len > 0) {
        struct span name = span_take(list, span_find(list, ' '));
        list = span_drop(list, name.len < list.len ? name.len + 1 : name.len);
        bool is_off = name.len > 0 && name.ptr[0] == '-';
        name = span_drop(name, is_off);
        for (size_t i = 0; i < KNOWN_CAPS; i++)
            if (span_eq(name, span_str(known_caps[i].name)))
                *bits = is_off ? *bits & ~known_caps[i].bit : *bits | known_caps[i].bit;
    }
}

/* A few come, or go. */
static void say_caps(struct peer *p)
{
    char wanted[512] = "";
    for (unsigned n = 1 + sim_below(3); n > 0; n--) {
        if (wanted[0] != '\0')
            strcat(wanted, " ");
        strcat(wanted, sim_chance(50) ? "-" : "");
        strcat(wanted, known_caps[sim_below(KNOWN_CAPS)].name);
    }
    chatter_apply_caps(span_str(wanted), &p->asked_caps);
    peer_say(p, "CAP REQ :%s", wanted);
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
    char names[LIST_CHARS], keys[LIST_CHARS];
    unsigned count = 1 + sim_below(3);
    list(channel, count, names);
    if (sim_chance(2))
        peer_say(p, "JOIN 0");
    else if (sim_chance(30))
        peer_say(p, "JOIN %s %s", names, list(key, count, keys));
    else
        peer_say(p, "JOIN %s", names);
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
    list(target, sim_chance(80) ? 1 : 2 + sim_below(4), names);
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
    peer_say(p, "@+x=%u TAGMSG %s", texts++, list(target, 1 + sim_below(2), names));
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

/* Adds a change, with its param if it has one. */
static void add_change(char *letters, char params[LIST_CHARS])
{
    char letter = "ooovvvvbbbbeeIiklmnnstt!"[sim_below(24)], param[NAME_CHARS] = "";
    if (letter == 'o' || letter == 'v')
        nick(param);
    else if (strchr("beI", letter) != NULL && sim_chance(80))
        mask(param);
    else if (letter == 'k')
        strcpy(param, sim_chance(5) ? "a,b" : sim_chance(50) ? "k0" : "k1");
    else if (letter == 'l' && sim_chance(50))
        snprintf(param, sizeof(param), "%u", sim_below(8));
    if (sim_chance(30))
        *strchr(letters, '\0') = sim_chance(60) ? '+' : '-';
    *strchr(letters, '\0') = letter;
    if (param[0] != '\0')
        strcat(strcat(params, " "), param);
}

static void say_channel_mode(struct peer *p)
{
    char name[NAME_CHARS], letters[16] = "", params[LIST_CHARS] = "";
    letters[0] = sim_chance(50) ? '+' : '-';
    for (unsigned n = 1 + sim_below(4); n > 0; n--)
        add_change(letters, params);
    channel(name);
    if (sim_chance(15))
        peer_say(p, "MODE %s", name);
    else
        peer_say(p, "MODE %s %s%s", name, letters, sim_chance(5) ? "" : params);
}

static void say_user_mode(struct peer *p)
{
    static const char *const changes[] = {"",    " +i",    " -i", " +B-w",
                                          " +w", " -B+iw", " -o", " +o?"};
    char name[NAME_CHARS];
    nick(name);
    peer_say(p, "MODE %s%s", name, changes[sim_below(8)]);
}

static void say_nick(struct peer *p)
{
    char name[NAME_CHARS];
    peer_say(p, "NICK %s", sim_chance(3) ? "9bad" : nick(name));
}

static void say_away(struct peer *p)
{
    if (sim_chance(50))
        peer_say(p, "AWAY");
    else
        peer_say(p, "AWAY :gone %u", sim_below(3));
}

static void say_setname(struct peer *p)
{
    if (sim_chance(5))
        peer_say(p, "SETNAME :");
    else
        peer_say(p, "SETNAME :real name %u", sim_below(5));
}

static void say_kick(struct peer *p)
{
    char channels[LIST_CHARS], names[LIST_CHARS];
    list(nick, 1 + sim_below(5), names);
    list(channel, 1 + sim_chance(20), channels);
    if (sim_chance(50))
        peer_say(p, "KICK %s %s", channels, names);
    else
        peer_say(p, "KICK %s %s :reason %u", channels, names, texts++);
}

static void say_invite(struct peer *p)
{
    char name[NAME_CHARS], to[NAME_CHARS];
    nick(name);
    channel(to);
    if (sim_chance(20))
        peer_say(p, "INVITE");
    else
        peer_say(p, "INVITE %s %s", name, to);
}

static void say_monitor(struct peer *p)
{
    char names[LIST_CHARS];
    unsigned dice = sim_below(10);
    if (dice < 7)
        peer_say(p, "MONITOR %c %s", dice < 5 ? '+' : '-', list(nick, 1 + sim_below(3), names));
    else
        peer_say(p, "MONITOR %c", "CLS"[sim_below(3)]);
}

/* Both of channels and of users. */
static void say_query(struct peer *p)
{
    char name[NAME_CHARS], names[LIST_CHARS];
    switch (sim_below(7)) {
    case 0:
        peer_say(p, "LIST%s", sim_chance(50) ? "" : sim_chance(50) ? " <3" : " >2");
        break;
    case 1:
        peer_say(p, "LIST %s", list(valid_channel, 1 + sim_below(3), names));
        break;
    case 2:
        peer_say(p, "WHOIS %s", list(nick, 1 + sim_below(3), names));
        break;
    case 3:
        nick(name);
        nick(names);
        peer_say(p, "%s %s %s", sim_chance(50) ? "ISON" : "USERHOST", name, names);
        break;
    case 4:
        peer_say(p, "LUSERS");
        break;
    case 5:
        peer_say(p, "WHOWAS %s", nick(name));
        break;
    default:
        say_names(p);
    }
}

static void say_who(struct peer *p)
{
    static const char *const options[] = {"", "", " o", " %tcnf,7", " o%tcnf,7"};
    char name[NAME_CHARS];
    if (sim_chance(40))
        channel(name);
    else if (sim_chance(50))
        snprintf(name, sizeof(name), "%s", sim_chance(50) ? "*" : "n1*");
    else
        nick(name);
    peer_say(p, "WHO %s%s", name, options[sim_below(5)]);
}

static void say_oper(struct peer *p)
{
    char name[NAME_CHARS];
    switch (sim_below(6)) {
    case 0:
        peer_say(p, "KILL %s :comment %u", nick(name), texts++);
        break;
    case 1:
        peer_say(p, "STATS o");
        break;
    case 2:
        peer_say(p, "WALLOPS :text %u", texts++);
        break;
    default:
        peer_say(p, "OPER root %s", sim_chance(90) ? "secret" : "wrong");
    }
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
    {40, say_message}, {24, say_join},  {12, say_part},         {6, say_nick},
    {6, say_tagmsg},   {6, say_topic},  {14, say_channel_mode}, {4, say_user_mode},
    {6, say_query},    {1, say_quit},   {4, say_away},          {2, say_setname},
    {4, say_kick},     {4, say_invite}, {4, say_monitor},       {4, say_who},
    {2, say_oper},
};

static void say_local(struct peer *p)
{
    switch (sim_below(4)) {
    case 0:
        peer_say(p, "MOTD");
        break;
    case 1:
        say_caps(p);
        break;
    default:
        peer_say(p, "PING %u", texts++);
    }
}

void chatter_say(struct peer *p)
{
    if (p->has_quit || p->is_eof || p->is_over)
        return;
    const uint32_t reads_labels = CAP_LABELED_RESPONSE | CAP_BATCH;
    bool is_labeled = (p->asked_caps & reads_labels) == reads_labels && sim_chance(50);
    if (sim_chance(9)) {
        peer_begin_local(p, is_labeled);
        say_local(p);
        return;
    }
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        sum += lines[i].weight;
    unsigned dice = sim_below(sum);
    size_t i = 0;
    while (dice >= lines[i].weight)
        dice -= lines[i++].weight;
    peer_begin_command(p, is_labeled);
    lines[i].say(p);
}
