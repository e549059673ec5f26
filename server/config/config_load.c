/* Reads the sources in their order, each value through the table, then checks the whole. */
#include "config/config_section.h"
#include "config/config_set.h"
#include "config/config_table.h"
#include "config/config_value.h"

#include "net/unix_socket.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WHERE_BYTES_MAX = 224 }; /* 200 bytes of a path, and a line number */

/* Reading goes on after an error, to find them all; what counts is the first. */
static enum err first_error(enum err first, enum err next)
{
    return first != OK ? first : next;
}

/* --- the sources ------------------------------------------------------------------------- */

struct file_reader {
    struct config_loader *loader;
    const char *path;
    FILE *file;
    int line;       /* counts from 1 */
    enum err error; /* the first */
    int error_line; /* where that is */
};

static void note_error(struct file_reader *r, enum err e)
{
    if (r->error != OK || e == OK)
        return;
    r->error = e;
    r->error_line = r->line;
}

/* A line that is left out. */
static void drop_line(struct file_reader *r, enum err e, char *line)
{
    note_error(r, e);
    line[0] = '\n';
    line[1] = '\0';
}

/* Behind [section] a comment may stand; inih would not see anything else. */
static bool has_more_than_header(const char *line)
{
    const char *end = line[0] == '[' ? strchr(line, ']') : NULL;
    if (end == NULL)
        return false;
    end += 1 + strspn(end + 1, " \t\r\n");
    return *end != '\0' && strchr(INI_START_COMMENT_PREFIXES, *end) == NULL;
}

/* Reads as fgets does, but skips indentation, which inih would take for more of the line above, and
 * what does not fit, which it would take for another line: of a comment it is nothing, of any other
 * line an error. */
static char *read_line(char *line, int size, void *ctx)
{
    struct file_reader *r = ctx;
    r->line++;
    int len = 0;
    bool is_cut = false;
    for (int c = 0; c != '\n' && (c = getc(r->file)) != EOF;) {
        /* inih 58 takes a full line without its end for too long, and skips the next. */
        if (c == '\0' || (len == size - 2 && c != '\n'))
            is_cut = true;
        else if (len > 0 || (c != ' ' && c != '\t'))
            line[len++] = (char)c;
    }
    line[len] = '\0';
    if (is_cut && (len == 0 || strchr(INI_START_COMMENT_PREFIXES, line[0]) == NULL)) {
        enum err e = config_fail(r->loader, ERR_SYNTAX,
                                 "%.200s:%d: the line is longer than %d bytes or has a zero byte; "
                                 "long values can be given in the environment or with -o",
                                 r->path, r->line, size - 2);
        drop_line(r, e, line);
    } else if (has_more_than_header(line)) {
        enum err e = config_fail(r->loader, ERR_SYNTAX,
                                 "%.200s:%d: put what stands behind the ] on a line of its own",
                                 r->path, r->line);
        drop_line(r, e, line);
    }
    return line[0] != '\0' ? line : NULL;
}

/* Always 1 (go on). */
static int on_ini_value(void *ctx, const char *section, const char *name, const char *value)
{
    struct file_reader *r = ctx;
    char where[WHERE_BYTES_MAX], key[CONFIG_KEY_BYTES_MAX];
    snprintf(where, sizeof(where), "%.200s:%d", r->path, r->line);
    snprintf(key, sizeof(key), "%s%s%s", section, section[0] == '\0' ? "" : ".", name);
    note_error(r, config_set(r->loader, where, key, value));
    return 1;
}

/* inih tells of lines that it cannot read at its end, and of the first alone. That is before what
 * is wrong with the settings of later lines. */
static void note_bad_line(struct file_reader *r, int line)
{
    struct config_report *report = r->loader->report;
    enum err e = config_fail(r->loader, ERR_SYNTAX, "%.200s:%d: expected [section] or key = value",
                             r->path, line);
    if (r->error == OK || line > r->error_line || report->errors_omitted > 0) {
        note_error(r, e);
        return;
    }
    char *last = report->more_errors[report->more_error_count - 1];
    char first[CONFIG_TEXT_BYTES_MAX];
    memcpy(first, last, sizeof(first));
    memcpy(last, report->error, sizeof(first));
    memcpy(report->error, first, sizeof(first));
    r->error = e;
}

