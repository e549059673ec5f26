/* What -t finds, with certificates and a clock of the test's. */
#include "daemon/config_check.h"
#include "net/addr.h"
#include "net/listener.h"
#include "net/unix_socket.h"

#include <criterion/criterion.h>

#include "unit/expect.h"
#include "unit/net/tls_store_fixture.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

static char said[4096]; /* what the last check wrote */
static bool is_good;
static bool is_daemon;   /* as the test says */
static const char *path; /* likewise */

/* Checks the settings there are so far. */
static void check(void)
{
    FILE *to = tmpfile(); /* which a child can write to as well */
    cr_assert_not_null(to);
    tls_load();
    is_good = config_check(&tls.config, path, is_daemon, to);
    rewind(to);
    said[fread(said, 1, sizeof(said) - 1, to)] = '\0';
    fclose(to);
}

/* Only free ports, since those by default may be in use; whoever runs it stays that. */
static void setup(void)
{
    umask(027);
    tls_setup();
    const char *const names[] = {"listen.web",    "listen.irc",    "listen.echo",
                                 "listen.webtls", "listen.irctls", "admin"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char setting[64];
        snprintf(setting, sizeof(setting), "%s.port=0", names[i]);
        tls_set(setting);
    }
    if (geteuid() == 0)
        tls_set("daemon.user=root");
}

TestSuite(config_check, .init = setup, .fini = tls_teardown);

static size_t lines(void)
{
    size_t count = 0;
    for (const char *c = said; *c != '\0'; c++)
        count += *c == '\n';
    return count;
}

/* The last check found this one thing, and it was such a thing. */
static void expect_one(bool is_warning, const char *what)
{
    cr_assert_eq(is_good, is_warning, "%s", said);
    cr_assert_eq(lines(), 1, "%s", said);
    const char *start = is_warning ? "simuld: warning: " : "simuld: ";
    cr_assert_eq(strncmp(said, start, strlen(start)), 0, "%s", said);
    cr_assert_not_null(strstr(said, what), "%s", said);
}

/* A setting beside those that there are, which may be looked at only while it is there. */
static void check_with(const char *setting)
{
    tls_set(setting);
    check();
    tls.setting_count--;
}

static void expect_good(void)
{
    cr_assert(is_good, "%s", said);
    cr_assert_str_eq(said, "");
}

/* The certificate is to have long to go where it is not the subject: it goes for a day. */
static void without_certificate(void)
{
    tls_set("tls.certificate=");
    tls_set("tls.key=");
    tls_set("listen.webtls.port=off");
    tls_set("listen.irctls.port=off");
}

Test(config_check, finds_nothing_where_all_is_well)
{
    without_certificate();
    check();
    expect_good();
}

/* --- certificates ------------------------------------------------------------------------ */

Test(config_check, tells_when_a_certificate_ends)
{
    check();
    expect_one(true, "tls.certificate: it expires on 2027-01-16");
    tls.now += 2 * DAY;
    check();
    expect_one(false, "tls.certificate: it has expired on 2027-01-16; renew it");
    tls.now -= 4 * DAY;
    check();
    expect_one(false, "tls.certificate: it is not valid before 2027-01-15");
}

Test(config_check, tells_of_every_pair_that_does_not_fit)
{
    tls_write_pair("other", 2, "DNS:other.test");
    tls_set("tls.key=@/other.key");
    tls_set("tls.site.certificate=@/missing.pem");
    tls_set("tls.site.key=@/other.key");
    check();
    cr_assert_not(is_good);
    cr_assert_eq(lines(), 2, "%s", said);
    cr_assert_not_null(strstr(said, "simuld: tls.key: "), "%s", said);
    cr_assert_not_null(strstr(said, "simuld: tls.site.certificate: "), "%s", said);
}

Test(config_check, tells_what_is_wrong_with_certificates_together)
{
    tls_write_pair("same", 2, "DNS:a.test");
    tls_set("tls.one.certificate=@/same.pem");
    tls_set("tls.one.key=@/same.key");
    tls_set("tls.two.certificate=@/same.pem");
    tls_set("tls.two.key=@/same.key");
    check();
    cr_assert_not(is_good);
    cr_assert_not_null(strstr(said, "'a.test' has another certificate"), "%s", said);
}

Test(config_check, warns_of_a_key_that_everybody_may_read)
{
    cr_assert_eq(chmod(tls_path("default.key"), 0644), 0);
    check();
    cr_assert(is_good);
    cr_assert_not_null(strstr(said, "warning: tls.key: everybody may read"), "%s", said);
    cr_assert_eq(chmod(tls_path("default.key"), 0640), 0);
    check();
    cr_assert_null(strstr(said, "everybody"), "%s", said);
}

