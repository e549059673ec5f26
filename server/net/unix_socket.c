#include "net/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

const char *unix_socket_path(const char *address)
{
    static const char scheme[] = "unix:";
    if (strncmp(address, scheme, strlen(scheme)) != 0)
        return NULL;
    const char *path = address + strlen(scheme);
    return path[0] == '/' && strlen(path) < UNIX_PATH_BYTES_MAX ? path : NULL;
}

static int open_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* errno is 0 when somebody listens, ECONNREFUSED when nobody does. */
static void ask(const struct sockaddr_un *at)
{
    int fd = open_socket();
    if (fd < 0)
        return;
    int error = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ? 0 : errno;
    close(fd);
    errno = error == EAGAIN ? 0 : error; /* EAGAIN: so many wait that we cannot */
}

static enum err probe(const struct sockaddr_un *at, bool *is_there)
{
    struct stat st;
    *is_there = lstat(at->sun_path, &st) == 0;
    if (!*is_there)
        return errno == ENOENT ? OK : ERR_IO;
    if (!S_ISSOCK(st.st_mode))
        return ERR_EXISTS;
    ask(at);
    if (errno == 0)
        return ERR_BUSY;
    return errno == ECONNREFUSED ? OK : ERR_IO;
}

static struct sockaddr_un sockaddr_of(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strncpy(at.sun_path, path, sizeof(at.sun_path) - 1);
    return at;
}

enum err unix_socket_probe(const char *path)
{
    struct sockaddr_un at = sockaddr_of(path);
    bool is_there;
    return probe(&at, &is_there);
}

enum err unix_socket_bind(const char *path, mode_t mode, int *fd, ino_t *inode)
{
    struct sockaddr_un at = sockaddr_of(path);
    bool is_stale;
    enum err e = probe(&at, &is_stale);
    if (e == OK && is_stale && unlink(path) != 0) /* of a program that has not removed it */
        e = ERR_IO;
    if (e != OK)
        return e;
    int made = open_socket();
    if (made < 0)
        return ERR_IO;
    bool is_bound = bind(made, (struct sockaddr *)&at, sizeof(at)) == 0;
    struct stat st;
    /* Nobody can connect before it listens, and then the file's mode is what it should be. A link
     * that the directory's owner has put in its place meanwhile is not followed: we may be root. */
    if (is_bound && lstat(path, &st) == 0 &&
        fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) == 0 && listen(made, BACKLOG) == 0) {
        *fd = made;
        *inode = st.st_ino;
        return OK;
    }
    int error = errno;
    if (is_bound)
        unlink(path);
    close(made);
    errno = error;
    return ERR_IO;
}

void unix_socket_remove(const char *path, ino_t inode)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == inode)
        unlink(path);
}
