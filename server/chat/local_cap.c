/* CAP (https://ircv3.net/specs/extensions/capability-negotiation). */
#include "chat/hub/caps.h"
#include "chat/local.h"
#include "chat/session.h"

enum { VERSION_302 = 302 };

static uint32_t version_of(struct span text)
{
    uint32_t version = 0;
    for (size_t i = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
        if (version < VERSION_302)
            version = version * 10 + (uint32_t)(text.ptr[i] - '0');
    return version;
}

/* No capability has a value yet, and all names fit one line, so the version decides nothing but
 * cap-notify. */
static void list_known(struct conn *c, struct chat_session *s, struct span version)
{
    char names[CAPS_LIST_BYTES_MAX];
    if (version_of(version) >= VERSION_302) {
        s->knows_cap_302 = true;
        s->caps |= CAP_CAP_NOTIFY;
    }
    SAY(c, "CAP", chat_session_nick(s), SPAN("LS"), caps_list(UINT32_MAX, names));
}

/* All or nothing. */
static void request(struct conn *c, struct chat_session *s, struct span list)
{
    uint32_t wanted = s->caps;
    bool is_fine = caps_request(list, &wanted) && (wanted & CAP_CAP_NOTIFY || !s->knows_cap_302);
    if (is_fine)
        s->caps = wanted;
    SAY(c, "CAP", chat_session_nick(s), is_fine ? SPAN("ACK") : SPAN("NAK"), list);
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
        list_known(c, s, list);
    } else if (span_eq_nocase(what, SPAN("LIST"))) {
        SAY(c, "CAP", nick, SPAN("LIST"), caps_list(s->caps, names));
    } else if (span_eq_nocase(what, SPAN("REQ"))) {
        s->is_negotiating = !s->is_registered;
        request(c, s, list);
    } else {
        NUMERIC(c, "410", what, SPAN("Invalid CAP command"));
    }
}
