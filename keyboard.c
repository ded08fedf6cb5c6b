/*
 * The terminal: its modes, and what is typed. It must not know what keys do.
 *
 * A terminal in which somebody else is in the foreground is never touched: to
 * read from it would stop us, and to change it would change that of others.
 */
#include "keyboard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/util.h"
#include "signals.h"

enum {
	LOOK_US = 500000, /* between looks while somebody else has it */
	KEYS = 64,        /* read at once */
	ESCAPE = 0x1b
};

/* What handlers of signals have to know, and exit(); they get no argument. */
static struct {
	struct termios before; /* as it was, and as it is to be again */
	struct termios ours;
	int fd;
	pid_t owner; /* not the children that it forks */
} terminal;
static volatile sig_atomic_t is_held; /* it is as ours */

struct keyboard {
	struct poller *poller; /* borrowed */
	int fd;                /* of its own; -1: the terminal is gone */
	uint64_t look_us;
	char keys[KEYS]; /* that were read, */
	size_t n;
	size_t taken;  /* so many of which are taken */
	int continues; /* so often we were stopped, as it was minded last */
};

/* --- modes -------------------------------------------------------------- */

static bool is_in_foreground(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}

/* SIGTTOU would stop us where we change modes and have just lost the
 * foreground; and no other signal may find that half done. */
static void block_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, before);
}

void keyboard_give_back(void)
{
	sigset_t before;

	block_signals(&before);
	if (is_held != 0 && terminal.owner == getpid() &&
	    is_in_foreground(terminal.fd))
		tcsetattr(terminal.fd, TCSANOW, &terminal.before);
	is_held = 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Somebody may have changed it while we did not have it. Modes without lines
 * are our own, which nobody took back when we were stopped. */
static bool learn_modes(struct keyboard *k)
{
	struct termios now;

	if (tcgetattr(k->fd, &now) < 0)
		return false;
	if (terminal.owner == 0 || (now.c_lflag & ICANON) != 0)
		terminal.before = now;
	terminal.ours = terminal.before;
	terminal.ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	terminal.ours.c_cc[VMIN] = 1;
	terminal.ours.c_cc[VTIME] = 0;
	terminal.fd = k->fd;
	terminal.owner = getpid();
	return true;
}

static void let_go(struct keyboard *k)
{
	is_held = 0;
	poller_set(k->poller, k->fd, 0);
}

static void hold(struct keyboard *k)
{
	sigset_t before;

	block_signals(&before);
	if (poller_set(k->poller, k->fd, POLLER_READ) == 0 && learn_modes(k) &&
	    tcsetattr(k->fd, TCSANOW, &terminal.ours) == 0)
		is_held = 1;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (is_held == 0)
		let_go(k);
}

/* --- signals ------------------------------------------------------------ */

/* What the signal does to those that do not catch it: it stops us, and we go
 * on from here later, or it ends us. */
static void on_parting(int number)
{
	int saved = errno;
	struct sigaction ordinary = {.sa_handler = SIG_DFL}, ours;
	sigset_t this, before;

	keyboard_give_back();
	sigemptyset(&ordinary.sa_mask);
	sigaction(number, &ordinary, &ours);
	raise(number);
	sigemptyset(&this);
	sigaddset(&this, number);
	sigprocmask(SIG_UNBLOCK, &this, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(number, &ours, NULL);
	errno = saved;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {
	    .sa_handler = handler, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	if (!signals_is_ignored(number))
		sigaction(number, &action, NULL);
}

static void catch_signals(void)
{
	handle(SIGTSTP, on_parting);
	handle(SIGQUIT, on_parting);
	handle(SIGABRT, on_parting);
	handle(SIGTTIN, SIG_IGN);
}

/* --- opening and closing ------------------------------------------------ */

/* The terminal that controls us, by a file of its own: what is said of that,
 * not to wait for it, holds for nobody else's standard input. */
static int open_terminal(void)
{
	/* of any other terminal this is an error */
	if (!isatty(STDERR_FILENO) || tcgetpgrp(STDIN_FILENO) < 0)
		return -1;
	return open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

struct keyboard *keyboard_open(struct poller *poller)
{
	int fd = open_terminal();
	struct keyboard *k;

	if (fd < 0 || atexit(keyboard_give_back) != 0) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	k = xcalloc(1, sizeof(*k));
	k->poller = poller;
	k->fd = fd;
	catch_signals();
	keyboard_mind(k, clock_us());
	return k;
}

static void close_terminal(struct keyboard *k)
{
	if (k->fd < 0)
		return;
	keyboard_give_back();
	let_go(k);
	close(k->fd);
	k->fd = -1;
}

void keyboard_close(struct keyboard *k)
{
	if (k == NULL)
		return;
	close_terminal(k);
	free(k);
}

void keyboard_mind(struct keyboard *k, uint64_t now_us)
{
	if (k == NULL || k->fd < 0 || now_us < keyboard_next_us(k))
		return;
	k->continues = signals_continues();
	k->look_us = now_us + LOOK_US;
	if (is_in_foreground(k->fd))
		hold(k);
	else
		let_go(k);
}

uint64_t keyboard_next_us(const struct keyboard *k)
{
	if (k == NULL || k->fd < 0)
		return UINT64_MAX;
	if (k->continues != signals_continues())
		return 0;
	return is_held != 0 ? UINT64_MAX : k->look_us;
}

bool keyboard_is_held(const struct keyboard *k)
{
	return k != NULL && k->fd >= 0 && is_held != 0;
}

/* --- keys --------------------------------------------------------------- */

bool keyboard_event(const struct keyboard *k, const struct poller_event *event)
{
	return k != NULL && k->fd >= 0 && event->fd == k->fd;
}

/* In the background nothing can be read, nor where there is no terminal any
 * more: then its line is hung up. */
static void give_up(struct keyboard *k)
{
	if (is_held != 0 && !is_in_foreground(k->fd) && tcgetpgrp(k->fd) > 0)
		let_go(k);
	else
		close_terminal(k);
}

/* Keys with more than one byte (arrows, say) begin with an escape and come in
 * one piece. */
static size_t plain_keys(const char *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i] == ESCAPE)
			return i;
	return n;
}

static void read_keys(struct keyboard *k)
{
	ssize_t n;

	do
		n = read(k->fd, k->keys, sizeof(k->keys));
	while (n < 0 && errno == EINTR);
	k->taken = 0;
	k->n = n > 0 ? plain_keys(k->keys, (size_t)n) : 0;
	if (n == 0 || (n < 0 && errno != EAGAIN))
		give_up(k);
}

char keyboard_next(struct keyboard *k)
{
	if (k == NULL)
		return 0;
	if (k->taken == k->n && keyboard_is_held(k))
		read_keys(k);
	return k->taken < k->n ? k->keys[k->taken++] : 0;
}
