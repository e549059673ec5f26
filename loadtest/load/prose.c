#include "load/prose.h"

#include "simul/chance.h"

#include <math.h>
#include <string.h>

/* The most frequent first. */
static const char FREQUENT[][8] = {
    "the",   "be",   "to",      "of",    "and",   "a",     "in",    "that",  "have",  "it",
    "for",   "not",  "on",      "with",  "he",    "as",    "you",   "do",    "at",    "this",
    "but",   "his",  "by",      "from",  "they",  "we",    "say",   "her",   "she",   "or",
    "an",    "will", "my",      "one",   "all",   "would", "there", "their", "what",  "so",
    "up",    "out",  "if",      "about", "who",   "get",   "which", "go",    "me",    "when",
    "make",  "can",  "like",    "time",  "no",    "just",  "him",   "know",  "take",  "people",
    "into",  "year", "your",    "good",  "some",  "could", "them",  "see",   "other", "than",
    "then",  "now",  "look",    "only",  "come",  "its",   "over",  "think", "also",  "back",
    "after", "use",  "two",     "how",   "our",   "work",  "first", "well",  "way",   "even",
    "new",   "want", "because", "any",   "these", "give",  "day",   "most",  "us",    "more",
};

/* What is there more than once comes more often. */
static const char ONSETS[][4] = {"t", "n", "s", "r", "l", "d",  "c",  "m",  "p",
                                 "b", "f", "g", "h", "w", "st", "tr", "pr", "ch"};
static const char VOWELS[][4] = {"a", "e", "i", "o", "u", "e", "a", "i", "ea", "ou"};
static const char CODAS[][4] = {"", "", "", "n", "r", "s", "t", "l", "m", "nd"};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { FREQUENT_WORDS = COUNT_OF(FREQUENT), WORD_BYTES = 32 };

#define ANY_OF(array, chance) ((array)[chance_below(chance, COUNT_OF(array))])

/* The k-th comes half as often as the one of k / 2, as in all languages. */
static const char *frequent_word(struct chance *c)
{
    double share = (double)(chance_next(c) >> 11) / (double)(UINT64_C(1) << 53);
    return FREQUENT[(size_t)pow(FREQUENT_WORDS + 1, share) - 1];
}

static void put_word(char word[WORD_BYTES], struct chance *c)
{
    static const unsigned SYLLABLES[] = {1, 2, 2, 3};
    if (chance_hits(c, 2)) {
        strcpy(word, frequent_word(c));
        return;
    }
    word[0] = '\0';
    for (unsigned n = ANY_OF(SYLLABLES, c); n > 0; n--) {
        strcat(word, ANY_OF(ONSETS, c));
        strcat(word, ANY_OF(VOWELS, c));
        strcat(word, ANY_OF(CODAS, c));
    }
}

static const char *mark_behind(struct chance *c)
{
    if (!chance_hits(c, 7))
        return " ";
    return chance_hits(c, 3) ? ". " : ", ";
}

void prose_fill(uint8_t *to, size_t bytes, uint64_t key)
{
    struct chance c = {key};
    char word[WORD_BYTES];
    for (size_t done = 0, len; done < bytes; done += len) {
        put_word(word, &c);
        strcat(word, mark_behind(&c));
        len = strlen(word) < bytes - done ? strlen(word) : bytes - done;
        memcpy(to + done, word, len);
    }
}
