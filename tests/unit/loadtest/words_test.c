#include "plan/words.h"

#include <criterion/criterion.h>
#include <string.h>

Test(words, are_listed_as_one_says_it)
{
    struct words none = {.last = NULL}, one = none, two = none, three = none;
    cr_assert_str_eq(words_end(&none), "");
    words_add(&one, "echo");
    cr_assert_str_eq(words_end(&one), "echo");
    words_add(&two, "echo");
    words_add(&two, "chat");
    cr_assert_str_eq(words_end(&two), "echo and chat");
    words_add(&three, "echo");
    words_add(&three, "chat");
    words_add(&three, "jobs");
    cr_assert_str_eq(words_end(&three), "echo, chat and jobs");
}

Test(words, are_cut_where_they_do_not_fit)
{
    struct words many = {.last = NULL};
    for (unsigned i = 0; i < WORDS_BYTES; i++)
        words_add(&many, "echo");
    cr_assert_eq(strlen(words_end(&many)), WORDS_BYTES - 1);
}

Test(words, of_a_list_are_whole)
{
    cr_assert(words_have("hold connect chat", "hold"));
    cr_assert(words_have("hold connect chat", "connect"));
    cr_assert(words_have("hold connect chat", "chat"));
    cr_assert_not(words_have("hold connect chat", "conn"));
    cr_assert_not(words_have("hold connect chat", "nect"));
    cr_assert_not(words_have("hold", "holder"));
    cr_assert_not(words_have("", "hold"));
}

static const char *meant(const char *typed)
{
    static const char *const NAMES[] = {"connections", "connect-rate", "duration", "rate", "rooms"};
    struct nearest n = {.typed = typed};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        nearest_try(&n, NAMES[i]);
    return n.name;
}

Test(words, the_nearest_is_found)
{
    cr_assert_str_eq(meant("connections"), "connections");
    cr_assert_str_eq(meant("conections"), "connections");
    cr_assert_str_eq(meant("connectoins"), "connections");
    cr_assert_str_eq(meant("connect_rate"), "connect-rate");
    cr_assert_str_eq(meant("durration"), "duration");
    cr_assert_str_eq(meant("rates"), "rate");
    cr_assert_str_eq(meant("room"), "rooms");
    cr_assert_str_eq(meant("dur"), "duration", "what it begins with");
}

Test(words, what_is_far_is_another_word)
{
    cr_assert_null(meant("colour"));
    cr_assert_null(meant(""));
    cr_assert_null(meant("xyz"));
    cr_assert_null(meant("connectionsconnectionsconnectionsconnectionsconnectionsconnections"));
}

Test(words, counts_letters_to_insert_delete_and_replace)
{
    static const struct {
        const char *typed, *name;
        size_t distance;
    } CASES[] = {{"rate", "rate", 0},
                 {"rte", "rate", 1},
                 {"ratte", "rate", 1},
                 {"rote", "rate", 1},
                 {"coonect-rat", "connect-rate", 2}};
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct nearest n = {.typed = CASES[i].typed};
        nearest_try(&n, CASES[i].name);
        cr_assert_not_null(n.name, "%s", CASES[i].typed);
        cr_assert_eq(n.distance, CASES[i].distance, "%s", CASES[i].typed);
    }
}
