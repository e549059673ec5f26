/* What confines a process is done in a child of the test's. */
#include "jobs/landlock.h"

#include "unit/expect.h"
#include "unit/jobs/role_process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int (*const role_process_worker)(int fd) = NULL;

/* Runs in a child that is confined; 0 is well. */
static void expect_confined(int (*run)(void))
{
    if (!landlock_is_possible())
        cr_skip_test("the kernel has no Landlock");
    pid_t pid = fork();
    if (pid == 0)
        _exit(landlock_confine() == OK ? run() : 100);
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), 0, "it says %d", WEXITSTATUS(status));
}

static bool is_refused(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == EACCES;
}

static int open_others_files(void)
{
    if (!is_refused("/etc/passwd", O_RDONLY))
        return 1;
    if (!is_refused("/etc/passwd", O_RDWR))
        return 2;
    if (!is_refused("/etc", O_RDONLY | O_DIRECTORY))
        return 3;
    return 0;
}

Test(landlock, files_cannot_be_opened)
{
    expect_confined(open_others_files);
}

static int change_directories(void)
{
    if (mkdir("/tmp/landlock-test", 0700) == 0 || errno != EACCES)
        return 1;
    if (unlink("/etc/passwd-that-is-not-there") == 0)
        return 2;
    if (symlink("a", "/tmp/landlock-link") == 0 || errno != EACCES)
        return 3;
    return 0;
}

Test(landlock, nothing_can_be_put_anywhere)
{
    expect_confined(change_directories);
}

static int execute_others(void)
{
    execl("/bin/true", "true", NULL);
    return errno == EACCES ? 0 : 1;
}

Test(landlock, other_programs_cannot_be_started)
{
    expect_confined(execute_others);
}

/* With the libraries that it needs; as a worker that has no socket it ends with 2. */
static int execute_ourselves(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0 || dup2(null, STDERR_FILENO) < 0)
            _exit(99);
        close(ROLE_FD);
        execl("/proc/self/exe", "landlock_test", "--role=worker", "1", NULL);
        _exit(98);
    }
    int status;
    bool has_started = waitpid(pid, &status, 0) == pid && WIFEXITED(status);
    return has_started && WEXITSTATUS(status) == 2 ? 0 : 1;
}

Test(landlock, the_program_itself_can_be_started_again)
{
    expect_confined(execute_ourselves);
}

static int gain_by_executing(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1;
}

Test(landlock, nothing_is_gained_by_executing)
{
    expect_confined(gain_by_executing);
}

static int reach_the_network(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 1;
    if (bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0)
        return 2;
    return errno == EACCES ? 0 : 3;
}

Test(landlock, ports_are_out_of_reach_where_the_kernel_knows_how)
{
    struct {
        unsigned major, minor;
    } kernel = {0};
    FILE *f = fopen("/proc/sys/kernel/osrelease", "r");
    int found = f == NULL ? 0 : fscanf(f, "%u.%u", &kernel.major, &kernel.minor);
    if (f != NULL)
        fclose(f);
    if (found != 2 || kernel.major < 6 || (kernel.major == 6 && kernel.minor < 7))
        cr_skip_test("since Linux 6.7");
    expect_confined(reach_the_network);
}
