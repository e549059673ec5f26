/* One IRC message with tags: the stream into lines, a line into its parts, parts into a line.
 *
 * Limits (https://modern.ircdocs.horse/#messages): the tag section counts by itself, from '@' to
 * the space behind it; all else has 512 bytes with CR LF. */
#include "simul/irc.h"

#include "simul/check.h"
#include "simul/utf8.h"

/* --- the stream into lines --------------------------------------------------------------- */

static struct span without_cr(struct span line)
{
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* Holds for every beginning of a line that it holds for; irc_line_next relies on that. */
bool irc_line_fits(struct span line, size_t tags_bytes_max)
{
    if (line.len > 0 && line.ptr[0] == '@') {
        size_t space = span_find(line, ' ');
        if (space == line.len)
            return line.len < tags_bytes_max; /* the space is still to come */
        if (space >= tags_bytes_max)
            return false;
        line = span_drop(line, space + 1);
    }
    return line.len <= IRC_REST_BYTES_MAX;
}

enum irc_line_result irc_line_next(bool *is_skipping, struct span *in, size_t tags_bytes_max,
                                   struct span *line)
{
    while (in->len > 0) {
        size_t end = span_find(*in, '\n');
        bool is_whole = end < in->len;
        struct span found = without_cr(span_take(*in, end));
        bool is_rest = *is_skipping;
        bool fits = is_rest || irc_line_fits(found, tags_bytes_max);

        if (!is_whole && fits && !is_rest)
            return IRC_LINE_NEED_MORE;
        *in = span_drop(*in, is_whole ? end + 1 : end);
        *is_skipping = !is_whole;
        if (!fits)
            return IRC_LINE_TOO_LONG;
        if (is_rest || found.len == 0)
            continue;
        *line = found;
        return IRC_LINE_READY;
    }
    return IRC_LINE_NEED_MORE;
}

/* --- a line into its parts --------------------------------------------------------------- */

static bool has_forbidden_byte(struct span s)
{
    return span_find(s, '\0') < s.len || span_find(s, '\r') < s.len || span_find(s, '\n') < s.len;
}

static struct span without_spaces(struct span s)
{
    while (s.len > 0 && s.ptr[0] == ' ')
        s = span_drop(s, 1);
    return s;
}

/* Takes what stands before the next space, and the spaces behind it. */
static struct span take_word(struct span *rest)
{
    size_t end = span_find(*rest, ' ');
    struct span word = span_take(*rest, end);
    *rest = without_spaces(span_drop(*rest, end));
    return word;
}

static void parse_params(struct span rest, struct irc_line *out)
{
    while (rest.len > 0) {
        struct span *param = &out->params[out->param_count++];
        bool has_colon = rest.ptr[0] == ':';
        if (has_colon || out->param_count == IRC_PARAMS_MAX) {
            *param = has_colon ? span_drop(rest, 1) : rest;
            out->has_trailing = true;
            return;
        }
        *param = take_word(&rest);
    }
}

enum err irc_parse(struct span line, struct irc_line *out)
{
    *out = (struct irc_line){0};
    if (has_forbidden_byte(line))
        return ERR_SYNTAX;

    struct span rest = without_spaces(line);
    if (rest.len > 0 && rest.ptr[0] == '@')
        out->tags = span_drop(take_word(&rest), 1);
    if (rest.len > 0 && rest.ptr[0] == ':')
        out->source = span_drop(take_word(&rest), 1);
    out->command = take_word(&rest);
    if (out->command.len == 0 || out->command.ptr[0] == ':' || out->command.ptr[0] == '@')
        return ERR_SYNTAX;
    parse_params(rest, out);
    return OK;
}

/* --- parts into a line ------------------------------------------------------------------- */

static bool is_middle(struct span param)
{
    return param.len > 0 && param.ptr[0] != ':' && span_find(param, ' ') == param.len;
}

static enum err append(struct buf *out, struct span before, struct span s)
{
    enum err e = buf_append(out, before);
    return e != OK ? e : buf_append(out, s);
}

/* ['@' tags SPACE] */
static enum err append_tags(struct buf *out, struct span tags)
{
    CHECK(tags.len + 2 <= IRC_SERVER_TAGS_BYTES_MAX);
    CHECK(span_find(tags, ' ') == tags.len);
    if (tags.len == 0)
        return OK;
    enum err e = append(out, SPAN("@"), tags);
    return e != OK ? e : buf_append(out, SPAN(" "));
}

/* [':' source SPACE] command */
static enum err append_head(struct buf *out, const struct irc_line *line)
{
    CHECK(span_find(line->source, ' ') == line->source.len);
    CHECK(is_middle(line->command));
    if (line->source.len == 0)
        return buf_append(out, line->command);
    enum err e = append(out, SPAN(":"), line->source);
    return e != OK ? e : append(out, SPAN(" "), line->command);
}

/* {SPACE param} [SPACE ':' trailing] */
static enum err append_params(struct buf *out, const struct irc_line *line)
{
    CHECK(line->param_count <= IRC_PARAMS_MAX);
    for (size_t i = 0; i < line->param_count; i++) {
        struct span param = line->params[i];
        bool is_last = i + 1 == line->param_count;
        bool has_colon = is_last && (line->has_trailing || !is_middle(param));
        if (!is_last && !is_middle(param))
            param = SPAN("*");
        enum err e = append(out, has_colon ? SPAN(" :") : SPAN(" "), param);
        if (e != OK)
            return e;
    }
    return OK;
}

enum err irc_format(const struct irc_line *line, struct buf *out)
{
    size_t start = out->len;
    size_t rest_start = start;
    enum err e = append_tags(out, line->tags);
    if (e == OK) {
        rest_start = out->len;
        e = append_head(out, line);
    }
    if (e == OK)
        e = append_params(out, line);
    if (e != OK) {
        out->len = start;
        return e;
    }
    CHECK(!has_forbidden_byte(span_drop(buf_span(out), start)));
    out->len = rest_start + utf8_cut(span_drop(buf_span(out), rest_start), IRC_REST_BYTES_MAX).len;
    return OK;
}
