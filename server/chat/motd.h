/* The message of the day: a text file, read at the start and when that is asked for. */
#pragma once

#include "simul/buf.h"
#include "simul/err.h"

enum { MOTD_BYTES_MAX = 64 * 1024 };

struct motd {
    struct buf text; /* empty: there is none */
};

/* Reads the file; an empty path is no message. ERR_IO: errno tells why. ERR_LIMIT: more than
 * MOTD_BYTES_MAX. ERR_UTF8: it is not UTF-8, which clients are promised. ERR_NOMEM. */
enum err motd_load(struct motd *m, const char *path);
void motd_deinit(struct motd *m);

/* Takes the next line out of *rest, which begins as the text and moves on behind it; false at the
 * end. CR before the line's end and NUL, which no line may have, are cut off with what follows. */
bool motd_next(struct span *rest, struct span *line);