static enum err load_file(struct config_loader *l, const char *path)
{
    struct file_reader r = {.loader = l, .path = path, .file = fopen(path, "re")};
    if (r.file == NULL)
        return config_fail(l, ERR_IO, "%.200s: cannot be opened: %s", path, strerror(errno));
    errno = 0;
    int bad_line = ini_parse_stream(read_line, &r, on_ini_value, &r);
    if (ferror(r.file))
        note_error(&r, config_fail(l, ERR_IO, "%.200s: cannot be read: %s", path, strerror(errno)));
    else if (bad_line > 0)
        note_bad_line(&r, bad_line);
    fclose(r.file);
    return r.error;
}

/* Cuts "key=value" at its first "="; a key that is too long for `key` is cut, and then unknown.
 * Returns the value, NULL when there is no "=". */
static const char *split(const char *pair, char key[CONFIG_KEY_BYTES_MAX])
{
    const char *equals = strchr(pair, '=');
    if (equals == NULL)
        return NULL;
    snprintf(key, CONFIG_KEY_BYTES_MAX, "%.*s", (int)(equals - pair), pair);
    return equals + 1;
}

static enum err load_environment(struct config_loader *l, char *const *env)
{
    enum err first = OK;
    for (; env != NULL && *env != NULL; env++) {
        char name[CONFIG_KEY_BYTES_MAX];
        const char *value = split(*env, name);
        if (value == NULL || strncmp(name, CONFIG_ENV_PREFIX, strlen(CONFIG_ENV_PREFIX)) != 0)
            continue;
        first = first_error(first, config_set_env(l, name, value));
    }
    return first;
}

static enum err load_override(struct config_loader *l, const char *override)
{
    char key[CONFIG_KEY_BYTES_MAX];
    const char *value = split(override, key);
    if (value == NULL)
        return config_fail(l, ERR_SYNTAX, "-o %.100s: expected section.key=value", override);
    return config_set(l, "-o", key, value);
}

/* --- the whole --------------------------------------------------------------------------- */

static enum err resolve_server_name(struct config *config)
{
    char host[64 + 1];
    if (strcmp(config->server.name, "auto") != 0)
        return OK;
    if (gethostname(host, sizeof(host)) != 0)
        host[0] = '\0';
    bool is_usable = strchr(host, '.') != NULL && config_normalise_server_name(host);
    char *name = strdup(is_usable ? host : "simul.local");
    if (name == NULL)
        return ERR_NOMEM;
    free(config->server.name);
    config->server.name = name;
    return OK;
}

/* A certificate goes with its key. `section` is "tls" or "tls.NAME". */
static enum err check_pair(struct config_loader *l, const char *section, const char *certificate,
                           const char *key)
{
    bool has_certificate = certificate[0] != '\0', has_key = key[0] != '\0';
    if (has_certificate == has_key)
        return OK;
    return config_fail(l, ERR_SYNTAX, "%s.%s is set, but %s.%s is not; set both or neither",
                       section, has_certificate ? "certificate" : "key", section,
                       has_certificate ? "key" : "certificate");
}

static enum err check_tls(struct config_loader *l)
{
    const struct config *config = l->config;
    enum err first = check_pair(l, "tls", config->tls.certificate, config->tls.key);
    if (config->tls.certificate[0] != '\0' && config->tls.self_signed)
        first = first_error(
            first,
            config_fail(l, ERR_SYNTAX,
                        "tls.self_signed is on, but there is tls.certificate; leave one out"));
    for (size_t i = 0; i < config->certificate_count; i++) {
        const struct config_certificate *c = &config->certificates[i];
        char section[CONFIG_NAME_BYTES_MAX + 4];
        snprintf(section, sizeof(section), "tls.%s", c->name);
        enum err e = check_pair(l, section, c->certificate, c->key);
        if (e == OK && c->certificate[0] == '\0')
            e = config_fail(l, ERR_SYNTAX, "%s has no certificate; set %s.certificate and %s.key",
                            section, section, section);
        first = first_error(first, e);
    }
    return first;
}

