#include "report/panel.h"

#include "report/figure.h"
#include "report/paint.h"
#include "report/words.h"

#include <math.h>
#include <string.h>

enum {
    COLUMNS_MAX = 100, /* wider is not easier to read */
    LABEL_COLUMNS = 11,
    CELL_COLUMNS = 9,
    BAR_COLUMNS_WANTED = 30,
    PEAK_COLUMNS = 16, /* behind a sparkline: its highest value */
    ROWS_AIRY = 19,    /* from here on there is room for blank rows */
};

/* Where it is written: text beyond the last column is cut, rows beyond the last are left out. */
struct panel {
    FILE *to;
    const struct run *run;
    struct panel_size size;
    bool is_painted;
    unsigned column, row;
};

/* --- rows -------------------------------------------------------------------------------- */

/* How many bytes of the text take at most so many columns. */
static size_t bytes_of_columns(const char *text, unsigned columns)
{
    size_t bytes = 0;
    for (; text[bytes] != '\0'; bytes++) {
        bool is_start = ((unsigned char)text[bytes] & 0xc0) != 0x80;
        if (is_start && columns-- == 0)
            break;
    }
    return bytes;
}

static void put(struct panel *p, enum paint paint, const char *text)
{
    char cut[BAR_BYTES];
    if (p->row >= p->size.rows || p->column >= p->size.columns)
        return;
    size_t bytes = bytes_of_columns(text, p->size.columns - p->column);
    bytes = bytes < sizeof(cut) ? bytes : sizeof(cut) - 1;
    memcpy(cut, text, bytes);
    cut[bytes] = '\0';
    p->column += (unsigned)text_columns(cut);
    paint_put(p->to, p->is_painted, paint, cut);
}

/* Fills up to a column with something that is one column wide. */
static void put_until(struct panel *p, enum paint paint, const char *fill, unsigned column)
{
    for (unsigned i = p->column; i < column; i++)
        put(p, paint, fill);
}

static void put_spaces_to(struct panel *p, unsigned column)
{
    put_until(p, PAINT_PLAIN, " ", column);
}

static void put_label(struct panel *p, const char *label)
{
    put(p, PAINT_DIM, label);
    put_spaces_to(p, LABEL_COLUMNS);
}

/* Right-aligned in the columns of a cell. */
static void put_cell(struct panel *p, enum paint paint, const char *text)
{
    size_t taken = text_columns(text);
    if (taken < CELL_COLUMNS)
        put_spaces_to(p, p->column + (unsigned)(CELL_COLUMNS - taken));
    put(p, paint, text);
}

static void end_row(struct panel *p)
{
    if (p->row >= p->size.rows)
        return;
    fputs("\033[K\n", p->to);
    p->column = 0;
    p->row++;
}

/* A row that is left blank, if there is room for such. */
static void end_block(struct panel *p)
{
    if (p->size.rows >= ROWS_AIRY)
        end_row(p);
}

/* --- how far it is ----------------------------------------------------------------------- */

static double phase_seconds(const struct run *run, enum phase phase)
{
    double seconds = 0;
    for (size_t i = 0; i < run->sample_count; i++)
        if (run->samples[i].phase == phase)
            seconds += run->samples[i].seconds;
    return seconds;
}

/* What is being done, what share of it is done (NAN: it has no end), and for how long still. */
struct progress {
    const char *doing;
    double share;
    double seconds_left; /* NAN: nobody knows */
    double seconds;      /* that it took already */
};

/* Those beside are connections too. */
static double all_connections(const struct plan *plan)
{
    return (double)plan->connections + plan->beside;
}

static struct progress progress_opening(const struct run *run)
{
    const struct plan *plan = run->plan;
    double started = (double)run->totals[COUNT_STARTED], all = all_connections(plan);
    return (struct progress){
        .doing = "opening",
        .share = (double)run->totals[COUNT_OPENED] / all,
        .seconds_left = plan->connect_rate > 0 ? fmax(0, all - started) / plan->connect_rate : NAN,
        .seconds = phase_seconds(run, PHASE_OPENING),
    };
}

/* By time, by the number of messages, or by whichever is nearer to its end. */
static struct progress progress_running(const struct run *run)
{
    const struct plan *plan = run->plan;
    double warm_up = (double)plan->warm_up_ns / 1e9, duration = (double)plan->duration_ns / 1e9;
    double spent = phase_seconds(run, PHASE_RUNNING);
    bool is_warm = run->measured_seconds > 0 || warm_up == 0;
    struct progress out = {
        .doing = is_warm ? "measuring" : "warming up",
        .share = NAN,
        .seconds_left = NAN,
        .seconds = spent,
    };
    /* The window knows better than whole seconds how long it lasts. */
    double done = is_warm ? warm_up + run->measured_seconds : fmin(spent, warm_up);
    if (plan->duration_ns > 0) {
        out.share = fmin(1, done / (warm_up + duration));
        out.seconds_left = fmax(0, warm_up + duration - done);
    }
    enum count counted = figure_rate_counts(plan) == COUNT_OPENED ? COUNT_STARTED : COUNT_SENT;
    double sent = (double)run->totals[counted], share = sent / (double)plan->messages_max;
    if (plan->messages_max > 0 && !(out.share > share)) {
        out.share = fmin(1, share);
        out.seconds_left = sent > 0 && spent > 0 ? spent / share - spent : NAN;
    }
    return out;
}

