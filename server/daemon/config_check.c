#include "daemon/config_check.h"

#include "chat/motd.h"
#include "daemon/activation.h"
#include "daemon/identity.h"
#include "daemon/pid_file.h"
#include "net/addr.h"
#include "net/listener.h"
#include "net/tls/tls.h"
#include "net/tls/tls_certificate.h"
#include "net/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* One look at the configuration. */
struct check {
    const struct config *config;
    const char *path; /* the file that it comes from; NULL: none */
    bool is_daemon;
    FILE *to;
    struct identity identity; /* whom the server will be */
    int problems;
};

__attribute__((format(printf, 2, 3))) static void problem(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("simuld: ", c->to);
    vfprintf(c->to, format, args);
    fputc('\n', c->to);
    va_end(args);
    c->problems++;
}

__attribute__((format(printf, 2, 3))) static void warning(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("simuld: warning: ", c->to);
    vfprintf(c->to, format, args);
    fputc('\n', c->to);
    va_end(args);
}

/* --- who --------------------------------------------------------------------------------- */

/* Whether it is known who the server will be. */
static bool check_identity(struct check *c)
{
    const struct config *config = c->config;
    char error[CONFIG_TEXT_BYTES_MAX];
    if (identity_find(&c->identity, config->daemon.user, config->daemon.group, error,
                      sizeof(error)) != OK) {
        problem(c, "%s", error);
        return false;
    }
    if (c->identity.is_ignored)
        warning(c, "daemon.user and daemon.group count only when root starts it; it will be '%s'",
                c->identity.user);
    return true;
}

/* --- certificates ------------------------------------------------------------------------ */

/* `which` of the section's file it is. */
static void check_dates(struct check *c, const char *section, const char *which,
                        const struct tls_link *link)
{
    time_t now = time(NULL);
    time_t told = link->not_before_s > now ? link->not_before_s : link->not_after_s;
    char day[32];
    struct tm utc;
    strftime(day, sizeof(day), "%Y-%m-%d", gmtime_r(&told, &utc));
    if (link->not_before_s > now)
        problem(c, "%s.certificate: %s is not valid before %s", section, which, day);
    else if (link->not_after_s <= now)
        problem(c, "%s.certificate: %s has expired on %s; renew it", section, which, day);
    else if (link->not_after_s - now < TLS_EXPIRY_WARNING_S)
        warning(c, "%s.certificate: %s expires on %s; renew it soon", section, which, day);
}

/* The server's own certificate, and those behind it in its file, which vouch for it. Some clients
 * sort them (RFC 8446 4.4.2), others do not (RFC 5246 7.4.2). */
static void check_chain(struct check *c, const char *section, SSL_CTX *ctx)
{
    struct tls_link link;
    for (unsigned i = 0; tls_certificate_link(ctx, i, &link); i++) {
        char which[TLS_SUBJECT_CHARS + 32] = "it";
        if (i > 0)
            snprintf(which, sizeof(which), "number %u of its file (%s)", i + 1, link.subject);
        if (!link.fits)
            warning(c,
                    "%s.certificate: %s has not issued the one before it; some clients will refuse "
                    "the chain",
                    section, which);
        check_dates(c, section, which, &link);
    }
}

static void check_pair(struct check *c, const char *section, const char *certificate,
                       const char *key)
{
    char error[CONFIG_TEXT_BYTES_MAX];
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        problem(c, "out of memory");
    else if (tls_certificate_load(ctx, section, certificate, key, error, sizeof(error)) != OK)
        problem(c, "%s", error);
    else
        check_chain(c, section, ctx);
    SSL_CTX_free(ctx);
    struct stat st;
    if (stat(key, &st) == 0 && (st.st_mode & S_IROTH) != 0)
        warning(c, "%s.key: everybody may read '%s'; chmod o-r it", section, key);
}

