#include "daemon/pid_file.h"

#include "unit/expect.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/pid_file.XXXXXX", path[64], error[512];

static void setup(void)
{
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/pid", directory);
}

static void teardown(void)
{
    unlink(path);
    rmdir(directory);
}

TestSuite(pid_file, .init = setup, .fini = teardown);

static const char *content(void)
{
    static char text[64];
    FILE *f = fopen(path, "r");
    size_t len = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);
    text[len] = '\0';
    if (f != NULL)
        fclose(f);
    return f == NULL ? NULL : text;
}

static const char *own_id(void)
{
    static char text[16];
    snprintf(text, sizeof(text), "%d\n", (int)getpid());
    return text;
}

/* What a second process is told. */
static enum err lock_in_child(void)
{
    int told[2];
    enum err e = OK;
    cr_assert_eq(pipe(told), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct pid_file p;
        e = pid_file_lock(&p, path, error, sizeof(error));
        _exit(write(told[1], &e, sizeof(e)) == sizeof(e) &&
                      write(told[1], error, sizeof(error)) == sizeof(error)
                  ? 0
                  : 1);
    }
    close(told[1]);
    cr_assert_eq(read(told[0], &e, sizeof(e)), (ssize_t)sizeof(e));
    cr_assert_eq(read(told[0], error, sizeof(error)), (ssize_t)sizeof(error));
    close(told[0]);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    return e;
}

Test(pid_file, has_our_id_until_it_is_removed)
{
    struct pid_file p;
    expect_ok(pid_file_lock(&p, path, error, sizeof(error)));
    cr_assert_str_eq(content(), own_id());
    pid_file_remove(&p);
    cr_assert_null(content());
    pid_file_remove(&p);
}

Test(pid_file, no_path_is_no_file)
{
    struct pid_file p;
    expect_ok(pid_file_lock(&p, "", error, sizeof(error)));
    cr_assert_eq(p.fd, -1);
    pid_file_remove(&p);
}

Test(pid_file, names_the_process_that_holds_it)
{
    struct pid_file p;
    char who[64];
    expect_ok(pid_file_lock(&p, path, error, sizeof(error)));
    expect_err(lock_in_child(), ERR_EXISTS);
    snprintf(who, sizeof(who), "is held by process %d,", (int)getpid());
    cr_assert_not_null(strstr(error, who), "%s", error);
    cr_assert_str_eq(content(), own_id());
    pid_file_remove(&p);
}

Test(pid_file, the_lock_is_not_a_childs_to_lose)
{
    struct pid_file p;
    expect_ok(pid_file_lock(&p, path, error, sizeof(error)));
    pid_t pid = fork();
    if (pid == 0)
        _exit(close(p.fd));
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    expect_err(lock_in_child(), ERR_EXISTS);
    pid_file_remove(&p);
}

Test(pid_file, what_a_dead_process_has_left_is_taken_over)
{
    struct pid_file p;
    expect_ok(lock_in_child());
    cr_assert_not_null(content());
    expect_ok(pid_file_lock(&p, path, error, sizeof(error)));
    cr_assert_str_eq(content(), own_id());
    pid_file_remove(&p);
}

Test(pid_file, a_file_in_its_place_is_left_alone)
{
    struct pid_file p;
    expect_ok(pid_file_lock(&p, path, error, sizeof(error)));
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    cr_assert(fd >= 0);
    close(fd);
    pid_file_remove(&p);
    cr_assert_str_eq(content(), "");
}

Test(pid_file, what_cannot_be_had_is_said)
{
    struct pid_file p;
    expect_err(pid_file_lock(&p, directory, error, sizeof(error)), ERR_IO);
    cr_assert_not_null(strstr(error, "daemon.pid_file: cannot have '/tmp/pid_file."), "%s", error);
    cr_assert_eq(symlink("/dev/null", path), 0);
    expect_err(pid_file_lock(&p, path, error, sizeof(error)), ERR_IO);
}

Test(pid_file, auto_is_for_daemons_and_depends_on_who_starts_it)
{
    char chosen[PID_FILE_PATH_BYTES_MAX];
    expect_ok(pid_file_choose("auto", false, chosen, error, sizeof(error)));
    cr_assert_str_eq(chosen, "");
    expect_ok(pid_file_choose("", true, chosen, error, sizeof(error)));
    cr_assert_str_eq(chosen, "");
    expect_ok(pid_file_choose("a/file", false, chosen, error, sizeof(error)));
    cr_assert_str_eq(chosen, "a/file");

    if (geteuid() == 0) {
        expect_ok(pid_file_choose("auto", true, chosen, error, sizeof(error)));
        cr_assert_str_eq(chosen, "/run/simuld.pid");
        cr_assert_eq(seteuid(65534), 0);
    }
    setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
    expect_ok(pid_file_choose("auto", true, chosen, error, sizeof(error)));
    cr_assert_str_eq(chosen, "/run/user/1000/simuld.pid");
    unsetenv("XDG_RUNTIME_DIR");
    expect_err(pid_file_choose("auto", true, chosen, error, sizeof(error)), ERR_UNKNOWN);
    cr_assert_not_null(strstr(error, "daemon.pid_file"));
    if (getuid() == 0)
        cr_assert_eq(seteuid(0), 0);
}
