/* Settings in print, and read again. */
#include "config/config_key.h"
#include "config/config_print.h"
#include "config/config_value.h"
#include "unit/alloc_fail.h"
#include "unit/config/config_fixture.h"

#include <stdio.h>

static struct config_origins origins;
static char *printed; /* what was printed last; each test frees it */

/* What the function prints. */
#define PRINT(call_)                                                                               \
    do {                                                                                           \
        size_t len_;                                                                               \
        FILE *to = open_memstream(&printed, &len_);                                                \
        cr_assert_not_null(to);                                                                    \
        call_;                                                                                     \
        fclose(to);                                                                                \
    } while (0)

static void load_traced(const struct config_sources *sources)
{
    config_origins_deinit(&origins);
    cr_assert_eq(config_load_traced(&config, sources, &report, &origins), OK, "%s", report.error);
}

/* The printed line that begins so in its section; NULL: none. Static storage. */
static const char *printed_line(const char *section, const char *start)
{
    static char line[1024];
    const char *at = printed;
    if (section[0] != '\0') {
        at = strstr(printed, section);
        if (at == NULL)
            return NULL;
        at += strlen(section) + 1;
    }
    for (; *at != '\0' && *at != '['; at += strcspn(at, "\n") + 1)
        if (strncmp(at, start, strlen(start)) == 0) {
            snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
            return line;
        }
    return NULL;
}

#define ASSERT_LINE(section_, start_, value_, origin_)                                             \
    do {                                                                                           \
        const char *line_ = printed_line(section_, start_);                                        \
        cr_assert_not_null(line_, "%s %s", section_, start_);                                      \
        cr_assert_eq(strncmp(line_ + strlen(start_), value_, strlen(value_)), 0, "%s", line_);     \
        const char *comment_ = strrchr(line_, ';');                                                \
        cr_assert_not_null(comment_, "%s", line_);                                                 \
        cr_assert_str_eq(comment_, origin_, "%s", line_);                                          \
    } while (0)

/* All settings of both are the same; names of the other's keys are looked for in it. */
static void assert_same(struct config *one, struct config *other)
{
    struct config_key key, same;
    size_t count = 0, other_count = 0;
    for (; config_key_at(one, count, &key); count++) {
        char text[CONFIG_VALUE_BYTES_MAX], other_text[CONFIG_VALUE_BYTES_MAX];
        cr_assert(config_key_find(other, key.name, &same), "%s", key.name);
        cr_assert_str_eq(config_value_text(key.setting, key.base, text),
                         config_value_text(same.setting, same.base, other_text), "%s", key.name);
    }
    while (config_key_at(other, other_count, &key))
        other_count++;
    cr_assert_eq(count, other_count);
}

/* --- those in force ---------------------------------------------------------------------- */

