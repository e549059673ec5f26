#include "config/config_nearest.h"

#include <criterion/criterion.h>
#include <string.h>

/* What is suggested for a mistyped name among these; empty: nothing. */
static const char *nearest_of(const char *mistyped, const char *const *known)
{
    static char text[2 * CONFIG_KEY_BYTES_MAX];
    struct config_nearest nearest;
    config_nearest_init(&nearest, mistyped);
    for (; *known != NULL; known++)
        config_nearest_offer(&nearest, *known);
    return config_nearest_describe(&nearest, text, sizeof(text)) ? text : "";
}

static const char *const KEYS[] = {"loops",
                                   "listen.web.address",
                                   "listen.web.port",
                                   "listen.web.protocol",
                                   "listen.irc.port",
                                   "admin.port",
                                   "chat.motd",
                                   "chat.flood_burst",
                                   "chat.flood_lines_per_second",
                                   "log.level",
                                   "log.format",
                                   "log.file",
                                   NULL};

#define ASSERT_NEAREST(mistyped_, expected_)                                                       \
    cr_assert_str_eq(nearest_of(mistyped_, KEYS), expected_, "%s: %s", mistyped_,                  \
                     nearest_of(mistyped_, KEYS))

Test(config_nearest, finds_letters_that_are_wrong_missing_or_too_many)
{
    ASSERT_NEAREST("loop", "loops");
    ASSERT_NEAREST("lop", "loops");
    ASSERT_NEAREST("loopps", "loops");
    ASSERT_NEAREST("listen.web.pott", "listen.web.port");
    ASSERT_NEAREST("lsten.web.addres", "listen.web.address");
    ASSERT_NEAREST("log.levle", "log.level");
}

Test(config_nearest, counts_swapped_letters_once)
{
    const char *const known[] = {"abcd", "abxd", NULL};
    cr_assert_str_eq(nearest_of("abdc", known), "abcd");
    const char *const far[] = {"badcfehg", NULL};
    cr_assert_str_eq(nearest_of("abcdefgh", far), "", "four swaps");
}

Test(config_nearest, finds_what_was_abbreviated)
{
    ASSERT_NEAREST("listen.web.proto", "listen.web.protocol");
    ASSERT_NEAREST("listen.web.prot", "listen.web.port or listen.web.protocol");
    ASSERT_NEAREST("chat.flood", "chat.flood_burst or chat.flood_lines_per_second");
    ASSERT_NEAREST("listen.web", "");
}

Test(config_nearest, finds_the_section_that_was_forgotten_or_is_another)
{
    ASSERT_NEAREST("motd", "chat.motd");
    ASSERT_NEAREST("limits.motd", "chat.motd");
    ASSERT_NEAREST("level", "log.level");
}

Test(config_nearest, suggests_nothing_where_much_is_as_near)
{
    ASSERT_NEAREST("port", "");
    ASSERT_NEAREST("log", "");
}

Test(config_nearest, suggests_nothing_that_cannot_have_been_meant)
{
    ASSERT_NEAREST("color", "");
    ASSERT_NEAREST("x", "");
    ASSERT_NEAREST("", "");
    ASSERT_NEAREST("listen.web.colour", "");
}

Test(config_nearest, names_one_that_is_offered_twice_once)
{
    const char *const twice[] = {"loops", "loops", "loops", NULL};
    cr_assert_str_eq(nearest_of("loop", twice), "loops");
}

Test(config_nearest, survives_a_name_of_any_length)
{
    char name[4 * CONFIG_KEY_BYTES_MAX];
    for (size_t len = 0; len < sizeof(name); len++) {
        memset(name, 'l', len);
        name[len] = '\0';
        ASSERT_NEAREST(name, "");
    }
}
