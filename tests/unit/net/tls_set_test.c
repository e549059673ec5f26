/* Certificates by name, and those of clients. */
#include "net/tls/tls_set.h"

#include "unit/alloc_fail.h"
#include "unit/net/tls_store_fixture.h"

static X509 *authority;
static EVP_PKEY *authority_key;

static void setup(void)
{
    tls_setup();
    authority = tls_certify(&authority_key, 100, NULL, NULL, NULL);
    tls_write_certificate("ca.pem", authority);
}

static void teardown(void)
{
    X509_free(authority);
    EVP_PKEY_free(authority_key);
    tls_teardown();
}

TestSuite(tls_set, .init = setup, .fini = teardown);

/* --- names ------------------------------------------------------------------------------- */

/* A section with a certificate of that serial number. NULL: it has no names of its own, or the
 * settings give it none. */
static void add_site(const char *section, long serial, const char *own_names, const char *names)
{
    char setting[128];
    tls_write_pair(section, serial, own_names);
    snprintf(setting, sizeof(setting), "tls.%s.certificate=@/%s.pem", section, section);
    tls_set(setting);
    snprintf(setting, sizeof(setting), "tls.%s.key=@/%s.key", section, section);
    tls_set(setting);
    if (names == NULL)
        return;
    snprintf(setting, sizeof(setting), "tls.%s.names=%s", section, names);
    tls_set(setting);
}

Test(tls_set, who_asks_for_a_name_sees_its_certificate)
{
    add_site("site", 2, NULL, "chat.example.org,*.example.org");
    add_site("other", 3, NULL, "www.example.org");
    tls_open();
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(tls_serial_for("chat.example.org", versions[i]), 2);
        cr_assert_eq(tls_serial_for("CHAT.Example.Org", versions[i]), 2);
        cr_assert_eq(tls_serial_for("irc.example.org", versions[i]), 2);
        cr_assert_eq(tls_serial_for("www.example.org", versions[i]), 3);
        cr_assert_eq(tls_serial_for("example.org", versions[i]), 1, "the default");
        cr_assert_eq(tls_serial_for("a.b.example.org", versions[i]), 1);
        cr_assert_eq(tls_serial_for(NULL, versions[i]), 1);
    }
}

Test(tls_set, without_names_in_the_settings_the_certificates_own_count)
{
    add_site("site", 2, "DNS:a.test,IP:127.0.0.1,email:x@mail.test,DNS:*.b.test", NULL);
    tls_open();
    cr_assert_eq(tls_serial_for("a.test", 0), 2);
    cr_assert_eq(tls_serial_for("x.b.test", 0), 2);
    cr_assert_eq(tls_serial_for("mail.test", 0), 1);
}

Test(tls_set, names_in_the_settings_replace_the_certificates_own)
{
    add_site("site", 2, "DNS:a.test", "b.test");
    tls_open();
    cr_assert_eq(tls_serial_for("b.test", 0), 2);
    cr_assert_eq(tls_serial_for("a.test", 0), 1);
}

Test(tls_set, without_a_default_the_first_section_is_it)
{
    tls_set("tls.certificate=");
    tls_set("tls.key=");
    add_site("site", 2, NULL, "a.test");
    add_site("other", 3, NULL, "b.test");
    tls_open();
    cr_assert_eq(tls_serial_for(NULL, 0), 2);
    cr_assert_eq(tls_serial_for("c.test", 0), 2);
    cr_assert_eq(tls_serial_for("b.test", 0), 3);
}

Test(tls_set, a_section_without_any_name_is_told)
{
    add_site("site", 2, "IP:127.0.0.1", NULL);
    tls_expect_refused("tls.site.names:", "names no host");
}

Test(tls_set, a_name_of_two_sections_is_told)
{
    add_site("site", 2, NULL, "a.test,b.test");
    add_site("other", 3, "DNS:c.test,DNS:B.test", NULL);
    tls_expect_refused("tls.other.names: 'B.test'", "tls.site");
}

Test(tls_set, the_section_whose_file_is_bad_is_told)
{
    add_site("site", 2, NULL, "a.test");
    tls_write_text("site.key", "hello");
    tls_expect_refused("tls.site.key:", "site.key");
    unlink(tls_path("site.pem"));
    tls_expect_refused("tls.site.certificate:", "site.pem");
}

Test(tls_set, a_key_with_a_password_is_refused_not_asked_for)
{
    FILE *f = fopen(tls_path("default.key"), "w");
    cr_assert_eq(PEM_write_PrivateKey(f, authority_key, EVP_aes_128_cbc(), (const uint8_t *)"x", 1,
                                      NULL, NULL),
                 1);
    fclose(f);
    tls_expect_refused("tls.key:", "default.key");
}

/* --- reading again ----------------------------------------------------------------------- */

