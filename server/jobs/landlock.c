#include "jobs/landlock.h"

#include "core/instrumented.h"

#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/landlock.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- what the headers of Debian 12 do not have yet --------------------------------------- */

/* struct landlock_ruleset_attr as of version 6. Older kernels take it as long as what they do not
 * know is 0. */
struct ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

enum {
    FS_ALL_V1 = (1 << 13) - 1, /* LANDLOCK_ACCESS_FS_EXECUTE to _MAKE_SYM */
    FS_REFER = 1 << 13,
    FS_TRUNCATE = 1 << 14,
    FS_IOCTL_DEV = 1 << 15,
    NET_BIND_TCP = 1 << 0,
    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0,
    SCOPE_SIGNAL = 1 << 1,
};

/* The kernel's version of Landlock; 0: none. */
static int version(void)
{
    long v = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return v < 0 ? 0 : (int)v;
}

static struct ruleset everything(int abi)
{
    struct ruleset all = {.handled_access_fs = FS_ALL_V1};
    if (abi >= 2)
        all.handled_access_fs |= FS_REFER;
    if (abi >= 3)
        all.handled_access_fs |= FS_TRUNCATE;
    if (abi >= 4)
        all.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (abi >= 5)
        all.handled_access_fs |= FS_IOCTL_DEV;
    if (abi >= 6)
        all.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    return all;
}

/* --- what remains ------------------------------------------------------------------------ */

enum {
    MAY_READ = LANDLOCK_ACCESS_FS_READ_FILE,
    MAY_START = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE,
    MAY_WRITE = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
};

/* Rules name files and directories as they are now: one that is put in a file's place later is
 * another. So what updates replace (libraries) is allowed by its directory. A path that is not
 * there needs no rule. */
static void allow(int rules, const char *path, uint64_t access)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return;
    const struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(fd);
}

/* The directories of the loader and of every library that we have loaded, links resolved. */
static int allow_library(struct dl_phdr_info *info, size_t bytes, void *rules)
{
    (void)bytes;
    char path[PATH_MAX];
    if (info->dlpi_name[0] != '/' || realpath(info->dlpi_name, path) == NULL)
        return 0; /* the program, or the kernel's */
    *strrchr(path, '/') = '\0';
    allow(*(const int *)rules, path, MAY_START);
    return 0;
}

static void allow_openssl(int rules)
{
    char *file = CONF_get1_default_config_file();
    const char *modules = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);
    if (file != NULL)
        allow(rules, file, MAY_READ);
    if (modules != NULL)
        allow(rules, modules, MAY_READ);
    OPENSSL_free(file);
}

static void allow_what_starting_needs(int rules)
{
    allow(rules, "/proc/self/exe", MAY_START);
    dl_iterate_phdr(allow_library, &rules);
    allow(rules, "/etc/ld.so.cache", MAY_READ);
    allow_openssl(rules);
    allow(rules, "/dev/null", MAY_WRITE);
    if (IS_SANITIZED) {
        allow(rules, "/proc", MAY_READ | LANDLOCK_ACCESS_FS_READ_DIR);
        allow(rules, "/", LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG);
    }
}

bool landlock_is_possible(void)
{
    return !is_under_valgrind() && version() > 0;
}

enum err landlock_confine(void)
{
    if (!landlock_is_possible())
        return OK;
    const struct ruleset all = everything(version());
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    if (rules < 0)
        return ERR_IO;
    allow_what_starting_needs(rules);
    enum err e = OK;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        e = ERR_IO;
    close(rules);
    return e;
}
