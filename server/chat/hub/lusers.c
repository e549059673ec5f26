#include "chat/hub/lusers.h"
#include "simul/decimal.h"

enum { TEXT_CHARS = 96 };

void lusers_say(const struct hub_counts *counts,
                void (*say)(void *to, const char *numeric, const struct span *params, size_t count),
                void *to)
{
    uint32_t users = counts->users, most = counts->users_max, invisible = counts->invisible;
    char text[TEXT_CHARS], first[DECIMAL_CHARS], second[DECIMAL_CHARS];
    snprintf(text, sizeof(text), "There are %u users and %u invisible on 1 server",
             users - invisible, invisible);
    say(to, "251", (struct span[]){span_str(text)}, 1);
    say(to, "252", (struct span[]){decimal(counts->opers, first), SPAN("operator(s) online")}, 2);
    say(to, "254", (struct span[]){decimal(counts->channels, first), SPAN("channels formed")}, 2);
    snprintf(text, sizeof(text), "I have %u clients and 0 servers", users);
    say(to, "255", (struct span[]){span_str(text)}, 1);
    snprintf(text, sizeof(text), "Current local users %u, max %u", users, most);
    say(to, "265", (struct span[]){decimal(users, first), decimal(most, second), span_str(text)},
        3);
    snprintf(text, sizeof(text), "Current global users %u, max %u", users, most);
    say(to, "266", (struct span[]){decimal(users, first), decimal(most, second), span_str(text)},
        3);
}
