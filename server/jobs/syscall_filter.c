#include "jobs/syscall_filter.h"

#include "core/instrumented.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

bool syscall_filter_is_possible(void)
{
    const uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return !is_under_valgrind() && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static const int ALLOWED[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),

    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),

    /* What the C library does by itself: locks, the clock where the vDSO does not tell the time,
     * its key for malloc's lists; interrupted calls; abort(). */
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(getrandom),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
};

/* Of the runtimes that sanitizers link in: reports, and the search for leaks at the end, for which
 * a process of theirs stops and looks at all threads. */
#if IS_SANITIZED
static const int ALLOWED_TO_SANITIZERS[] = {
    SCMP_SYS(clone),       SCMP_SYS(close),
    SCMP_SYS(fcntl),       SCMP_SYS(fstat),
    SCMP_SYS(getdents),    SCMP_SYS(getdents64),
    SCMP_SYS(getppid),     SCMP_SYS(getrlimit),
    SCMP_SYS(getrusage),   SCMP_SYS(ioctl),
    SCMP_SYS(kill),        SCMP_SYS(lseek),
    SCMP_SYS(mkdir),       SCMP_SYS(mmap),
    SCMP_SYS(mprotect),    SCMP_SYS(nanosleep),
    SCMP_SYS(newfstatat),  SCMP_SYS(pipe2),
    SCMP_SYS(prctl),       SCMP_SYS(prlimit64),
    SCMP_SYS(ptrace),      SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),  SCMP_SYS(rt_sigaction),
    SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list),
    SCMP_SYS(sigaltstack), SCMP_SYS(stat),
    SCMP_SYS(sysinfo),     SCMP_SYS(tgkill),
    SCMP_SYS(uname),       SCMP_SYS(wait4),
};
#endif

/* Rules are added until one fails: 0, or the error. */
static int allow_all(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return error;
}

/* Memory that is not a file's, and that nobody can execute. */
static int allow_memory(scmp_filter_ctx filter)
{
    int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                 SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return error;
}

/* abort() ends us by a signal to ourselves. */
static int allow_abort(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
}

/* They open files either to read or to write. For both is left to be forbidden, and seen to be, in
 * such builds as well. */
static int allow_sanitizers(scmp_filter_ctx filter)
{
    int error = 0;
#if IS_SANITIZED
    static const scmp_datum_t MODES[] = {O_RDONLY, O_WRONLY};
    error = allow_all(filter, ALLOWED_TO_SANITIZERS,
                      sizeof(ALLOWED_TO_SANITIZERS) / sizeof(ALLOWED_TO_SANITIZERS[0]));
    for (size_t i = 0; i < 2 && error == 0; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, MODES[i]));
    for (size_t i = 0; i < 2 && error == 0; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                                 SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE, MODES[i]));
#else
    (void)filter;
#endif
    return error;
}

enum err syscall_filter_install(void)
{
    if (!syscall_filter_is_possible())
        return OK;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return ERR_IO;
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (error == 0)
        error = allow_all(filter, ALLOWED, sizeof(ALLOWED) / sizeof(ALLOWED[0]));
    if (error == 0)
        error = allow_memory(filter);
    if (error == 0)
        error = allow_abort(filter);
    if (error == 0)
        error = allow_sanitizers(filter);
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error == 0 ? OK : ERR_IO;
}
