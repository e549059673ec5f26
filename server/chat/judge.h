/* What a loop makes of a line before it goes to the hub: a secret in it becomes a decision, since
 * the hub's log holds no secrets. */
#pragma once

struct chat_session;
struct conn;
struct irc_line;

/* See cmd_oper. May end the session. */
void judge_oper(struct conn *c, struct chat_session *s, struct irc_line *line);
