#include "report/page.h"

void page_text(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

void page_begin(const char *title, FILE *out)
{
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
          out);
    page_text(title, out);
    fputs("</title>\n<style>\n", out);
    fputs(PAGE_STYLE, out);
    fputs("</style>\n</head>\n<body>\n<main>\n", out);
}

void page_end(FILE *out)
{
    fputs("<footer>Written by simul-load " SIMUL_VERSION ".</footer>\n</main>\n</body>\n</html>\n",
          out);
}
