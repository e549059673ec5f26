#include "report/output.h"

#include <errno.h>
#include <string.h>

bool output_is_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

FILE *output_open(const char *path)
{
    return output_is_stdout(path) ? stdout : fopen(path, "we");
}

bool output_close(FILE *out, const char *path, enum err e, FILE *err)
{
    int why = errno;
    if (out == NULL || (out == stdout ? fflush(out) : fclose(out)) != 0) {
        why = errno;
        e = ERR_IO;
    }
    if (e != OK)
        fprintf(err, "simul-load: cannot write %s: %s\n", path,
                e == ERR_IO ? strerror(why) : err_name(e));
    return e == OK;
}