Test(config_print, tells_where_each_setting_comes_from)
{
    strcpy(path, "/tmp/config_test_XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    const char text[] = "slow_ms=5\ndrain_seconds=1\n[listen.x]\nport=1\n[log]\nlevel=debug\n";
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    const char *env[] = {"SIMUL_LOG_LEVEL=warn", "SIMUL_LISTEN_X_PORT=2", NULL};
    const char *overrides[] = {"listen.x.port=3", "loops=auto"};
    load_traced(&(struct config_sources){path, (char *const *)env, overrides, 2});
    unlink(path);
    PRINT(config_print(to, &config, &origins));
    char line_2[64];
    snprintf(line_2, sizeof(line_2), "; %s:2", path);
    ASSERT_LINE("", "drain_seconds = ", "1", line_2);
    ASSERT_LINE("", "watchdog_ms = ", "1000", "; default");
    ASSERT_LINE("", "loops = ", "", "; -o");
    ASSERT_LINE("[log]", "level = ", "warn", "; environment SIMUL_LOG_LEVEL");
    ASSERT_LINE("[listen.x]", "port = ", "3", "; -o");
    ASSERT_LINE("[listen.x]", "protocol = ", "auto", "; default");
    ASSERT_LINE("[listen.irc]", "port = ", "6667", "; default");
    ASSERT_LINE("[jobs]", "workers = ", "", "; default: auto");
    ASSERT_LINE("[limits]", "out_bytes = ", "1048576", "; default");
    free(printed);
    config_deinit(&config);
    config_origins_deinit(&origins);
}

Test(config_print, gives_the_same_settings_when_it_is_read)
{
    const char *overrides[] = {"loops=3",
                               "listen.web.port=off",
                               "listen.new.port=0",
                               "listen.new.address=[::1]",
                               "listen.new.protocol=echo",
                               "tls.self_signed=on",
                               "listen.irctls.port=off",
                               "admin.port=off",
                               "limits.out_bytes=0",
                               "limits.memory_bytes=0",
                               "ws.origins=https://a.example:8443,http://b",
                               "server.admin=you; and; me = us # too",
                               "jobs.enabled=off"};
    load_traced(&(struct config_sources){.overrides = overrides,
                                         .override_count = sizeof(overrides) / sizeof(char *)});
    PRINT(config_print(to, &config, &origins));
    struct config first = config;
    cr_assert_eq(load_file(printed), OK, "%s", report.error);
    assert_same(&first, &config);
    free(printed);
    config_deinit(&first);
    config_deinit(&config);
    config_origins_deinit(&origins);
}

Test(config_print, defaults_give_themselves)
{
    load_traced(&(struct config_sources){0});
    PRINT(config_print(to, &config, &origins));
    struct config first = config;
    cr_assert_eq(load_file(printed), OK, "%s", report.error);
    assert_same(&first, &config);
    free(printed);
    config_deinit(&first);
    config_deinit(&config);
}

Test(config_print, hides_secrets_but_not_that_there_are_some)
{
    const char *overrides[] = {"server.password=confidential", "oper.alice.password=confidential"};
    load_traced(&(struct config_sources){.overrides = overrides, .override_count = 2});
    PRINT(config_print(to, &config, &origins));
    cr_assert_null(strstr(printed, "confidential"));
    ASSERT_LINE("[server]", "; password is set", ", and not shown", "; -o");
    ASSERT_LINE("[oper.alice]", "; password is set", ", and not shown", "; -o");
    ASSERT_LINE("[chat]", "cloak_key =", "", "; default");
    struct config first = config;
    cr_assert_eq(load_file(printed), OK, "%s", report.error);
    cr_assert_str_eq(config.server.password, "");
    cr_assert_eq(config.oper_count, 0);
    free(printed);
    config_deinit(&first);
    config_deinit(&config);
    config_origins_deinit(&origins);
}

Test(config_print, a_value_that_no_file_can_say_is_a_comment)
{
    static char origin[400] = "ws.origins=https://";
    memset(origin + strlen(origin), 'a', 300);
    const char *const values[] = {"server.admin=you ; me", "server.admin=;me", "server.admin= you",
                                  "server.admin=you ", origin};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        load_traced(&(struct config_sources){.overrides = &values[i], .override_count = 1});
        PRINT(config_print(to, &config, &origins));
        const char *comment = strstr(printed, "\n; no file can say: ");
        cr_assert_not_null(comment, "%s", values[i]);
        cr_assert_not_null(strstr(comment, strchr(values[i], '=') + 1), "%s", values[i]);
        config_deinit(&config);
        cr_assert_eq(load_file(printed), OK, "%s", report.error);
        cr_assert_str_eq(config.server.admin, "");
        cr_assert_str_eq(config.ws.origins, "");
        free(printed);
        config_deinit(&config);
    }
    config_origins_deinit(&origins);
}

