#include "chat/verb.h"

#include <criterion/criterion.h>

Test(verb, is_found_whatever_its_case)
{
    for (size_t i = 0; i < verb_count; i++)
        cr_assert_eq(verb_find(span_str(verbs[i].name)), &verbs[i], "%s", verbs[i].name);
    cr_assert_eq(verb_find(SPAN("pRiVmSg")), verb_find(SPAN("PRIVMSG")));
}

Test(verb, is_not_found_by_part_of_its_name)
{
    cr_assert_null(verb_find(SPAN_EMPTY));
    cr_assert_null(verb_find(SPAN("JOI")));
    cr_assert_null(verb_find(SPAN("JOINS")));
    cr_assert_null(verb_find(SPAN("001")));
}

/* What a session relies on when it picks one of the two functions. */
Test(verb, has_a_function_for_every_session_that_may_use_it)
{
    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *v = &verbs[i];
        cr_assert(v->local != NULL || v->hub != NULL);
        cr_assert(!v->is_early || v->local != NULL, "%s: strangers are served on the loop",
                  v->name);
        cr_assert(v->is_early || v->local == NULL || v->hub == NULL, "%s", v->name);
    }
}
