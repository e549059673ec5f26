#include "plan/words.h"

#include <stdio.h>
#include <string.h>

static void append(struct words *w, const char *separator, const char *word)
{
    size_t len = strlen(w->text);
    snprintf(w->text + len, sizeof(w->text) - len, "%s%s", len > 0 ? separator : "", word);
}

void words_add(struct words *w, const char *word)
{
    if (w->last != NULL)
        append(w, ", ", w->last);
    w->last = word;
}

const char *words_end(struct words *w)
{
    if (w->last != NULL)
        append(w, " and ", w->last);
    w->last = NULL;
    return w->text;
}

bool words_have(const char *list, const char *word)
{
    size_t len = strlen(word);
    while (*list != '\0') {
        size_t next = strcspn(list, " ");
        if (next == len && memcmp(list, word, len) == 0)
            return true;
        list += next + (list[next] == ' ');
    }
    return false;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Both are at most WORD_CHARS_MAX long. Row by row of the usual matrix. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_CHARS_MAX + 1], b_len = strlen(b);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_len; j++) {
            size_t replaced = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = least(replaced, least(row[j], row[j + 1]) + 1);
        }
    }
    return row[b_len];
}

void nearest_try(struct nearest *n, const char *name)
{
    size_t typed_len = strlen(n->typed), name_len = strlen(name);
    if (typed_len > WORD_CHARS_MAX || name_len > WORD_CHARS_MAX)
        return;
    size_t tolerance = 1 + name_len / 5; /* further off, it is another word */
    size_t d = distance(n->typed, name);
    bool is_near = d <= tolerance || (typed_len >= 3 && strncmp(n->typed, name, typed_len) == 0);
    if (is_near && (n->name == NULL || d < n->distance)) {
        n->name = name;
        n->distance = d;
    }
}
