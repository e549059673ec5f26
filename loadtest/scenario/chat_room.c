#include "scenario/chat_room.h"

enum { LEFT_BITS = 24 }; /* of a flight; there are fewer connections than that */

static const uint64_t LEFT_MASK = ((uint64_t)1 << LEFT_BITS) - 1;

/* --- who is where ------------------------------------------------------------------------ */

struct chat_seats chat_seats_of(const struct plan *plan, uint32_t room)
{
    uint64_t drivers = plan->threads, first = (uint64_t)room * plan->members;
    uint64_t place = (room % drivers + drivers - first % drivers) % drivers;
    return (struct chat_seats){room, (uint32_t)first, (uint32_t)(place % plan->members)};
}

uint32_t chat_publisher_client(const struct plan *plan, const struct chat_seats *seats,
                               uint32_t publisher)
{
    uint64_t place = ((uint64_t)seats->publisher + publisher) % plan->members;
    return seats->first + (uint32_t)place;
}

/* --- what is shared ---------------------------------------------------------------------- */

static uint32_t slots_of(const struct plan *plan)
{
    uint32_t slots = plan->in_flight > 0;
    while (slots < plan->in_flight)
        slots *= 2;
    return slots;
}

size_t chat_shared_bytes(const struct plan *plan)
{
    size_t publishers = (size_t)plan->rooms * plan->publishers;
    return plan->rooms * sizeof(struct chat_room) +
           publishers * (sizeof(struct chat_publisher) + slots_of(plan) * sizeof(uint64_t));
}

void chat_shared_init(struct chat_shared *s, const struct plan *plan, void *memory)
{
    size_t publishers = (size_t)plan->rooms * plan->publishers;
    s->rooms = memory;
    s->publishers = (struct chat_publisher *)(s->rooms + plan->rooms);
    s->flights = (_Atomic uint64_t *)(s->publishers + publishers);
    s->publishers_each = plan->publishers;
    s->slots = slots_of(plan);
}

void chat_room_enter(struct chat_shared *s, uint32_t room)
{
    atomic_fetch_add(&s->rooms[room].entered, 1);
}

void chat_room_leave(struct chat_shared *s, uint32_t room)
{
    atomic_fetch_add(&s->rooms[room].left, 1);
}

static size_t index_of(const struct chat_shared *s, uint32_t room, uint32_t publisher)
{
    return (size_t)room * s->publishers_each + publisher;
}

static _Atomic uint64_t *flight_of(const struct chat_shared *s, uint32_t room, uint32_t publisher,
                                   uint64_t number)
{
    return &s->flights[index_of(s, room, publisher) * s->slots + (number & (s->slots - 1))];
}

uint64_t chat_said(const struct chat_shared *s, uint32_t room, uint32_t publisher)
{
    return atomic_load(&s->publishers[index_of(s, room, publisher)].said);
}

bool chat_say(struct chat_shared *s, uint32_t room, uint32_t publisher)
{
    struct chat_room *r = &s->rooms[room];
    uint32_t left = atomic_load(&r->left);
    uint32_t listeners = atomic_load(&r->entered) - left - 1;
    uint64_t number = chat_said(s, room, publisher);
    if (listeners == 0)
        return false;
    if (s->slots > 0)
        atomic_store(flight_of(s, room, publisher, number), number << LEFT_BITS | listeners);
    atomic_store(&s->publishers[index_of(s, room, publisher)].said, number + 1);
    for (uint32_t gone = atomic_load(&r->left) - left; gone > 0; gone--)
        chat_hear(s, room, publisher, number);
    return true;
}

bool chat_hear(struct chat_shared *s, uint32_t room, uint32_t publisher, uint64_t number)
{
    if (s->slots == 0)
        return false;
    _Atomic uint64_t *flight = flight_of(s, room, publisher, number);
    uint64_t seen = atomic_load_explicit(flight, memory_order_relaxed);
    do {
        if (seen >> LEFT_BITS != number || (seen & LEFT_MASK) == 0)
            return false;
    } while (!atomic_compare_exchange_weak(flight, &seen, seen - 1));
    return (seen & LEFT_MASK) == 1;
}

bool chat_is_in_flight(const struct chat_shared *s, uint32_t room, uint32_t publisher,
                       uint64_t number)
{
    uint64_t seen = atomic_load(flight_of(s, room, publisher, number));
    return seen >> LEFT_BITS == number && (seen & LEFT_MASK) > 0;
}
