/* Versions, ciphers and groups, seen through handshakes. */
#include "unit/net/tls_store_fixture.h"

TestSuite(tls_policy, .init = tls_setup, .fini = tls_teardown);

/* What is agreed on with a client that offers these; "" if nothing is. NULL: what it would. */
static const char *agreed_cipher(int version, const char *ciphers, const char *groups)
{
    struct tls_peer p;
    static char name[64];
    tls_peer_init(&p, version, version, NULL);
    if (ciphers != NULL)
        cr_assert_eq(version == TLS1_3_VERSION ? SSL_set_ciphersuites(p.ssl, ciphers)
                                               : SSL_set_cipher_list(p.ssl, ciphers),
                     1);
    if (groups != NULL)
        cr_assert_eq(SSL_set1_groups_list(p.ssl, groups), 1);
    SSL *server = tls_shake(&p);
    snprintf(name, sizeof(name), "%s", server == NULL ? "" : SSL_get_cipher_name(server));
    SSL_free(server);
    tls_peer_deinit(&p);
    return name;
}

static void expect_cipher(int version, const char *ciphers, const char *expected)
{
    cr_assert_str_eq(agreed_cipher(version, ciphers, NULL), expected);
}

Test(tls_policy, by_default_every_cipher_is_authenticated_encryption_with_forward_secrecy)
{
    tls_open();
    static const char *const good[] = {"ECDHE-ECDSA-AES256-GCM-SHA384",
                                       "ECDHE-ECDSA-AES128-GCM-SHA256",
                                       "ECDHE-ECDSA-CHACHA20-POLY1305"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        expect_cipher(TLS1_2_VERSION, good[i], good[i]);
    expect_cipher(TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA", "");
    expect_cipher(TLS1_2_VERSION, "AES256-GCM-SHA384:AES128-SHA", "");
    expect_cipher(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM8", "");
    expect_cipher(TLS1_2_VERSION, "aNULL:eNULL", "");
}

Test(tls_policy, the_servers_order_counts_but_for_clients_without_fast_aes)
{
    tls_open();
    expect_cipher(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384",
                  "ECDHE-ECDSA-AES256-GCM-SHA384");
    expect_cipher(TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
                  "TLS_AES_128_GCM_SHA256");
    expect_cipher(TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
                  "TLS_CHACHA20_POLY1305_SHA256");
}

Test(tls_policy, the_settings_choose_the_ciphers)
{
    tls_set("tls.ciphers=ECDHE-ECDSA-AES128-GCM-SHA256");
    tls_set("tls.ciphersuites=TLS_CHACHA20_POLY1305_SHA256");
    tls_open();
    expect_cipher(TLS1_2_VERSION, NULL, "ECDHE-ECDSA-AES128-GCM-SHA256");
    expect_cipher(TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", "");
    expect_cipher(TLS1_3_VERSION, NULL, "TLS_CHACHA20_POLY1305_SHA256");
    expect_cipher(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", "");
}

Test(tls_policy, the_settings_choose_the_groups)
{
    tls_set("tls.curves=P-384");
    tls_open();
    cr_assert_str_neq(agreed_cipher(TLS1_3_VERSION, NULL, "X25519:P-384"), "", "asked again");
    cr_assert_str_eq(agreed_cipher(TLS1_3_VERSION, NULL, "X25519:P-256"), "");
    cr_assert_str_eq(agreed_cipher(TLS1_2_VERSION, NULL, "X25519:P-256"), "");
}

Test(tls_policy, the_default_groups_are_those_that_are_known)
{
    tls_open();
    static const char *const good[] = {"X25519", "P-256", "P-384"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_assert_str_neq(agreed_cipher(TLS1_3_VERSION, NULL, good[i]), "", "%s", good[i]);
    cr_assert_str_eq(agreed_cipher(TLS1_3_VERSION, NULL, "P-521:X448"), "");
}

Test(tls_policy, the_oldest_version_can_be_1_3)
{
    tls_set("tls.minimum=1.3");
    tls_open();
    expect_cipher(TLS1_2_VERSION, NULL, "");
    cr_assert_str_neq(agreed_cipher(TLS1_3_VERSION, NULL, NULL), "");
}

Test(tls_policy, a_name_that_openssl_does_not_know_is_told)
{
    static const struct {
        const char *setting, *told, *name;
    } bad[] = {
        {"tls.ciphers=ECDHE+AESGCM:ECDHE-NONE", "tls.ciphers:", "'ECDHE-NONE'"},
        {"tls.ciphers=TLS_AES_128_GCM_SHA256", "tls.ciphers:", "'TLS_AES_128_GCM_SHA256'"},
        {"tls.ciphers=ECDHE+AESGCM:!ALL", "tls.ciphers:", "!ALL"},
        {"tls.ciphersuites=TLS_AES_128_GCM_SHA256:TLS_NONE", "tls.ciphersuites:", "'TLS_NONE'"},
        {"tls.ciphersuites=:", "tls.ciphersuites:", "':'"},
        {"tls.curves=X25519:P-257", "tls.curves:", "'P-257'"},
        {"tls.curves=?P-257", "tls.curves:", "'?P-257'"},
    };
    size_t before = tls.setting_count;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tls.setting_count = before;
        tls_set(bad[i].setting);
        tls_expect_refused(bad[i].told, bad[i].name);
    }
    tls.setting_count = before;
    tls_set("tls.curves=?P-257:X25519");
    tls_open();
}

Test(tls_policy, a_name_that_is_far_too_long_is_unknown)
{
    char setting[900] = "tls.ciphers=";
    memset(setting + strlen(setting), 'A', 800);
    const char *const overrides[] = {"tls.self_signed=on", setting};
    const struct config_sources sources = {.overrides = overrides, .override_count = 2};
    static struct config_report report;
    expect_ok(config_load(&tls.config, &sources, &report));
    expect_err(tls_store_new(&tls.store, &tls.config, tls.error, sizeof(tls.error)), ERR_TLS);
    cr_assert_not_null(strstr(tls.error, "does not know 'AAAA"), "%s", tls.error);
}