Test(config_check, tells_when_an_intermediate_certificate_ends)
{
    tls_write_chain("lmr", DAY);
    check();
    cr_assert(is_good, "%s", said);
    cr_assert_eq(lines(), 3, "each is good for a day: %s", said);
    cr_assert_null(strstr(said, "issued"), "%s", said);
    tls_write_chain("lm", -60);
    check();
    cr_assert_not(is_good);
    cr_assert_not_null(strstr(said,
                              "simuld: tls.certificate: number 2 of its file (/CN=serial 11) has "
                              "expired on 2027-01-15; renew it\n"),
                       "%s", said);
    cr_assert_not_null(strstr(said, "simuld: warning: tls.certificate: it expires on"), "%s", said);
}

Test(config_check, warns_of_a_chain_in_disorder)
{
    static const char *const bad[][2] = {{"lrm", "number 2 of its file (/CN=serial 10)"},
                                         {"lr", "number 2 of its file (/CN=serial 10)"},
                                         {"lmm", "number 3 of its file (/CN=serial 11)"}};
    for (int i = 0; i < 3; i++) {
        char line[256];
        tls_write_chain(bad[i][0], DAY);
        check();
        snprintf(line, sizeof(line),
                 "simuld: warning: tls.certificate: %s has not issued the one before it; some "
                 "clients will refuse the chain\n",
                 bad[i][1]);
        cr_assert(is_good, "%s", said);
        cr_assert_not_null(strstr(said, line), "%s: %s", bad[i][0], said);
    }
}

/* --- ports ------------------------------------------------------------------------------- */

/* Listens on a port that the system gives nobody by itself, so that it stays free once it is
 * closed.
 */
static uint16_t listen_somewhere(const char *address, int *fd)
{
    struct addr addr;
    uint16_t port;
    do {
        cr_assert_eq(getrandom(&port, sizeof(port), 0), (ssize_t)sizeof(port));
        port = (uint16_t)(10000 + port % 20000);
        cr_assert_eq(addr_parse(&addr, address, port), OK);
    } while (listener_bind(&addr, true, fd) != OK);
    return port;
}

Test(config_check, a_port_in_use_is_nothing_to_tell)
{
    without_certificate();
    int fd;
    uint16_t port = listen_somewhere("127.0.0.1", &fd);
    char setting[64];
    snprintf(setting, sizeof(setting), "listen.web.port=%d", port);
    check_with(setting);
    expect_good();
    snprintf(setting, sizeof(setting), "admin.port=%d", port);
    check_with(setting);
    expect_good();
    close(fd);
}

Test(config_check, two_listeners_on_one_port_are_a_problem)
{
    without_certificate();
    int fd;
    uint16_t port = listen_somewhere("*", &fd);
    close(fd);
    char web[64], admin[64];
    snprintf(web, sizeof(web), "listen.web.port=%d", port);
    snprintf(admin, sizeof(admin), "admin.port=%d", port);
    tls_set(web);
    check_with(admin);
    expect_one(false, "is taken by listen.web already");
    tls_set("listen.web.address=*");
    check_with(admin);
    expect_one(false, "is taken by listen.web already");
    tls_set("listen.web.address=127.0.0.2");
    check_with(admin);
    expect_good();
}

Test(config_check, an_address_of_another_machine_is_a_problem)
{
    without_certificate();
    check_with("listen.web.address=192.0.2.1");
    expect_one(false, "listen.web.address: 192.0.2.1:0 is no address of this machine");
}

Test(config_check, a_unix_socket_is_looked_at_without_being_made)
{
    without_certificate();
    check_with("listen.web.address=unix:@/socket");
    expect_good();
    cr_assert_neq(access(tls_path("socket"), F_OK), 0, "it was made");
    int fd;
    ino_t inode;
    cr_assert_eq(unix_socket_bind(tls_path("socket"), 0600, &fd, &inode), OK);
    check_with("listen.web.address=unix:@/socket");
    expect_good(); /* a simuld that is running has it, perhaps */
    close(fd);
    check_with("listen.web.address=unix:@/socket");
    expect_good(); /* what a program that has ended has left */
    tls_write_text("file", "");
    check_with("admin.address=unix:@/file");
    expect_one(false, "admin.address: there is a file '");
    check_with("admin.address=unix:@/none/socket");
    expect_one(false, "admin.address: user '");
    tls_set("listen.web.address=unix:@/socket");
    check_with("admin.address=unix:@/socket");
    expect_one(false, "is taken by listen.web already; choose another path");
}

