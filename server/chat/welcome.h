/* What a client is told when it has registered. */
#pragma once

#include "chat/hub/hub.h"

struct conn;

/* 001 to 005, the counts, and the message of the day. */
void welcome_write(struct conn *c, const struct hub_counts *counts);

/* 005: what clients may rely on. */
void welcome_write_isupport(struct conn *c);

/* 375, 372… and 376, or 422. */
void welcome_write_motd(struct conn *c);
