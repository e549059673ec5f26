#include "core/metrics.h"

#include "unit/expect.h"

#include <string.h>

Test(metrics, what_is_added_is_there)
{
    static struct loop_metrics m;
    cr_assert_eq(metric_get(&m.accepted), 0);
    metric_add(&m.accepted, 1);
    metric_add(&m.accepted, 41);
    cr_assert_eq(metric_get(&m.accepted), 42);
    metric_add(&m.accepted, 0);
    cr_assert_eq(metric_get(&m.accepted), 42);
}

Test(metrics, a_gauge_goes_down_again)
{
    static struct loop_metrics m;
    metric_add(&m.connections, 3);
    metric_sub(&m.connections, 2);
    cr_assert_eq(metric_get(&m.connections), 1);
    metric_sub(&m.connections, 1);
    cr_assert_eq(metric_get(&m.connections), 0);
}

Test(metrics, each_has_its_own_memory)
{
    static struct loop_metrics m;
    metric_add(&m.reads, 1);
    cr_assert_eq(metric_get(&m.writes), 0);
    cr_assert_eq(metric_get(&m.in_bytes), 0);
}

/* Prometheus asks that no two have one name, and that help is a sentence without its dot. */
Test(metrics, names_differ_and_each_has_a_help)
{
#define ROW(name, kind, help) {#name, help},
#define FAMILY(name, kind, label, help) {#name, help},
#define VALUE(field, value)
    static const struct {
        const char *name, *help;
    } rows[] = {LOOP_METRICS(ROW, FAMILY, VALUE)};
#undef ROW
#undef FAMILY
#undef VALUE
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_gt(strlen(rows[i].help), 4, "%s", rows[i].name);
        cr_assert_neq(rows[i].help[strlen(rows[i].help) - 1], '.');
        cr_assert_null(strpbrk(rows[i].help, "\n\\"));
        for (size_t k = 0; k < i; k++)
            cr_assert_str_neq(rows[i].name, rows[k].name);
    }
}
