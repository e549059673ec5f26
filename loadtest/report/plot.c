#include "report/plot.h"

#include "report/page.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* Of the view box. On a phone it shrinks, text and all, to three quarters. */
enum {
    WIDTH = 480,
    HEIGHT = 250,
    LEFT = 58,
    RIGHT = 16,
    TOP = 12,
    BOTTOM = 28,
    ACROSS = WIDTH - LEFT - RIGHT,
    DOWN = HEIGHT - TOP - BOTTOM,
};

/* Where points are so dense that they are thinned out. */
enum { COLUMNS = ACROSS / 2 };

/* A plot with its axes. */
struct frame {
    const struct plot *plot;
    struct axis x, y;
    FILE *out;
};

/* --- points ------------------------------------------------------------------------------ */

static bool is_drawable(const struct plot *p, double x, double y)
{
    return isfinite(x) && isfinite(y) && (p->y.steps != AXIS_LOG || y > 0) &&
           (p->x.steps != AXIS_LOG || x > 0);
}

static bool is_drawn(const struct plot *p, const struct plot_series *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_drawable(p, s->x[i], s->y[i]))
            return true;
    return false;
}

/* More points than can be told apart are thinned out to two for each column. */
static bool is_dense(const struct plot_series *s)
{
    return s->count > 2 * COLUMNS;
}

static size_t count_drawn(const struct plot *p)
{
    size_t count = 0;
    for (size_t i = 0; i < p->series_count; i++)
        count += is_drawn(p, &p->series[i]);
    return count;
}

/* Both axes, around all points. There is at least one. */
static void frame_init(struct frame *f, const struct plot *p, FILE *out)
{
    double x_from = INFINITY, x_to = -INFINITY, y_from = INFINITY, y_to = -INFINITY;
    for (size_t i = 0; i < p->series_count; i++) {
        const struct plot_series *s = &p->series[i];
        for (size_t k = 0; k < s->count; k++) {
            if (!is_drawable(p, s->x[k], s->y[k]))
                continue;
            x_from = fmin(x_from, s->x[k]);
            x_to = fmax(x_to, s->x[k]);
            y_from = fmin(y_from, s->y[k]);
            y_to = fmax(y_to, s->y[k]);
        }
    }
    *f = (struct frame){.plot = p, .out = out};
    axis_init(&f->x, p->x.steps == AXIS_LOG ? x_from : fmin(x_from, 0), x_to, p->x.steps, false);
    axis_init(&f->y, p->y.steps == AXIS_LOG ? y_from : fmin(y_from, 0), y_to, p->y.steps, true);
}

static double x_of(const struct frame *f, double value)
{
    return LEFT + ACROSS * axis_share(&f->x, value);
}

static double y_of(const struct frame *f, double value)
{
    return TOP + DOWN * (1 - axis_share(&f->y, value));
}

/* --- axes -------------------------------------------------------------------------------- */

/* "1.00 ms" is "1 ms", and "2.50M" is "2.5M". */
static struct text without_zeros(struct text t)
{
    char *point = strchr(t.s, '.');
    if (point == NULL)
        return t;
    char *end = point + 1;
    while (isdigit((unsigned char)*end))
        end++;
    char *keep = end;
    while (keep[-1] == '0')
        keep--;
    if (keep - 1 == point)
        keep = point;
    memmove(keep, end, strlen(end) + 1);
    return t;
}

static void write_y_ticks(const struct frame *f)
{
    for (size_t i = 0; i < f->y.tick_count; i++) {
        double y = y_of(f, f->y.ticks[i]);
        fprintf(f->out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, y, LEFT + ACROSS);
        fprintf(f->out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 7, y + 4);
        page_text(without_zeros(f->plot->y.text(f->y.ticks[i])).s, f->out);
        fputs("</text>\n", f->out);
    }
}

