/* What a reload puts in force, and what it only tells of. */
#include "config/config_merge.h"
#include "config/config_section.h"
#include "config/config_table.h"
#include "config/config_value.h"

#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <criterion/criterion.h>
#include <string.h>

static struct {
    struct config old, fresh;
    struct config_changes changes;
} merged;

static void setup(void)
{
    memset(&merged, 0, sizeof(merged));
}

static void teardown(void)
{
    config_deinit(&merged.old);
    config_deinit(&merged.fresh);
}

TestSuite(config_merge, .init = setup, .fini = teardown);

/* Up to three settings. */
static void load(struct config *out, const char *a, const char *b, const char *c)
{
    const char *const all[] = {"server.name=s.test", a, b, c};
    size_t count = 1;
    while (count < 4 && all[count] != NULL)
        count++;
    const struct config_sources sources = {.overrides = all, .override_count = count};
    static struct config_report report;
    cr_assert_eq(config_load(out, &sources, &report), OK, "%s", report.error);
}

static void expect_changes(const char *live, const char *held)
{
    expect_ok(config_merge(&merged.fresh, &merged.old, &merged.changes));
    cr_assert_str_eq(merged.changes.live.text, live);
    cr_assert_str_eq(merged.changes.held.text, held);
}

Test(config_merge, what_is_the_same_is_not_told)
{
    load(&merged.old, "loops=2", "chat.motd=/a", "oper.root.password=x");
    load(&merged.fresh, "loops=2", "chat.motd=/a", "oper.root.password=x");
    expect_changes("", "");
    cr_assert_eq(merged.changes.live.count, 0);
}

Test(config_merge, live_settings_are_the_new_ones)
{
    load(&merged.old, "loops=2", "chat.motd=/a", "ws.deflate=off");
    load(&merged.fresh, "loops=2", "chat.motd=/b", "ws.deflate=on");
    expect_changes("chat.motd, ws.deflate", "");
    cr_assert_str_eq(merged.fresh.chat.motd, "/b");
    cr_assert(merged.fresh.ws.deflate);
}

Test(config_merge, others_stay_as_they_are)
{
    load(&merged.old, "loops=2", "server.network=one", "jobs.enabled=off");
    load(&merged.fresh, "loops=3", "server.network=two", "jobs.enabled=on");
    expect_changes("", "loops, server.network, jobs.enabled");
    cr_assert_eq(merged.changes.held.count, 3);
    cr_assert_eq(merged.fresh.loops, 2);
    cr_assert_str_eq(merged.fresh.server.network, "one");
    cr_assert_eq(merged.fresh.jobs.enabled, CONFIG_JOBS_OFF);
}

Test(config_merge, operators_come_go_and_change)
{
    load(&merged.old, "oper.ann.password=1", "oper.bob.password=2", NULL);
    load(&merged.fresh, "oper.bob.password=3", "oper.cid.password=4", NULL);
    expect_changes("oper.cid, oper.ann, oper.bob.password", "");
    cr_assert_eq(merged.fresh.oper_count, 2);
    cr_assert_str_eq(merged.fresh.opers[0].password, "3");
}

Test(config_merge, listeners_go_and_do_not_come)
{
    load(&merged.old, "listen.old.port=1", "listen.irc.port=1000", "listen.web.faults=on");
    load(&merged.fresh, "listen.new.port=2", "listen.irc.port=off", "listen.web.port=88");
    expect_changes("listen.web.faults, listen.irc, listen.old", "listen.new, listen.web.port");
    cr_assert_eq(merged.fresh.listener_count, 2);
    cr_assert_str_eq(merged.fresh.listeners[0].name, "web");
    cr_assert_eq(merged.fresh.listeners[0].port, 8080);
    cr_assert_str_eq(merged.fresh.listeners[1].name, "echo");
}

/* --- every setting ----------------------------------------------------------------------- */