/* Each pair by itself, so that all that are wrong are named; then what they make together. */
static void check_certificates(struct check *c)
{
    const struct config *config = c->config;
    int problems_before = c->problems;
    if (config->tls.certificate[0] != '\0')
        check_pair(c, "tls", config->tls.certificate, config->tls.key);
    for (size_t i = 0; i < config->certificate_count; i++) {
        char section[CONFIG_NAME_BYTES_MAX + 8];
        snprintf(section, sizeof(section), "tls.%s", config->certificates[i].name);
        check_pair(c, section, config->certificates[i].certificate, config->certificates[i].key);
    }
    if (c->problems > problems_before)
        return;
    char error[CONFIG_TEXT_BYTES_MAX] = "out of memory";
    struct tls_store *store = NULL;
    if (tls_store_new(&store, config, error, sizeof(error)) != OK)
        problem(c, "%s", error);
    tls_store_free(store);
}

/* --- files ------------------------------------------------------------------------------- */

/* What errno says of something that whoever looks has tried. */
static void cannot(struct check *c, const char *setting, const char *verb, const char *path)
{
    const char *why = strerror(errno);
    const struct passwd *own = getpwuid(geteuid());
    problem(c, "%s: user '%s' cannot %s '%s': %s", setting, own == NULL ? "?" : own->pw_name, verb,
            path, why);
}

/* Of a file that is not there yet. Who starts the server as root makes it where the server itself
 * could not. */
static void check_made(struct check *c, const char *setting, const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof(copy), "%s", path);
    const char *directory = dirname(copy);
    if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) != 0 &&
        !(c->identity.changes && errno == EACCES))
        cannot(c, setting, "make a file in", directory);
}

static void check_appended(struct check *c, const char *setting, const char *path)
{
    struct stat st;
    if (path[0] == '\0')
        return;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        problem(c, "%s: '%s' is a directory; name a file", setting, path);
        return;
    }
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
        return;
    if (errno == ENOENT)
        check_made(c, setting, path);
    else
        cannot(c, setting, "write", path);
}

/* --- ports ------------------------------------------------------------------------------- */

struct planned_port {
    const char *prefix, *name; /* of its settings: "listen." and "web" */
    const char *path;          /* of a Unix socket; NULL: it has an address */
    struct addr addr;
};

enum { PORTS_MAX = CONFIG_LISTENERS_MAX + 1 };

static bool is_any(const struct addr *a)
{
    static const struct addr any_v6 = {0};
    static const struct addr any_v4 = {.ip = {[10] = 0xff, [11] = 0xff}};
    return memcmp(a->ip, any_v6.ip, sizeof(a->ip)) == 0 ||
           memcmp(a->ip, any_v4.ip, sizeof(a->ip)) == 0;
}

/* Whether both cannot be listened on at once. */
static bool is_taken_by(const struct planned_port *a, const struct planned_port *b)
{
    if (a->path != NULL || b->path != NULL)
        return a->path != NULL && b->path != NULL && strcmp(a->path, b->path) == 0;
    return a->addr.port != 0 && a->addr.port == b->addr.port &&
           (memcmp(a->addr.ip, b->addr.ip, sizeof(a->addr.ip)) == 0 || is_any(&a->addr) ||
            is_any(&b->addr));
}

/* It is only asked whether somebody listens there. Who does is perhaps the server that is running,
 * so that is nothing to tell. */
static void check_unix_socket(struct check *c, const struct planned_port *p)
{
    char setting[CONFIG_NAME_BYTES_MAX + 16];
    snprintf(setting, sizeof(setting), "%s%s.address", p->prefix, p->name);
    enum err e = unix_socket_probe(p->path);
    if (e == OK)
        check_made(c, setting, p->path);
    else if (e == ERR_EXISTS)
        problem(c, "%s: there is a file '%s' that is no socket; choose another path", setting,
                p->path);
    else if (e != ERR_BUSY)
        cannot(c, setting, "listen at", p->path);
}

