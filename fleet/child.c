/*
 * The system's side of a worker process: pipes and signals. It must not know
 * what a worker does.
 */
#include "fleet/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/process.h"
#include "base/util.h"

int child_pipes_open(struct child_pipes *p)
{
	int down[2];
	int up[2];

	if (pipe_open(down) < 0)
		return -1;
	if (pipe_open(up) < 0) {
		int saved = errno;

		close(down[0]);
		close(down[1]);
		errno = saved;
		return -1;
	}
	p->child_in = down[0];
	p->parent_out = down[1];
	p->parent_in = up[0];
	p->child_out = up[1];
	return 0;
}

static void set_signals(const int *signals, size_t n, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < n; i++)
		(void)sigaction(signals[i], &action, NULL);
}

static const int ended_by[] = {
    SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGXFSZ};
/* not those of crashes: sanitizers have a use for them */
static const int ordinary[] = {SIGQUIT, SIGALRM, SIGCHLD, SIGUSR2, SIGTSTP,
    SIGTTIN, SIGTTOU, SIGCONT, SIGURG};

static void block_nothing(void)
{
	sigset_t none;

	set_signals(ordinary, ARRAY_LEN(ordinary), SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_release(void)
{
	set_signals(ended_by, ARRAY_LEN(ended_by), SIG_DFL);
	block_nothing();
}

void child_settle(void)
{
	int null_fd = open("/dev/null", O_RDONLY);

	set_signals(ended_by, ARRAY_LEN(ended_by), SIG_IGN);
	block_nothing();
	/* without /dev/null (an empty root) it is enough that the worker
	 * cannot take what is typed at its parent */
	if (null_fd < 0)
		close(STDIN_FILENO);
	if (null_fd <= STDIN_FILENO)
		return;
	(void)dup2(null_fd, STDIN_FILENO);
	close(null_fd);
}

char *child_words(const uint8_t *bytes, size_t n, size_t most)
{
	struct buf text;
	char *copy;

	buf_init(&text, 4 * most + 8);
	buf_putc(&text, '"');
	for (size_t i = 0; i < n && i < most; i++) {
		uint8_t byte = bytes[i];

		if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\')
			buf_printf(&text, "\\x%02x", byte);
		else
			buf_putc(&text, (char)byte);
	}
	buf_puts(&text, n > most ? "\"..." : "\"");
	copy = xstrdup(buf_text(&text));
	buf_clear(&text);
	return copy;
}
