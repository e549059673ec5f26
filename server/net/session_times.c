#include "net/session_times.h"

#include "simul/check.h"

struct session_time *session_times_find(struct session_times *times,
                                        const struct session_type *type)
{
    for (int i = 0; i < SESSION_TYPES_MAX; i++) {
        struct session_time *t = &times->of[i];
        if (t->type == NULL)
            atomic_store_explicit(&t->type, type, memory_order_release);
        if (t->type == type)
            return times->last = t;
    }
    check_failed("there are more types of sessions than SESSION_TYPES_MAX", __FILE__, __LINE__);
}
