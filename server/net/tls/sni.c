#include "net/tls/sni.h"

#include <stdint.h>
#include <stdlib.h>

struct sni_name {
    unsigned certificate;
    uint8_t len;
    uint8_t text[SNI_NAME_BYTES_MAX]; /* in lower case */
};

/* A name as it is kept. False when it cannot be one. */
static bool fold(struct span name, struct sni_name *out)
{
    if (name.len == 0 || name.len > SNI_NAME_BYTES_MAX)
        return false;
    out->len = (uint8_t)name.len;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        out->text[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
    return true;
}

static int compare(const struct sni_name *a, const struct sni_name *b)
{
    int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : a->len - b->len;
}

/* The index of the first name that is not before this one. */
static size_t lower_bound(const struct sni *s, const struct sni_name *name)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&s->names[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct sni_name *find(const struct sni *s, const struct sni_name *name)
{
    size_t i = lower_bound(s, name);
    return i < s->count && compare(&s->names[i], name) == 0 ? &s->names[i] : NULL;
}

enum err sni_add(struct sni *s, struct span name, unsigned certificate)
{
    struct sni_name fresh = {.certificate = certificate};
    if (!fold(name, &fresh))
        return ERR_SYNTAX;
    const struct sni_name *known = find(s, &fresh);
    if (known != NULL)
        return known->certificate == certificate ? OK : ERR_EXISTS;
    struct sni_name *names = realloc(s->names, (s->count + 1) * sizeof(*names));
    if (names == NULL)
        return ERR_NOMEM;
    s->names = names;
    size_t i = lower_bound(s, &fresh);
    memmove(&names[i + 1], &names[i], (s->count - i) * sizeof(*names));
    names[i] = fresh;
    s->count++;
    return OK;
}

bool sni_find(const struct sni *s, struct span name, unsigned *certificate)
{
    struct sni_name asked;
    if (!fold(name, &asked))
        return false;
    const struct sni_name *found = find(s, &asked);
    size_t label = span_find(name, '.');
    if (found == NULL && label > 0 && label < name.len) {
        asked.text[label - 1] = '*';
        asked.len = (uint8_t)(asked.len - (label - 1));
        memmove(asked.text, asked.text + label - 1, asked.len);
        found = find(s, &asked);
    }
    if (found == NULL)
        return false;
    *certificate = found->certificate;
    return true;
}

void sni_deinit(struct sni *s)
{
    free(s->names);
    *s = (struct sni){0};
}