/* Whether somebody listens there. Who may not bind to a port is not told so by trying, since the
 * kernel looks at rights first; but a simuld may serve on it that root has started, or systemd may
 * listen for us. It sees a connection that ends at once. */
static bool is_listened_on(const struct addr *addr)
{
    struct sockaddr_storage to;
    socklen_t len = addr_to_sockaddr(addr, &to);
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool is_answered = connect(fd, (const struct sockaddr *)&to, len) == 0;
    close(fd);
    return is_answered;
}

/* A port in use is nothing to tell, either. */
static void check_address(struct check *c, const struct planned_port *p)
{
    char text[ADDR_CHARS];
    struct addr addr = p->addr;
    int fd;
    if (listener_bind(&addr, true, &fd) == OK) {
        close(fd);
        return;
    }
    int error = errno;
    addr_format(&p->addr, text);
    if (error == EADDRINUSE || (error == EACCES && is_listened_on(&p->addr)))
        return;
    if (error == EACCES)
        problem(c,
                "%s%s.port: no permission to listen on %s; start simuld as root, give it "
                "CAP_NET_BIND_SERVICE, or choose a port from 1024 on",
                p->prefix, p->name, text);
    else if (error == EADDRNOTAVAIL)
        problem(c, "%s%s.address: %s is no address of this machine", p->prefix, p->name, text);
    else
        problem(c, "%s%s: cannot listen on %s: %s", p->prefix, p->name, text, strerror(error));
}

/* Whether one of those before it has what it wants. */
static bool check_taken(struct check *c, const struct planned_port *others,
                        const struct planned_port *p)
{
    for (const struct planned_port *o = others; o < p; o++) {
        char text[ADDR_CHARS];
        if (!is_taken_by(p, o))
            continue;
        bool is_path = p->path != NULL;
        problem(c, "%s%s.%s: %s is taken by %s%s already; choose another %s", p->prefix, p->name,
                is_path ? "address" : "port", is_path ? p->path : addr_format(&p->addr, text),
                o->prefix, o->name, is_path ? "path" : "port");
        return true;
    }
    return false;
}

static unsigned plan_ports(const struct check *c, struct planned_port ports[PORTS_MAX])
{
    unsigned count = 0;
    for (size_t i = 0; i <= c->config->listener_count; i++) {
        bool is_admin = i == c->config->listener_count;
        const struct config_listener *l = &c->config->listeners[i];
        const char *address = is_admin ? c->config->admin.address : l->address;
        int64_t port = is_admin ? c->config->admin.port : l->port;
        struct planned_port *p = &ports[count];
        *p = (struct planned_port){.prefix = is_admin ? "" : "listen.",
                                   .name = is_admin ? "admin" : l->name,
                                   .path = unix_socket_path(address)};
        p->addr.is_unix = p->path != NULL;
        if (port != CONFIG_PORT_OFF &&
            (p->path != NULL || addr_parse(&p->addr, address, (uint16_t)port) == OK))
            count++;
    }
    return count;
}

/* Sockets that somebody has opened for us, and whose they are. */
static void check_activation(struct check *c, struct activation *a,
                             struct activation_place places[PORTS_MAX], unsigned count)
{
    char error[CONFIG_TEXT_BYTES_MAX];
    if (activation_take(a, error, sizeof(error)) != OK ||
        activation_assign(a, places, count, error, sizeof(error)) != OK)
        problem(c, "%s", error);
}

static void check_ports(struct check *c)
{
    struct planned_port ports[PORTS_MAX];
    struct activation_place places[PORTS_MAX];
    struct activation activation;
    unsigned count = plan_ports(c, ports);
    for (unsigned i = 0; i < count; i++)
        places[i] = (struct activation_place){ports[i].name, &ports[i].addr, ports[i].path, NULL};
    check_activation(c, &activation, places, count);
    for (unsigned i = 0; i < count; i++) {
        const struct planned_port *p = &ports[i];
        if (check_taken(c, ports, p) || places[i].socket != NULL)
            continue;
        if (p->path != NULL)
            check_unix_socket(c, p);
        else
            check_address(c, p);
    }
    activation_close(&activation);
}

