#include "daemon/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char FILE_NAME[] = "simuld.pid";

enum err pid_file_choose(const char *setting, bool is_daemon, char path[PID_FILE_PATH_BYTES_MAX],
                         char *error, size_t error_bytes)
{
    bool is_auto = strcmp(setting, "auto") == 0;
    const char *directory = geteuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR");
    path[0] = '\0';
    if (!is_auto)
        snprintf(path, PID_FILE_PATH_BYTES_MAX, "%s", setting);
    if (!is_auto || !is_daemon)
        return OK;
    if (directory == NULL || directory[0] != '/') {
        snprintf(error, error_bytes,
                 "-d wants a pid file, and XDG_RUNTIME_DIR names no directory for it; set "
                 "daemon.pid_file");
        return ERR_UNKNOWN;
    }
    snprintf(path, PID_FILE_PATH_BYTES_MAX, "%s/%s", directory, FILE_NAME);
    return OK;
}

/* A lock of the whole file. It belongs to the process: only its end, or that of any descriptor it
 * has of this file, gives it up. */
static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* Whether the path leads to the file that is open; not so when it has been removed since. */
static bool is_same(const char *path, int fd)
{
    struct stat at_path, opened;
    return stat(path, &at_path) == 0 && fstat(fd, &opened) == 0 &&
           at_path.st_dev == opened.st_dev && at_path.st_ino == opened.st_ino;
}

static enum err write_id(int fd)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        return ERR_IO;
    return OK;
}

static enum err fail_held(const char *path, const struct flock *holder, char *error,
                          size_t error_bytes)
{
    char whose[32] = "another process";
    if (holder->l_pid > 0) /* not so from another container */
        snprintf(whose, sizeof(whose), "process %d", (int)holder->l_pid);
    snprintf(error, error_bytes,
             "pid file %.300s is held by %s, which runs already; stop it or choose another "
             "daemon.pid_file",
             path, whose);
    return ERR_EXISTS;
}

/* One try. *is_stale: the file was removed, or its lock given up, meanwhile; try again. */
static enum err try_lock(int fd, const char *path, bool *is_stale, char *error, size_t error_bytes)
{
    struct flock lock = whole_file();
    *is_stale = false;
    if (fcntl(fd, F_SETLK, &lock) != 0) {
        if (errno != EACCES && errno != EAGAIN)
            return ERR_IO;
        lock = whole_file();
        if (fcntl(fd, F_GETLK, &lock) != 0)
            return ERR_IO;
        *is_stale = lock.l_type == F_UNLCK;
        return *is_stale ? OK : fail_held(path, &lock, error, error_bytes);
    }
    *is_stale = !is_same(path, fd);
    return *is_stale ? OK : write_id(fd);
}

enum err pid_file_lock(struct pid_file *out, const char *path, char *error, size_t error_bytes)
{
    *out = (struct pid_file){.fd = -1, .path = path};
    if (path[0] == '\0')
        return OK;
    for (;;) {
        bool is_stale = false;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
        enum err e = fd < 0 ? ERR_IO : try_lock(fd, path, &is_stale, error, error_bytes);
        if (e == ERR_IO)
            snprintf(error, error_bytes, "daemon.pid_file: cannot have '%.300s': %s", path,
                     strerror(errno));
        if (e == OK && !is_stale) {
            out->fd = fd;
            return OK;
        }
        if (fd >= 0)
            close(fd);
        if (e != OK)
            return e;
    }
}

void pid_file_remove(struct pid_file *p)
{
    if (p->fd < 0)
        return;
    if (is_same(p->path, p->fd) && unlink(p->path) != 0)
        (void)!ftruncate(p->fd, 0); /* so that nobody kills who has our number next */
    close(p->fd);
    p->fd = -1;
}
