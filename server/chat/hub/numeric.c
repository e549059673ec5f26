#include "chat/hub/numeric.h"

#include "simul/check.h"
#include "simul/irc.h"

enum err numeric_format(struct buf *out, struct span server, const char *numeric, struct span nick,
                        const struct span *params, size_t count)
{
    CHECK(count < IRC_PARAMS_MAX);
    struct irc_line line = {
        .source = server,
        .command = span_str(numeric),
        .params = {nick},
        .param_count = 1 + count,
        .has_trailing = count > 0,
    };
    for (size_t i = 0; i < count; i++)
        line.params[1 + i] = params[i];
    return irc_format(&line, out);
}