/* --- files of the server's --------------------------------------------------------------- */

/* One that a running server holds is no problem, as its ports are none. */
static void check_pid_file(struct check *c)
{
    char path[PID_FILE_PATH_BYTES_MAX], error[CONFIG_TEXT_BYTES_MAX];
    if (pid_file_choose(c->config->daemon.pid_file, c->is_daemon, path, error, sizeof(error)) == OK)
        check_appended(c, "daemon.pid_file", path);
    else
        problem(c, "%s", error);
}

static void check_logs(struct check *c)
{
    check_appended(c, "log.file", c->config->log.file);
    if (c->is_daemon && c->config->log.file[0] == '\0' && c->config->log.syslog == LOG_SYSLOG_OFF)
        warning(c, "the log of a daemon goes nowhere; set log.file or log.syslog");
    if (c->config->log.access)
        check_appended(c, "log.access_file", c->config->log.access_file);
}

static void check_motd(struct check *c)
{
    struct motd motd = {0};
    const char *path = c->config->chat.motd;
    enum err e = motd_load(&motd, path);
    if (e == ERR_IO)
        cannot(c, "chat.motd", "read", path);
    else if (e != OK)
        problem(c, "chat.motd: '%s' cannot be used: %s", path,
                e == ERR_UTF8    ? "it is not UTF-8"
                : e == ERR_LIMIT ? "it is too long"
                                 : err_name(e));
    motd_deinit(&motd);
}

static void check_again(struct check *c, const char *section, const char *key, const char *path)
{
    if (path != NULL && path[0] != '\0' && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
        warning(c, "%s%s: user '%s' cannot read '%s' again on a reload: %s", section, key,
                c->identity.user, path, strerror(errno));
}

/* These are read as whoever starts the server, and again as who it is then. */
static void check_reload(struct check *c)
{
    const struct config *config = c->config;
    if (!c->identity.changes)
        return;
    check_again(c, "-c", "", c->path);
    check_again(c, "tls", ".certificate", config->tls.certificate);
    check_again(c, "tls", ".key", config->tls.key);
    check_again(c, "tls", ".client_authorities", config->tls.client_authorities);
    for (size_t i = 0; i < config->certificate_count; i++) {
        char section[CONFIG_NAME_BYTES_MAX + 8];
        snprintf(section, sizeof(section), "tls.%s", config->certificates[i].name);
        check_again(c, section, ".certificate", config->certificates[i].certificate);
        check_again(c, section, ".key", config->certificates[i].key);
    }
}

static void check_files(struct check *c)
{
    check_logs(c);
    check_motd(c);
    check_reload(c);
}

/* Only the kernel knows what a user may do, so a child becomes who the server will be, and tries.
 */
static void check_files_as_server(struct check *c)
{
    if (!c->identity.changes) {
        check_files(c);
        return;
    }
    fflush(c->to);
    pid_t child = fork();
    if (child == 0) {
        char error[CONFIG_TEXT_BYTES_MAX];
        c->problems = 0;
        if (identity_assume(&c->identity, error, sizeof(error)) == OK)
            check_files(c);
        else
            problem(c, "%s", error);
        fflush(c->to);
        _exit(c->problems > 0);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) < 0)
        problem(c, "cannot check as user '%s': %s", c->identity.user, strerror(errno));
    else if (status != 0)
        c->problems++;
}

bool config_check(const struct config *config, const char *path, bool is_daemon, FILE *to)
{
    struct check c = {.config = config, .path = path, .is_daemon = is_daemon, .to = to};
    check_certificates(&c);
    check_ports(&c);
    check_pid_file(&c);
    if (check_identity(&c))
        check_files_as_server(&c);
    return c.problems == 0;
}
