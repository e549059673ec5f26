/* An echo on libwebsockets, for loadtest/bench.sh to compare with: each fragment that arrives goes
 * back in the next writable callback, as its documentation wants it. One fragment is held; more are
 * not taken before it is gone. */
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { FRAGMENT_BYTES = 64 * 1024 };

struct session {
    size_t len;
    bool is_binary, is_first, is_last;
    unsigned char bytes[LWS_PRE + FRAGMENT_BYTES];
};

static void keep(struct lws *wsi, struct session *s, const void *in, size_t len)
{
    memcpy(s->bytes + LWS_PRE, in, len);
    s->len = len;
    s->is_binary = lws_frame_is_binary(wsi);
    s->is_first = lws_is_first_fragment(wsi);
    s->is_last = lws_is_final_fragment(wsi);
    lws_rx_flow_control(wsi, 0);
    lws_callback_on_writable(wsi);
}

static int give_back(struct lws *wsi, struct session *s)
{
    int kind = s->is_binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    int flags = lws_write_ws_flags(kind, s->is_first, s->is_last);
    if (lws_write(wsi, s->bytes + LWS_PRE, s->len, (enum lws_write_protocol)flags) < (int)s->len)
        return -1;
    lws_rx_flow_control(wsi, 1);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    if (reason == LWS_CALLBACK_RECEIVE)
        keep(wsi, user, in, len);
    return reason == LWS_CALLBACK_SERVER_WRITEABLE ? give_back(wsi, user) : 0;
}

int main(void)
{
    static const struct lws_protocols protocols[] = {
        {"echo", on_event, sizeof(struct session), FRAGMENT_BYTES, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0}};
    const struct lws_context_creation_info info = {.port = 0,
                                                   .iface = "127.0.0.1",
                                                   .protocols = protocols,
                                                   .pt_serv_buf_size = FRAGMENT_BYTES};
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context *context = lws_create_context(&info);
    if (context == NULL)
        return 1;
    struct lws_vhost *vhost = lws_get_vhost_by_name(context, "default");
    printf("listening libwebsockets 127.0.0.1:%d\n", lws_get_vhost_listen_port(vhost));
    fflush(stdout);
    while (lws_service(context, 0) >= 0) {
    }
    lws_context_destroy(context);
    return 0;
}
