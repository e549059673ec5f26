#include "daemon/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const AUTO_USERS[] = {"simul", "nobody"};

/* --- finding ----------------------------------------------------------------------------- */

static const struct passwd *find_auto_user(void)
{
    const struct passwd *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof(AUTO_USERS) / sizeof(AUTO_USERS[0]); i++)
        found = getpwnam(AUTO_USERS[i]);
    return found;
}

/* Whoever started it stays that; settings that say otherwise are checked all the same. Not every
 * user has a name: those of containers and of systemd's DynamicUser= have a number only. */
static void stay(struct identity *id, const struct passwd *asked, const struct group *group)
{
    const struct passwd *own = getpwuid(geteuid());
    if (own != NULL)
        snprintf(id->user, sizeof(id->user), "%s", own->pw_name);
    else
        snprintf(id->user, sizeof(id->user), "%u", (unsigned)geteuid());
    id->uid = geteuid();
    id->gid = getegid();
    id->is_ignored =
        (asked != NULL && asked->pw_uid != id->uid) || (group != NULL && group->gr_gid != id->gid);
}

enum err identity_find(struct identity *out, const char *user, const char *group, char *error,
                       size_t error_bytes)
{
    *out = (struct identity){0};
    bool is_root = geteuid() == 0;
    bool is_auto = user[0] == '\0' || strcmp(user, "auto") == 0;
    const struct passwd *as = NULL;
    const struct group *in = group[0] != '\0' ? getgrnam(group) : NULL;
    if (!is_auto)
        as = getpwnam(user);
    else if (is_root)
        as = find_auto_user();
    if (as == NULL && (is_root || !is_auto)) {
        snprintf(error, error_bytes, "daemon.user: there is no user '%.64s'; name one that exists",
                 is_auto ? AUTO_USERS[1] : user);
        return ERR_UNKNOWN;
    }
    if (in == NULL && group[0] != '\0') {
        snprintf(error, error_bytes,
                 "daemon.group: there is no group '%.64s'; name one that exists", group);
        return ERR_UNKNOWN;
    }
    if (!is_root) {
        stay(out, as, in);
        return OK;
    }
    snprintf(out->user, sizeof(out->user), "%s", as->pw_name);
    out->uid = as->pw_uid;
    out->gid = in != NULL ? in->gr_gid : as->pw_gid;
    out->stays_root = out->uid == 0;
    out->changes = !out->stays_root || in != NULL;
    return OK;
}

void identity_create_file(const struct identity *id, const char *path, mode_t mode)
{
    if (!id->changes)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return;
    if (fchown(fd, id->uid, id->gid) != 0)
        unlink(path);
    close(fd);
}

/* --- becoming ---------------------------------------------------------------------------- */

static enum err fail(char *error, size_t error_bytes, const char *what, const struct identity *id)
{
    snprintf(error, error_bytes,
             "cannot %s to serve as user '%s': %s; daemon.user=root would serve as root", what,
             id->user, strerror(errno));
    return ERR_IO;
}

/* What an executed file could give at most. Only who has CAP_SETPCAP may lessen it; for others
 * no_new_privs does. */
static void empty_bounding_set(void)
{
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

/* A service manager may forbid the call to who has none to drop: has_way_back judges, not this. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    syscall(SYS_capset, &header, sets);
}

/* Tries to be root again: what the calls above have promised is not believed. */
static bool has_way_back(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    errno = EPERM;
    if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || syscall(SYS_capget, &header, sets) != 0)
        return true;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if ((sets[i].effective | sets[i].permitted | sets[i].inheritable) != 0)
            return true;
    return false;
}

enum err identity_assume(const struct identity *id, char *error, size_t error_bytes)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail(error, error_bytes, "set no_new_privs", id);
    if (!id->stays_root)
        empty_bounding_set(); /* while we may */
    if (id->changes &&
        (initgroups(id->user, id->gid) != 0 || setresgid(id->gid, id->gid, id->gid) != 0))
        return fail(error, error_bytes, "change the group", id);
    if (id->changes && setresuid(id->uid, id->uid, id->uid) != 0)
        return fail(error, error_bytes, "change the user", id);
    if (id->stays_root)
        return OK;
    drop_capabilities();
    if (has_way_back())
        return fail(error, error_bytes, "give up what root may do", id);
    return OK;
}