Test(config_print, a_long_origin_is_cut_at_its_beginning)
{
    struct config_origins long_ones = {0};
    char where[230];
    memset(where, 'p', sizeof(where));
    strcpy(where + sizeof(where) - 6, ":1234");
    cr_assert_eq(config_origins_note(&long_ones, "loops", where), OK);
    load_traced(&(struct config_sources){0});
    PRINT(config_print(to, &config, &long_ones));
    ASSERT_LINE("", "loops = ", "", strrchr(printed_line("", "loops"), ';'));
    cr_assert_not_null(strstr(printed, "; ...pppp"));
    cr_assert_not_null(strstr(printed, "pppp:1234\n"));
    config_deinit(&config);
    cr_assert_eq(load_file(printed), OK, "%s", report.error);
    free(printed);
    config_deinit(&config);
    config_origins_deinit(&long_ones);
}

/* --- all there are ----------------------------------------------------------------------- */

Test(config_print, the_default_file_changes_nothing_as_it_is)
{
    cr_assert_eq(load_file(""), OK);
    struct config first = config;
    PRINT(cr_assert_eq(config_print_defaults(to), OK));
    cr_assert_eq(load_file(printed), OK, "%s", report.error);
    assert_same(&first, &config);
    free(printed);
    config_deinit(&first);
    config_deinit(&config);
}

Test(config_print, every_line_of_the_default_file_says_the_default)
{
    cr_assert_eq(load_file(""), OK);
    struct config first = config;
    PRINT(cr_assert_eq(config_print_defaults(to), OK));
    size_t settings = 0;
    char *write = printed;
    for (const char *read = printed; *read != '\0'; read++) {
        bool is_setting = *read == ';' && (read == printed || read[-1] == '\n');
        settings += is_setting;
        if (!is_setting)
            *write++ = *read;
    }
    *write = '\0';
    cr_assert_eq(load_file(printed), OK, "%s", report.error);
    assert_same(&first, &config);
    size_t count = 0;
    for (struct config_key key; config_key_at(&config, count, &key);)
        count++;
    cr_assert_geq(settings, count);
    free(printed);
    config_deinit(&first);
    config_deinit(&config);
}

Test(config_print, the_default_file_has_each_section_once_and_explains_what_has_no_default)
{
    PRINT(cr_assert_eq(config_print_defaults(to), OK));
    for (const char *line = printed; *line != '\0'; line += strcspn(line, "\n") + 1) {
        cr_assert_leq(strcspn(line, "\n"), 100, "%.60s", line);
        if (*line != '[')
            continue;
        char header[64];
        snprintf(header, sizeof(header), "\n%.*s\n", (int)strcspn(line, "\n"), line);
        cr_assert_null(strstr(line, header), "%s twice", header);
    }
    cr_assert_not_null(strstr(printed, "# [oper.NAME]\n"));
    free(printed);
}

Test(config_print, running_out_of_memory_leaves_nothing_behind)
{
    FILE *to = fopen("/dev/null", "w");
    const char *overrides[] = {"loops=2", "loops=3", "server.admin=me"};
    const struct config_sources sources = {.overrides = overrides, .override_count = 3};
    for (size_t succeed = 0;; succeed++) {
        alloc_fail_after(succeed);
        enum err e = config_load_traced(&config, &sources, &report, &origins);
        if (e == OK)
            e = config_print_defaults(to);
        size_t seen = alloc_fail_stop();
        config_deinit(&config);
        config_origins_deinit(&origins);
        if (seen <= succeed) {
            cr_assert_eq(e, OK);
            break;
        }
        cr_assert_eq(e, ERR_NOMEM, "allocation %zu", succeed);
    }
    fclose(to);
}

Test(config_print, help_lists_settings_with_defaults)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    config_print_help(to);
    fclose(to);
    const char *const expected[] = {"loops ",
                                    "drain_seconds ",
                                    "listen.NAME.port ",
                                    "admin.port ",
                                    "limits.out_bytes ",
                                    "ws.origins ",
                                    "jobs.enabled ",
                                    "log.format ",
                                    "0: a free one; off",
                                    "irctls    port 6697, protocol irc, TLS"};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        cr_assert_not_null(strstr(text, expected[i]), "%s", expected[i]);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        cr_assert_leq(strcspn(line, "\n"), 132, "%.60s", line);
    free(text);
}
