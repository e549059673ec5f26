/* What net.c, net_in.c and net_out.c share with each other alone. */
#pragma once

#include "core/sched.h"
#include "net/net.h"

/* Of a connection's ev_io: notes what it can do, for net_read. */
void net_on_io(struct ev_loop *ev, ev_io *io, int revents);

/* Of a connection's task: resumes its session with the input that was kept. */
enum co_result net_resume_task(struct task *t);

/* So many more connections (or less: it may be -1) have a session of this type. */
void net_count_session(struct net *n, const struct session_type *type, int change);

/* Frees the input that was kept. */
void net_drop_input(struct conn *c);

/* Calls f for every connection that is in use. */
void net_for_each(struct net *n, void (*f)(struct net *, struct conn *));

/* Drops the session and its frame, once; input that lies in the loop's buffer is forgotten. */
void net_end_session(struct conn *c);

/* The peer does something: its silence begins anew. A handshake has a time to be complete in,
 * however slowly it trickles. */
void net_note_activity(struct net *n, struct conn *c);
