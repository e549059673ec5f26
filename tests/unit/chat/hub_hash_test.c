#include "chat/hub/hub_hash.h"

#include "unit/chat/hub_fixture.h"

static void setup(void)
{
    fix_init(FIX_LOOPS);
}

TestSuite(hub_hash, .init = setup, .fini = fix_done);

/* The hub's hash after a talk of three, who are sessions 0 to 2. */
static uint64_t talk(void)
{
    fix_user("alice");
    fix_user("bob");
    fix_user("carol");
    fix_say(0, "JOIN #a,#b,#c");
    fix_say(1, "JOIN #b,#a");
    fix_say(2, "JOIN #a");
    fix_say(0, "TOPIC #a :of the day");
    fix_say(0, "PART #c");
    return hub_hash(fix.hub);
}

Test(hub_hash, is_the_same_behind_the_same_entries)
{
    uint64_t hash = talk();
    fix_done();
    fix_init(FIX_LOOPS);
    cr_assert_eq(talk(), hash);
}

Test(hub_hash, does_not_depend_on_the_key_of_the_tables)
{
    uint64_t hash = talk();
    fix_done();
    fix_init(FIX_LOOPS);
    hub_free(fix.hub);
    const struct hub_options options = {.server_name = "s.test",
                                        .nick_bytes_max = 16,
                                        .channel_bytes_max = 20,
                                        .loops = FIX_LOOPS,
                                        .rows_max = 256,
                                        .held_step_bytes = HELD_STEP_BYTES,
                                        .settings = {.quiet_members = SIZE_MAX},
                                        .key = {"another key"}};
    fix.hub = hub_new(&options, &fix.sink);
    cr_assert_eq(talk(), hash);
}

Test(hub_hash, changes_with_whatever_changes)
{
    static const char *const lines[] = {
        "MODE #a -n",     "MODE #a +v bob", "MODE #a +o bob", "TOPIC #a :",        "TOPIC #b :more",
        "MODE alice +i",  "NICK alicia",    "JOIN #d",        "PRIVMSG bob :hi",   "PART #b",
        "JOIN #e",        "MODE #a +b x",   "MODE #a +e x",   "MODE #a +I x",      "MODE #a -b x",
        "MODE #a +k y",   "MODE #a +l 5",   "MODE #a -kl y",  "MODE #a +ims",      "INVITE bob #e",
        "AWAY :lunch",    "AWAY :tea",      "AWAY",           "SETNAME :Alice",    "MONITOR + x",
        "MONITOR + y",    "MONITOR - x",    "MONITOR C",      "OPER root",         "MODE alicia +B",
        "MODE alicia +w", "MODE alicia -o", "KICK #a carol",  "MODE #a -o alicia", "JOIN 0",
        "OPER root",      "KILL carol",     "QUIT :good bye",
    };
    uint64_t hash = talk();
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        fix_say(0, lines[i]);
        uint64_t next = hub_hash(fix.hub);
        cr_assert_neq(next, hash, "%s", lines[i]);
        hash = next;
    }
}

/* Who is told first, and which number is next, are seen later. */
Test(hub_hash, depends_on_the_order_in_which_things_came)
{
    static const struct {
        unsigned session;
        const char *line;
    } pairs[][2] = {
        {{0, "MODE #a +v bob"}, {0, "MODE #a +v carol"}},
        {{0, "MONITOR + dave"}, {1, "MONITOR + dave"}},
        {{0, "MODE #a +b x"}, {0, "MODE #a +b y"}},
        {{0, "INVITE carol #b"}, {0, "INVITE carol #d"}},
        {{1, "JOIN #d"}, {1, "JOIN #e"}},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        uint64_t hashes[2];
        for (unsigned k = 0; k < 2; k++) {
            fix_done();
            fix_init(FIX_LOOPS);
            talk();
            fix_say(0, "JOIN #d");
            for (unsigned n = 0; n < 2; n++)
                fix_say(pairs[i][n ^ k].session, pairs[i][n ^ k].line);
            hashes[k] = hub_hash(fix.hub);
        }
        cr_assert_neq(hashes[0], hashes[1], "%s", pairs[i][0].line);
    }
}

Test(hub_hash, depends_on_numbers_that_are_used_up)
{
    uint64_t hash = talk();
    fix_say(2, "JOIN #b");
    fix_say(2, "PART #b");
    uint64_t next = hub_hash(fix.hub);
    cr_assert_neq(next, hash);
    fix_say(0, "JOIN #d");
    fix_say(0, "PART #d");
    cr_assert_neq(hub_hash(fix.hub), next);
}

Test(hub_hash, stays_with_what_changes_nothing)
{
    uint64_t hash = talk();
    fix_say(0, "TAGMSG #a");
    fix_say(0, "WHOIS bob");
    fix_say(1, "TOPIC #a :not by him");
    fix_say(2, "NAMES #a");
    fix_close(3, "nobody");
    cr_assert_eq(hub_hash(fix.hub), hash);
}
