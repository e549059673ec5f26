#include "chat/motd.h"

#include "simul/utf8.h"

#include <fcntl.h>
#include <unistd.h>

static enum err read_all(struct buf *text, int fd)
{
    for (;;) {
        if (text->len > MOTD_BYTES_MAX)
            return ERR_LIMIT;
        enum err e = buf_reserve(text, 4096);
        if (e != OK)
            return e;
        ssize_t n = read(fd, text->data + text->len, 4096);
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            return utf8_is_valid(buf_span(text)) ? OK : ERR_UTF8;
        text->len += (size_t)n;
    }
}

enum err motd_load(struct motd *m, const char *path)
{
    *m = (struct motd){0};
    if (path[0] == '\0')
        return OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    enum err e = read_all(&m->text, fd);
    close(fd);
    if (e != OK)
        motd_deinit(m);
    return e;
}

void motd_deinit(struct motd *m)
{
    buf_deinit(&m->text);
}

bool motd_next(struct span *rest, struct span *line)
{
    if (rest->len == 0)
        return false;
    *line = span_take_until(rest, '\n');
    line->len = span_find(*line, '\r');
    line->len = span_find(*line, '\0');
    return true;
}
