#include "chat/hub/reply_list.h"

#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"

void reply_list_init(struct reply_list *l, struct hub_call *call, const char *numeric,
                     char separator, const struct span *params, size_t count)
{
    CHECK(count <= REPLY_LIST_PARAMS_MAX);
    l->call = call;
    l->numeric = numeric;
    l->separator = separator;
    l->param_count = count;
    l->lines = l->len = 0;
    size_t around = strlen(":") + strlen(call->hub->options.server_name) + strlen(" ") +
                    strlen(numeric) + strlen(" ") + call->user->nick_bytes + strlen(" :");
    for (size_t i = 0; i < count; i++) {
        l->params[i] = params[i];
        around += strlen(" ") + params[i].len;
    }
    CHECK(around < IRC_REST_BYTES_MAX);
    l->room = IRC_REST_BYTES_MAX - around;
}

void reply_list_end(struct reply_list *l)
{
    if (l->len == 0)
        return;
    l->params[l->param_count] = span_of(l->text, l->len);
    reply(l->call, l->numeric, l->params, l->param_count + 1);
    l->lines++;
    l->len = 0;
}

static void append(struct reply_list *l, struct span s)
{
    if (s.len > 0)
        memcpy(l->text + l->len, s.ptr, s.len);
    l->len += s.len;
}

void reply_list_add(struct reply_list *l, struct span prefix, struct span word)
{
    size_t bytes = prefix.len + word.len;
    CHECK(bytes <= l->room);
    if (l->len > 0 && l->len + 1 + bytes > l->room)
        reply_list_end(l);
    if (l->len > 0)
        l->text[l->len++] = l->separator;
    append(l, prefix);
    append(l, word);
}