static struct progress progress_of(const struct run *run)
{
    enum phase phase = PHASE_OPENING;
    if (run->sample_count > 0)
        phase = run->samples[run->sample_count - 1].phase;
    switch (phase) {
    case PHASE_OPENING:
        return progress_opening(run);
    case PHASE_RUNNING:
        return progress_running(run);
    case PHASE_DRAINING:
        return (struct progress){"finishing", NAN, NAN, phase_seconds(run, phase)};
    case PHASE_CLOSING:
        break;
    }
    return (struct progress){"closing", NAN, NAN, phase_seconds(run, phase)};
}

static void print_progress(struct panel *p)
{
    struct progress progress = progress_of(p->run);
    char bar[BAR_BYTES];
    put(p, PAINT_BOLD, progress.doing);
    put_spaces_to(p, LABEL_COLUMNS);
    if (!isnan(progress.share)) {
        unsigned room =
            p->size.columns > LABEL_COLUMNS + 18 ? p->size.columns - LABEL_COLUMNS - 18 : 0;
        unsigned columns = room < BAR_COLUMNS_WANTED ? room : BAR_COLUMNS_WANTED;
        bar_draw(bar, progress.share, columns);
        put(p, PAINT_CYAN, bar);
        put_until(p, PAINT_DIM, "░", LABEL_COLUMNS + columns);
        char percent[TEXT_BYTES];
        snprintf(percent, sizeof(percent), " %3.0f %%  ", floor(progress.share * 100));
        put(p, PAINT_PLAIN, percent);
    }
    put(p, PAINT_PLAIN,
        text_clock(isnan(progress.seconds_left) ? progress.seconds : progress.seconds_left).s);
    if (!isnan(progress.seconds_left))
        put(p, PAINT_PLAIN, " left");
    end_row(p);
}

/* --- what flows -------------------------------------------------------------------------- */

/* A second that has only begun says little: then the one before is taken in. */
static double rate_now(const struct run *run, enum count count)
{
    double n = 0, seconds = 0;
    for (size_t i = run->sample_count; i-- > 0 && seconds < 0.5;) {
        n += (double)run->samples[i].counts[count];
        seconds += run->samples[i].seconds;
    }
    return seconds > 0 ? n / seconds : 0;
}

static void print_flow(struct panel *p)
{
    const struct run *run = p->run;
    bool is_opening = figure_rate_counts(run->plan) == COUNT_OPENED;
    uint64_t open = run->sample_count > 0 ? run->samples[run->sample_count - 1].open : 0;
    put_label(p, "open");
    put_cell(p, PAINT_BOLD, text_count((double)open).s);
    put(p, PAINT_PLAIN, " of ");
    put(p, PAINT_PLAIN, text_count(all_connections(run->plan)).s);
    if (run->totals[COUNT_CLOSED] > 0) {
        put(p, PAINT_PLAIN, ", closed by others ");
        put(p, PAINT_YELLOW, text_count((double)run->totals[COUNT_CLOSED]).s);
    }
    end_row(p);

    put_label(p, is_opening ? "opened" : "received");
    put_cell(p, PAINT_BOLD, text_rate(rate_now(run, figure_rate_counts(run->plan))).s);
    if (!is_opening) {
        put_spaces_to(p, p->column + 2);
        put(p, PAINT_PLAIN, text_byte_rate(rate_now(run, COUNT_RECEIVED_BYTES)).s);
    }
    end_row(p);
}

static void print_server(struct panel *p)
{
    const struct run *run = p->run;
    const struct sample *s = run->sample_count > 0 ? &run->samples[run->sample_count - 1] : NULL;
    /* Its share of the second that has only begun is of no use. */
    if (s != NULL && run->sample_count > 1 && s->seconds < 0.5)
        s--;
    if (run->plan->server_pid == 0 || s == NULL || s->server_memory_bytes == 0)
        return;
    put_label(p, "server");
    put_cell(p, PAINT_PLAIN, text_bytes((double)s->server_memory_bytes).s);
    put(p, PAINT_PLAIN, "  CPU ");
    put(p, PAINT_PLAIN, text_share(s->server_cpu_share).s);
    end_row(p);
}

/* --- how long it takes ------------------------------------------------------------------- */

/* The five percentiles, or three of them where there is no room. */
static void print_percentiles(struct panel *p, const char *label, const struct text cells[5])
{
    bool is_wide = p->size.columns >= LABEL_COLUMNS + 5 * CELL_COLUMNS;
    put_label(p, label);
    for (unsigned i = 0; i < 5; i++)
        if (is_wide || i == 0 || i == 2 || i == 3)
            put_cell(p, PAINT_PLAIN, cells[i].s);
    end_row(p);
}

