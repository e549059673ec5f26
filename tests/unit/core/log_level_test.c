#include "core/log_level.h"

#include "unit/expect.h"

#include <stdio.h>

static struct log_levels levels;

Test(log_level, modules_have_the_common_level_unless_they_are_named)
{
    expect_ok(log_levels_parse(&levels, LOG_LEVEL_INFO, "net=debug,chat=error"));
    for (unsigned i = 0; i < LOG_MODULE_COUNT; i++) {
        unsigned level = i == LOG_MODULE_NET    ? LOG_LEVEL_DEBUG
                         : i == LOG_MODULE_CHAT ? LOG_LEVEL_ERROR
                                                : LOG_LEVEL_INFO;
        cr_assert_eq(levels.of[i], level, "%s", log_module_name((enum log_module)i));
    }
}

Test(log_level, no_modules_need_be_named)
{
    expect_ok(log_levels_parse(&levels, LOG_LEVEL_WARN, ""));
    for (unsigned i = 0; i < LOG_MODULE_COUNT; i++)
        cr_assert_eq(levels.of[i], LOG_LEVEL_WARN);
}

Test(log_level, the_later_of_two_wins)
{
    expect_ok(log_levels_parse(&levels, LOG_LEVEL_WARN, "jobs=debug,jobs=info"));
    cr_assert_eq(levels.of[LOG_MODULE_JOBS], LOG_LEVEL_INFO);
}

Test(log_level, every_module_is_found_by_its_name)
{
    for (unsigned i = 0; i < LOG_MODULE_COUNT; i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s=debug", log_module_name((enum log_module)i));
        expect_ok(log_levels_parse(&levels, LOG_LEVEL_INFO, text));
        cr_assert_eq(levels.of[i], LOG_LEVEL_DEBUG, "%s", text);
    }
}

Test(log_level, what_is_not_of_the_form_is_refused)
{
    static const char *const wrong[] = {"net",
                                        "net=",
                                        "=debug",
                                        "net=loud",
                                        "nets=debug",
                                        "ne=debug",
                                        "net=debug,",
                                        ",net=debug",
                                        "net=debug,,tls=warn",
                                        "net=debug tls=warn",
                                        "NET=debug",
                                        "net=debug,chat",
                                        "net=debug=warn",
                                        " net=debug",
                                        "net,chat=debug",
                                        ",",
                                        "="};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_assert_eq(log_levels_parse(&levels, LOG_LEVEL_INFO, wrong[i]), ERR_SYNTAX, "%s",
                     wrong[i]);
}
