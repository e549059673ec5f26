/* One IRC message, with its tags, and the names in it: https://modern.ircdocs.horse and
 * https://ircv3.net/specs/extensions/message-tags.
 *
 *     ['@' tags SPACE] [':' source SPACE] command {SPACE param} [SPACE ':' trailing]
 *
 * Sans-IO. Reading borrows: every span points into the bytes that were given, and lives as long as
 * they do. Nothing here knows about UTF-8 except where it says so; a session that wants UTF-8 only
 * asks utf8_is_valid for the whole line first. */
#pragma once

#include "simul/buf.h"
#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    IRC_PARAMS_MAX = 15,
    /* All of a message but its tags, without CR LF. */
    IRC_REST_BYTES_MAX = 510,
    /* The tag section, with its '@' and its space: what a client may send, and what a server may.
     */
    IRC_CLIENT_TAGS_BYTES_MAX = 4096,
    IRC_SERVER_TAGS_BYTES_MAX = 8191,
};

/* --- lines: irc_line.c ------------------------------------------------------------------- */

/* A part that is absent is an empty span; an empty tag section or source counts as absent. */
struct irc_line {
    struct span tags;   /* raw, without the '@' */
    struct span source; /* without the ':' */
    struct span command;
    struct span params[IRC_PARAMS_MAX]; /* the last one without its ':' */
    size_t param_count;
    bool has_trailing; /* the last param has, or shall have, a ':' even if it needs none */
};

enum irc_line_result {
    IRC_LINE_READY,     /* a line was taken */
    IRC_LINE_NEED_MORE, /* no line ends in what is there; keep it, and add to it */
    IRC_LINE_TOO_LONG,  /* a line is being skipped: numeric 417; said once for each */
};

/* Takes the next line out of the stream *in, which moves on behind it. Lines end with LF, and one
 * CR before that is dropped; empty lines are passed over. The line borrows from *in.
 *
 * With IRC_LINE_NEED_MORE, what remains of *in is the beginning of a line that is not too long, so
 * a caller never keeps more than tags_bytes_max + IRC_REST_BYTES_MAX + 1 bytes. *is_skipping, false
 * at the start, is the only state: it is set while the rest of a line that was too long is still to
 * come. tags_bytes_max is one of IRC_CLIENT_TAGS_BYTES_MAX and IRC_SERVER_TAGS_BYTES_MAX. */
enum irc_line_result irc_line_next(bool *is_skipping, struct span *in, size_t tags_bytes_max,
                                   struct span *line);

/* Whether a line, without CR LF, keeps to both limits. For lines that come framed in another way,
 * as WebSocket messages; irc_line_next has asked already. */
bool irc_line_fits(struct span line, size_t tags_bytes_max);

/* Parses one line without CR LF, of any length; the parts borrow from it. Runs of spaces separate
 * like one, and those at the end are dropped, except within the trailing param. The fifteenth
 * param is the rest of the line, with a ':' or without (RFC 2812 2.3.1). Commands are not checked
 * against a grammar: one that is unknown is the caller's to refuse.
 *
 * ERR_SYNTAX: the line contains NUL, CR or LF, which must never reach other clients; or it has no
 * command, or one that begins with ':' or '@'. */
enum err irc_parse(struct span line, struct irc_line *out);

/* Appends the line to *out, without CR LF: the end of a line belongs to the transport.
 *
 * A param before the last that cannot stand there, being empty, beginning with ':' or containing a
 * space, is written as "*": what a peer sent may be named in any reply, yet cannot shift its
 * params. The last one gets its ':' when it needs one or has_trailing asks for it. All after the
 * tags is cut to IRC_REST_BYTES_MAX, never inside a code point.
 *
 * NUL, CR and LF anywhere, a space in the tags, source or command, an empty command, too many
 * params and tags over IRC_SERVER_TAGS_BYTES_MAX are bugs of the caller. ERR_NOMEM leaves the
 * content of *out as it was. */
enum err irc_format(const struct irc_line *line, struct buf *out);

/* --- tags: irc_tags.c -------------------------------------------------------------------- */

struct irc_tag {
    struct span key;   /* with its '+' and vendor */
    struct span value; /* escaped; a missing value and an empty one mean the same */
};

/* Takes the next tag out of *tags, the raw tag section, which moves on behind it; false at the
 * end. Empty items are passed over; nothing is checked. Of tags with the same key the last counts.
 */
bool irc_tags_next(struct span *tags, struct irc_tag *tag);

/* ['+'] [vendor '/'] name, where the name is of letters, digits and '-', and a vendor is a host. */
bool irc_tag_key_is_valid(struct span key);

/* Undoes the escapes of a value. `out` has room for value.len bytes, and may be where the value
 * stands. Returns how many bytes were written. An unknown escape and a lone backslash at the end
 * lose their backslash. */
size_t irc_tag_unescape(struct span value, uint8_t *out);

/* Appends the value with its escapes. ERR_NOMEM leaves the content of *out as it was. */
enum err irc_tag_escape(struct span value, struct buf *out);

/* Appends those tags that a server passes on from a client, the ones that begin with '+' and have
 * a valid key; ready for irc_line.tags. ERR_NOMEM leaves the content of *out as it was. */
enum err irc_tags_client_only(struct span tags, struct buf *out);

/* --- names: irc_name.c; CASEMAPPING=ascii ------------------------------------------------ */

/* Writes the folded name, of the same length; `out` may be where the name stands. */
void irc_fold(struct span name, uint8_t *out);

/* Whether two names are the same once folded. */
bool irc_eq(struct span a, struct span b);

/* 1 to bytes_max of ASCII letters, digits and []\`_^{|}-, beginning with neither digit nor '-'. */
bool irc_nick_is_valid(struct span nick, size_t bytes_max);

/* '#' and what follows, up to bytes_max in all: UTF-8 without NUL, BEL, CR, LF, space, comma. */
bool irc_channel_is_valid(struct span channel, size_t bytes_max);

/* Writes those characters of a user name that may stand in a source, at most bytes_max; returns
 * how many. They are those of nicks, and '.'. A '~' is not among them: it is the server's mark for
 * a name that nobody vouches for. Nothing may be left. */
size_t irc_user_clean(struct span user, uint8_t *out, size_t bytes_max);

/* --- masks: irc_mask.c; https://modern.ircdocs.horse, "Wildcard Expressions" ------------- */

/* Whether the whole text is as the mask says: '*' stands for anything, nothing included, '?' for
 * one character, a code point of UTF-8; a backslash before either takes its meaning away, and is
 * itself elsewhere. Letters are compared without their case, as in names. Takes no more steps than
 * the product of both lengths. */
bool irc_mask_matches(struct span mask, struct span text);

/* Appends the mask as one of "nick!user@host", with '*' for what is missing: "a" is "a!*@*", "u@h"
 * is "*!u@h", and what has a '.' or ':' but neither '!' nor '@' is a host. That is at most four
 * bytes more. ERR_SYNTAX: empty, with a space, or with a ':' at the front, which no line could
 * carry as a param. ERR_NOMEM leaves the content of *out as it was, as does the other. */
enum err irc_mask_complete(struct span mask, struct buf *out);
