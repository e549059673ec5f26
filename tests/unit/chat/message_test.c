#include "chat/hub/message.h"

#include <criterion/criterion.h>
#include <pthread.h>

Test(message, holds_copies_of_tags_and_text)
{
    char tags[] = "+a", text[] = "PING :x";
    struct position at = {.ms = 5};
    struct message *m = message_new(&at, span_str(tags), span_str(text));
    memset(tags, 0, sizeof(tags));
    memset(text, 0, sizeof(text));
    cr_assert(span_eq(message_tags(m), SPAN("+a")));
    cr_assert(span_eq(message_text(m), SPAN("PING :x")));
    cr_assert_eq(m->at.ms, 5);
    cr_assert_eq(m->need | m->avoid, 0);
    message_put(m);
    message_put(NULL);
}

static void *take_and_drop(void *arg)
{
    for (int i = 0; i < 10000; i++)
        message_put(message_get(arg));
    message_put(arg);
    return NULL;
}

Test(message, is_freed_by_whichever_thread_is_last)
{
    struct message *m = message_new(&(struct position){0}, SPAN_EMPTY, SPAN("x"));
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, take_and_drop, message_get(m));
    message_put(m);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}
