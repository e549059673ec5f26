/* simul-load: the load generator. From the command line to the exit status:
 *
 *   0 done; errors, if there were any, are said loudly     1 it could not run
 *   2 the command line is wrong                            3 an expectation does not hold */
#include "load/crew.h"
#include "load/watcher.h"
#include "plan/cli.h"
#include "report/compare.h"
#include "report/csv.h"
#include "report/expect.h"
#include "report/figure.h"
#include "report/html.h"
#include "report/json.h"
#include "report/live.h"
#include "report/output.h"
#include "report/summary.h"
#include "scenario/scenario.h"

enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_EXPECTATION = 3 };

static void print_figures(FILE *to)
{
    fputs("  there are", to);
    for (size_t i = 0; i < FIGURE_KINDS; i++)
        fprintf(to, "%s %s", i == 0 ? "" : ",", FIGURES[i].name);
    fputc('\n', to);
}

static bool parse_expectations(const struct plan *plan, struct expect expects[])
{
    for (unsigned k = 0; k < plan->expect_count; k++) {
        const char *why;
        enum err e = expect_parse(plan->expects[k], &expects[k], &why);
        if (e == OK)
            continue;
        fprintf(stderr, "simul-load: --expect '%s': %s\n", plan->expects[k], why);
        if (e == ERR_UNKNOWN)
            print_figures(stderr);
        return false;
    }
    return true;
}

static int judge(const struct plan *plan, const struct expect expects[], const struct run *run,
                 FILE *to)
{
    bool all_hold = true;
    for (unsigned k = 0; k < plan->expect_count; k++)
        all_hold = expect_print(&expects[k], run, to) && all_hold;
    return all_hold ? STATUS_DONE : STATUS_EXPECTATION;
}

/* Says why nothing could be measured. */
static void explain(enum err e, const struct run *run)
{
    fprintf(stderr, "simul-load: %s\n",
            e == ERR_IO ? "no connection could be opened" : err_name(e));
    for (unsigned k = 0; k < run->reason_count; k++)
        fprintf(stderr, "  %s (%llu times)\n", run->reasons[k].text,
                (unsigned long long)run->reasons[k].count);
}

static void show_update(void *state, const struct run *so_far)
{
    live_update(state, so_far);
}

static void show_second(void *state, const struct run *so_far)
{
    live_second(state, so_far);
}

static void show_suspend(void *state)
{
    live_suspend(state);
}

static void show_resume(void *state)
{
    live_resume(state);
}

/* Carries the load out, and shows it on standard error meanwhile, so that a report on standard
 * output stays clean. */
static enum err carry_out(const struct plan *plan, struct run *run)
{
    struct display display = {0};
    struct crew crew;
    size_t shared_bytes =
        plan->scenario->shared_bytes == NULL ? 0 : plan->scenario->shared_bytes(plan);
    struct board *board = board_new(plan->threads, shared_bytes);
    if (board == NULL)
        return ERR_NOMEM;
    enum err e = crew_start(&crew, plan, board);
    if (e == OK) {
        struct live *live = plan->quiet ? NULL : live_start(stderr);
        if (live != NULL)
            display = (struct display){live, show_update, show_second, show_suspend, show_resume};
        e = watcher_run(plan, &crew, &display, run);
        live_stop(live);
        crew_stop(&crew);
    }
    board_free(board);
    return e;
}

static bool write_report(const char *path, const struct run *run,
                         enum err (*write)(const struct run *run, FILE *out))
{
    if (path == NULL)
        return true;
    FILE *out = output_open(path);
    return output_close(out, path, out == NULL ? ERR_IO : write(run, out), stderr);
}

static bool write_reports(const struct plan *plan, const struct run *run)
{
    bool all = write_report(plan->json_path, run, json_write);
    all = write_report(plan->csv_path, run, csv_write) && all;
    return write_report(plan->html_path, run, html_write) && all;
}

/* What people read stays out of a report on standard output. */
static FILE *shown_on(const struct plan *plan)
{
    bool is_taken = output_is_stdout(plan->json_path) || output_is_stdout(plan->csv_path) ||
                    output_is_stdout(plan->html_path);
    return is_taken ? stderr : stdout;
}

static int run_load(const struct plan *plan)
{
    static struct run run; /* its histograms are large */
    struct expect expects[PLAN_EXPECTS_MAX];
    if (!parse_expectations(plan, expects))
        return STATUS_USAGE;
    enum err e = carry_out(plan, &run);
    int status = STATUS_FAILED;
    if (e == OK) {
        summary_print(&run, shown_on(plan));
        bool is_written = write_reports(plan, &run);
        status = judge(plan, expects, &run, shown_on(plan));
        if (!is_written)
            status = STATUS_FAILED;
    } else if (e != ERR_CLOSED) {
        explain(e, &run);
    }
    if (e == ERR_IO && run.plan != NULL)
        write_reports(plan, &run); /* they tell why no connection could be opened */
    run_deinit(&run);
    return status;
}

int main(int argc, char **argv)
{
    static struct plan plan;
    int status = STATUS_USAGE;
    switch (cli_parse(argc, argv, &plan, stdout, stderr)) {
    case CLI_RUN:
        status = run_load(&plan);
        break;
    case CLI_COMPARE:
        status = compare_main(argc, argv, stdout, stderr);
        break;
    case CLI_DONE:
        status = STATUS_DONE;
        break;
    case CLI_WRONG:
        break;
    }
    plan_deinit(&plan);
    return status;
}