/* --- users and files --------------------------------------------------------------------- */

Test(config_check, a_user_or_group_that_is_not_there_is_a_problem)
{
    without_certificate();
    check_with("daemon.user=no-such-user");
    expect_one(false, "daemon.user: there is no user 'no-such-user'");
    check_with("daemon.group=no-such-group");
    expect_one(false, "daemon.group: there is no group 'no-such-group'");
}

Test(config_check, the_message_of_the_day_is_to_be_readable_text)
{
    without_certificate();
    tls_write_text("motd", "hello\n");
    check_with("chat.motd=@/motd");
    expect_good();
    check_with("chat.motd=@/none");
    expect_one(false, "No such file");
    tls_write_text("motd", "\xff\n");
    check_with("chat.motd=@/motd");
    expect_one(false, "it is not UTF-8");
}

Test(config_check, a_log_is_neither_made_nor_changed)
{
    without_certificate();
    check_with("log.file=@/log");
    expect_good();
    cr_assert_neq(access(tls_path("log"), F_OK), 0, "it was made");
    tls_write_text("log", "a line\n");
    check_with("log.file=@/log");
    expect_good();
    struct stat st;
    cr_assert_eq(stat(tls_path("log"), &st), 0);
    cr_assert_eq(st.st_size, 7);
}

Test(config_check, a_log_that_cannot_be_is_a_problem)
{
    without_certificate();
    check_with("log.file=@/");
    expect_one(false, "is a directory; name a file");
    check_with("log.file=@/none/log");
    expect_one(false, "cannot make a file in");
    tls_write_text("file", "");
    check_with("log.file=@/file/log");
    expect_one(false, "log.file: user '");
    tls_set("log.access=on");
    check_with("log.access_file=@/none/log");
    expect_one(false, "log.access_file: user '");
    check_with("daemon.pid_file=@/none/pid");
    expect_one(false, "daemon.pid_file: user '");
}

Test(config_check, a_daemon_should_log_somewhere)
{
    without_certificate();
    tls_set("daemon.pid_file=@/pid");
    is_daemon = true;
    check();
    expect_one(true, "the log of a daemon goes nowhere");
    check_with("log.file=@/log");
    expect_good();
}

Test(config_check, what_the_server_may_not_do_as_its_user_is_a_problem)
{
    if (geteuid() != 0)
        cr_skip("only root can become somebody else");
    without_certificate();
    tls_set("daemon.user=nobody");
    cr_assert_eq(chmod(tls.dir, 0755), 0);
    tls_write_text("motd", "hello\n");
    cr_assert_eq(chmod(tls_path("motd"), 0600), 0);
    check_with("chat.motd=@/motd");
    expect_one(false, "chat.motd: user 'nobody' cannot read");
    check_with("log.file=@/motd");
    expect_one(false, "log.file: user 'nobody' cannot write");
    check_with("log.file=@/new");
    expect_good(); /* root makes it for nobody */
    cr_assert_eq(geteuid(), 0, "who checks stays root");
}

Test(config_check, settings_that_cannot_be_read_again_are_a_warning)
{
    if (geteuid() != 0)
        cr_skip("only root can become somebody else");
    without_certificate();
    tls_set("daemon.user=nobody");
    cr_assert_eq(chmod(tls.dir, 0755), 0);
    tls_write_text("conf", "");
    path = tls_path("conf");
    cr_assert_eq(chmod(path, 0600), 0);
    check();
    expect_one(true, "warning: -c: user 'nobody' cannot read");
    cr_assert_eq(chmod(path, 0644), 0);
    check();
    expect_good();
}

Test(config_check, a_key_that_cannot_be_read_again_is_a_warning)
{
    if (geteuid() != 0)
        cr_skip("only root can become somebody else");
    tls_set("daemon.user=nobody");
    cr_assert_eq(chmod(tls.dir, 0755), 0);
    cr_assert_eq(chmod(tls_path("default.key"), 0600), 0);
    check();
    cr_assert(is_good, "%s", said);
    cr_assert_not_null(strstr(said, "warning: tls.key: user 'nobody' cannot read"), "%s", said);
    cr_assert_not_null(strstr(said, "warning: tls.certificate: user 'nobody' cannot"), "%s", said);
    cr_assert_eq(chmod(tls_path("default.key"), 0640), 0);
    cr_assert_eq(chown(tls_path("default.key"), 0, getpwnam("nobody")->pw_gid), 0);
    check();
    cr_assert_null(strstr(said, "tls.key"), "%s", said);
}
