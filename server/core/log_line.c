#include "core/log_line.h"

#include "simul/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* The line under construction. Once something did not fit, `is_full` stays set and the caller rolls
 * `len` back to where the last whole field ended. */
struct line {
    char *data;
    size_t len;
    size_t cap;
    bool is_full;
};

static void line_add(struct line *line, const void *bytes, size_t len)
{
    if (line->is_full || line->cap - line->len < len) {
        line->is_full = true;
        return;
    }
    memcpy(line->data + line->len, bytes, len);
    line->len += len;
}

static void line_add_str(struct line *line, const char *text)
{
    line_add(line, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void line_printf(struct line *line, const char *format,
                                                              ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    line_add_str(line, text);
}

/* The length of the character at the front of s, 0 when there is none. */
static size_t character_length(struct span s)
{
    uint8_t first = s.ptr[0];
    size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    return s.len >= len && utf8_is_valid(span_take(s, len)) ? len : 0;
}

/* ASCII's control characters and those of U+0080 to U+009F, which terminals obey as well. */
static bool is_control(const uint8_t *sequence, size_t len)
{
    return (len == 1 && (sequence[0] < 0x20 || sequence[0] == 0x7f)) ||
           (len == 2 && sequence[0] == 0xc2 && sequence[1] < 0xa0);
}

/* Control characters as \xNN, byte by byte. In JSON the backslash itself is escaped, so that both
 * formats read back as the same text. */
static void line_add_hex(struct line *line, enum log_format format, const uint8_t *bytes,
                         size_t len)
{
    for (size_t i = 0; i < len; i++)
        line_printf(line, format == LOG_FORMAT_JSON ? "\\\\x%02x" : "\\x%02x", bytes[i]);
}

static void line_add_escaped(struct line *line, enum log_format format, struct span text,
                             size_t bytes_max)
{
    size_t at = 0;
    while (at < text.len) {
        const uint8_t *bytes = text.ptr + at;
        size_t len = character_length(span_drop(text, at));
        if (at + (len == 0 ? 1 : len) > bytes_max) {
            line_add_str(line, "...");
            return;
        }
        if (len == 0 || is_control(bytes, len)) {
            len = len == 0 ? 1 : len;
            line_add_hex(line, format, bytes, len);
        } else {
            if (bytes[0] == '"' || bytes[0] == '\\')
                line_add(line, "\\", 1);
            line_add(line, bytes, len);
        }
        at += len;
    }
}

/* logfmt needs quotes unless the value is one plain word. */
static bool is_plain_word(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return text.len > 0;
}

static void line_add_text(struct line *line, enum log_format format, struct span text,
                          size_t bytes_max)
{
    const char *quote = format == LOG_FORMAT_JSON || !is_plain_word(text) ? "\"" : "";
    line_add_str(line, quote);
    line_add_escaped(line, format, text, bytes_max);
    line_add_str(line, quote);
}

static void line_add_field(struct line *line, enum log_format format, const struct log_field *field)
{
    line_add_str(line, format == LOG_FORMAT_JSON ? ",\"" : " ");
    line_add_str(line, field->key);
    line_add_str(line, format == LOG_FORMAT_JSON ? "\":" : "=");
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        line_add_text(line, format, field->text, LOG_VALUE_BYTES_MAX);
        break;
    case LOG_FIELD_LONG_TEXT:
        line_add_text(line, format, field->text, LOG_LINE_BYTES_MAX);
        break;
    case LOG_FIELD_INT:
        line_printf(line, "%" PRId64, field->number);
        break;
    case LOG_FIELD_BOOL:
        line_add_str(line, field->number != 0 ? "true" : "false");
        break;
    }
}

size_t log_line_format(char *data, enum log_format format, struct timespec now,
                       enum log_module module, enum log_level level, const struct log_field *fields,
                       size_t count)
{
    static const char CUT_JSON[] = ",\"cut\":true", CUT_LOGFMT[] = " cut=true";
    const size_t tail_bytes_max = sizeof(CUT_JSON) + sizeof("}\n");
    struct line line = {data, 0, LOG_LINE_BYTES_MAX - tail_bytes_max, false};

    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    char second[32];
    strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &utc);
    line_printf(&line, format == LOG_FORMAT_JSON ? "{\"ts\":\"%s.%03dZ\"," : "ts=%s.%03dZ ", second,
                (int)(now.tv_nsec / 1000000));
    line_printf(&line,
                format == LOG_FORMAT_JSON ? "\"level\":\"%s\",\"module\":\"%s\""
                                          : "level=%s module=%s",
                log_level_name(level), log_module_name(module));
    for (size_t i = 0; i < count && !line.is_full; i++) {
        size_t whole_len = line.len;
        line_add_field(&line, format, &fields[i]);
        if (line.is_full)
            line.len = whole_len;
    }

    bool is_cut = line.is_full;
    line.is_full = false;
    line.cap = LOG_LINE_BYTES_MAX;
    if (is_cut)
        line_add_str(&line, format == LOG_FORMAT_JSON ? CUT_JSON : CUT_LOGFMT);
    line_add_str(&line, format == LOG_FORMAT_JSON ? "}\n" : "\n");
    return line.len;
}