Test(tls_set, a_reload_is_of_all_certificates_or_of_none)
{
    add_site("site", 2, NULL, "a.test");
    add_site("other", 3, NULL, "b.test");
    tls_open();
    tls_write_pair("default", 11, NULL);
    tls_write_pair("site", 12, NULL);
    tls_write_text("other.pem", "broken");
    tls_expect_told(tls_reload(), "tls.other.certificate:", "other.pem");
    cr_assert_eq(tls_serial_for(NULL, 0), 1);
    cr_assert_eq(tls_serial_for("a.test", 0), 2);
    tls_write_pair("other", 13, NULL);
    expect_ok(tls_reload());
    cr_assert_eq(tls_serial_for(NULL, 0), 11);
    cr_assert_eq(tls_serial_for("a.test", 0), 12);
    cr_assert_eq(tls_serial_for("b.test", 0), 13);
}

Test(tls_set, a_reload_takes_over_what_the_settings_say_now)
{
    tls_open();
    add_site("site", 2, NULL, "a.test");
    tls_set("tls.minimum=1.3");
    expect_ok(tls_reload());
    cr_assert_eq(tls_serial_for("a.test", 0), 2);
    struct tls_peer p;
    tls_peer_init(&p, TLS1_2_VERSION, TLS1_2_VERSION, NULL);
    cr_assert_null(tls_shake(&p));
    tls_peer_deinit(&p);
}

Test(tls_set, a_reload_in_the_middle_of_a_handshake_does_no_harm)
{
    add_site("site", 2, NULL, "a.test");
    tls_open();
    struct tls_peer p;
    tls_peer_init(&p, 0, 0, NULL);
    SSL_set_tlsext_host_name(p.ssl, "a.test");
    SSL *server = tls_store_session(tls.store, CONFIG_CLIENT_CERTIFICATES_OFF);
    tls_write_pair("site", 12, NULL);
    expect_ok(tls_reload());
    SSL_set_accept_state(server);
    BIO_up_ref(p.out);
    BIO_up_ref(p.in);
    SSL_set_bio(server, p.out, p.in);
    for (int turn = 0; turn < 4; turn++) {
        SSL_do_handshake(p.ssl);
        SSL_do_handshake(server);
    }
    X509 *cert = SSL_get1_peer_certificate(p.ssl);
    cr_assert_not_null(cert);
    cr_assert_eq(ASN1_INTEGER_get(X509_get0_serialNumber(cert)), 12);
    X509_free(cert);
    SSL_free(server);
    tls_peer_deinit(&p);
}

Test(tls_set, a_throw_away_certificate_outlives_a_reload)
{
    tls_set("tls.certificate=");
    tls_set("tls.key=");
    tls_set("tls.self_signed=on");
    add_site("site", 2, NULL, "a.test");
    tls_open();
    long before = tls_serial_for(NULL, 0);
    tls_write_pair("site", 12, NULL);
    expect_ok(tls_reload());
    cr_assert_eq(tls_serial_for(NULL, 0), before);
    cr_assert_eq(tls_serial_for("a.test", 0), 12);
}

Test(tls_set, survives_each_allocation_that_fails)
{
    add_site("site", 2, "DNS:x.test,DNS:y.test", NULL);
    tls_set("tls.client_authorities=@/ca.pem");
    tls_load();
    for (size_t succeed = 0;; succeed++) {
        struct tls_set *set;
        alloc_fail_after(succeed);
        enum err e = tls_set_new(&set, &tls.config, NULL, tls.error, sizeof(tls.error));
        size_t seen = alloc_fail_stop();
        tls_set_free(set);
        if (seen <= succeed) {
            expect_ok(e);
            break;
        }
        expect_err(e, ERR_NOMEM);
    }
}

/* --- certificates of clients ------------------------------------------------------------- */

enum shown { NONE, OURS, SELF_SIGNED, EXPIRED, FOR_SERVERS, STRANGERS };

/* What a client shows: a certificate that the authority has signed, and what may be wrong with it.
 */
static void show(struct tls_peer *p, enum shown what)
{
    EVP_PKEY *key, *stranger_key = NULL;
    X509 *stranger = NULL;
    if (what == NONE)
        return;
    time_t now = tls.now;
    if (what == EXPIRED)
        tls.now -= 2 * DAY;
    if (what == STRANGERS)
        stranger = tls_certify(&stranger_key, 200, NULL, NULL, NULL);
    X509 *issuer = what == SELF_SIGNED ? NULL : what == STRANGERS ? stranger : authority;
    X509 *cert =
        tls_certify(&key, 300, NULL, issuer, what == STRANGERS ? stranger_key : authority_key);
    tls.now = now;
    if (what == FOR_SERVERS) {
        tls_extend(cert, NID_ext_key_usage, "serverAuth");
        X509_sign(cert, authority_key, EVP_sha256());
    }
    cr_assert_eq(SSL_use_certificate(p->ssl, cert), 1);
    cr_assert_eq(SSL_use_PrivateKey(p->ssl, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    X509_free(stranger);
    EVP_PKEY_free(stranger_key);
}

/* Whether a client that shows that is let in, asked for `name` or none. */
static bool is_let_in(int version, enum shown what, const char *name)
{
    struct tls_peer p;
    tls_peer_init(&p, version, version, NULL);
    if (name != NULL)
        SSL_set_tlsext_host_name(p.ssl, name);
    show(&p, what);
    SSL *server = tls_shake(&p);
    if (server != NULL)
        cr_assert_eq(SSL_get0_peer_certificate(server) != NULL,
                     what != NONE && tls.wanted != CONFIG_CLIENT_CERTIFICATES_OFF);
    SSL_free(server);
    tls_peer_deinit(&p);
    return server != NULL;
}

static void expect_let_in(const bool expected[STRANGERS + 1])
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int i = 0; i < 2; i++)
        for (enum shown what = NONE; what <= STRANGERS; what++) {
            cr_assert_eq(is_let_in(versions[i], what, NULL), expected[what], "%d", what);
            cr_assert_eq(is_let_in(versions[i], what, "a.test"), expected[what], "%d", what);
        }
}

