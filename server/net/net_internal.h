/* What the files of this folder that make up struct net share with each other, and with nobody
 * else. */
#pragma once

#include "core/sched.h"
#include "net/net.h"

/* The callback of a connection's ev_io: notes what the poll said, for net_read. */
void net_on_io(struct ev_loop *ev, ev_io *io, int revents);

/* What a connection's task does: resumes the session with the input that was kept. */
enum co_result net_resume_task(struct task *t);

/* `change` more connections have a session of this type; -1 for one less. */
void net_count_session(struct net *n, const struct session_type *type, int change);

/* Frees the input that was kept. */
void net_drop_input(struct conn *c);

/* Calls f for every connection that is in use. */
void net_for_each(struct net *n, void (*f)(struct net *, struct conn *));

/* Drops the session and its frame, once; input that lies in the loop's buffer is forgotten. */
void net_end_session(struct conn *c);

/* The peer has done something, so its silence begins anew; but a handshake must be complete in its
 * time, however steadily it trickles in. */
void net_note_activity(struct net *n, struct conn *c);
