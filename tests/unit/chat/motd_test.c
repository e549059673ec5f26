#include "chat/motd.h"
#include "unit/alloc_fail.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

static char path[] = "/tmp/motd_test_XXXXXX";

static void write_file(struct span text)
{
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, text.ptr, text.len), (ssize_t)text.len);
    close(fd);
}

static void teardown(void)
{
    unlink(path);
}

TestSuite(motd, .fini = teardown);

Test(motd, empty_path_is_no_message)
{
    struct motd m;
    cr_assert_eq(motd_load(&m, ""), OK);
    cr_assert_eq(m.text.len, 0);
    motd_deinit(&m);
}

Test(motd, says_why_a_file_cannot_be_read)
{
    struct motd m;
    cr_assert_eq(motd_load(&m, "/nonexistent/motd"), ERR_IO);
    cr_assert_eq(errno, ENOENT);
    cr_assert_eq(motd_load(&m, "/"), ERR_IO);
    cr_assert_eq(errno, EISDIR);
}

Test(motd, gives_line_after_line)
{
    write_file(SPAN("one\r\n\ntw\xc3\xb6\nth\0ree"));
    struct motd m;
    cr_assert_eq(motd_load(&m, path), OK);
    struct span rest = buf_span(&m.text), line;
    const char *const want[] = {"one", "", "tw\xc3\xb6", "th"};
    for (size_t i = 0; i < 4; i++) {
        cr_assert(motd_next(&rest, &line));
        cr_assert(span_eq(line, span_str(want[i])), "line %zu", i);
    }
    cr_assert_not(motd_next(&rest, &line));
    motd_deinit(&m);
}

Test(motd, refuses_what_is_not_utf8)
{
    write_file(SPAN("caf\xe9\n"));
    struct motd m;
    cr_assert_eq(motd_load(&m, path), ERR_UTF8);
    cr_assert_null(m.text.data);
}

Test(motd, is_bounded)
{
    struct motd m;
    char *text = malloc(MOTD_BYTES_MAX + 1);
    memset(text, 'x', MOTD_BYTES_MAX + 1);
    write_file(span_of(text, MOTD_BYTES_MAX + 1));
    cr_assert_eq(motd_load(&m, path), ERR_LIMIT);
    cr_assert_eq(truncate(path, MOTD_BYTES_MAX), 0);
    cr_assert_eq(motd_load(&m, path), OK);
    cr_assert_eq(m.text.len, MOTD_BYTES_MAX);
    motd_deinit(&m);
    free(text);
}

Test(motd, says_when_there_is_no_memory)
{
    write_file(SPAN("hello\n"));
    struct motd m;
    alloc_fail_after(0);
    cr_assert_eq(motd_load(&m, path), ERR_NOMEM);
    alloc_fail_stop();
    cr_assert_null(m.text.data);
}
