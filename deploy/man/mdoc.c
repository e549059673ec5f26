#include "mdoc.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const char MARK[] = ".\\\" TABLE\n";

int mdoc_main(int argc, char **argv, void (*print_part)(FILE *to))
{
    FILE *page = argc == 2 ? fopen(argv[1], "re") : NULL;
    if (page == NULL) {
        fprintf(stderr, "usage: %s PAGE: %s\n", argv[0], strerror(errno));
        return 1;
    }
    char line[1024];
    int parts = 0;
    while (fgets(line, sizeof(line), page) != NULL) {
        if (strcmp(line, MARK) != 0) {
            fputs(line, stdout);
            continue;
        }
        print_part(stdout);
        parts++;
    }
    fclose(page);
    return parts == 1 && fflush(stdout) == 0 ? 0 : 1;
}

void mdoc_print_sentence(FILE *to, const char *text)
{
    if (text[0] == '.' || text[0] == '\'')
        fputs("\\&", to);
    for (const char *c = text; *c != '\0'; c++)
        if (*c == '\\')
            fputs("\\e", to);
        else
            fputc(c == text ? toupper((unsigned char)*c) : *c, to);
    fputs(".\n", to);
}
