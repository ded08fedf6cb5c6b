/*
 * A hook that is started once and reads events, one a line, from its standard
 * input. Private to the room. It knows no events: lines are bytes.
 */
#ifndef HOOK_STREAM_H
#define HOOK_STREAM_H

#include "base/poller.h"
#include "hook/command.h"
#include "hook/event.h"

enum stream_put {
	STREAM_TOOK_IT,
	STREAM_IS_FULL, /* it does not keep up */
	STREAM_IS_OVER  /* it has ended, or reads no more */
};

struct stream {
	const struct hook_spec *spec; /* borrowed */
	struct poller *poller;        /* borrowed, or NULL */
	struct command command;
	struct buf lines; /* not yet written; the first may be half written */
	int fd;           /* its standard input, ours to write; -1: none */
	bool has_started;
	bool is_over;
	bool is_closing; /* no line will follow */
	bool is_blocked; /* its pipe is full */
	uint64_t due_us; /* when to write; UINT64_MAX: nothing, or not yet */
};

void stream_init(
    struct stream *s, const struct hook_spec *spec, struct poller *poller);
/* Closes and frees; the command must be gone. */
void stream_clear(struct stream *s);
/* 0, or an error number. */
int stream_start(
    struct stream *s, const struct buf *environment, uint64_t now_us);
/* Whole or not at all. It is written later, with others, but soon. */
enum stream_put stream_put(
    struct stream *s, const uint8_t *line, size_t n, uint64_t now_us);
/* Writes what the pipe takes. */
void stream_write(struct stream *s, uint64_t now_us);
/* No line will follow: end of file behind the last, and from now on the
 * command has its timeout to end. */
void stream_close(struct stream *s, uint64_t now_us);
/* Writes what is due and looks after the command; true, once, when that is
 * over. */
bool stream_run(struct stream *s, uint64_t now_us);
/* When stream_run wants to be called; UINT64_MAX: no need. */
uint64_t stream_next_us(const struct stream *s);
/* Whether lines wait to be written, or the end is being waited for. */
bool stream_is_busy(const struct stream *s);
/* It is over: closes the pipe. Returns how many lines were not written. */
uint64_t stream_give_up(struct stream *s);

#endif
