#include "chat/verb.h"

#include "chat/cmd.h"
#include "chat/local.h"

enum { NEVER = UINT8_MAX };

/* Those that are used most come first. Params that are missing are the verb's own business where
 * it has a numeric of its own for that. */
static const struct verb verbs[] = {
    /* name, params_min, decides_from, is_early, ends_session, has_long_answer, local, hub */
    {"PRIVMSG", 0, 0, false, false, false, NULL, cmd_privmsg},
    {"PING", 1, 0, true, false, false, local_ping, NULL},
    {"PONG", 0, 0, true, false, false, local_pong, NULL},
    {"TAGMSG", 1, 0, false, false, false, NULL, cmd_tagmsg},
    {"NOTICE", 0, 0, false, false, false, NULL, cmd_notice},
    {"JOIN", 1, 0, false, false, true, NULL, cmd_join},
    {"PART", 1, 0, false, false, false, NULL, cmd_part},
    {"MODE", 1, 2, false, false, false, NULL, cmd_mode},
    {"NAMES", 0, NEVER, false, false, true, NULL, cmd_names},
    {"TOPIC", 1, 2, false, false, false, NULL, cmd_topic},
    {"NICK", 0, 0, true, false, false, local_nick, cmd_nick},
    {"USER", 4, 0, true, false, false, local_user, NULL},
    {"CAP", 1, 0, true, false, false, local_cap, NULL},
    {"PASS", 1, 0, true, false, false, local_pass, NULL},
    {"MOTD", 0, 0, false, false, false, local_motd, NULL},
    {"QUIT", 0, 0, true, true, false, local_quit, cmd_quit},
};

const struct verb *verb_find(struct span name)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (span_eq_nocase(name, span_str(verbs[i].name)))
            return &verbs[i];
    return NULL;
}
