/*
 * The system's side of a worker process: pipes, signals, wait statuses. It
 * must not know what a worker does.
 */
#include "fleet/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

/* A pipe whose ends are 3 or more and close on exec. */
static int open_pipe(int ends[2])
{
	int fds[2];

	if (pipe(fds) < 0)
		return -1;
	/* With standard streams closed the ends would take their numbers,
	 * and what is printed would go to a worker. */
	ends[0] = fcntl(fds[0], F_DUPFD_CLOEXEC, 3);
	ends[1] = ends[0] < 0 ? -1 : fcntl(fds[1], F_DUPFD_CLOEXEC, 3);
	if (ends[1] < 0) {
		int saved = errno;

		if (ends[0] >= 0)
			close(ends[0]);
		close(fds[0]);
		close(fds[1]);
		errno = saved;
		return -1;
	}
	close(fds[0]);
	close(fds[1]);
	return 0;
}

int child_pipes_open(struct child_pipes *p)
{
	int down[2];
	int up[2];

	if (open_pipe(down) < 0)
		return -1;
	if (open_pipe(up) < 0) {
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

void child_settle(void)
{
	static const int ignored[] = {
	    SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE};
	/* not those of crashes: sanitizers have a use for them */
	static const int ordinary[] = {SIGQUIT, SIGALRM, SIGCHLD, SIGUSR2,
	    SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGURG};
	sigset_t none;
	int null_fd = open("/dev/null", O_RDONLY);

	set_signals(ignored, ARRAY_LEN(ignored), SIG_IGN);
	set_signals(ordinary, ARRAY_LEN(ordinary), SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* without /dev/null (an empty root) it is enough that the worker
	 * cannot take what is typed at its parent */
	if (null_fd < 0)
		close(STDIN_FILENO);
	if (null_fd <= STDIN_FILENO)
		return;
	(void)dup2(null_fd, STDIN_FILENO);
	close(null_fd);
}

static const struct {
	int number;
	const char *name;
} signal_names[] = {
    {SIGABRT, "SIGABRT"},
    {SIGALRM, "SIGALRM"},
    {SIGBUS, "SIGBUS"},
    {SIGFPE, "SIGFPE"},
    {SIGHUP, "SIGHUP"},
    {SIGILL, "SIGILL"},
    {SIGINT, "SIGINT"},
    {SIGKILL, "SIGKILL"},
    {SIGPIPE, "SIGPIPE"},
    {SIGQUIT, "SIGQUIT"},
    {SIGSEGV, "SIGSEGV"},
    {SIGSYS, "SIGSYS"},
    {SIGTERM, "SIGTERM"},
    {SIGTRAP, "SIGTRAP"},
    {SIGUSR1, "SIGUSR1"},
    {SIGUSR2, "SIGUSR2"},
    {SIGXCPU, "SIGXCPU"},
    {SIGXFSZ, "SIGXFSZ"},
};

char *child_fate(int status)
{
	if (!WIFSIGNALED(status))
		return xasprintf("exited with status %d", WEXITSTATUS(status));
	for (size_t i = 0; i < ARRAY_LEN(signal_names); i++)
		if (signal_names[i].number == WTERMSIG(status))
			return xasprintf("killed by %s", signal_names[i].name);
	return xasprintf("killed by signal %d", WTERMSIG(status));
}
