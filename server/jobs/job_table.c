#include "jobs/job_table.h"

#include "core/clock.h"
#include "simul/check.h"
#include "simul/decimal.h"
#include "simul/http.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* --- digest: each round hashes the raw digest before it ---------------------------------- */

enum { DIGEST_ALGORITHM, DIGEST_ROUNDS };
static const char *const digest_algorithms[] = {"sha256", "sha512", NULL}; /* as OpenSSL says */

static enum err append_hex(struct buf *out, const uint8_t *bytes, size_t len)
{
    enum err e = buf_reserve(out, 2 * len + 1);
    if (e != OK)
        return e;
    for (size_t i = 0; i < len; i++) {
        out->data[out->len++] = (uint8_t) "0123456789abcdef"[bytes[i] >> 4];
        out->data[out->len++] = (uint8_t) "0123456789abcdef"[bytes[i] & 15];
    }
    out->data[out->len++] = '\n';
    return OK;
}

static enum err digest_run(const struct job_args *args, struct span body, struct job_place place,
                           struct buf *answer)
{
    (void)place;
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_MD *algorithm = EVP_MD_fetch(NULL, digest_algorithms[args->value[DIGEST_ALGORITHM]], NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    enum err e = algorithm == NULL || context == NULL ? ERR_NOMEM : OK;

    struct span input = body;
    for (uint64_t i = 0; e == OK && i < args->value[DIGEST_ROUNDS]; i++) {
        if (!EVP_DigestInit_ex2(context, algorithm, NULL) ||
            !EVP_DigestUpdate(context, input.ptr, input.len) ||
            !EVP_DigestFinal_ex(context, digest, &len))
            e = ERR_TLS;
        input = span_of(digest, len);
    }
    if (e == OK)
        e = append_hex(answer, digest, len);
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
    return e;
}

/* --- burn: keeps a processor busy -------------------------------------------------------- */

enum { BURN_MS };

static enum err burn_run(const struct job_args *args, struct span body, struct job_place place,
                         struct buf *answer)
{
    (void)body;
    uint64_t ms = args->value[BURN_MS];
    uint64_t begun_ns = clock_ns(CLOCK_MONOTONIC);
    while (clock_ns(CLOCK_MONOTONIC) - begun_ns < ms * NS_PER_MS)
        continue;
    return buf_printf(answer, "{\"worker\":%u,\"pid\":%d,\"ms\":%" PRIu64 "}\n", place.worker,
                      (int)getpid(), ms);
}

/* --- debug: does what a worker may not do, which ends it --------------------------------- */

static enum err tell_of_descriptor(int fd, struct buf *answer)
{
    int error = errno;
    if (fd >= 0)
        close(fd);
    return buf_printf(answer, "%s\n", fd >= 0 ? "nobody minds" : strerror(error));
}

static enum err debug_open_run(const struct job_args *args, struct span body,
                               struct job_place place, struct buf *answer)
{
    (void)args, (void)body, (void)place;
    return tell_of_descriptor(open("/etc/passwd", O_RDWR | O_CLOEXEC), answer);
}

static enum err debug_socket_run(const struct job_args *args, struct span body,
                                 struct job_place place, struct buf *answer)
{
    (void)args, (void)body, (void)place;
    return tell_of_descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), answer);
}

/* --- the table --------------------------------------------------------------------------- */

static const struct job jobs[] = {
    {.name = "digest",
     .method = "POST",
     .content_type = "text/plain; charset=utf-8",
     .params = {[DIGEST_ALGORITHM] = {.name = "algorithm",
                                      .words = digest_algorithms,
                                      .default_text = "sha256"},
                [DIGEST_ROUNDS] =
                    {.name = "rounds", .min = 1, .max = JOB_ROUNDS_MAX, .default_text = "1"}},
     .run = digest_run},
    {.name = "burn",
     .method = "GET",
     .content_type = "application/json",
     .params = {[BURN_MS] = {.name = "ms", .min = 0, .max = JOB_BURN_MS_MAX}},
     .run = burn_run},
    {.name = "debug-open",
     .method = "POST",
     .content_type = "text/plain; charset=utf-8",
     .is_for_tests = true,
     .run = debug_open_run},
    {.name = "debug-socket",
     .method = "POST",
     .content_type = "text/plain; charset=utf-8",
     .is_for_tests = true,
     .run = debug_socket_run},
};

enum { JOB_COUNT = sizeof(jobs) / sizeof(jobs[0]) };

enum err job_table_prepare(void)
{
    for (size_t i = 0; digest_algorithms[i] != NULL; i++) {
        EVP_MD *algorithm = EVP_MD_fetch(NULL, digest_algorithms[i], NULL);
        if (algorithm == NULL)
            return ERR_TLS;
        EVP_MD_free(algorithm);
    }
    return OK;
}

const struct job *job_find(struct span name)
{
    for (size_t i = 0; i < JOB_COUNT; i++)
        if (span_eq(name, span_str(jobs[i].name)))
            return &jobs[i];
    return NULL;
}

uint16_t job_number(const struct job *job)
{
    CHECK(job >= jobs && job < jobs + JOB_COUNT);
    return (uint16_t)(job - jobs);
}

const struct job *job_at(uint16_t number)
{
    return number < JOB_COUNT ? &jobs[number] : NULL;
}

/* --- arguments --------------------------------------------------------------------------- */

static enum err parse_word(const char *text, const char *const *words, uint64_t *value)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            *value = i;
            return OK;
        }
    }
    return ERR_UNKNOWN;
}

static void explain(const struct job_param *param, char message[JOB_MESSAGE_CHARS])
{
    if (param->words == NULL) {
        snprintf(message, JOB_MESSAGE_CHARS,
                 "%s must be a whole number from %" PRIu64 " to %" PRIu64, param->name, param->min,
                 param->max);
        return;
    }
    size_t at = (size_t)snprintf(message, JOB_MESSAGE_CHARS, "%s must be one of", param->name);
    for (size_t i = 0; param->words[i] != NULL && at < JOB_MESSAGE_CHARS; i++)
        at += (size_t)snprintf(message + at, JOB_MESSAGE_CHARS - at, "%s %s", i == 0 ? "" : ",",
                               param->words[i]);
}

static enum err parse_param(const struct job_param *param, struct span query, uint64_t *value)
{
    char given[32];
    enum err e = http_query_get(query, param->name, given, sizeof(given));
    if (e != OK && (e != ERR_UNKNOWN || param->default_text == NULL))
        return e;
    const char *text = e == OK ? given : param->default_text;
    if (param->words != NULL)
        return parse_word(text, param->words, value);
    return decimal_parse(span_str(text), param->max, value) && *value >= param->min ? OK
                                                                                    : ERR_SYNTAX;
}

enum err job_parse(const struct job *job, struct span query, struct job_args *args,
                   char message[JOB_MESSAGE_CHARS])
{
    *args = (struct job_args){0};
    for (unsigned i = 0; i < JOB_PARAMS_MAX && job->params[i].name != NULL; i++) {
        if (parse_param(&job->params[i], query, &args->value[i]) != OK) {
            explain(&job->params[i], message);
            return ERR_SYNTAX;
        }
    }
    return OK;
}
