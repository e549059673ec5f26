/* What a command says of a channel, and JOIN says too. */
#pragma once

#include "simul/span.h"

#include <stdbool.h>

struct channel;
struct hub_call;

/* The names in the channel, if the caller may know of it, from the call's cursor on, and that they
 * end; false when there is more to come (cmd_names.c). */
bool names_reply(struct hub_call *call, struct span name);

/* The topic, which there must be, and who set it (cmd_topic.c). */
void topic_reply(struct hub_call *call, const struct channel *ch);