static void open_for(enum config_client_certificates wanted, bool has_authorities)
{
    add_site("site", 2, NULL, "a.test");
    tls.wanted = wanted;
    if (has_authorities)
        tls_set("tls.client_authorities=@/ca.pem");
    tls_open();
}

Test(tls_set, clients_that_are_not_asked_show_nothing)
{
    open_for(CONFIG_CLIENT_CERTIFICATES_OFF, true);
    expect_let_in((bool[]){true, true, true, true, true, true});
}

Test(tls_set, clients_that_must_show_one_show_a_valid_one)
{
    open_for(CONFIG_CLIENT_CERTIFICATES_REQUIRE, true);
    expect_let_in((bool[]){[OURS] = true, [STRANGERS] = false});
}

Test(tls_set, clients_that_may_show_one_show_none_or_a_valid_one)
{
    open_for(CONFIG_CLIENT_CERTIFICATES_ASK, true);
    expect_let_in((bool[]){[NONE] = true, [OURS] = true, [STRANGERS] = false});
}

Test(tls_set, where_nobody_vouches_clients_may_show_what_they_like)
{
    open_for(CONFIG_CLIENT_CERTIFICATES_ASK, false);
    expect_let_in((bool[]){true, true, true, true, true, true});
}

Test(tls_set, authorities_that_cannot_be_read_are_told)
{
    tls_set("tls.client_authorities=@/none.pem");
    tls_expect_refused("tls.client_authorities:", "none.pem");
    tls_write_text("none.pem", "hello");
    tls_expect_refused("tls.client_authorities:", "none.pem");
}

/* Whether the session goes on, on a listener that wants this now. */
static bool resumes(SSL_SESSION *session, enum config_client_certificates wanted)
{
    struct tls_peer p;
    tls.wanted = wanted;
    tls_peer_init(&p, 0, SSL_SESSION_get_protocol_version(session), session);
    SSL *server = tls_shake(&p);
    bool reused = server != NULL && SSL_session_reused(server);
    SSL_free(server);
    tls_peer_deinit(&p);
    return reused;
}

Test(tls_set, a_ticket_is_no_way_around_the_certificate)
{
    open_for(CONFIG_CLIENT_CERTIFICATES_OFF, true);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int i = 0; i < 2; i++) {
        struct tls_peer p;
        tls.wanted = CONFIG_CLIENT_CERTIFICATES_OFF;
        tls_peer_init(&p, versions[i], versions[i], NULL);
        SSL *server = tls_shake(&p);
        SSL_SESSION *session = SSL_get1_session(p.ssl);
        SSL_shutdown(p.ssl);
        SSL_free(server);
        tls_peer_deinit(&p);
        cr_assert_not(resumes(session, CONFIG_CLIENT_CERTIFICATES_REQUIRE));
        cr_assert_not(resumes(session, CONFIG_CLIENT_CERTIFICATES_ASK));
        cr_assert(resumes(session, CONFIG_CLIENT_CERTIFICATES_OFF));
        SSL_SESSION_free(session);
    }
}

Test(tls_set, who_showed_a_certificate_gets_no_ticket)
{
    open_for(CONFIG_CLIENT_CERTIFICATES_REQUIRE, true);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int i = 0; i < 2; i++) {
        struct tls_peer p;
        tls_peer_init(&p, versions[i], versions[i], NULL);
        show(&p, OURS);
        SSL *server = tls_shake(&p);
        cr_assert_not_null(server);
        cr_assert_not(SSL_SESSION_has_ticket(SSL_get0_session(p.ssl)));
        SSL_free(server);
        tls_peer_deinit(&p);
    }
}

Test(tls_set, a_chain_that_is_very_long_is_refused)
{
    open_for(CONFIG_CLIENT_CERTIFICATES_ASK, false);
    struct tls_peer p;
    tls_peer_init(&p, 0, 0, NULL);
    show(&p, SELF_SIGNED);
    for (int i = 0; i < 64; i++)
        SSL_add1_chain_cert(p.ssl, authority);
    cr_assert_null(tls_shake(&p));
    tls_peer_deinit(&p);
}
