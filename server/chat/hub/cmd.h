/* The verbs that the hub applies. Each may be called only with as many params as its row in verb.c
 * asks for, and for a session that the hub knows. */
#pragma once

#include <stdbool.h>

struct hub_call;

/* cmd_invite.c */
void cmd_invite(struct hub_call *call);

/* cmd_join.c */
void cmd_join(struct hub_call *call);

/* cmd_kick.c */
void cmd_kick(struct hub_call *call);

/* cmd_names.c */
void cmd_names(struct hub_call *call);

/* cmd_part.c */
void cmd_part(struct hub_call *call);

/* cmd_topic.c */
void cmd_topic(struct hub_call *call);

/* cmd_message.c */
void cmd_privmsg(struct hub_call *call);
void cmd_notice(struct hub_call *call);
void cmd_tagmsg(struct hub_call *call);

/* cmd_mode.c */
void cmd_mode(struct hub_call *call);

/* cmd_list.c */
void cmd_list(struct hub_call *call);
/* cmd_lookup.c */
void cmd_ison(struct hub_call *call);
void cmd_lusers(struct hub_call *call);
void cmd_userhost(struct hub_call *call);
/* cmd_who.c */
void cmd_who(struct hub_call *call);

/* cmd_whois.c */
void cmd_whois(struct hub_call *call);

/* cmd_whowas.c */
void cmd_whowas(struct hub_call *call);
/* cmd_monitor.c */
void cmd_monitor(struct hub_call *call);

/* cmd_away.c */
void cmd_away(struct hub_call *call);

/* cmd_oper.c */
void cmd_kill(struct hub_call *call);
void cmd_oper(struct hub_call *call);
void cmd_rehash(struct hub_call *call);
void cmd_wallops(struct hub_call *call);

/* cmd_stats.c */
void cmd_stats(struct hub_call *call);

/* cmd_user.c */
void cmd_nick(struct hub_call *call);
void cmd_quit(struct hub_call *call);
void cmd_setname(struct hub_call *call);