static void write_x_ticks(const struct frame *f)
{
    for (size_t i = 0; i < f->x.tick_count; i++) {
        double x = x_of(f, f->x.ticks[i]);
        fprintf(f->out, "<path class=\"grid\" d=\"M%.1f %dv4\"/>", x, TOP + DOWN);
        fprintf(f->out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", x, HEIGHT - 8);
        page_text(without_zeros(f->plot->x.text(f->x.ticks[i])).s, f->out);
        fputs("</text>\n", f->out);
    }
}

static void write_shade(const struct frame *f)
{
    double from = fmax(f->plot->shade_from, f->x.from), to = fmin(f->plot->shade_to, f->x.to);
    if (from < to)
        fprintf(f->out,
                "<rect class=\"shade\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
                x_of(f, from), TOP, x_of(f, to) - x_of(f, from), DOWN);
}

/* --- lines ------------------------------------------------------------------------------- */

/* A line in the making: of the run of points without a gap it is known where it began. */
struct pen {
    const struct frame *frame;
    bool is_area; /* what is below the line is drawn, not the line */
    size_t run;   /* points since the last gap */
    double first_x, x, y;
};

static void pen_lift(struct pen *pen)
{
    FILE *out = pen->frame->out;
    if (pen->is_area && pen->run > 0)
        fprintf(out, "V%.1fH%.1fZ", y_of(pen->frame, pen->frame->y.from), pen->first_x);
    else if (pen->run == 1) /* a point alone has no line, but a ring */
        fputs("m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0", out);
    pen->run = 0;
}

static void pen_move(struct pen *pen, double x, double y)
{
    if (!is_drawable(pen->frame->plot, x, y)) {
        pen_lift(pen);
        return;
    }
    pen->x = x_of(pen->frame, x);
    pen->y = y_of(pen->frame, y);
    if (pen->run++ == 0)
        pen->first_x = pen->x;
    fprintf(pen->frame->out, "%c%.1f %.1f", pen->run == 1 ? 'M' : 'L', pen->x, pen->y);
}

/* Of the points from `from` to before `to`, the least and the greatest, in their order. A gap among
 * them is kept only if nothing else is there. */
static void pen_move_column(struct pen *pen, const struct plot_series *s, size_t from, size_t to)
{
    size_t least = from, greatest = from;
    bool any = false;
    for (size_t i = from; i < to; i++) {
        if (!is_drawable(pen->frame->plot, s->x[i], s->y[i]))
            continue;
        if (!any || s->y[i] < s->y[least])
            least = i;
        if (!any || s->y[i] > s->y[greatest])
            greatest = i;
        any = true;
    }
    size_t first = least < greatest ? least : greatest, second = least + greatest - first;
    pen_move(pen, s->x[first], s->y[first]);
    if (second != first)
        pen_move(pen, s->x[second], s->y[second]);
}

static void write_points(struct pen *pen, const struct plot_series *s)
{
    if (is_dense(s))
        for (size_t i = 0; i < COLUMNS; i++)
            pen_move_column(pen, s, i * s->count / COLUMNS, (i + 1) * s->count / COLUMNS);
    else
        for (size_t i = 0; i < s->count; i++)
            pen_move(pen, s->x[i], s->y[i]);
    pen_lift(pen);
}

/* Below a line that is alone, and begins at zero, the area is tinted. */
static void write_series(const struct frame *f, size_t index)
{
    const struct plot_series *s = &f->plot->series[index];
    unsigned colour = (unsigned)(index % PLOT_COLOURS) + 1;
    if (count_drawn(f->plot) == 1 && !f->y.is_log) {
        struct pen area = {.frame = f, .is_area = true};
        fprintf(f->out, "<path class=\"area c%u\" d=\"", colour);
        write_points(&area, s);
        fputs("\"/>\n", f->out);
    }
    struct pen line = {.frame = f};
    fprintf(f->out, "<path class=\"line%s c%u\" d=\"", is_dense(s) ? " thin" : "", colour);
    write_points(&line, s);
    fputs("\"/>\n", f->out);
}

/* --- the figure -------------------------------------------------------------------------- */

static void write_caption(const struct plot *p, FILE *out)
{
    fputs("<figcaption><b>", out);
    page_text(p->title, out);
    fputs("</b>", out);
    for (size_t i = 0; i < p->series_count && count_drawn(p) > 1; i++) {
        if (!is_drawn(p, &p->series[i]))
            continue;
        fprintf(out, " <span class=\"key c%u\">", (unsigned)(i % PLOT_COLOURS) + 1);
        page_text(p->series[i].name, out);
        fputs("</span>", out);
    }
    fputs("</figcaption>\n", out);
}

void plot_write(const struct plot *p, FILE *out)
{
    struct frame f;
    if (count_drawn(p) == 0)
        return;
    frame_init(&f, p, out);
    fputs("<figure>", out);
    write_caption(p, out);
    fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    page_text(p->title, out);
    fputs("\">\n", out);
    write_shade(&f);
    write_y_ticks(&f);
    write_x_ticks(&f);
    /* The first series is the most important one, and lies on top. */
    for (size_t i = p->series_count; i-- > 0;)
        if (is_drawn(p, &p->series[i]))
            write_series(&f, i);
    fputs("</svg></figure>\n", out);
}
