/* The network fixture, whose TLS listeners serve with a throw-away certificate. */
#pragma once

#include "net/tls/tls.h"
#include "unit/net/script.h"

static struct tls_store *tls_net_store;

/* For a fixture that was made with tls.self_signed=on. */
static inline void tls_net_serve(void)
{
    char error[CONFIG_TEXT_BYTES_MAX];
    expect_ok(tls_store_new(&tls_net_store, &fix.config, error, sizeof(error)));
    expect_ok(tls_net_new(&fix.nets[0].tls, tls_net_store));
}

/* When the fixture has ended. */
static inline void tls_net_forget(void)
{
    tls_store_free(tls_net_store);
}
