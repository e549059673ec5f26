/* CAP (https://ircv3.net/specs/extensions/capability-negotiation). */
#include "chat/caps.h"
#include "chat/local.h"
#include "chat/session.h"

/* All or nothing. */
static void request(struct conn *c, struct chat_session *s, struct span list)
{
    bool is_known = caps_request(list, &s->caps);
    SAY(c, "CAP", chat_session_nick(s), is_known ? SPAN("ACK") : SPAN("NAK"), list);
}

void local_cap(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    struct span what = line->params[0], nick = chat_session_nick(s);
    struct span list = line->param_count > 1 ? line->params[1] : SPAN_EMPTY;
    char names[CAPS_LIST_BYTES_MAX];
    if (span_eq_nocase(what, SPAN("END"))) {
        s->is_negotiating = false;
    } else if (span_eq_nocase(what, SPAN("LS"))) {
        s->is_negotiating = !s->is_registered;
        SAY(c, "CAP", nick, SPAN("LS"), caps_list(UINT32_MAX, names));
    } else if (span_eq_nocase(what, SPAN("LIST"))) {
        SAY(c, "CAP", nick, SPAN("LIST"), caps_list(s->caps, names));
    } else if (span_eq_nocase(what, SPAN("REQ"))) {
        s->is_negotiating = !s->is_registered;
        request(c, s, list);
    } else {
        NUMERIC(c, "410", what, SPAN("Invalid CAP command"));
    }
}
