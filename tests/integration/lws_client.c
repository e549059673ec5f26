/* libwebsockets' client, driven from outside. Lines of input and output are as ws_clients.py has
 * them. Each command is run to its end before the next is read. */
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    struct lws_context *context;
    struct lws *wsi; /* NULL: no connection */
    bool is_open;
    bool is_pending, is_sent; /* a message that is not written yet; the last one has left */
    int close_code;           /* to be sent; 0: none */
    unsigned unread;          /* messages that were told and not asked for yet */
    char protocol[64], extensions[256];
    unsigned char *out; /* LWS_PRE bytes, then what is to be sent */
    size_t out_len;
    enum lws_write_protocol out_kind;
    unsigned char *in; /* a message as far as it has come */
    size_t in_len;
} self;

static void fail(const char *text)
{
    printf("error %s\n", text);
    fflush(stdout);
    exit(1);
}

static void *must(void *memory)
{
    if (memory == NULL)
        fail("out of memory");
    return memory;
}

/* --- what happens ------------------------------------------------------------------------ */

static void learn_answer(struct lws *wsi)
{
    if (lws_hdr_copy(wsi, self.protocol, sizeof self.protocol, WSI_TOKEN_PROTOCOL) <= 0)
        strcpy(self.protocol, "-");
    if (lws_hdr_copy(wsi, self.extensions, sizeof self.extensions, WSI_TOKEN_EXTENSIONS) <= 0)
        strcpy(self.extensions, "-");
}

static void take_part(struct lws *wsi, const void *part, size_t len)
{
    self.in = must(realloc(self.in, self.in_len + len + 1));
    memcpy(self.in + self.in_len, part, len);
    self.in_len += len;
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0)
        return;
    printf("%s ", lws_frame_is_binary(wsi) ? "binary" : "text");
    for (size_t i = 0; i < self.in_len; i++)
        printf("%02x", self.in[i]);
    printf("\n");
    self.in_len = 0;
    self.unread++;
}

static int give_message(struct lws *wsi)
{
    if (self.close_code != 0) {
        lws_close_reason(wsi, (enum lws_close_status)self.close_code, NULL, 0);
        return -1;
    }
    if (!self.is_pending) { /* what was written before has left */
        self.is_sent = true;
        return 0;
    }
    self.is_pending = false;
    lws_callback_on_writable(wsi);
    return lws_write(wsi, self.out + LWS_PRE, self.out_len, self.out_kind) < 0 ? -1 : 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
        learn_answer(wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        self.is_open = true;
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        fail(in != NULL ? in : "no connection");
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        take_part(wsi, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return give_message(wsi);
    case LWS_CALLBACK_CLIENT_CLOSED:
        self.wsi = NULL;
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols PROTOCOLS[] = {{"any", on_event, 0, 64 * 1024, 0, NULL, 0},
                                                 {NULL, NULL, 0, 0, 0, NULL, 0}};

/* --- commands ---------------------------------------------------------------------------- */

static const char *offer_of(const char *name)
{
    return strcmp(name, "small") == 0
               ? "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10"
               : "permessage-deflate; client_max_window_bits";
}

static void serve(void)
{
    if (lws_service(self.context, 0) < 0)
        fail("the service ends");
}

static void make_context(const char *offer)
{
    static struct lws_extension extensions[2];
    extensions[0] = (struct lws_extension){"permessage-deflate", lws_extension_callback_pm_deflate,
                                           offer_of(offer)};
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = PROTOCOLS,
        .extensions = strcmp(offer, "none") == 0 ? NULL : extensions,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
    };
    self.context = must(lws_create_context(&info));
}

static void run_open(char *url, const char *offer, const char *protocol)
{
    const char *scheme, *host, *path;
    char target[256];
    int port;
    if (lws_parse_uri(url, &scheme, &host, &port, &path) != 0)
        fail("no URL");
    snprintf(target, sizeof target, "/%s", path);
    make_context(offer);
    struct lws_client_connect_info info = {
        .context = self.context,
        .address = host,
        .host = host,
        .port = port,
        .path = target,
        .protocol = strcmp(protocol, "-") == 0 ? NULL : protocol,
        .local_protocol_name = "any",
        .pwsi = &self.wsi,
    };
    if (strcmp(scheme, "wss") == 0)
        info.ssl_connection =
            LCCSCF_USE_SSL | LCCSCF_ALLOW_SELFSIGNED | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
    self.is_open = false;
    if (lws_client_connect_via_info(&info) == NULL)
        fail("no connection");
    while (!self.is_open)
        serve();
    printf("open %s %s\n", self.protocol, self.extensions);
}

static unsigned digit_of(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void run_send(enum lws_write_protocol kind, const char *hex)
{
    size_t len = strlen(hex) / 2;
    self.out = must(realloc(self.out, LWS_PRE + len));
    for (size_t i = 0; i < len; i++)
        self.out[LWS_PRE + i] =
            (unsigned char)(digit_of(hex[2 * i]) << 4 | digit_of(hex[2 * i + 1]));
    self.out_len = len;
    self.out_kind = kind;
    self.is_pending = true;
    self.is_sent = false;
    lws_callback_on_writable(self.wsi);
    while (self.wsi != NULL && !self.is_sent)
        serve();
}

static void run_read(void)
{
    while (self.wsi != NULL && self.unread == 0)
        serve();
    if (self.unread == 0)
        fail("closed");
    self.unread--;
}

/* It does not tell the code that comes back. */
static void run_close(const char *code)
{
    self.close_code = atoi(code);
    lws_callback_on_writable(self.wsi);
    while (self.wsi != NULL)
        serve();
    lws_context_destroy(self.context);
    self.unread = 0;
    self.close_code = 0;
    printf("close 0\n");
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    lws_set_log_level(LLL_ERR, NULL);
    while (getline(&line, &room, stdin) > 0) {
        char *rest = line, *words[4];
        for (size_t i = 0; i < 4; i++) {
            words[i] = strsep(&rest, " \n");
            if (words[i] == NULL)
                words[i] = "";
        }
        if (strcmp(words[0], "open") == 0)
            run_open(words[1], words[2], words[3]);
        else if (strcmp(words[0], "text") == 0)
            run_send(LWS_WRITE_TEXT, words[1]);
        else if (strcmp(words[0], "binary") == 0)
            run_send(LWS_WRITE_BINARY, words[1]);
        else if (strcmp(words[0], "read") == 0)
            run_read();
        else if (strcmp(words[0], "close") == 0)
            run_close(words[1]);
        fflush(stdout);
    }
    free(line);
    free(self.in);
    free(self.out);
    return 0;
}
