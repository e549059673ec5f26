/* Session tickets and their keys. */
#include "unit/net/tls_store_fixture.h"

TestSuite(tls_tickets, .init = tls_setup, .fini = tls_teardown);

/* A session to be resumed later. */
static SSL_SESSION *get_ticket(int version)
{
    struct tls_peer p;
    tls_peer_init(&p, version, version, NULL);
    SSL *server = tls_shake(&p);
    SSL_SESSION *session = SSL_get1_session(p.ssl);
    cr_assert(SSL_SESSION_has_ticket(session));
    SSL_shutdown(p.ssl); /* else it counts as broken, and is not resumed */
    SSL_free(server);
    tls_peer_deinit(&p);
    return session;
}

static bool resumes(SSL_SESSION *session)
{
    struct tls_peer p;
    int version = SSL_SESSION_get_protocol_version(session);
    tls_peer_init(&p, version, version, session);
    SSL *server = tls_shake(&p);
    cr_assert_not_null(server, "a ticket that is of no use does no harm");
    bool reused = SSL_session_reused(server);
    SSL_free(server);
    tls_peer_deinit(&p);
    return reused;
}

/* The name of the key that encrypted it. */
static void key_name(const SSL_SESSION *session, uint8_t name[16])
{
    const uint8_t *ticket;
    size_t len;
    SSL_SESSION_get0_ticket(session, &ticket, &len);
    cr_assert_geq(len, 16);
    memcpy(name, ticket, 16);
}

static bool same_key(void)
{
    static uint8_t before[16];
    uint8_t name[16];
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    key_name(session, name);
    SSL_SESSION_free(session);
    bool same = memcmp(name, before, 16) == 0;
    memcpy(before, name, 16);
    return same;
}

Test(tls_tickets, a_ticket_resumes_its_session)
{
    tls_open();
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int i = 0; i < 2; i++) {
        SSL_SESSION *session = get_ticket(versions[i]);
        cr_assert(resumes(session), "%d", i);
        SSL_SESSION_free(session);
    }
}

Test(tls_tickets, a_ticket_outlives_a_reload)
{
    tls_open();
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    expect_ok(tls_reload());
    cr_assert(resumes(session));
    SSL_SESSION_free(session);
}

Test(tls_tickets, a_ticket_of_another_server_resumes_nothing)
{
    tls_open();
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    tls_store_free(tls.store);
    tls_open();
    cr_assert_not(resumes(session));
    SSL_SESSION_free(session);
}

Test(tls_tickets, a_ticket_that_was_changed_resumes_nothing)
{
    tls_open();
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    const uint8_t *ticket;
    size_t ticket_len;
    SSL_SESSION_get0_ticket(session, &ticket, &ticket_len);
    uint8_t *der = NULL;
    int der_len = i2d_SSL_SESSION(session, &der);
    cr_assert_gt(der_len, 0);
    uint8_t *in_der = memmem(der, (size_t)der_len, ticket, ticket_len);
    cr_assert_not_null(in_der);
    in_der[ticket_len / 2] ^= 1;
    const uint8_t *p = der;
    SSL_SESSION *changed = d2i_SSL_SESSION(NULL, &p, der_len);
    cr_assert_not(resumes(changed));
    cr_assert(resumes(session));
    OPENSSL_free(der);
    SSL_SESSION_free(changed);
    SSL_SESSION_free(session);
}

Test(tls_tickets, ticket_keys_rotate_each_hour)
{
    tls_open();
    same_key();
    tls.now += HOUR - 1;
    cr_assert(same_key());
    tls.now += 1;
    cr_assert_not(same_key());
    cr_assert(same_key());
}

Test(tls_tickets, a_ticket_of_the_key_before_is_still_good)
{
    tls_open();
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    tls.now += HOUR;
    same_key();
    cr_assert(resumes(session));
    SSL_SESSION_free(session);
}

Test(tls_tickets, a_ticket_of_a_key_that_is_forgotten_resumes_nothing)
{
    tls_open();
    SSL_SESSION *session = get_ticket(TLS1_3_VERSION);
    for (int i = 0; i < 3; i++) {
        tls.now += HOUR;
        same_key();
    }
    tls.now -= 3 * HOUR; /* it is not for its age that it is refused */
    cr_assert_not(resumes(session));
    SSL_SESSION_free(session);
}
