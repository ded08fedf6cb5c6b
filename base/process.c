/*
 * Pipes and wait statuses. It must not know what the processes are for.
 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

int pipe_open(int ends[2])
{
	int fds[2];

	if (pipe(fds) < 0)
		return -1;
	/* With standard streams closed the ends would take their numbers,
	 * and what is printed would go to a child. */
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

char *process_fate(int status)
{
	if (!WIFSIGNALED(status))
		return xasprintf("exited with status %d", WEXITSTATUS(status));
	for (size_t i = 0; i < ARRAY_LEN(signal_names); i++)
		if (signal_names[i].number == WTERMSIG(status))
			return xasprintf("killed by %s", signal_names[i].name);
	return xasprintf("killed by signal %d", WTERMSIG(status));
}
