/* Cloaked hosts: what they tell, and what they do not. */
#include "chat/cloak.h"
#include "net/addr.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

static const struct siphash_key RANDOM = {"0123456789abcde"};

static const char *cloaked(const char *secret, const char *ip)
{
    static char out[8][CLOAK_CHARS];
    static unsigned n;
    struct siphash_key key = cloak_key(secret, &RANDOM);
    struct addr addr;
    cr_assert_eq(addr_parse(&addr, ip, 1), OK);
    return cloak(&key, &addr, out[n++ % 8]);
}

#define SECRET "a secret of 16 or more"
#define SAME(a, b) cr_assert_str_eq(cloaked(SECRET, a), cloaked(SECRET, b))
#define DIFFER(a, b) cr_assert_str_neq(a, b)

/* What is behind the n-th dot. */
static const char *behind(const char *host, int dots)
{
    for (; dots > 0; dots--)
        host = strchr(host, '.') + 1;
    return host;
}

Test(cloak, has_three_parts_that_may_stand_in_a_host)
{
    const char *host = cloaked(SECRET, "192.0.2.1");
    cr_assert_eq(strlen(host), CLOAK_CHARS - 1);
    cr_assert_str_eq(behind(host, 3), "ip");
    for (const char *c = host; *c != '\0'; c++)
        cr_assert(islower(*c) || isdigit(*c) || *c == '.');
}

Test(cloak, does_not_change_from_one_build_to_the_next)
{
    /* Bans would no longer fit. */
    cr_assert_str_eq(cloaked(SECRET, "192.0.2.1"), "8sysz9.q7qm7z.3gbsqa.ip");
    cr_assert_str_eq(cloaked(SECRET, "2001:db8::1"), "h8vipm.ddau8v.86ecc3.ip");
}

Test(cloak, is_the_addresss_own)
{
    SAME("192.0.2.1", "192.0.2.1");
    SAME("192.0.2.1", "::ffff:192.0.2.1");
    DIFFER(cloaked(SECRET, "192.0.2.1"), cloaked(SECRET, "192.0.2.2"));
    DIFFER(cloaked(SECRET, "2001:db8::1"), cloaked(SECRET, "2001:db8::2"));
}

Test(cloak, ipv4_networks_can_be_told_by_their_end)
{
    const char *host = cloaked(SECRET, "192.0.2.1");
    cr_assert_str_eq(behind(host, 1), behind(cloaked(SECRET, "192.0.2.200"), 1));
    DIFFER(behind(host, 1), behind(cloaked(SECRET, "192.0.3.1"), 1));
    cr_assert_str_eq(behind(host, 2), behind(cloaked(SECRET, "192.0.3.1"), 2));
    DIFFER(behind(host, 2), behind(cloaked(SECRET, "192.1.2.1"), 2));
}

Test(cloak, ipv6_networks_can_be_told_by_their_end)
{
    const char *host = cloaked(SECRET, "2001:db8:1:2::1");
    cr_assert_str_eq(behind(host, 1), behind(cloaked(SECRET, "2001:db8:1:2:3::4"), 1));
    DIFFER(behind(host, 1), behind(cloaked(SECRET, "2001:db8:1:3::1"), 1));
    cr_assert_str_eq(behind(host, 2), behind(cloaked(SECRET, "2001:db8:1:3::1"), 2));
    DIFFER(behind(host, 2), behind(cloaked(SECRET, "2001:db8:2:2::1"), 2));
}

Test(cloak, another_key_gives_other_hosts)
{
    const char *host = cloaked(SECRET, "192.0.2.1"),
               *other = cloaked("another secret, as long", "192.0.2.1");
    for (int dots = 0; dots < 3; dots++)
        cr_assert_neq(strncmp(behind(host, dots), behind(other, dots), 6), 0);
}

Test(cloak, empty_secret_means_the_random_one)
{
    static const struct siphash_key other = {"another random!"};
    struct siphash_key a = cloak_key("", &RANDOM), b = cloak_key("", &other);
    cr_assert_arr_neq(a.bytes, b.bytes, sizeof(a.bytes));
    cr_assert_arr_neq(a.bytes, RANDOM.bytes, sizeof(a.bytes), "the tables' key stays theirs");
    a = cloak_key(SECRET, &RANDOM), b = cloak_key(SECRET, &other);
    cr_assert_arr_eq(a.bytes, b.bytes, sizeof(a.bytes));
}
