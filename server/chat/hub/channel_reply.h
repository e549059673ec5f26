/* What a command says of a channel, and JOIN says too. */
#pragma once

#include <stdbool.h>

struct channel;
struct hub_call;

/* The names in the channel, from the call's cursor on, and that they end; false when there is more
 * to come (cmd_names.c). Users who are invisible are so to those outside
 * (https://modern.ircdocs.horse, user modes). */
bool names_reply(struct hub_call *call, const struct channel *ch);

/* The topic, which there must be, and who set it (cmd_topic.c). */
void topic_reply(struct hub_call *call, const struct channel *ch);
