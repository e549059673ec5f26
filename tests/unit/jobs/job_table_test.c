#include "jobs/job_table.h"

#include "unit/expect.h"

#include <time.h>
#include <unistd.h>

static struct job_args parsed(const char *name, const char *query)
{
    struct job_args args;
    char message[JOB_MESSAGE_CHARS];
    const struct job *job = job_find(span_str(name));
    cr_assert_not_null(job);
    expect_ok(job_parse(job, span_str(query), &args, message));
    return args;
}

static const char *refused(const char *name, const char *query)
{
    static char message[JOB_MESSAGE_CHARS];
    struct job_args args;
    message[0] = '\0';
    expect_err(job_parse(job_find(span_str(name)), span_str(query), &args, message), ERR_SYNTAX);
    return message;
}

static void expect_answer(const char *name, const char *query, struct span body, const char *want)
{
    struct job_args args = parsed(name, query);
    struct buf answer = {0};
    expect_ok(job_find(span_str(name))->run(&args, body, (struct job_place){3}, &answer));
    expect_span(buf_span(&answer), span_str(want));
    buf_deinit(&answer);
}

Test(job_table, finds_a_job_by_its_whole_name)
{
    cr_assert_str_eq(job_find(SPAN("digest"))->method, "POST");
    cr_assert_str_eq(job_find(SPAN("burn"))->method, "GET");
    cr_assert_null(job_find(SPAN("")));
    cr_assert_null(job_find(SPAN("dig")));
    cr_assert_null(job_find(SPAN("digest2")));
    cr_assert_null(job_find(SPAN("Burn")));
}

Test(job_table, numbers_lead_back_to_their_rows)
{
    cr_assert_eq(job_at(job_number(job_find(SPAN("digest")))), job_find(SPAN("digest")));
    cr_assert_eq(job_at(job_number(job_find(SPAN("burn")))), job_find(SPAN("burn")));
    cr_assert_null(job_at(4));
    cr_assert_null(job_at(UINT16_MAX));
}

Test(job_table, what_only_tests_may_ask_for_is_marked)
{
    cr_assert(job_find(SPAN("debug-open"))->is_for_tests);
    cr_assert(job_find(SPAN("debug-socket"))->is_for_tests);
    cr_assert_not(job_find(SPAN("digest"))->is_for_tests);
    cr_assert_not(job_find(SPAN("burn"))->is_for_tests);
}

Test(job_table, what_jobs_use_can_be_loaded_beforehand)
{
    expect_ok(job_table_prepare());
}

/* FIPS 180-4 examples; the rounds as Python's hashlib has them. */
Test(job_table, digest_hashes_the_body)
{
    expect_answer("digest", "algorithm=sha256&rounds=1", SPAN("abc"),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
    expect_answer("digest", "algorithm=sha256&rounds=1", SPAN_EMPTY,
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
    expect_answer("digest", "algorithm=sha512&rounds=1", SPAN("abc"),
                  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f\n");
}

Test(job_table, digest_rounds_hash_the_raw_digest)
{
    expect_answer("digest", "algorithm=sha256&rounds=2", SPAN("abc"),
                  "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358\n");
    expect_answer("digest", "algorithm=sha256&rounds=1000", SPAN("abc"),
                  "fc8a6b86a13f71cd9a67f558ab6fd82a3dd89186163a017ed8051acf6d3f8f99\n");
    expect_answer("digest", "algorithm=sha512&rounds=3", SPAN("abc"),
                  "f3ea3dce496e48ccb10e68c1ce4e9d9eb77601054e1bb70469fcf61c58c6d28f"
                  "d53b34c84b21b4ea6431d5bffbe57d360f6f119db1abf4aa35f85378c3b691ee\n");
}

Test(job_table, digest_is_one_round_of_sha256_unless_told)
{
    expect_answer("digest", "", SPAN("abc"),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
    expect_answer("digest", "rounds=2&colour=red", SPAN("abc"),
                  "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358\n");
}

Test(job_table, digest_refuses_bad_arguments)
{
    const char *words = "algorithm must be one of sha256, sha512";
    const char *number = "rounds must be a whole number from 1 to 10000000";
    cr_assert_str_eq(refused("digest", "algorithm=md5"), words);
    cr_assert_str_eq(refused("digest", "algorithm="), words);
    cr_assert_str_eq(refused("digest", "algorithm=SHA256"), words);
    cr_assert_str_eq(refused("digest", "algorithm=sha256%00"), words);
    cr_assert_str_eq(refused("digest", "algorithm=sha256sha256sha256sha256sha256sha256"), words);
    static const char *const bad[] = {
        "", "0", "-1", "+1", "1.5", "1e3", "0x", "1 ", "%zz", "10000001", "18446744073709551616"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char query[64];
        snprintf(query, sizeof(query), "rounds=%s", bad[i]);
        cr_assert_str_eq(refused("digest", query), number, "%s", query);
    }
}

Test(job_table, burn_spins_as_long_as_it_was_told)
{
    struct timespec before, after;
    char want[64];
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    snprintf(want, sizeof(want), "{\"worker\":3,\"pid\":%d,\"ms\":40}\n", (int)getpid());
    expect_answer("burn", "ms=40", SPAN_EMPTY, want);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    cr_assert(after.tv_sec > before.tv_sec || after.tv_nsec > before.tv_nsec);
}

Test(job_table, burn_must_be_told)
{
    const char *number = "ms must be a whole number from 0 to 600000";
    cr_assert_str_eq(refused("burn", ""), number);
    cr_assert_str_eq(refused("burn", "ms"), number);
    cr_assert_str_eq(refused("burn", "ms=600001"), number);
    cr_assert_eq(parsed("burn", "ms=600000").value[0], 600000);
    cr_assert_eq(parsed("burn", "ms=0").value[0], 0);
}
