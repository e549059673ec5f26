/* Our own files, and pages that are made of them for one request. */
#pragma once

#include "simul/span.h"

struct conn;
struct http_session;
struct web_file;
struct web_files;

/* The one of this path; NULL: there is none. Static storage. */
const struct web_file *file_route_find(const struct web_files *files, struct span path);

/* Answers with what was made for this request, under the policy of our own files. Another request
 * may get another type: the answer varies by Accept. */
void file_route_answer_made(struct conn *c, struct http_session *s, const char *content_type,
                            struct span body);