/* Whether a listener that is to be opened can be. */
static enum err check_listener(struct config_loader *l, const struct config_listener *listener)
{
    if (listener->port == CONFIG_PORT_MISSING)
        return config_fail(l, ERR_SYNTAX, "listen.%s has no port; set listen.%s.port",
                           listener->name, listener->name);
    if (listener->tls && !config_has_tls(l->config))
        return config_fail(l, ERR_SYNTAX,
                           "listen.%s speaks TLS, but there is no certificate; set "
                           "tls.certificate and tls.key, or tls.self_signed=on",
                           listener->name);
    if (listener->client_certificates != CONFIG_CLIENT_CERTIFICATES_OFF && !listener->tls)
        return config_fail(l, ERR_SYNTAX,
                           "listen.%s.client_certificates is not off, but it speaks no TLS; set "
                           "listen.%s.tls=on",
                           listener->name, listener->name);
    if (listener->client_certificates == CONFIG_CLIENT_CERTIFICATES_REQUIRE &&
        l->config->tls.client_authorities[0] == '\0')
        return config_fail(l, ERR_SYNTAX,
                           "listen.%s.client_certificates is require, but nobody vouches for "
                           "clients; set tls.client_authorities",
                           listener->name);
    return OK;
}

static enum err check_log(struct config_loader *l)
{
    if (l->config->log.syslog != LOG_SYSLOG_OFF && l->config->log.file[0] != '\0')
        return config_fail(l, ERR_SYNTAX, "log.syslog is set, and log.file too; set one of them");
    if (!l->config->log.access && l->config->log.access_file[0] != '\0')
        config_warn(l, "log.access_file is set, but log.access is off: nothing is written to it");
    return OK;
}

static enum err check_listener_proxy(struct config_loader *l,
                                     const struct config_listener *listener)
{
    if (!listener->proxy || !networks_is_empty(&l->config->proxy.networks))
        return OK;
    return config_fail(l, ERR_SYNTAX,
                       "listen.%s.proxy is on, but no proxy is known; set proxy.trusted",
                       listener->name);
}

/* Leaves only the listeners that are to be opened. */
static enum err settle_listeners(struct config_loader *l)
{
    struct config *config = l->config;
    bool can_tls = config_has_tls(config);
    enum err first = OK;
    for (size_t i = 0; i < config->listener_count;) {
        struct config_listener *listener = &config->listeners[i];
        if (listener->port == CONFIG_PORT_OFF || (listener->is_optional && !can_tls)) {
            config_section_remove(config_listener_section, config, i);
            continue;
        }
        if (listener->port == CONFIG_PORT_MISSING && unix_socket_path(listener->address) != NULL)
            listener->port = 0; /* nor does it need one */
        first = first_error(first, check_listener(l, listener));
        first = first_error(first, check_listener_proxy(l, listener));
        i++;
    }
    return first;
}

enum err config_load(struct config *out, const struct config_sources *sources,
                     struct config_report *report)
{
    return config_load_traced(out, sources, report, NULL);
}

enum err config_load_traced(struct config *out, const struct config_sources *sources,
                            struct config_report *report, struct config_origins *origins)
{
    *out = (struct config){0};
    *report = (struct config_report){0};
    struct config_loader l = {out, report, origins};
    enum err e = config_set_defaults(&l);
    if (e == OK && sources->path != NULL)
        e = load_file(&l, sources->path);
    e = first_error(e, load_environment(&l, sources->env));
    for (size_t i = 0; i < sources->override_count; i++)
        e = first_error(e, load_override(&l, sources->overrides[i]));
    if (e == OK)
        e = networks_parse(&out->proxy.networks, out->proxy.trusted);
    if (e == OK)
        e = check_tls(&l);
    if (e == OK)
        e = check_log(&l);
    if (e == OK)
        e = settle_listeners(&l);
    if (e == OK && resolve_server_name(out) != OK)
        e = config_fail_nomem(&l);
    if (e != OK)
        config_deinit(out);
    return e;
}

void config_deinit(struct config *config)
{
    for (size_t i = 0; i < config_section_count; i++)
        while (config_section_size(&config_sections[i], config) > 0)
            config_section_remove(&config_sections[i], config, 0);
    config_value_free_all(config_settings, config_setting_count, config);
    *config = (struct config){0};
}
