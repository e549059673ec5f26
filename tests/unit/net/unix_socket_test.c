#include "net/unix_socket.h"

#include "unit/expect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char directory[32], path[64];

static void setup(void)
{
    strcpy(directory, "/tmp/unix_socket_XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/s", directory);
}

static void done(void)
{
    unlink(path);
    cr_assert_eq(rmdir(directory), 0);
}

TestSuite(unix_socket, .init = setup, .fini = done);

static int dial(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool exists(void)
{
    return access(path, F_OK) == 0;
}

Test(unix_socket, an_address_of_its_kind_has_a_path)
{
    char text[UNIX_PATH_BYTES_MAX + 8];
    cr_assert_str_eq(unix_socket_path("unix:/run/s"), "/run/s");
    cr_assert_null(unix_socket_path("unix:run/s"));
    cr_assert_null(unix_socket_path("unix:"));
    cr_assert_null(unix_socket_path("/run/s"));
    cr_assert_null(unix_socket_path("::1"));
    memset(text, 'x', sizeof(text));
    memcpy(text, "unix:/", 6);
    text[5 + UNIX_PATH_BYTES_MAX] = '\0';
    cr_assert_null(unix_socket_path(text));
    text[5 + UNIX_PATH_BYTES_MAX - 1] = '\0';
    cr_assert_not_null(unix_socket_path(text));
}

Test(unix_socket, it_listens_with_the_mode_that_was_asked_for)
{
    int fd;
    ino_t inode;
    struct stat st;
    mode_t mask = umask(077);
    expect_ok(unix_socket_bind(path, 0666, &fd, &inode));
    umask(mask);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0666);
    int peer = dial();
    cr_assert_geq(peer, 0);
    close(peer);
    close(fd);
    unix_socket_remove(path, inode);
    cr_assert_not(exists());
}

Test(unix_socket, one_that_nobody_listens_on_is_replaced)
{
    int fd, again;
    ino_t inode;
    expect_ok(unix_socket_bind(path, 0600, &fd, &inode));
    close(fd);
    expect_ok(unix_socket_bind(path, 0600, &again, &inode));
    close(dial());
    close(again);
}

Test(unix_socket, one_that_somebody_listens_on_is_left_alone)
{
    int fd, other;
    ino_t inode, others;
    expect_ok(unix_socket_bind(path, 0600, &fd, &inode));
    expect_err(unix_socket_bind(path, 0600, &other, &others), ERR_BUSY);
    cr_assert(exists());
    close(dial());
    close(fd);
}

Test(unix_socket, one_whose_backlog_is_full_is_listened_on)
{
    int fd, other, peers[4];
    ino_t inode;
    expect_ok(unix_socket_bind(path, 0600, &fd, &inode));
    cr_assert_eq(listen(fd, 0), 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, path, strlen(path));
    for (int i = 0; i < 4; i++) {
        peers[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(peers[i], (struct sockaddr *)&at, sizeof(at));
    }
    expect_err(unix_socket_bind(path, 0600, &other, &inode), ERR_BUSY);
    for (int i = 0; i < 4; i++)
        close(peers[i]);
    close(fd);
}

Test(unix_socket, files_of_other_kinds_are_left_alone)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), other;
    ino_t inode;
    expect_err(unix_socket_bind(path, 0600, &other, &inode), ERR_EXISTS);
    cr_assert(exists());
    close(fd);
    unlink(path);
    cr_assert_eq(symlink("/nowhere", path), 0);
    expect_err(unix_socket_bind(path, 0600, &other, &inode), ERR_EXISTS);
}

Test(unix_socket, where_there_is_no_directory_there_is_no_socket)
{
    int fd;
    ino_t inode;
    errno = 0;
    expect_err(unix_socket_bind("/nonexistent/s", 0600, &fd, &inode), ERR_IO);
    cr_assert_eq(errno, ENOENT);
}

Test(unix_socket, another_that_has_taken_its_place_is_not_removed)
{
    int fd, other;
    ino_t inode, others;
    expect_ok(unix_socket_bind(path, 0600, &fd, &inode));
    cr_assert_eq(rename(path, "/tmp/unix_socket_moved"), 0); /* so that its number stays taken */
    expect_ok(unix_socket_bind(path, 0600, &other, &others));
    unix_socket_remove(path, inode);
    cr_assert(exists());
    unlink("/tmp/unix_socket_moved");
    close(fd);
    close(other);
}
