/* HELP (https://modern.ircdocs.horse, HELP message): the tables of verbs and of capabilities, for
 * people. */
#include "chat/hub/caps.h"
#include "chat/local.h"
#include "chat/session.h"
#include "chat/verb.h"
#include "simul/check.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 200 };

static void help_cap(struct conn *c, const struct cap *cap)
{
    struct span name = span_str(cap->name);
    NUMERIC(c, "704", name, SPAN("A capability, for CAP REQ"));
    NUMERIC(c, "705", name, SPAN(""));
    NUMERIC(c, "706", name, span_str(cap->help));
}

/* cap: of the same name, or NULL. */
static void help_verb(struct conn *c, const struct verb *verb, const struct cap *cap)
{
    char text[TEXT_BYTES_MAX];
    struct span name = span_str(verb->name);
    int len = snprintf(text, sizeof(text), "%s %s", verb->name, verb->usage);
    CHECK(len > 0 && len < TEXT_BYTES_MAX);
    NUMERIC(c, "704", name, span_of(text, (size_t)len));
    NUMERIC(c, "705", name, SPAN(""));
    NUMERIC(c, cap == NULL ? "706" : "705", name, span_str(verb->help));
    if (cap == NULL)
        return;
    len = snprintf(text, sizeof(text), "The capability %s: %s", cap->name, cap->help);
    CHECK(len > 0 && len < TEXT_BYTES_MAX);
    NUMERIC(c, "706", name, span_of(text, (size_t)len));
}

/* All commands, as many on a line as look well. */
static void help_all(struct conn *c)
{
    enum { LINE_BYTES = 60 };
    char text[TEXT_BYTES_MAX];
    size_t len = 0;
    NUMERIC(c, "704", SPAN("*"), SPAN("The commands of this server"));
    NUMERIC(c, "705", SPAN("*"), SPAN(""));
    for (size_t i = 0; i < verb_count; i++) {
        struct span name = span_str(verbs[i].name);
        if (len > 0 && len + 1 + name.len > LINE_BYTES) {
            NUMERIC(c, "705", SPAN("*"), span_of(text, len));
            len = 0;
        }
        if (len > 0)
            text[len++] = ' ';
        memcpy(text + len, name.ptr, name.len);
        len += name.len;
    }
    NUMERIC(c, "705", SPAN("*"), span_of(text, len));
    NUMERIC(c, "706", SPAN("*"), SPAN("HELP <command> tells more of each"));
}

void local_help(struct conn *c, struct chat_session *s, const struct irc_line *line)
{
    (void)s;
    if (line->param_count == 0 || line->params[0].len == 0) {
        help_all(c);
        return;
    }
    const struct verb *verb = verb_find(line->params[0]);
    const struct cap *cap = caps_find(line->params[0]);
    if (verb != NULL)
        help_verb(c, verb, cap);
    else if (cap != NULL)
        help_cap(c, cap);
    else
        NUMERIC(c, "524", line->params[0], SPAN("No help available on this topic"));
}
