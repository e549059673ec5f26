#include "chat/hub/caps.h"

#include "simul/check.h"

const struct cap caps[] = {
    {"account-notify", CAP_ACCOUNT_NOTIFY, "tells who logs in or out; there are no accounts yet"},
    {"away-notify", CAP_AWAY_NOTIFY, "tells who goes away and comes back"},
    {"batch", CAP_BATCH, "lines that belong together are marked"},
    {"cap-notify", CAP_CAP_NOTIFY, "tells when capabilities come and go"},
    {"chghost", CAP_CHGHOST, "tells whose host changes; none does yet"},
    {"echo-message", CAP_ECHO_MESSAGE, "what you say comes back to you too"},
    {"extended-join", CAP_EXTENDED_JOIN, "JOIN names the account and the realname"},
    {"extended-monitor", CAP_EXTENDED_MONITOR, "MONITOR tells more than who comes and goes"},
    {"invite-notify", CAP_INVITE_NOTIFY, "tells members who is invited"},
    {"labeled-response", CAP_LABELED_RESPONSE, "an answer has the label of its command"},
    {"message-tags", CAP_MESSAGE_TAGS,
     "msgid, and the tags that other clients attach to a message"},
    {"multi-prefix", CAP_MULTI_PREFIX, "NAMES and WHO show all roles of a member"},
    {"no-implicit-names", CAP_NO_IMPLICIT_NAMES, "JOIN is not followed by the list of names"},
    {"server-time", CAP_SERVER_TIME, "tells when each message was said"},
    {"setname", CAP_SETNAME, "tells who changes their realname"},
    {"standard-replies", CAP_STANDARD_REPLIES, "FAIL, WARN and NOTE may answer any command"},
    {"userhost-in-names", CAP_USERHOST_IN_NAMES, "NAMES shows whole nick!user@host"},
};
const size_t cap_count = sizeof(caps) / sizeof(caps[0]);

struct span caps_list(uint32_t bits, char out[CAPS_LIST_BYTES_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < cap_count; i++) {
        if (!(bits & caps[i].bit))
            continue;
        struct span name = span_str(caps[i].name);
        CHECK(len + 1 + name.len <= CAPS_LIST_BYTES_MAX);
        if (len > 0)
            out[len++] = ' ';
        memcpy(out + len, name.ptr, name.len);
        len += name.len;
    }
    return span_of(out, len);
}

const struct cap *caps_find(struct span name)
{
    for (size_t i = 0; i < cap_count; i++)
        if (span_eq(name, span_str(caps[i].name)))
            return &caps[i];
    return NULL;
}

bool caps_request(struct span list, uint32_t *bits)
{
    uint32_t wanted = *bits;
    while (list.len > 0) {
        struct span name = span_take_until(&list, ' ');
        if (name.len == 0)
            continue;
        bool is_off = name.ptr[0] == '-';
        const struct cap *cap = caps_find(is_off ? span_drop(name, 1) : name);
        if (cap == NULL)
            return false;
        wanted = is_off ? wanted & ~cap->bit : wanted | cap->bit;
    }
    *bits = wanted;
    return true;
}
