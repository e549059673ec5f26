#include "net/deflate.h"

#include "net/net.h"

void deflate_begin(struct net *n, const struct ws_reader *r)
{
    metric_add(&n->loop->metrics.deflate_connections, ws_deflate_is_agreed(&r->deflate));
}

void deflate_end(struct net *n, struct ws_reader *r)
{
    metric_sub(&n->loop->metrics.deflate_connections, ws_deflate_is_agreed(&r->deflate));
    ws_reader_deinit(r, n->ws_pool);
}

void deflate_note_inflated(struct conn *c, size_t bytes)
{
    struct net *n = conn_net(c);
    metric_add(&n->loop->metrics.inflated_messages, 1);
    metric_add(&n->loop->metrics.inflated_bytes, bytes);
    conn_spend_compressed(c, bytes);
    memory_note(n, c); /* it may have kept its inflater, and be at rest all the same */
}

enum err deflate_message(struct net *n, unsigned bits, struct span message, struct span *compressed)
{
    enum err e = ws_deflater_run(&n->ws_deflater, bits, message, compressed);
    if (e != OK)
        return e;
    metric_add(&n->loop->metrics.deflated_messages, 1);
    metric_add(&n->loop->metrics.deflated_bytes, message.len);
    metric_add(&n->loop->metrics.deflated_out_bytes, compressed->len);
    return OK;
}

void deflate_trim(struct net *n)
{
    ws_pool_trim(n->ws_pool);
    ws_deflater_trim(&n->ws_deflater);
}
