#include "config/config_value.h"

#include "net/tls/sni.h"
#include "net/unix_socket.h"
#include "simul/check.h"
#include "simul/decimal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every enum of the settings is stored through this type. */
_Static_assert(sizeof(enum config_protocol) == sizeof(unsigned), "enums are unsigned");
_Static_assert(sizeof(enum config_override) == sizeof(unsigned), "enums are unsigned");
_Static_assert(sizeof(enum config_client_certificates) == sizeof(unsigned), "enums are unsigned");
_Static_assert(sizeof(enum config_tls_version) == sizeof(unsigned), "enums are unsigned");
_Static_assert(sizeof(enum config_proxy_header) == sizeof(unsigned), "enums are unsigned");
_Static_assert(sizeof(enum config_jobs) == sizeof(unsigned), "enums are unsigned");
_Static_assert(sizeof(enum log_level) == sizeof(unsigned), "enums are unsigned");
_Static_assert(sizeof(enum log_syslog) == sizeof(unsigned), "enums are unsigned");
_Static_assert(sizeof(enum log_format) == sizeof(unsigned), "enums are unsigned");

/* The cores that this process may use, which can be fewer than the machine has. */
static int64_t core_count(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
        return CPU_COUNT(&cores);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? online : 1;
}

/* The bytes of memory that this process may use: the machine's, or fewer in a control group
 * (cgroup v2, as a container sees its own). */
static int64_t memory_bytes(void)
{
    int64_t bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    FILE *f = fopen("/sys/fs/cgroup/memory.max", "re");
    long long limit;
    if (f != NULL && fscanf(f, "%lld", &limit) == 1 && limit < bytes) /* "max" is no number */
        bytes = limit;
    if (f != NULL)
        fclose(f);
    return bytes;
}

static bool number_parse(const char *text, int64_t *number)
{
    uint64_t n;
    if (!decimal_parse(span_str(text), INT64_MAX, &n))
        return false;
    *number = (int64_t)n;
    return true;
}

static enum err number_set(const struct config_setting *setting, int64_t *field, const char *text)
{
    int64_t number = 0;
    bool is_number = number_parse(text, &number);
    switch (setting->special) {
    case CONFIG_SPECIAL_NONE:
        break;
    case CONFIG_SPECIAL_CORES:
        if (strcmp(text, "auto") == 0 || (is_number && number == 0)) {
            int64_t cores = core_count();
            *field = cores < setting->max ? cores : setting->max;
            return OK;
        }
        break;
    case CONFIG_SPECIAL_PORT:
        if (strcmp(text, "off") == 0) {
            *field = CONFIG_PORT_OFF;
            return OK;
        }
        break;
    case CONFIG_SPECIAL_MEMORY:
        if (strcmp(text, "auto") == 0) {
            int64_t half = memory_bytes() / 2;
            *field = half < setting->min ? setting->min : half;
            return OK;
        }
        __attribute__((fallthrough));
    case CONFIG_SPECIAL_UNLIMITED:
        if (is_number && number == 0)
            number = setting->max;
        break;
    }
    if (!is_number || number < setting->min || number > setting->max)
        return ERR_SYNTAX;
    *field = number;
    return OK;
}

static enum err switch_set(bool *field, const char *text)
{
    bool is_on = strcmp(text, "on") == 0;
    if (!is_on && strcmp(text, "off") != 0)
        return ERR_SYNTAX;
    *field = is_on;
    return OK;
}

static enum err choice_set(const struct config_setting *setting, unsigned *field, const char *text)
{
    size_t len = strlen(text);
    unsigned index = 0;
    const char *choice = setting->choices;
    for (;;) {
        size_t choice_len = strcspn(choice, "|");
        if (choice_len == len && memcmp(choice, text, len) == 0) {
            *field = index;
            return OK;
        }
        if (choice[choice_len] == '\0')
            return ERR_SYNTAX;
        choice += choice_len + 1;
        index++;
    }
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if (iscntrl((unsigned char)*text))
            return true;
    return false;
}

