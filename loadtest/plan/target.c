#include "plan/settle.h"
#include "plan/words.h"

#include <string.h>

enum { BESIDE_BY_DEFAULT = 4 };

static bool understands(unsigned carriers, const struct scheme *scheme)
{
    return (carriers & 1u << scheme->carrier) != 0;
}

/* Names the schemes of some carriers, or only the encrypted ones. */
static const char *schemes_of(struct words *w, unsigned carriers, bool tls_only)
{
    for (size_t i = 0; i < SCHEME_KINDS; i++) {
        if (understands(carriers, &SCHEMES[i]) && (SCHEMES[i].tls || !tls_only))
            words_add(w, SCHEMES[i].name);
    }
    return words_end(w);
}

static enum err url_read(const struct command *c, const char *text, unsigned carriers,
                         const char *what, struct url *out)
{
    struct words names = {.last = NULL};
    const char *why = NULL;
    enum err e = url_parse(text, out, &why);
    if (e == ERR_UNKNOWN)
        return command_refuse(c, "'%s': %s; %s understands %s", text, why, what,
                              schemes_of(&names, carriers, false));
    if (e != OK)
        return command_refuse(c, "'%s': %s", text, why);
    if (!understands(carriers, out->scheme))
        return command_refuse(c, "%s does not understand %s://, only %s", what, out->scheme->name,
                              schemes_of(&names, carriers, false));
    return OK;
}

static enum err urls_read(struct command *c)
{
    struct plan *plan = c->plan;
    const struct scenario *scenario = plan->scenario;
    for (size_t i = 0; c->urls[i] != NULL; i++) {
        if (i == PLAN_URLS_MAX)
            return command_refuse(c, "there can be %d URLs, not more", PLAN_URLS_MAX);
        struct url *url = &plan->urls[i];
        enum err e = url_read(c, c->urls[i], scenario->carriers, scenario->name, url);
        if (e != OK)
            return e;
        if (url->scheme != plan->urls[0].scheme)
            return command_refuse(c, "'%s': all URLs must have one scheme, not %s and %s",
                                  c->urls[i], plan->urls[0].scheme->name, url->scheme->name);
        plan->url_count++;
    }
    return plan->url_count > 0 ? OK : command_refuse(c, "a URL is missing");
}

/* Options that mean nothing to the scheme are a misunderstanding, better told now. */
static enum err options_suit(const struct command *c)
{
    static const unsigned ALL = ON_RAW | ON_LINE | ON_WS | ON_HTTP;
    const struct scheme *scheme = c->plan->urls[0].scheme;
    for (size_t i = 0; i < OPTION_KINDS; i++) {
        const struct cli_option *o = &OPTIONS[i];
        unsigned carriers = o->carriers != 0 ? o->carriers : ALL;
        struct words names = {.last = NULL};
        if (c->given[i] != NULL && (!understands(carriers, scheme) || (o->is_tls && !scheme->tls)))
            return command_refuse(c, "--%s means nothing to %s://, only to %s", o->name,
                                  scheme->name, schemes_of(&names, carriers, o->is_tls));
    }
    return OK;
}

static enum err range_read(const struct command *c, const char *option, const char *text,
                           struct address_list *list, uint16_t port)
{
    enum err e = address_range(list, text, port);
    if (e == ERR_SYNTAX)
        return command_refuse(c, "--%s wants addresses such as 127.0.0.2-127.0.0.200, not '%s'",
                              option, text);
    if (e == ERR_LIMIT)
        return command_refuse(c, "--%s: '%s' is more than %d addresses", option, text,
                              ADDRESSES_MAX);
    return e;
}

static enum err resolve(const struct command *c, struct address_list *list, const struct url *url)
{
    const char *why = NULL;
    enum err e = address_resolve(list, url->host, url->port, &why);
    return e == ERR_UNKNOWN ? command_refuse(c, "cannot find %s: %s", url->host, why) : e;
}

/* The addresses of all URLs in turn: the k-th is one of urls[k % url_count]. */
static enum err destinations_read(const struct command *c, const char *text)
{
    struct plan *plan = c->plan;
    struct address_list bare = {0};
    enum err e = range_read(c, "destination", text, &bare, 0);
    for (size_t i = 0; e == OK && i < bare.count; i++) {
        for (unsigned u = 0; e == OK && u < plan->url_count; u++)
            e = address_list_append(&plan->addresses, &bare.items[i], plan->urls[u].port);
    }
    address_list_deinit(&bare);
    if (e == ERR_LIMIT)
        return command_refuse(c, "--destination: '%s' is too many for %u URLs", text,
                              plan->url_count);
    return e;
}

static enum err addresses_read(const struct command *c)
{
    struct plan *plan = c->plan;
    const char *sources = command_given(c, "source");
    const char *destinations = command_given(c, "destination");
    enum err e = OK;
    if (destinations != NULL)
        e = destinations_read(c, destinations);
    for (unsigned i = 0; destinations == NULL && e == OK && i < plan->url_count; i++)
        e = resolve(c, &plan->addresses, &plan->urls[i]);
    if (e == OK && sources != NULL)
        e = range_read(c, "source", sources, &plan->sources, 0);
    if (e != OK || sources == NULL)
        return e;
    int family = plan->sources.items[0].any.sa_family;
    for (size_t i = 0; i < plan->sources.count; i++)
        if (plan->sources.items[i].any.sa_family != family)
            return command_refuse(c, "--source: IPv4 and IPv6 do not go together");
    for (size_t i = 0; i < plan->addresses.count; i++)
        if (plan->addresses.items[i].any.sa_family != family)
            return command_refuse(c, "--source: IPv4 and IPv6 do not reach each other");
    return OK;
}

/* The first URL's server, if it has jobs: then it is simuld, and has an echo. */
static enum err beside_derive(const struct command *c)
{
    struct plan *plan = c->plan;
    const struct url *url = &plan->urls[0];
    if (command_given(c, "beside") == NULL && strncmp(url->target, "/jobs/", 6) == 0)
        plan->beside = BESIDE_BY_DEFAULT;
    if (plan->beside == 0)
        return OK;
    char text[URL_HOST_BYTES + 32];
    bool is_v6 = strchr(url->host, ':') != NULL;
    snprintf(text, sizeof(text), "%s://%s%s%s:%u/echo", url->scheme->tls ? "wss" : "ws",
             is_v6 ? "[" : "", url->host, is_v6 ? "]" : "", url->port);
    enum err e = url_read(c, text, ON_WS, "--beside-url", &plan->beside_url);
    if (e != OK)
        return e;
    return address_list_append(&plan->beside_addresses, &plan->addresses.items[0], url->port);
}

static enum err beside_read(const struct command *c)
{
    struct plan *plan = c->plan;
    const char *text = command_given(c, "beside-url");
    if (text == NULL)
        return beside_derive(c);
    enum err e = url_read(c, text, ON_RAW | ON_WS, "--beside-url", &plan->beside_url);
    if (e != OK)
        return e;
    if (command_given(c, "beside") == NULL)
        plan->beside = BESIDE_BY_DEFAULT;
    return resolve(c, &plan->beside_addresses, &plan->beside_url);
}

enum err settle_targets(struct command *c)
{
    enum err e = urls_read(c);
    if (e == OK)
        e = options_suit(c);
    if (e == OK)
        e = addresses_read(c);
    if (e == OK)
        e = beside_read(c);
    return e;
}
