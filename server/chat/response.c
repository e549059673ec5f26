#include "chat/response.h"

#include "chat/chat_loop.h"
#include "chat/session.h"
#include "config/config.h"
#include "simul/check.h"
#include "simul/irc.h"
#include "simul/utf8.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    LABEL_BYTES_MAX = 64, /* the specification's */
    TAG_BYTES_MAX = sizeof("label=") + LABEL_BYTES_MAX,
    LINE_BYTES_MAX = 160, /* of ours: a server's name and a few words */
};

static bool can_read_labels(const struct conn *c)
{
    const uint32_t both = CAP_LABELED_RESPONSE | CAP_BATCH;
    return (chat_session_of(c)->caps & both) == both;
}

static struct span find_label(struct span tags)
{
    struct span label = SPAN_EMPTY;
    struct irc_tag tag;
    while (irc_tags_next(&tags, &tag))
        if (span_eq(tag.key, SPAN("label")))
            label = tag.value;
    return label.len <= LABEL_BYTES_MAX && utf8_is_valid(label) ? label : SPAN_EMPTY;
}

void response_init(struct response *r, struct conn *c, const struct irc_line *line)
{
    *r = (struct response){.to = conn_handle(c)};
    if (can_read_labels(c))
        r->label = find_label(line->tags);
}

void response_deinit(struct response *r)
{
    buf_deinit(&r->first);
}

bool response_is_to(const struct conn *c)
{
    const struct response *r = chat_loop_of(c)->response;
    return r != NULL && r->to.slot == c->slot && r->to.generation == c->generation;
}

static void write_labeled(const struct response *r, struct conn *c, struct span line)
{
    char tag[TAG_BYTES_MAX];
    int len = snprintf(tag, sizeof(tag), "label=%.*s", SPAN_ARG(r->label));
    chat_session_write_tagged(c, span_of(tag, (size_t)len), line);
}

static void write_in_batch(const struct response *r, struct conn *c, struct span line)
{
    char tag[TAG_BYTES_MAX];
    int len = snprintf(tag, sizeof(tag), "batch=%" PRIx64, r->batch);
    chat_session_write_tagged(c, span_of(tag, (size_t)len), line);
}

/* A line of the server's own. */
__attribute__((format(printf, 3, 4))) static struct span
print(const struct conn *c, char out[LINE_BYTES_MAX], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int server = snprintf(out, LINE_BYTES_MAX, ":%s ", chat_loop_of(c)->config->server.name);
    int rest = vsnprintf(out + server, (size_t)(LINE_BYTES_MAX - server), format, args);
    va_end(args);
    CHECK(rest > 0 && server + rest < LINE_BYTES_MAX);
    return span_of(out, (size_t)server + (size_t)rest);
}

/* There is more than one line: the batch begins, with the one that was held back. */
static void begin_batch(struct response *r, struct conn *c)
{
    struct chat_loop *cl = chat_loop_of(c);
    char line[LINE_BYTES_MAX];
    r->batch = ++cl->batches;
    write_labeled(r, c, print(c, line, "BATCH +%" PRIx64 " labeled-response", r->batch));
    write_in_batch(r, c, buf_span(&r->first));
    buf_deinit(&r->first);
}

void response_write(struct conn *c, struct span line)
{
    struct response *r = chat_loop_of(c)->response;
    if (r->batch == 0 && r->first.len == 0) {
        if (buf_append(&r->first, line) != OK)
            conn_abort_no_memory(c);
        return;
    }
    if (r->batch == 0)
        begin_batch(r, c);
    write_in_batch(r, c, line);
}

void response_pause(struct response *r, struct conn *c)
{
    if (r->first.len > 0)
        begin_batch(r, c);
}

void response_end(struct response *r, struct conn *c)
{
    char line[LINE_BYTES_MAX];
    if (r->label.len == 0)
        return;
    if (r->batch != 0)
        chat_session_write_tagged(c, SPAN_EMPTY, print(c, line, "BATCH -%" PRIx64, r->batch));
    else if (r->first.len > 0)
        write_labeled(r, c, buf_span(&r->first));
    else
        write_labeled(r, c, print(c, line, "ACK"));
    response_deinit(r);
}
