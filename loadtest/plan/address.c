#include "plan/address.h"

#include "simul/span.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err address_list_append(struct address_list *list, const struct address *address,
                             uint16_t port)
{
    if (list->count >= ADDRESSES_MAX)
        return ERR_LIMIT;
    if ((list->count & (list->count - 1)) == 0) { /* full: the room is a power of two */
        size_t room = list->count == 0 ? 1 : list->count * 2;
        struct address *items = realloc(list->items, room * sizeof(items[0]));
        if (items == NULL)
            return ERR_NOMEM;
        list->items = items;
    }
    struct address *last = &list->items[list->count++];
    *last = *address;
    if (last->any.sa_family == AF_INET6)
        last->v6.sin6_port = htons(port);
    else
        last->v4.sin_port = htons(port);
    return OK;
}

static struct address address_v4(uint32_t host_order)
{
    return (struct address){
        .v4 = {.sin_family = AF_INET, .sin_addr = {htonl(host_order)}},
        .bytes = sizeof(struct sockaddr_in),
    };
}

static bool is_loopback_v6(const struct addrinfo *info)
{
    const struct sockaddr_in6 *v6 = (const void *)info->ai_addr;
    return info->ai_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* The first; but of a name of this machine the one of IPv4, since a server that listens on one
 * loopback address only listens on that. */
static const struct addrinfo *choose(const struct addrinfo *first)
{
    if (!is_loopback_v6(first))
        return first;
    for (const struct addrinfo *i = first; i != NULL; i = i->ai_next)
        if (i->ai_family == AF_INET)
            return i;
    return first;
}

enum err address_resolve(struct address_list *list, const char *host, uint16_t port,
                         const char **why)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    /* localhost is this machine, whatever a file or a server says (RFC 6761 section 6.3); a bare
     * root has neither. */
    bool is_here = span_eq_nocase(span_str(host), SPAN("localhost"));
    int result = getaddrinfo(is_here ? "127.0.0.1" : host, NULL, &hints, &found);
    if (result == EAI_MEMORY)
        return ERR_NOMEM;
    if (result != 0) {
        *why = gai_strerror(result);
        return ERR_UNKNOWN;
    }
    const struct addrinfo *chosen = choose(found);
    struct address address = {.bytes = chosen->ai_addrlen};
    memcpy(&address.v6, chosen->ai_addr, chosen->ai_addrlen);
    freeaddrinfo(found);
    return address_list_append(list, &address, port);
}

static enum err v6_append(struct address_list *list, const char *text, uint16_t port)
{
    struct address address = {
        .v6 = {.sin6_family = AF_INET6},
        .bytes = sizeof(struct sockaddr_in6),
    };
    if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) != 1)
        return ERR_SYNTAX;
    return address_list_append(list, &address, port);
}

/* "127.0.0.2", "::1" or "127.0.0.2-127.0.0.200"; cuts the text at the hyphen. */
static enum err part_append(struct address_list *list, char *text, uint16_t port)
{
    struct in_addr from, to;
    char *hyphen = strchr(text, '-');
    if (hyphen != NULL)
        *hyphen = '\0';
    if (inet_pton(AF_INET, text, &from) != 1)
        return hyphen == NULL ? v6_append(list, text, port) : ERR_SYNTAX;
    to = from;
    if (hyphen != NULL && inet_pton(AF_INET, hyphen + 1, &to) != 1)
        return ERR_SYNTAX;
    uint32_t first = ntohl(from.s_addr), last = ntohl(to.s_addr);
    if (first > last)
        return ERR_SYNTAX;
    if (last - first >= ADDRESSES_MAX)
        return ERR_LIMIT;
    enum err e = OK;
    for (uint32_t i = 0; e == OK && i <= last - first; i++) {
        struct address address = address_v4(first + i);
        e = address_list_append(list, &address, port);
    }
    return e;
}

enum err address_range(struct address_list *list, const char *text, uint16_t port)
{
    for (;;) {
        char part[2 * INET6_ADDRSTRLEN];
        size_t len = strcspn(text, ",");
        if (len >= sizeof(part))
            return ERR_SYNTAX;
        memcpy(part, text, len);
        part[len] = '\0';
        enum err e = part_append(list, part, port);
        if (e != OK || text[len] == '\0')
            return e;
        text += len + 1;
    }
}

void address_list_deinit(struct address_list *list)
{
    free(list->items);
    *list = (struct address_list){0};
}

void address_print(const struct address *a, char out[ADDRESS_TEXT_BYTES])
{
    char text[INET6_ADDRSTRLEN];
    if (a->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a->v6.sin6_addr, text, sizeof(text));
        snprintf(out, ADDRESS_TEXT_BYTES, "[%s]:%u", text, ntohs(a->v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &a->v4.sin_addr, text, sizeof(text));
        snprintf(out, ADDRESS_TEXT_BYTES, "%s:%u", text, ntohs(a->v4.sin_port));
    }
}
