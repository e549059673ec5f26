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

void deflate_note_inflated(struct conn *c, const struct ws_event *piece)
{
    struct net *n = conn_net(c);
    metric_add(&n->loop->metrics.inflated_messages, piece->message_last);
    metric_add(&n->loop->metrics.inflated_bytes, piece->payload.len);
    conn_spend_compressed(c, piece->payload.len);
    memory_note(n, c); /* it may have kept its inflater, and be at rest all the same */
}

enum err deflate_piece(struct net *n, unsigned bits, struct span piece, bool is_last,
                       struct span *compressed)
{
    enum err e = ws_deflater_run_piece(&n->ws_deflater, bits, piece, is_last, compressed);
    if (e != OK)
        return e;
    metric_add(&n->loop->metrics.deflated_messages, is_last);
    metric_add(&n->loop->metrics.deflated_bytes, piece.len);
    metric_add(&n->loop->metrics.deflated_out_bytes, compressed->len);
    return OK;
}

enum err deflate_message(struct net *n, unsigned bits, struct span message, struct span *compressed)
{
    return deflate_piece(n, bits, message, true, compressed);
}