static void print_timing(struct panel *p, const char *label, const struct hist *h)
{
    const struct text cells[] = {
        text_duration((double)hist_quantile(h, 0.5)),
        text_duration((double)hist_quantile(h, 0.9)),
        text_duration((double)hist_quantile(h, 0.99)),
        text_duration((double)hist_quantile(h, 0.999)),
        text_duration((double)hist_quantile(h, 1)),
    };
    print_percentiles(p, label, cells);
}

static void print_latencies(struct panel *p)
{
    static const struct text NAMES[] = {{"p50"}, {"p90"}, {"p99"}, {"p99.9"}, {"max"}};
    const struct run *run = p->run;
    bool has_latency = hist_total(&run->timings[TIMING_LATENCY]) > 0;
    print_percentiles(p, "", NAMES);
    if (run->sample_count > 1) {
        const struct sample *s = &run->samples[run->sample_count - 2];
        const struct text cells[] = {
            text_duration((double)s->p50_ns), text_duration((double)s->p90_ns),
            text_duration((double)s->p99_ns), text_duration((double)s->p999_ns),
            text_duration((double)s->max_ns),
        };
        if (s->max_ns > 0)
            print_percentiles(p, "now", cells);
    }
    if (has_latency)
        print_timing(p, "so far", &run->timings[TIMING_LATENCY]);
    /* Once there are latencies, how it was to connect is for the report. */
    for (unsigned i = 0; i < TIMING_KINDS; i++) {
        bool is_shown =
            i == TIMING_BESIDE ||
            (!has_latency && (i == TIMING_CONNECT || i == TIMING_TLS || i == TIMING_HANDSHAKE));
        if (is_shown && hist_total(&run->timings[i]) > 0)
            print_timing(p, timing_name((enum timing)i), &run->timings[i]);
    }
}

/* --- what went wrong --------------------------------------------------------------------- */

static void print_errors(struct panel *p)
{
    char kinds[WORDS_BYTES];
    uint64_t errors = run_errors(p->run);
    put_label(p, "errors");
    put_cell(p, errors > 0 ? PAINT_LOUD : PAINT_GREEN,
             errors > 0 ? text_count((double)errors).s : "none");
    if (errors > 0) {
        words_faults(p->run, kinds);
        put_spaces_to(p, p->column + 2);
        put(p, PAINT_LOUD, kinds);
    }
    end_row(p);
    if (p->run->reason_count > 0) {
        put_label(p, "");
        put(p, PAINT_DIM, "most often: ");
        put(p, PAINT_PLAIN, p->run->reasons[0].text);
        end_row(p);
    }
}

/* --- how it went ------------------------------------------------------------------------- */

static double sample_rate(const struct run *run, const struct sample *s)
{
    double count = (double)s->counts[figure_rate_counts(run->plan)];
    return s->seconds > 0 ? count / s->seconds : 0;
}

static double sample_p99(const struct run *run, const struct sample *s)
{
    (void)run;
    return (double)s->p99_ns;
}

/* One column for each complete second, as many of the last as fit. */
static void print_sparkline(struct panel *p, const char *label,
                            double (*of)(const struct run *, const struct sample *),
                            struct text (*tell)(double))
{
    const struct run *run = p->run;
    size_t end = run->sample_count > 0 ? run->sample_count - 1 : 0, begin = 0;
    size_t room = p->size.columns > LABEL_COLUMNS + PEAK_COLUMNS
                      ? p->size.columns - LABEL_COLUMNS - PEAK_COLUMNS
                      : 1;
    double peak = 0;
    if (end > room)
        begin = end - room;
    for (size_t i = begin; i < end; i++)
        peak = fmax(peak, of(run, &run->samples[i]));
    if (peak == 0)
        return;
    put_label(p, label);
    for (size_t i = begin; i < end; i++)
        put(p, PAINT_CYAN, bar_spark(of(run, &run->samples[i]) / peak));
    put(p, PAINT_DIM, " ≤ ");
    put(p, PAINT_DIM, tell(peak).s);
    end_row(p);
}

unsigned panel_print(FILE *to, const struct run *so_far, struct panel_size size, bool is_painted)
{
    struct panel p = {.to = to, .run = so_far, .size = size, .is_painted = is_painted};
    char words[WORDS_BYTES];
    if (p.size.columns > COLUMNS_MAX)
        p.size.columns = COLUMNS_MAX;

    words_title(so_far->plan, words);
    put(&p, PAINT_BOLD, words);
    end_row(&p);
    words_load(so_far->plan, words);
    put(&p, PAINT_DIM, words);
    end_row(&p);
    print_progress(&p);
    end_block(&p);
    print_flow(&p);
    print_server(&p);
    print_errors(&p);
    end_block(&p);
    print_latencies(&p);
    end_block(&p);
    print_sparkline(&p, "rate", sample_rate, text_rate);
    print_sparkline(&p, "p99", sample_p99, text_duration);
    return p.row;
}
