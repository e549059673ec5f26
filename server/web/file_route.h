/* Our own files, and pages made from them for one request. */
#pragma once

#include "simul/span.h"

struct conn;
struct http_session;
struct web_file;
struct web_files;

/* The file of this path; NULL: there is none. Static storage. */
const struct web_file *file_route_find(const struct web_files *files, struct span path);

/* Answers with a page made for this request, under the same policy as our own files. The answer
 * varies by Accept, since another request may get another type. */
void file_route_answer_made(struct conn *c, struct http_session *s, const char *content_type,
                            struct span body);
