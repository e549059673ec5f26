/* What changes a process is done in a child of the test's. */
#include "daemon/identity.h"

#include "unit/expect.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static char error[512];

static struct identity found(const char *user, const char *group)
{
    struct identity id;
    expect_ok(identity_find(&id, user, group, error, sizeof(error)));
    return id;
}

static void expect_refused(const char *user, const char *group, const char *words)
{
    struct identity id;
    expect_err(identity_find(&id, user, group, error, sizeof(error)), ERR_UNKNOWN);
    cr_assert_not_null(strstr(error, words), "%s", error);
}

static void want_root(void)
{
    if (geteuid() != 0)
        cr_skip_test("only root can become somebody else");
}

/* Runs in a child; its exit status. */
static int in_child(int (*run)(const struct identity *), const struct identity *id)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(run(id));
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

Test(identity, an_unknown_user_or_group_is_named)
{
    expect_refused("no-such-user", "", "daemon.user: there is no user 'no-such-user'");
    expect_refused("auto", "no-such-group", "daemon.group: there is no group 'no-such-group'");
}

Test(identity, root_is_somebody_else_unless_it_is_told_to_stay)
{
    want_root();
    cr_assert(found("auto", "").changes);
    cr_assert(found("", "").changes);
    cr_assert_neq(found("", "").uid, 0);
    cr_assert(found("root", "").stays_root);
    cr_assert_not(found("root", "").changes);
}

Test(identity, the_group_is_the_users_unless_one_is_named)
{
    want_root();
    cr_assert_eq(found("nobody", "").gid, (gid_t)NOBODY);
    cr_assert_eq(found("nobody", "root").gid, 0);
    cr_assert(found("root", "nogroup").changes);
}

static int become(const struct identity *id)
{
    if (identity_assume(id, error, sizeof(error)) != OK)
        return 1;
    bool is_there = getuid() == id->uid && geteuid() == id->uid && getegid() == id->gid;
    bool has_privileges_to_gain = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
    return is_there && !has_privileges_to_gain && setuid(0) != 0 && setgid(0) != 0 ? 0 : 2;
}

Test(identity, what_has_become_nobody_is_nobody_for_good)
{
    want_root();
    struct identity id = found("nobody", "");
    cr_assert_eq(in_child(become, &id), 0);
}

static int become_root_again(const struct identity *id)
{
    if (identity_assume(id, error, sizeof(error)) != OK)
        return 1;
    return geteuid() == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
}

Test(identity, root_that_is_told_so_stays_root_but_gains_nothing_by_executing)
{
    want_root();
    struct identity id = found("root", "");
    cr_assert_eq(in_child(become_root_again, &id), 0);
}

static int find_oneself_without_a_name(const struct identity *nobody_has)
{
    struct identity id;
    if (setresuid(nobody_has->uid, nobody_has->uid, nobody_has->uid) != 0)
        return 1;
    enum err e = identity_find(&id, "auto", "", error, sizeof(error));
    return e == OK && !id.changes && strcmp(id.user, nobody_has->user) == 0 ? 0 : 2;
}

Test(identity, a_user_without_a_name_is_a_number)
{
    want_root();
    struct identity id = {.user = "61499", .uid = 61499};
    cr_assert_eq(in_child(find_oneself_without_a_name, &id), 0);
}

static int fail_to_become(const struct identity *id)
{
    if (setresuid(NOBODY, NOBODY, NOBODY) != 0)
        return 1;
    enum err e = identity_assume(id, error, sizeof(error));
    return e == ERR_IO && strstr(error, "cannot change the group to serve as user") != NULL ? 0 : 2;
}

Test(identity, what_cannot_be_done_is_said)
{
    want_root();
    struct identity id = found("daemon", "");
    cr_assert_eq(in_child(fail_to_become, &id), 0);
}

static int keep_way_back(const struct identity *id)
{
    /* Not root any more, as it seems; but the saved user is. */
    if (setresuid(NOBODY, NOBODY, 0) != 0)
        return 1;
    enum err e = identity_assume(id, error, sizeof(error));
    return e == ERR_IO && strstr(error, "cannot give up what root may do") != NULL ? 0 : 2;
}

Test(identity, a_way_back_to_root_is_found)
{
    want_root();
    struct identity id = {.user = "nobody", .uid = NOBODY, .gid = NOBODY};
    cr_assert_eq(in_child(keep_way_back, &id), 0);
}

Test(identity, a_file_is_made_for_its_user_and_one_that_is_there_stays_whose_it_is)
{
    want_root();
    char directory[] = "/tmp/identity.XXXXXX", path[64], target[64];
    struct stat st;
    cr_assert_not_null(mkdtemp(directory));
    struct identity id = found("nobody", ""), root = found("root", "");
    snprintf(path, sizeof(path), "%s/log", directory);
    snprintf(target, sizeof(target), "%s/target", directory);

    identity_create_file(&root, path, 0640);
    cr_expect_neq(stat(path, &st), 0, "whoever stays root needs no such help");
    identity_create_file(&id, path, 0640);
    cr_expect_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_uid, (uid_t)NOBODY);

    cr_expect_eq(chown(path, 0, 0), 0);
    identity_create_file(&id, path, 0640);
    cr_expect_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_uid, 0);

    unlink(path);
    cr_expect_eq(symlink(target, path), 0);
    identity_create_file(&id, path, 0640);
    cr_expect_neq(stat(target, &st), 0, "links are not followed");
    unlink(path);
    rmdir(directory);
}
