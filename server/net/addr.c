#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t V4_MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const struct addr *a)
{
    return memcmp(a->ip, V4_MAPPED, sizeof(V4_MAPPED)) == 0;
}

struct addr addr_from_ip(const uint8_t ip[16], uint16_t port)
{
    struct addr a = {.port = port};
    memcpy(a.ip, ip, sizeof(a.ip));
    a.is_v6 = !is_mapped(&a);
    return a;
}

struct addr addr_from_sockaddr(const struct sockaddr_storage *ss)
{
    struct addr a = {0};
    if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)ss;
        memcpy(a.ip, V4_MAPPED, sizeof(V4_MAPPED));
        memcpy(a.ip + 12, &in->sin_addr, 4);
        a.port = ntohs(in->sin_port);
    } else if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)ss;
        a = addr_from_ip(in6->sin6_addr.s6_addr, ntohs(in6->sin6_port));
    } else if (ss->ss_family == AF_UNIX) {
        a.is_unix = 1;
    }
    return a;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
    memset(ss, 0, sizeof(*ss));
    if (!a->is_v6) {
        struct sockaddr_in *in = (void *)ss;
        in->sin_family = AF_INET;
        in->sin_port = htons(a->port);
        memcpy(&in->sin_addr, a->ip + 12, 4);
        return sizeof(*in);
    }
    struct sockaddr_in6 *in6 = (void *)ss;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(a->port);
    memcpy(&in6->sin6_addr, a->ip, 16);
    return sizeof(*in6);
}

enum err addr_parse(struct addr *a, const char *text, uint16_t port)
{
    *a = (struct addr){.port = port};
    if (strcmp(text, "*") == 0) {
        a->is_v6 = 1; /* [::] without IPV6_V6ONLY takes both families */
        return OK;
    }
    char bare[ADDR_IP_CHARS];
    size_t len = strlen(text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= sizeof(bare))
        return ERR_SYNTAX;
    memcpy(bare, text, len);
    bare[len] = '\0';
    if (inet_pton(AF_INET, bare, a->ip + 12) == 1) {
        memcpy(a->ip, V4_MAPPED, sizeof(V4_MAPPED));
        return OK;
    }
    if (inet_pton(AF_INET6, bare, a->ip) != 1)
        return ERR_SYNTAX;
    a->is_v6 = !is_mapped(a);
    return OK;
}

bool addr_is_loopback(const struct addr *a)
{
    static const uint8_t one[16] = {[15] = 1};
    if (a->is_unix)
        return true;
    return a->is_v6 ? memcmp(a->ip, one, sizeof(one)) == 0 : a->ip[12] == 127;
}

const char *addr_ip(const struct addr *a, char out[ADDR_IP_CHARS])
{
    if (a->is_unix)
        snprintf(out, ADDR_IP_CHARS, "localhost");
    else if (a->is_v6)
        inet_ntop(AF_INET6, a->ip, out, ADDR_IP_CHARS);
    else
        inet_ntop(AF_INET, a->ip + 12, out, ADDR_IP_CHARS);
    return out;
}

const char *addr_format(const struct addr *a, char out[ADDR_CHARS])
{
    char ip[ADDR_IP_CHARS];
    addr_ip(a, ip);
    if (a->is_unix)
        snprintf(out, ADDR_CHARS, "unix:");
    else
        snprintf(out, ADDR_CHARS, a->is_v6 ? "[%s]:%u" : "%s:%u", ip, (unsigned)a->port);
    return out;
}
