#include "plan/settle.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ROOM_MEMBERS = 100,
    IN_FLIGHT_CLOSED = 1,
    IN_FLIGHT_OPEN = 1000,
    IN_FLIGHT_ANY = 0,
};

static bool is_given(const struct command *c, const char *name)
{
    return command_given(c, name) != NULL;
}

/* `whole` connections make `parts` rooms of the same size, or rooms of `parts` members. */
static enum err divide(const struct command *c, uint32_t parts, const char *what, uint32_t *out)
{
    uint32_t whole = c->plan->connections, rest = whole % parts;
    *out = whole / parts;
    if (*out > 0 && rest == 0)
        return OK;
    if (*out == 0)
        return command_refuse(c, "%u connections are too few for %u %s", whole, parts, what);
    return command_refuse(c, "%u connections do not make %u %s evenly; %u or %llu would", whole,
                          parts, what, whole - rest, (unsigned long long)whole - rest + parts);
}

/* Of rooms, members and connections two make the third. */
static enum err rooms_settle(const struct command *c)
{
    struct plan *plan = c->plan;
    enum err e = OK;
    if (!is_given(c, "connections")) {
        plan->rooms = plan->rooms != 0 ? plan->rooms : 1;
        plan->members = plan->members != 0 ? plan->members : ROOM_MEMBERS;
        uint64_t product = (uint64_t)plan->rooms * plan->members;
        const struct cli_option *o = &OPTIONS[option_find("connections")];
        if (product > o->max)
            return command_refuse(c, "%u rooms of %u members are more than %llu connections",
                                  plan->rooms, plan->members, (unsigned long long)o->max);
        plan->connections = (uint32_t)product;
    } else if (plan->rooms != 0 && plan->members != 0) {
        if ((uint64_t)plan->rooms * plan->members != plan->connections)
            return command_refuse(c, "%u rooms of %u members are not %u connections: leave one out",
                                  plan->rooms, plan->members, plan->connections);
    } else if (plan->members != 0) {
        e = divide(c, plan->members, "members in each room", &plan->rooms);
    } else {
        plan->rooms = plan->rooms != 0 ? plan->rooms : 1;
        e = divide(c, plan->rooms, "rooms", &plan->members);
    }
    if (e == OK && plan->members == 1)
        return command_refuse(c, "in rooms of 1 member nobody hears what is said");
    if (e == OK && plan->publishers > plan->members)
        return command_refuse(c, "%u publishers are more than the %u members of a room",
                              plan->publishers, plan->members);
    return e;
}

/* IRC is what is said on irc://, and over WebSocket by a subprotocol (ircv3.net: "websocket"). */
static void irc_settle(const struct command *c)
{
    struct plan *plan = c->plan;
    bool is_chat = strcmp(plan->scenario->name, "chat") == 0;
    if (plan->urls[0].scheme->carrier != CARRIER_WS)
        return;
    plan->irc = plan->irc || is_chat;
    if (plan->irc && plan->protocol_count == 0)
        plan->protocols[plan->protocol_count++] =
            plan->binary ? "binary.ircv3.net" : "text.ircv3.net";
}

static void pace_settle(const struct command *c)
{
    struct plan *plan = c->plan;
    bool is_chat = strcmp(plan->scenario->name, "chat") == 0;
    if (is_given(c, "in-flight") && !is_given(c, "rate"))
        plan->rate = 0; /* who says how many may wait, wants the closed loop */
    bool is_http = plan->urls[0].scheme->carrier == CARRIER_HTTP; /* one request at a time */
    if (plan->in_flight == 0)
        plan->in_flight = plan->rate <= 0 || is_http ? IN_FLIGHT_CLOSED
                          : is_chat                  ? IN_FLIGHT_ANY
                                                     : IN_FLIGHT_OPEN;
    if (plan->messages_max > 0 && !is_given(c, "duration")) {
        plan->duration_ns = 0;
        if (!is_given(c, "warm-up"))
            plan->warm_up_ns = 0; /* all of it is measured */
    }
}

/* If not, errno tells. */
static bool is_writable(const char *path)
{
    char folder[PATH_MAX];
    struct stat file;
    if (stat(path, &file) == 0) {
        errno = EISDIR;
        return !S_ISDIR(file.st_mode) && access(path, W_OK) == 0;
    }
    bool is_missing = errno == ENOENT;
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    snprintf(folder, sizeof(folder), "%.*s", (int)len, path);
    return is_missing && access(len > 0 ? folder : ".", W_OK) == 0 && path[len] != '\0';
}

/* A report that cannot be written is better known before the run than after it. "-" is standard
 * output, where there is room for one. */
static enum err outputs_check(const struct command *c)
{
    static const char *const OUTPUTS[] = {"json", "csv", "html"};
    const char *on_stdout = NULL;
    for (size_t i = 0; i < sizeof(OUTPUTS) / sizeof(*OUTPUTS); i++) {
        const char *path = command_given(c, OUTPUTS[i]);
        bool is_stdout = path != NULL && strcmp(path, "-") == 0;
        if (is_stdout && on_stdout != NULL)
            return command_refuse(c, "--%s and --%s cannot both go to standard output", on_stdout,
                                  OUTPUTS[i]);
        if (is_stdout)
            on_stdout = OUTPUTS[i];
        else if (path != NULL && !is_writable(path))
            return command_refuse(c, "cannot write --%s %s: %s", OUTPUTS[i], path, strerror(errno));
    }
    return OK;
}

static enum err files_check(const struct command *c)
{
    const struct plan *plan = c->plan;
    char path[32];
    if (plan->tls_ca != NULL && access(plan->tls_ca, R_OK) != 0)
        return command_refuse(c, "cannot read --ca %s: %s", plan->tls_ca, strerror(errno));
    snprintf(path, sizeof(path), "/proc/%d", plan->server_pid);
    if (plan->server_pid != 0 && access(path, F_OK) != 0)
        return command_refuse(c, "there is no process %d, as of --pid", plan->server_pid);
    return outputs_check(c);
}

enum err settle_load(struct command *c)
{
    struct plan *plan = c->plan;
    bool is_chat = strcmp(plan->scenario->name, "chat") == 0;
    if (is_given(c, "text") && is_given(c, "binary"))
        return command_refuse(c, "--text and --binary exclude each other");
    if (is_chat && (plan->size_min < PLAN_CHAT_BYTES_MIN || plan->size_max > PLAN_CHAT_BYTES_MAX))
        return command_refuse(c, "--size of chat is %d to %d, since IRC's lines are short",
                              PLAN_CHAT_BYTES_MIN, PLAN_CHAT_BYTES_MAX);
    enum err e = is_chat ? rooms_settle(c) : OK;
    if (e != OK)
        return e;
    irc_settle(c);
    pace_settle(c);
    if (plan->method == NULL)
        plan->method = plan->size_max > 0 ? "POST" : "GET";
    return files_check(c);
}
