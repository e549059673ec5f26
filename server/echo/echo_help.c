/* GET /echo/help: the table of faults, as a page with a panel to try them for browsers, and as text
 * for everybody else. The page is client/echo/help.html with the rows in the place of a mark. */
#include "config/config.h"
#include "echo/faults.h"
#include "net/listener.h"
#include "net/net.h"
#include "web/file_route.h"
#include "web/http_session.h"
#include "web/routes.h"
#include "web/web_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_CHARS = 96 };

static const struct {
    uint8_t bit;
    const char *name, *key; /* in text, and for the page's style and script */
} PLACES[] = {
    {FAULTS_WS, "WebSocket", "ws"}, {FAULTS_HTTP, "HTTP", "http"}, {FAULTS_TCP, "TCP", "tcp"}};
enum { PLACE_COUNT = sizeof(PLACES) / sizeof(PLACES[0]) };

struct allowance {
    bool faults;   /* on the listener that is asked */
    bool commands; /* the TCP echo reads a first line */
};

static uint8_t usable_places(const struct fault_row *row, const struct allowance *allowed)
{
    if (!allowed->faults)
        return row->free_places;
    return allowed->commands ? row->places : row->places & (uint8_t)~FAULTS_TCP;
}

static const char *state(const struct allowance *allowed)
{
    return allowed->faults ? "Faults are on here."
                           : "Faults are off here, but for delay_ms and status over HTTP. "
                             "Start the server with -o echo.faults=on, or "
                             "-o listen.NAME.faults=on for one listener.";
}

static const char *commands_state(const struct allowance *allowed)
{
    return allowed->commands ? "The TCP echo takes them in a first line that begins with \"?\"."
                             : "The TCP echo would take them in a first line: -o echo.commands=on.";
}

static void print_text_row(FILE *to, const struct fault_row *row)
{
    char value[VALUE_CHARS];
    fault_describe_value(row, value, sizeof(value));
    fprintf(to, "%s%s  [", row->name, value);
    const char *separator = "";
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        if ((row->places & PLACES[i].bit) == 0)
            continue;
        fprintf(to, "%s%s", separator, PLACES[i].name);
        separator = ", ";
    }
    fprintf(to, "]\n    %s\n", row->help);
}

static void print_text(FILE *to, const struct allowance *allowed)
{
    fprintf(to,
            "/echo sends back what it gets, over WebSocket and HTTP, and misbehaves on request:\n"
            "/echo?delay_ms=100&chop=1\n\n%s\n%s\n\n",
            state(allowed), commands_state(allowed));
    for (int i = 0; i < FAULT_COUNT; i++)
        print_text_row(to, &fault_rows[i]);
}

/* --- page -------------------------------------------------------------------------------- */

static void print_escaped(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", to);
            break;
        case '&':
            fputs("&amp;", to);
            break;
        default:
            fputc(*text, to);
        }
    }
}

static void print_input(FILE *to, const struct fault_row *row)
{
    fprintf(to, "<input id=\"fault-%s\" name=\"%s\" aria-describedby=\"about-%s\" ", row->name,
            row->name, row->name);
    switch ((enum fault_type)row->type) {
    case FAULT_TYPE_NUMBER:
        fprintf(to, "type=\"number\" min=\"%" PRIu32 "\" max=\"%" PRIu32 "\">", row->min, row->max);
        break;
    case FAULT_TYPE_CHANCE:
        fputs("pattern=\"1/[0-9]+\" placeholder=\"1/N\">", to);
        break;
    case FAULT_TYPE_FLAG:
        fputs("type=\"checkbox\">", to);
        break;
    case FAULT_TYPE_ANSWER:
    case FAULT_TYPE_FIELD:
        fputs("spellcheck=\"false\" autocapitalize=\"none\">", to);
        break;
    }
}

/* data-on says where the script may offer it. */
static void print_page_row(FILE *to, const struct fault_row *row, const struct allowance *allowed)
{
    char value[VALUE_CHARS];
    uint8_t usable = usable_places(row, allowed);
    fputs("<div class=\"fault\" data-on=\"", to);
    for (size_t i = 0; i < PLACE_COUNT; i++)
        if ((usable & PLACES[i].bit) != 0)
            fprintf(to, "%s ", PLACES[i].key);
    fprintf(to, "\"><label for=\"fault-%s\"><code>%s</code> <span class=\"range\">", row->name,
            row->name);
    fault_describe_value(row, value, sizeof(value));
    print_escaped(to, value);
    fputs("</span></label>", to);
    print_input(to, row);
    fprintf(to, "<p id=\"about-%s\">", row->name);
    print_escaped(to, row->help);
    for (size_t i = 0; i < PLACE_COUNT; i++)
        if ((row->places & PLACES[i].bit) != 0)
            fprintf(to, " <span class=\"place\">%s</span>", PLACES[i].name);
    fputs("</p></div>\n", to);
}

static void print_rows(FILE *to, const struct allowance *allowed)
{
    fprintf(to, "<p class=\"notice %s\">", allowed->faults ? "on" : "off");
    print_escaped(to, state(allowed));
    fputc(' ', to);
    print_escaped(to, commands_state(allowed));
    fputs("</p>\n<form id=\"faults\" autocomplete=\"off\">\n", to);
    for (int i = 0; i < FAULT_COUNT; i++)
        print_page_row(to, &fault_rows[i], allowed);
    fputs("</form>\n", to);
}

static void print_page(FILE *to, const struct allowance *allowed)
{
    static const struct span mark = SPAN("<!--faults-->\n");
    const struct web_file *page = file_route_find(&web_client, SPAN("/echo/help"));
    const uint8_t *at = memmem(page->bytes, page->size, mark.ptr, mark.len);
    CHECK(at != NULL); /* it is our page */
    const uint8_t *rest = at + mark.len;
    fwrite(page->bytes, 1, (size_t)(at - page->bytes), to);
    print_rows(to, allowed);
    fwrite(rest, 1, (size_t)(page->bytes + page->size - rest), to);
}

/* --- route ------------------------------------------------------------------------------- */

enum co_result route_echo_help(struct conn *c, struct http_session *s)
{
    bool is_page = http_header_has(s->exchange.request->headers, "Accept", "text/html");
    const struct net *n = conn_net(c);
    const struct allowance allowed = {n->listeners[c->listener].faults, n->config->echo.commands};
    char *text = NULL;
    size_t bytes;
    FILE *to = open_memstream(&text, &bytes);
    if (to != NULL)
        (is_page ? print_page : print_text)(to, &allowed);
    bool is_whole = to != NULL && !ferror(to);
    if (to == NULL || fclose(to) != 0 || !is_whole)
        http_refuse(c, s, 503, "out of memory");
    else
        file_route_answer_made(c, s,
                               is_page ? "text/html; charset=utf-8" : "text/plain; charset=utf-8",
                               span_of(text, bytes));
    free(text);
    return CO_DONE;
}
