/* What confines a process is done in a child of the test's. */
#include "jobs/syscall_filter.h"

#include "core/instrumented.h"
#include "unit/expect.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Runs in a child behind the filter; its status as waitpid has it. */
static int filtered(void (*run)(void))
{
    if (!syscall_filter_is_possible())
        cr_skip_test("the kernel has no seccomp filters");
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_DUMPABLE, 0); /* no core files of the tests */
        if (syscall_filter_install() != OK)
            _exit(100);
        run();
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static void expect_permitted(void (*run)(void))
{
    int status = filtered(run);
    cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
}

static void expect_killed(void (*run)(void))
{
    int status = filtered(run);
    cr_assert(WIFSIGNALED(status), "exit status %d", WEXITSTATUS(status));
    cr_assert_eq(WTERMSIG(status), SIGSYS);
}

/* For calls that a sanitizer's own code makes, and which are therefore free in such builds. */
static void want_bare_build(void)
{
    if (IS_SANITIZED)
        cr_skip_test("sanitizers do that, too");
}

static void work(void)
{
    static uint8_t bytes[16];
    struct timespec now;
    char *all[64];
    for (size_t i = 0; i < 64; i++)
        memset(all[i] = malloc((size_t)1 << (i % 24)), 1, (size_t)1 << (i % 24));
    for (size_t i = 0; i < 64; i++) {
        all[i] = realloc(all[i], 3 * 1024 * 1024);
        free(all[i]);
    }
    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes) ||
        clock_gettime(CLOCK_MONOTONIC, &now) != 0 || write(STDERR_FILENO, "", 0) != 0)
        _exit(1);
}

Test(syscall_filter, memory_the_clock_and_writing_are_permitted)
{
    expect_permitted(work);
}

static void open_for_both(void)
{
    open("/etc/passwd", O_RDWR | O_CLOEXEC);
}

Test(syscall_filter, opening_a_file_is_death)
{
    expect_killed(open_for_both);
}

static void open_to_read(void)
{
    open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

Test(syscall_filter, opening_a_file_to_read_is_death)
{
    want_bare_build();
    expect_killed(open_to_read);
}

static void make_socket(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}

Test(syscall_filter, making_a_socket_is_death)
{
    expect_killed(make_socket);
}

static void execute(void)
{
    execl("/bin/true", "true", NULL);
}

Test(syscall_filter, executing_a_program_is_death)
{
    expect_killed(execute);
}

static void fork_child(void)
{
    if (fork() == 0)
        _exit(0);
}

Test(syscall_filter, making_a_process_is_death)
{
    want_bare_build();
    expect_killed(fork_child);
}

static void signal_parent(void)
{
    kill(getppid(), 0);
}

Test(syscall_filter, signalling_another_process_is_death)
{
    want_bare_build();
    expect_killed(signal_parent);
}

static void map_code(void)
{
    mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

Test(syscall_filter, memory_that_can_be_executed_is_death)
{
    want_bare_build();
    expect_killed(map_code);
}

static void make_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

Test(syscall_filter, memory_that_becomes_executable_is_death)
{
    want_bare_build();
    expect_killed(make_code);
}

Test(syscall_filter, a_bug_of_ours_is_not_taken_for_a_violation)
{
    int status = filtered(abort);
    cr_assert(WIFSIGNALED(status));
    cr_assert_eq(WTERMSIG(status), SIGABRT);
}