/* Another value than the default, which need not make sense. */
static void alter(const struct config_setting *setting, void *base)
{
    char *field = (char *)base + setting->offset;
    switch (setting->type) {
    case CONFIG_TYPE_NUMBER:
        *(int64_t *)(void *)field += 1;
        break;
    case CONFIG_TYPE_SWITCH:
        *(bool *)field ^= true;
        break;
    case CONFIG_TYPE_CHOICE:
        *(unsigned *)(void *)field ^= 1;
        break;
    case CONFIG_TYPE_TEXT:
        free(*(char **)(void *)field);
        *(char **)(void *)field = strdup("other");
        break;
    }
}

static void expect_one(const struct config_setting *setting, const char *name, const void *fresh,
                       const void *old)
{
    expect_changes(setting->is_live ? name : "", setting->is_live ? "" : name);
    cr_assert_eq(config_value_is_equal(setting, fresh, old), !setting->is_live, "%s", name);
}

Test(config_merge, each_setting_is_put_in_force_or_held)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        load(&merged.old, NULL, NULL, NULL);
        load(&merged.fresh, NULL, NULL, NULL);
        alter(&config_settings[i], &merged.fresh);
        expect_one(&config_settings[i], config_settings[i].key, &merged.fresh, &merged.old);
        teardown();
    }
}

Test(config_merge, so_is_each_setting_of_a_section)
{
    for (size_t s = 0; s < config_section_count; s++) {
        const struct config_section *section = &config_sections[s];
        for (size_t i = 0; i < section->setting_count; i++) {
            char name[128];
            load(&merged.old, NULL, NULL, NULL);
            load(&merged.fresh, NULL, NULL, NULL);
            void *old = config_section_add(section, &merged.old, SPAN("x"));
            void *fresh = config_section_add(section, &merged.fresh, SPAN("x"));
            for (size_t k = 0; k < section->setting_count; k++)
                if (section->settings[k].type == CONFIG_TYPE_TEXT &&
                    section->settings[k].initial == NULL) {
                    alter(&section->settings[k], old);
                    alter(&section->settings[k], fresh);
                }
            alter(&section->settings[i], fresh);
            if (section->settings[i].type == CONFIG_TYPE_TEXT)
                (*(char **)(void *)((char *)fresh + section->settings[i].offset))[0] = '!';
            snprintf(name, sizeof(name), "%sx.%s", section->prefix, section->settings[i].key);
            expect_one(&section->settings[i], name, fresh, old);
            teardown();
        }
    }
}

Test(config_merge, an_allocation_that_fails_leaks_nothing)
{
    size_t failures = 0;
    for (enum err e = ERR_NOMEM; e != OK; failures++) {
        load(&merged.old, "listen.old.port=1", "server.network=one", "oper.a.password=x");
        load(&merged.fresh, "listen.new.port=2", "server.network=two", "oper.b.password=y");
        alloc_fail_after(failures);
        e = config_merge(&merged.fresh, &merged.old, &merged.changes);
        alloc_fail_stop();
        teardown();
    }
    cr_assert_geq(failures, 2);
}

Test(config_merge, more_names_than_fit_are_cut)
{
    static char names[CONFIG_OPERS_MAX][64];
    static const char *overrides[CONFIG_OPERS_MAX];
    static struct config_report report;
    for (int i = 0; i < CONFIG_OPERS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "oper.%030d.password=x", i);
        overrides[i] = names[i];
    }
    const struct config_sources sources = {.overrides = overrides,
                                           .override_count = CONFIG_OPERS_MAX};
    expect_ok(config_load(&merged.fresh, &sources, &report));
    load(&merged.old, NULL, NULL, NULL);
    struct config_changes *changes = &merged.changes;
    expect_ok(config_merge(&merged.fresh, &merged.old, changes));
    cr_assert_geq(changes->live.count, CONFIG_OPERS_MAX);
    cr_assert_lt(strlen(changes->live.text), CONFIG_NAMES_BYTES_MAX);
}
