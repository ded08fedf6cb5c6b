/*
 * One end of a conversation: frames in and out over two descriptors, never
 * blocking. Used by both ends. It knows no processes and no meaning.
 */
#ifndef FLEET_PEER_H
#define FLEET_PEER_H

#include "base/buf.h"
#include "base/poller.h"

/* A delta of 10,000 names may be large, and is sent whole or not at all. */
enum { PEER_MAX_QUEUE = 1 << 30 };

enum peer_io {
	PEER_OPEN,  /* all that could be done was done */
	PEER_EOF,   /* the other end closed; what came before is in `in` */
	PEER_FAILED /* errno */
};

struct peer {
	int in_fd;  /* owned; -1 when closed */
	int out_fd; /* owned; -1 when closed; may equal in_fd */
	struct buf in;
	struct buf out;        /* not yet written */
	struct poller *poller; /* borrowed */
	bool in_ended;  /* the other end closed: in_fd is watched no more */
	bool out_ended; /* a write failed: what came after it would be no frame,
			 * or be taken for all there was */
};

/* Takes over both descriptors, makes them non-blocking and close-on-exec, and
 * watches in_fd. 0, or -1 and errno (the descriptors are closed then). */
int peer_init(struct peer *p, struct poller *poller, int in_fd, int out_fd);
/* Closes and frees; may be called twice, and on a zeroed struct. */
void peer_clear(struct peer *p);
/* Reads what is there into p->in, up to what one frame may need, and no more
 * at once than is fair to other peers: the poller says when there is more. */
enum peer_io peer_read(struct peer *p);
/* Writes what it can of p->out and watches out_fd only while some is left. A
 * closed reader is PEER_EOF, and SIGPIPE must be ignored. After a write that
 * failed nothing more is ever written: that is PEER_EOF too. */
enum peer_io peer_write(struct peer *p);
/* Bytes waiting to be written. */
size_t peer_backlog(const struct peer *p);

#endif
