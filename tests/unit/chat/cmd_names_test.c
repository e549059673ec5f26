/* NAMES, and what JOIN answers, in parts. */
#include "chat/hub/hub_state.h"
#include "unit/chat/hub_fixture.h"

static void setup(void)
{
    fix_init(FIX_LOOPS);
}

TestSuite(cmd_names, .init = setup, .fini = fix_done);

Test(cmd_names, names_come_in_parts)
{
    fix_done();
    fix.rows_max = 3;
    fix_init(2);
    unsigned a = fix_user("a");
    fix_say(a, "JOIN #x");
    for (int i = 1; i < 8; i++) {
        char nick[] = {'a', (char)('0' + i), '\0'};
        fix_say(fix_user(nick), "JOIN #x");
    }
    fix_forget();
    SAYS_HEARS(a, "NAMES #x,#none,#x",
               ":s.test 353 a = #x :@a a1 a2\n"
               ":s.test 353 a = #x :a3 a4 a5\n"
               ":s.test 353 a = #x :a6 a7\n"
               ":s.test 366 a #x :End of /NAMES list\n"
               ":s.test 366 a #none :End of /NAMES list\n"
               ":s.test 353 a = #x :@a\n"
               ":s.test 353 a = #x :a1 a2 a3\n"
               ":s.test 353 a = #x :a4 a5 a6\n"
               ":s.test 353 a = #x :a7\n"
               ":s.test 366 a #x :End of /NAMES list\n");
    cr_assert_eq(fix.parts, 6);
}

Test(cmd_names, joining_in_parts_joins_once)
{
    fix_done();
    fix.rows_max = 2;
    fix_init(2);
    unsigned a = fix_user("a"), b = fix_user("b"), c = fix_user("c");
    fix_say(a, "JOIN #x,#y");
    fix_say(b, "JOIN #x");
    fix_forget();
    SAYS_HEARS(c, "JOIN #x,#y",
               ":c!~u@h JOIN :#x\n"
               ":s.test 353 c = #x :@a b\n"
               ":s.test 353 c = #x :c\n"
               ":s.test 366 c #x :End of /NAMES list\n"
               ":c!~u@h JOIN :#y\n"
               ":s.test 353 c = #y :@a\n"
               ":s.test 353 c = #y :c\n"
               ":s.test 366 c #y :End of /NAMES list\n");
    cr_assert_eq(fix.parts, 3);
}

Test(cmd_names, who_is_put_out_meanwhile_learns_no_more)
{
    fix_done();
    fix.rows_max = 2;
    fix_init(2);
    unsigned a = fix_user("a"), b = fix_user("b"), c = fix_user("c");
    fix_say(a, "JOIN #x");
    fix_say(b, "JOIN #x");
    fix_say(a, "MODE #x +s");
    fix_forget();
    struct irc_line line;
    cr_assert_eq(irc_parse(SPAN("JOIN #x"), &line), OK);
    struct entry_line said = {.apply = verb_find(line.command)->hub, .line = &line};
    struct entry e = {.at = fix_position(), .from = fix_handle(c), .kind = ENTRY_LINE};
    e.line = &said;
    cr_assert_eq(hub_apply(fix.hub, &e), OK);
    cr_assert(said.is_unfinished);
    fix_say(a, "KICK #x c");
    fix_forget();
    cr_assert_eq(hub_apply(fix.hub, &e), OK);
    HEARS(c, ":s.test 366 c #x :End of /NAMES list\n");
}

Test(cmd_names, one_line_asks_for_few_channels)
{
    unsigned a = fix_user("a");
    SAYS_HEARS(a, "NAMES #1,#2,#3,#4,#5,#6",
               ":s.test 366 a #1 :End of /NAMES list\n"
               ":s.test 366 a #2 :End of /NAMES list\n"
               ":s.test 366 a #3 :End of /NAMES list\n"
               ":s.test 366 a #4 :End of /NAMES list\n"
               ":s.test 407 a #5 :Too many targets\n");
}
