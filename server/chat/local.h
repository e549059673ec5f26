/* The verbs that a session answers on its own loop: those of registration, and those that ask
 * nothing of the chat. Each has as many params as its row in verb.c asks for. */
#pragma once

struct chat_session;
struct conn;
struct irc_line;

void local_admin(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_cap(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_help(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_info(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_links(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_motd(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_nick(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_pass(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_ping(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_pong(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_quit(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_time(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_user(struct conn *c, struct chat_session *s, const struct irc_line *line);
void local_version(struct conn *c, struct chat_session *s, const struct irc_line *line);
