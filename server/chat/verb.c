#include "chat/verb.h"

#include "chat/hub/cmd.h"
#include "chat/judge.h"
#include "chat/local.h"

enum { NEVER = UINT8_MAX };

/* Params that are missing are the verb's own business where it has a numeric of its own for that.
 */
const struct verb verbs[] = {
    {"PRIVMSG", "<target>{,<target>} :<text>", "sends a message to users and channels",
     .hub = cmd_privmsg},
    {"PING", "<token>", "is answered by PONG with the token", .is_early = true,
     .local = local_ping},
    {"PONG", "<token>", "answers a PING", .is_early = true, .local = local_pong},
    {"TAGMSG", "<target>{,<target>}", "sends client-only tags without a text", .params_min = 1,
     .hub = cmd_tagmsg},
    {"NOTICE", "<target>{,<target>} :<text>", "sends a message that no program answers by itself",
     .hub = cmd_notice},
    {"JOIN", "<#channel>{,<#channel>} [<key>{,<key>}] | 0",
     "enters channels, with their keys, or leaves them all", .params_min = 1,
     .has_long_answer = true, .hub = cmd_join},
    {"PART", "<#channel>{,<#channel>} [:<reason>]", "leaves channels", .params_min = 1,
     .hub = cmd_part},
    {"KICK", "<#channel>{,<#channel>} <nick>{,<nick>} [:<reason>]",
     "makes others leave your channel", .params_min = 2, .hub = cmd_kick},
    {"INVITE", "[<nick> <#channel>]", "invites to a channel, or lists where you are invited",
     .decides_from = 2, .hub = cmd_invite},
    {"MODE", "<target> [<modes> [<param>...]]",
     "shows or changes the modes of a channel or of yourself", .params_min = 1, .decides_from = 2,
     .has_long_answer = true, .hub = cmd_mode},
    {"NAMES", "[<#channel>{,<#channel>}]", "lists who is in a channel", .decides_from = NEVER,
     .has_long_answer = true, .hub = cmd_names},
    {"TOPIC", "<#channel> [:<topic>]", "shows or changes what a channel is about", .params_min = 1,
     .decides_from = 2, .hub = cmd_topic},
    {"MONITOR", "+|- <nick>{,<nick>} | C | L | S", "watches who comes and goes", .params_min = 1,
     .has_long_answer = true, .hub = cmd_monitor},
    {"AWAY", "[:<text>]", "tells others that you are away, or here again", .hub = cmd_away},
    {"SETNAME", ":<realname>", "changes your realname", .params_min = 1, .hub = cmd_setname},
    {"NICK", "<nick>", "takes a nick", .is_early = true, .local = local_nick, .hub = cmd_nick},
    {"USER", "<user> 0 * :<realname>", "says who you are, once", .params_min = 4, .is_early = true,
     .local = local_user},
    {"CAP", "LS [302] | LIST | REQ :<capability>... | END", "negotiates capabilities",
     .params_min = 1, .is_early = true, .local = local_cap},
    {"PASS", "<password>", "gives the password of the server, before NICK and USER",
     .params_min = 1, .is_early = true, .local = local_pass},
    {"HELP", "[<command>]", "explains a command, or lists all of them", .local = local_help},
    {"LIST", "[<#channel>{,<#channel>}] [<condition>{,<condition>}]",
     "lists channels: <n >n by users, C<n C>n T<n T>n by minutes, *mask* !*mask* by name",
     .decides_from = NEVER, .has_long_answer = true, .hub = cmd_list},
    {"WHO", "<mask> [o][%<fields>[,<token>]]", "lists users: of a channel, by nick or by mask",
     .params_min = 1, .decides_from = NEVER, .has_long_answer = true, .hub = cmd_who},
    {"WHOIS", "[<server>] <nick>{,<nick>}", "tells about users", .decides_from = NEVER,
     .hub = cmd_whois},
    {"WHOWAS", "<nick> [<count>]", "tells who had a nick before", .decides_from = NEVER,
     .hub = cmd_whowas},
    {"ISON", "<nick>...", "tells which of these are here", .params_min = 1, .decides_from = NEVER,
     .hub = cmd_ison},
    {"USERHOST", "<nick>...", "tells from which hosts these come, five at most", .params_min = 1,
     .decides_from = NEVER, .hub = cmd_userhost},
    {"LUSERS", "", "tells how many are here", .decides_from = NEVER, .hub = cmd_lusers},
    {"MOTD", "[<server>]", "shows the message of the day", .local = local_motd},
    {"VERSION", "[<server>]", "tells what program this is, and what clients may rely on",
     .local = local_version},
    {"TIME", "[<server>]", "tells the server's time", .local = local_time},
    {"ADMIN", "[<server>]", "tells who runs the server", .local = local_admin},
    {"INFO", "[<server>]", "tells what the server is", .local = local_info},
    {"LINKS", "[<server>]", "lists the servers of the network: this one", .local = local_links},
    {"OPER", "<name> <password>", "makes you an operator", .params_min = 2, .judge = judge_oper,
     .hub = cmd_oper},
    {"KILL", "<nick> [:<comment>]", "ends somebody's connection; for operators", .params_min = 1,
     .hub = cmd_kill},
    {"WALLOPS", ":<text>", "sends a message to all who have mode +w; for operators",
     .params_min = 1, .hub = cmd_wallops},
    {"REHASH", "", "reads the configuration again, as HUP does; for operators",
     .decides_from = NEVER, .hub = cmd_rehash},
    {"STATS", "u | o", "tells how long the server has been up, or who is an operator",
     .params_min = 1, .decides_from = NEVER, .has_long_answer = true, .hub = cmd_stats},
    {"QUIT", "[:<reason>]", "leaves the server", .is_early = true, .ends_session = true,
     .local = local_quit, .hub = cmd_quit},
};
const size_t verb_count = sizeof(verbs) / sizeof(verbs[0]);

const struct verb *verb_find(struct span name)
{
    for (size_t i = 0; i < verb_count; i++)
        if (span_eq_nocase(name, span_str(verbs[i].name)))
            return &verbs[i];
    return NULL;
}
