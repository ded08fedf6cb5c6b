/*
 * Processes of hooks: posix_spawn, waitpid, kill. It must not know what starts
 * them, and waits for no child but its own.
 */
#include "hook/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/util.h"
#include "hook/environment.h"

enum {
	FIRST_WAIT_US = 1000,
	GRACE_US = 500000 /* from SIGTERM to SIGKILL */
};

int command_pipe(int ends[2], int our_end)
{
	int flags, error;

	if (pipe_open(ends) < 0)
		return errno;
	flags = fcntl(ends[our_end], F_GETFL);
	if (flags >= 0 &&
	    fcntl(ends[our_end], F_SETFL, flags | O_NONBLOCK) == 0)
		return 0;
	error = errno;
	close(ends[0]);
	close(ends[1]);
	return error;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	static const int ordinary[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1,
	    SIGPIPE, SIGXFSZ, SIGQUIT, SIGALRM, SIGCHLD, SIGUSR2, SIGTSTP,
	    SIGTTIN, SIGTTOU, SIGCONT, SIGURG};
	sigset_t none, defaults;
	int error;

	sigemptyset(&none);
	sigemptyset(&defaults);
	for (size_t i = 0; i < ARRAY_LEN(ordinary); i++)
		sigaddset(&defaults, ordinary[i]);
	error = posix_spawnattr_setflags(
	    attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
			    POSIX_SPAWN_SETSIGMASK);
	if (error == 0)
		error = posix_spawnattr_setpgroup(attributes, 0);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &defaults);
	if (error == 0)
		error = posix_spawnattr_setsigmask(attributes, &none);
	return error;
}

static int set_streams(
    posix_spawn_file_actions_t *actions, const struct command_setup *setup)
{
	int out_fd = setup->out_fd < 0 ? STDERR_FILENO : setup->out_fd;
	int error;

	if (setup->in_fd < 0)
		error = posix_spawn_file_actions_addopen(
		    actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	else
		error = posix_spawn_file_actions_adddup2(
		    actions, setup->in_fd, STDIN_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(
		    actions, out_fd, STDOUT_FILENO);
	return error;
}

static int spawn_with(pid_t *pid, const struct command_setup *setup,
    const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes)
{
	char shell[] = "sh", option[] = "-c";
	char *text = xstrdup(setup->text);
	char *const words[] = {shell, option, text, NULL};
	char **environment = environment_with(setup->environment);
	int error = posix_spawn(
	    pid, "/bin/sh", actions, attributes, words, environment);

	free(environment);
	free(text);
	return error;
}

static int spawn(pid_t *pid, const struct command_setup *setup)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error = posix_spawn_file_actions_init(&actions);

	if (error != 0)
		return error;
	error = posix_spawnattr_init(&attributes);
	if (error == 0) {
		error = set_attributes(&attributes);
		if (error == 0)
			error = set_streams(&actions, setup);
		if (error == 0)
			error = spawn_with(pid, setup, &actions, &attributes);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

int command_start(
    struct command *c, const struct command_setup *setup, uint64_t now_us)
{
	pid_t pid = 0;
	int error = spawn(&pid, setup);

	if (error != 0)
		return error;
	*c = (struct command) {
	    .pid = pid,
	    .limit_us = add_saturated(now_us, setup->timeout_us),
	    .look_us = now_us + FIRST_WAIT_US,
	    .wait_us = FIRST_WAIT_US,
	    .pause_us = setup->pause_us,
	};
	return 0;
}

uint64_t command_next_us(const struct command *c)
{
	return c->pid == 0 ? UINT64_MAX : c->look_us;
}

bool group_is_there(pid_t group)
{
	return kill(-group, 0) == 0;
}

static void signal_all(const struct command *c, int number)
{
	/* the command alone where it has not come to make its group yet */
	if (kill(-c->pid, number) < 0 && errno == ESRCH && !c->is_reaped)
		(void)kill(c->pid, number);
}

/* Takes the status if it is there. */
static void reap(struct command *c, int options)
{
	pid_t pid;

	do
		pid = waitpid(c->pid, &c->status, options);
	while (pid < 0 && errno == EINTR);
	c->is_reaped = pid != 0;
	if (pid < 0)
		c->status = -1;
}

void command_end(struct command *c, uint64_t now_us)
{
	if (c->pid == 0 || c->stage != COMMAND_RUNS)
		return;
	signal_all(c, SIGTERM);
	c->stage = COMMAND_IS_TOLD;
	c->kill_us = now_us + GRACE_US;
	c->wait_us = FIRST_WAIT_US;
	c->look_us = now_us;
}

void command_expect_end(struct command *c, uint64_t timeout_us, uint64_t now_us)
{
	uint64_t limit_us = add_saturated(now_us, timeout_us);

	if (limit_us < c->limit_us)
		c->limit_us = limit_us;
	c->pause_us = HOOK_PAUSE_US;
	c->wait_us = FIRST_WAIT_US;
	c->look_us = now_us;
}

/* A shell dies of SIGTERM at once, and leaves behind what it has started: that
 * too is given its time, and is then killed. */
static bool is_over(const struct command *c)
{
	return c->is_reaped &&
	       (c->stage != COMMAND_IS_TOLD || !group_is_there(c->pid));
}

bool command_look(struct command *c, uint64_t now_us)
{
	if (c->pid == 0 || now_us < c->look_us)
		return false;
	if (!c->is_reaped)
		reap(c, WNOHANG);
	if (!c->is_reaped && c->stage == COMMAND_RUNS &&
	    now_us >= c->limit_us) {
		c->is_late = true;
		command_end(c, now_us);
	}
	if (c->stage == COMMAND_IS_TOLD && now_us >= c->kill_us) {
		signal_all(c, SIGKILL);
		c->stage = COMMAND_IS_KILLED;
	}
	if (is_over(c))
		return true;
	c->look_us = now_us + c->wait_us;
	c->wait_us =
	    2 * c->wait_us < c->pause_us ? 2 * c->wait_us : c->pause_us;
	return false;
}

void command_kill(struct command *c)
{
	if (c->pid == 0)
		return;
	signal_all(c, SIGKILL);
	if (!c->is_reaped)
		reap(c, 0);
	c->pid = 0;
}

char *command_fault(const struct command *c, uint64_t timeout_us)
{
	char limit[32];

	if (c->is_late)
		return xasprintf("did not end within %s",
		    format_duration(limit, sizeof(limit), timeout_us));
	if (c->status == -1)
		return xstrdup("ended, and somebody else took its exit status");
	if (WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0)
		return NULL;
	return process_fate(c->status);
}
