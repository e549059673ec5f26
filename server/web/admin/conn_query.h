/* Who of all loops' connections has the most of something: each loop looks through its own (see
 * net/conn_top.h) and answers by mail. On loop 0, for one who asks at a time. */
#pragma once

#include "core/loop.h"
#include "net/conn_top.h"

#include <stdbool.h>
#include <stddef.h>

struct server;
struct conn_query;

enum { CONN_QUERY_ROWS_MAX = 100 };

/* Begins to look, which by rate takes a second. The connection that asks is woken when it is done;
 * it owns the query, and releases it, at any time. ERR_LIMIT: another one is under way. ERR_NOMEM.
 */
enum err conn_query_new(struct server *server, struct handle from, enum conn_order order,
                        size_t rows_max, struct conn_query **out);
/* NULL does nothing. */
void conn_query_release(struct conn_query *q);

bool conn_query_is_done(const struct conn_query *q);

/* When it is done, the rows of all loops together, the first first; valid while the query is. */
size_t conn_query_rows(struct conn_query *q, const struct conn_row *const **rows);
