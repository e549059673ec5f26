/* The table of jobs: what may be asked of a worker process, with which arguments. The server reads
 * the arguments, so that a bad one is refused at once; a worker runs the job. A new job is a
 * function and a row. */
#pragma once

#include "simul/buf.h"
#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    JOB_PARAMS_MAX = 2,
    JOB_MESSAGE_CHARS = 128, /* why arguments were refused, with its zero */
    JOB_BODY_BYTES_MAX = 256 * 1024 * 1024,
    JOB_ANSWER_BYTES_MAX = 64 * 1024,
    JOB_ROUNDS_MAX = 10 * 1000 * 1000,
    JOB_BURN_MS_MAX = 10 * 60 * 1000,
};

/* One parameter: a number between min and max, or one of some words, whose index is its value. */
struct job_param {
    const char *name;
    const char *const *words; /* ends with NULL; NULL: a number */
    uint64_t min, max;        /* of a number */
    const char *default_text; /* NULL: must be given */
};

/* By the index of the parameter in its row; travels to the worker as it is, since that runs the
 * same program. */
struct job_args {
    uint64_t value[JOB_PARAMS_MAX];
};

/* Who runs a job. */
struct job_place {
    unsigned worker; /* counts from 1 */
};

struct job {
    const char *name;
    const char *method; /* of the HTTP request that asks for it */
    const char *content_type;
    bool is_for_tests;                       /* served only with debug.jobs=on */
    struct job_param params[JOB_PARAMS_MAX]; /* up to the first without a name */
    /* Runs in a worker, as long as it takes, and appends at most JOB_ANSWER_BYTES_MAX. An error
     * ends the worker, which fails the job. */
    enum err (*run)(const struct job_args *args, struct span body, struct job_place place,
                    struct buf *answer);
};

/* To be called in a worker before it gives up opening files: loads what jobs will use, which
 * OpenSSL would load when it is asked first. ERR_TLS. */
enum err job_table_prepare(void);

/* NULL when there is no such job. Rows are static. */
const struct job *job_find(struct span name);

/* A row's number, and the row of a number that another process sent; NULL when there is none. */
uint16_t job_number(const struct job *job);
const struct job *job_at(uint16_t number);

/* Reads the arguments from a query such as "algorithm=sha256&rounds=3". Parameters that the job
 * does not have are passed over. ERR_SYNTAX: one is missing or bad, and `message` says which and
 * what is allowed: one line, without anything that the peer sent. */
enum err job_parse(const struct job *job, struct span query, struct job_args *args,
                   char message[JOB_MESSAGE_CHARS]);