static char *text_copy(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

static enum err text_set(const struct config_setting *setting, char **field, const char *text)
{
    size_t len = strlen(text);
    if (len > (size_t)setting->max || has_control(text))
        return ERR_SYNTAX;
    char *copy = text_copy(text);
    if (copy == NULL)
        return ERR_NOMEM;
    if (setting->normalise != NULL && !setting->normalise(copy)) {
        free(copy);
        return ERR_SYNTAX;
    }
    free(*field);
    *field = copy;
    return OK;
}

enum err config_value_set(const struct config_setting *setting, void *base, const char *text)
{
    void *field = (char *)base + setting->offset;
    switch (setting->type) {
    case CONFIG_TYPE_NUMBER:
        return number_set(setting, field, text);
    case CONFIG_TYPE_SWITCH:
        return switch_set(field, text);
    case CONFIG_TYPE_CHOICE:
        return choice_set(setting, field, text);
    case CONFIG_TYPE_TEXT:
        return text_set(setting, field, text);
    }
    return ERR_UNKNOWN;
}

enum err config_value_set_initial(const struct config_setting *settings, size_t count, void *base)
{
    for (const struct config_setting *s = settings; s < settings + count; s++) {
        if (s->initial == NULL) {
            if (s->special == CONFIG_SPECIAL_PORT)
                *(int64_t *)(void *)((char *)base + s->offset) = CONFIG_PORT_MISSING;
            continue;
        }
        enum err e = config_value_set(s, base, s->initial);
        CHECK(e == OK || e == ERR_NOMEM); /* the table's own defaults are valid */
        if (e != OK)
            return e;
    }
    return OK;
}

/* Of what is no text. */
static size_t value_bytes(enum config_type type)
{
    return type == CONFIG_TYPE_NUMBER   ? sizeof(int64_t)
           : type == CONFIG_TYPE_SWITCH ? sizeof(bool)
                                        : sizeof(unsigned);
}

static const char *text_at(const void *field)
{
    return *(const char *const *)field;
}

bool config_value_is_equal(const struct config_setting *setting, const void *a, const void *b)
{
    const void *one = (const char *)a + setting->offset, *other = (const char *)b + setting->offset;
    if (setting->type == CONFIG_TYPE_TEXT)
        return strcmp(text_at(one), text_at(other)) == 0;
    return memcmp(one, other, value_bytes(setting->type)) == 0;
}

enum err config_value_copy(const struct config_setting *setting, void *to, const void *from)
{
    void *field = (char *)to + setting->offset;
    const void *value = (const char *)from + setting->offset;
    if (setting->type != CONFIG_TYPE_TEXT) {
        memcpy(field, value, value_bytes(setting->type));
        return OK;
    }
    char *copy = text_copy(text_at(value));
    if (copy == NULL)
        return ERR_NOMEM;
    free(*(char **)field);
    *(char **)field = copy;
    return OK;
}

void config_value_free_all(const struct config_setting *settings, size_t count, void *base)
{
    for (size_t i = 0; i < count; i++)
        if (settings[i].type == CONFIG_TYPE_TEXT)
            free(*(char **)(void *)((char *)base + settings[i].offset));
}

static void number_text(const struct config_setting *setting, int64_t number, char *to)
{
    bool has_zero =
        setting->special == CONFIG_SPECIAL_UNLIMITED || setting->special == CONFIG_SPECIAL_MEMORY;
    if (setting->special == CONFIG_SPECIAL_PORT && number == CONFIG_PORT_OFF)
        snprintf(to, CONFIG_VALUE_BYTES_MAX, "off");
    else if (has_zero && number == setting->max)
        snprintf(to, CONFIG_VALUE_BYTES_MAX, "0");
    else
        snprintf(to, CONFIG_VALUE_BYTES_MAX, "%lld", (long long)number);
}

static void choice_text(const char *choice, unsigned index, char *to)
{
    for (; index > 0; index--)
        choice += strcspn(choice, "|") + 1;
    snprintf(to, CONFIG_VALUE_BYTES_MAX, "%.*s", (int)strcspn(choice, "|"), choice);
}

const char *config_value_text(const struct config_setting *setting, const void *base,
                              char buffer[CONFIG_VALUE_BYTES_MAX])
{
    const void *field = (const char *)base + setting->offset;
    switch (setting->type) {
    case CONFIG_TYPE_NUMBER:
        number_text(setting, *(const int64_t *)field, buffer);
        break;
    case CONFIG_TYPE_SWITCH:
        snprintf(buffer, CONFIG_VALUE_BYTES_MAX, "%s", *(const bool *)field ? "on" : "off");
        break;
    case CONFIG_TYPE_CHOICE:
        choice_text(setting->choices, *(const unsigned *)field, buffer);
        break;
    case CONFIG_TYPE_TEXT:
        return *(char *const *)field;
    }
    return buffer;
}

/* "auto|on|off" as "auto, on or off". */
static void describe_choices(const char *choice, char *to, size_t size)
{
    size_t used = 0;
    for (size_t len; used < size; choice += len + 1) {
        len = strcspn(choice, "|");
        bool is_last = choice[len] == '\0';
        const char *separator = used == 0 ? "" : is_last ? " or " : ", ";
        used += (size_t)snprintf(to + used, size - used, "%s%.*s", separator, (int)len, choice);
        if (is_last)
            return;
    }
}

bool config_value_is_any_text(const struct config_setting *setting)
{
    return setting->type == CONFIG_TYPE_TEXT && setting->expects == NULL;
}

void config_value_describe(const struct config_setting *setting, char *to, size_t size)
{
    static const char *const before[] = {
        [CONFIG_SPECIAL_NONE] = "",
        [CONFIG_SPECIAL_CORES] = "auto or ",
        [CONFIG_SPECIAL_PORT] = "off or ",
        [CONFIG_SPECIAL_UNLIMITED] = "0 or ",
        [CONFIG_SPECIAL_MEMORY] = "auto, 0 or ",
    };
    switch (setting->type) {
    case CONFIG_TYPE_NUMBER:
        snprintf(to, size, "%s%lld to %lld", before[setting->special], (long long)setting->min,
                 (long long)setting->max);
        break;
    case CONFIG_TYPE_SWITCH:
        snprintf(to, size, "on or off");
        break;
    case CONFIG_TYPE_CHOICE:
        describe_choices(setting->choices, to, size);
        break;
    case CONFIG_TYPE_TEXT:
        if (setting->expects != NULL)
            snprintf(to, size, "%s", setting->expects);
        else
            snprintf(to, size, "at most %lld bytes without control characters",
                     (long long)setting->max);
        break;
    }
}

/* --- the texts that have a grammar ------------------------------------------------------- */

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

enum { LABEL_BYTES_MAX = 63 }; /* RFC 1035, section 2.3.4 */

static void lower_without_blanks(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++)
        if (*from != ' ')
            *to++ = (char)tolower((unsigned char)*from);
    *to = '\0';
}

