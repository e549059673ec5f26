#include "chat/lusers.h"

#include <stdio.h>

enum { NUMBER_CHARS = 16, TEXT_CHARS = 96 };

static struct span number(uint32_t n, char out[NUMBER_CHARS])
{
    return span_of(out, (size_t)snprintf(out, NUMBER_CHARS, "%u", n));
}

void lusers_say(const struct hub_counts *counts,
                void (*say)(void *to, const char *numeric, const struct span *params, size_t count),
                void *to)
{
    uint32_t users = counts->users, most = counts->users_max, invisible = counts->invisible;
    char text[TEXT_CHARS], first[NUMBER_CHARS], second[NUMBER_CHARS];
    snprintf(text, sizeof(text), "There are %u users and %u invisible on 1 server",
             users - invisible, invisible);
    say(to, "251", (struct span[]){span_str(text)}, 1);
    say(to, "252", (struct span[]){number(counts->opers, first), SPAN("operator(s) online")}, 2);
    say(to, "254", (struct span[]){number(counts->channels, first), SPAN("channels formed")}, 2);
    snprintf(text, sizeof(text), "I have %u clients and 0 servers", users);
    say(to, "255", (struct span[]){span_str(text)}, 1);
    snprintf(text, sizeof(text), "Current local users %u, max %u", users, most);
    say(to, "265", (struct span[]){number(users, first), number(most, second), span_str(text)}, 3);
    snprintf(text, sizeof(text), "Current global users %u, max %u", users, most);
    say(to, "266", (struct span[]){number(users, first), number(most, second), span_str(text)}, 3);
}
