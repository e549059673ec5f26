/* How many there are, as LUSERS and the welcome tell it. */
#pragma once

#include "chat/hub/hub.h"

/* Says 251 to 255, 265 and 266 (https://modern.ircdocs.horse, LUSERS message); `say` gets the
 * params behind the nick, valid while it runs. 253 is left out: the hub knows nobody who has not
 * registered. */
void lusers_say(const struct hub_counts *counts,
                void (*say)(void *to, const char *numeric, const struct span *params, size_t count),
                void *to);
