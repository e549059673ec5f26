#include "reload.h"

#include "chat/chat_loop.h"
#include "core/log.h"
#include "net/tls.h"
#include "server.h"

static void deliver_reload(struct mail *m)
{
    struct loop_thread *t = container_of(m, struct loop_thread, reload_mail);
    atomic_store(&t->reload_posted, false);
    chat_loop_read_motd(t->net.chat);
}

void reload_begin(struct server *s)
{
    for (struct loop_thread *t = s->threads; t < s->threads + s->net_count; t++) {
        if (atomic_exchange(&t->reload_posted, true))
            continue; /* until then the mail is that loop's */
        t->reload_mail.deliver = deliver_reload;
        loop_post_now(t->loop, &t->reload_mail);
    }
    char error[CONFIG_TEXT_BYTES_MAX];
    if (tls_store_reload(s->tls, s->config, error, sizeof(error)) == OK) {
        LOG_INFO("certificates read again");
        tls_store_log_expiry(s->tls);
    } else {
        LOG_ERROR("certificates not read, the old ones stay", LOG_STR("reason", error));
    }
}