/* "[::1]" becomes "::1". */
bool config_normalise_address(char *text)
{
    if (unix_socket_path(text) != NULL)
        return true;
    size_t len = strlen(text);
    bool has_brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (has_brackets) {
        memmove(text, text + 1, len - 2);
        text[len - 2] = '\0';
    }
    struct in6_addr six;
    struct in_addr four;
    return inet_pton(AF_INET6, text, &six) == 1 ||
           (!has_brackets && (inet_pton(AF_INET, text, &four) == 1 || strcmp(text, "*") == 0));
}

bool config_normalise_mode(char *text)
{
    size_t len = strlen(text);
    return (len == 3 || len == 4) && strspn(text, "01234567") == len;
}

bool config_normalise_networks(char *text)
{
    struct networks networks;
    return networks_parse(&networks, text) == OK;
}

/* How many labels the host name has that text begins with (RFC 1123, section 2.1), and its length;
 * 0 labels: it begins with none. */
static size_t host_labels(const char *text, size_t *host_len)
{
    size_t labels = 0;
    for (const char *label = text;; label++) {
        size_t len = strspn(label, LETTERS_AND_DIGITS "-");
        if (len == 0 || len > LABEL_BYTES_MAX || label[0] == '-' || label[len - 1] == '-')
            return 0;
        labels++;
        label += len;
        *host_len = (size_t)(label - text);
        if (*label != '.')
            return labels;
    }
}

/* A host name with at least one dot, as IRC tells servers from nicks. */
bool config_normalise_server_name(char *text)
{
    size_t len;
    return strcmp(text, "auto") == 0 || (host_labels(text, &len) > 1 && text[len] == '\0');
}

/* Host names with commas between; the first label of one may be a star. */
bool config_normalise_hosts(char *text)
{
    lower_without_blanks(text);
    if (text[0] == '\0')
        return true;
    for (const char *host = text;; host++) {
        bool is_wildcard = strncmp(host, "*.", 2) == 0;
        size_t len;
        if (host_labels(host + 2 * is_wildcard, &len) == 0)
            return false;
        len += 2 * is_wildcard;
        if (len > SNI_NAME_BYTES_MAX)
            return false;
        host += len;
        if (*host == '\0')
            return true;
        if (*host != ',')
            return false;
    }
}

/* For OpenSSL, which says what the names may be. */
bool config_normalise_colons(char *text)
{
    return text[0] != '\0' && text[strspn(text, LETTERS_AND_DIGITS "-_.:?!+@=")] == '\0';
}

/* Whoever knows its own address can try out a short one. */
bool config_normalise_cloak_key(char *text)
{
    return text[0] == '\0' || strlen(text) >= 16;
}

bool config_normalise_log_modules(char *text)
{
    struct log_levels levels;
    return log_levels_parse(&levels, LOG_LEVEL_INFO, text) == OK;
}

bool config_normalise_network(char *text)
{
    return text[0] != '\0' && text[strspn(text, LETTERS_AND_DIGITS ".-_")] == '\0';
}

bool config_normalise_password(char *text)
{
    return text[0] != '\0';
}

/* The length of the serialized origin (RFC 6454, section 6.2) that text begins with: scheme, "://",
 * host and perhaps a port. 0: none. */
static size_t origin_length(const char *text)
{
    size_t scheme_len = strspn(text, LETTERS_AND_DIGITS "+.-");
    if (!isalpha((unsigned char)text[0]) || strncmp(text + scheme_len, "://", 3) != 0)
        return 0;
    size_t host_len = strspn(text + scheme_len + 3, LETTERS_AND_DIGITS ".-_:[]");
    return host_len == 0 ? 0 : scheme_len + 3 + host_len;
}

/* Origins as browsers write them, with commas between. */
bool config_normalise_origins(char *text)
{
    lower_without_blanks(text);
    if (text[0] == '\0')
        return true;
    for (const char *origin = text;; origin++) {
        size_t len = origin_length(origin);
        if (len == 0)
            return false;
        origin += len;
        if (*origin == '\0')
            return true;
        if (*origin != ',')
            return false;
    }
}
