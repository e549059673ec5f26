/* Words of a message: names one after the other, and the name that was probably meant. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { WORDS_BYTES = 256, WORD_CHARS_MAX = 63 };

/* "echo", "echo and chat", "echo, chat and jobs". Zeroed is empty; what does not fit is cut. */
struct words {
    char text[WORDS_BYTES];
    const char
        *last; /* borrowed: not in the text yet, since only the end tells what is before it */
};

void words_add(struct words *w, const char *word);
/* The text, when all were added. */
const char *words_end(struct words *w);

/* Whether a list with blanks between its words has this one. */
bool words_have(const char *list, const char *word);

/* Which of many names is the fewest typing errors away. Set `typed`, zero the rest. */
struct nearest {
    const char *typed;
    const char *name; /* of those tried; NULL: none is near */
    size_t distance;  /* letters to insert, to delete or to replace (Levenshtein) */
};

void nearest_try(struct nearest *n, const char *name);
