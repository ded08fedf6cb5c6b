/*
 * From a host's name to a running command. It must not know what agents are.
 */
#include "fleet/rsh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/process.h"
#include "base/util.h"
#include "fleet/child.h"

enum { MAX_SCRIPT_BYTES = 1 << 20 };

/* --- the command line --------------------------------------------------- */

/* The host is a variable, and what to run there "$@", so that no quotes are
 * needed, whatever they hold. The command takes the place of the shell; with
 * env it may begin with variables for it. */
static char *script_of(const char *rsh)
{
	const char *at = rsh, *mark;
	struct buf script;
	char *copy;

	buf_init(&script, MAX_SCRIPT_BYTES);
	buf_puts(&script, "loadgen_host=$1; shift; exec env ");
	for (; (mark = strstr(at, "{}")) != NULL; at = mark + 2) {
		buf_put(&script, at, (size_t)(mark - at));
		buf_puts(&script, "\"$loadgen_host\"");
	}
	buf_puts(&script, at);
	if (at == rsh)
		buf_puts(&script, " \"$loadgen_host\"");
	buf_puts(&script, " \"$@\"");
	copy = xstrdup(buf_text(&script));
	buf_clear(&script);
	return copy;
}

struct words {
	char **at; /* owned, each too; NULL behind the last */
	size_t n;
	size_t cap;
};

static void add_word(struct words *words, char *word)
{
	words->at = grow(words->at, words->n, &words->cap, sizeof(*words->at));
	words->at[words->n++] = word;
}

static void add_program(struct words *words, const char *program)
{
	static const char blanks[] = " \t\n";
	size_t len;

	for (program += strspn(program, blanks); *program != '\0';
	     program += strspn(program, blanks)) {
		len = strcspn(program, blanks);
		add_word(words, xstrndup(program, len));
		program += len;
	}
}

static struct words words_of(
    const char *rsh, const char *host, const char *program)
{
	struct words words = {0};

	add_word(&words, xstrdup("sh"));
	add_word(&words, xstrdup("-c"));
	add_word(&words, script_of(rsh));
	add_word(&words, xstrdup("rsh"));
	add_word(&words, xstrdup(host));
	if (program != NULL) {
		add_program(&words, program);
		add_word(&words, xstrdup("--agent"));
	} else {
		add_word(&words, xstrdup("sh"));
	}
	add_word(&words, NULL);
	return words;
}

static void words_free(struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->at[i]);
	free(words->at);
}

/* --- the process -------------------------------------------------------- */

/* A session of its own: what is typed at us is not for it, and it asks nobody
 * for passwords. */
static _Noreturn void run(
    char *const *words, const struct child_pipes *pipes, int words_fd)
{
	(void)setsid();
	child_release();
	if (dup2(pipes->child_in, STDIN_FILENO) < 0 ||
	    dup2(pipes->child_out, STDOUT_FILENO) < 0 ||
	    dup2(words_fd, STDERR_FILENO) < 0)
		_exit(127);
	execv("/bin/sh", words);
	dprintf(STDERR_FILENO, "/bin/sh: %s\n", strerror(errno));
	_exit(127);
}

static void close_ends(const struct child_pipes *pipes)
{
	close(pipes->parent_in);
	close(pipes->parent_out);
}

static pid_t start(char *const *words, struct rsh_pipes *out)
{
	struct child_pipes pipes;
	int said[2], saved;
	pid_t pid = -1;

	if (child_pipes_open(&pipes) < 0)
		return -1;
	if (pipe_open(said) == 0) {
		fflush(NULL);
		pid = fcntl(said[0], F_SETFL, O_NONBLOCK) < 0 ? -1 : fork();
		if (pid == 0)
			run(words, &pipes, said[1]);
		saved = errno;
		close(said[1]);
		if (pid < 0)
			close(said[0]);
		errno = saved;
	}
	saved = errno;
	close(pipes.child_in);
	close(pipes.child_out);
	if (pid < 0)
		close_ends(&pipes);
	errno = saved;
	*out = (struct rsh_pipes) {
	    pipes.parent_in, pipes.parent_out, pid < 0 ? -1 : said[0]};
	return pid;
}

pid_t rsh_start(const char *rsh, const char *host, const char *program,
    struct rsh_pipes *pipes)
{
	struct words words = words_of(rsh, host, program);
	pid_t pid = start(words.at, pipes);
	int saved = errno;

	words_free(&words);
	errno = saved;
	return pid;
}

/* --- a binary that is sent ahead ---------------------------------------- */

/* In one piece, so that the shell has read all of it when it waits for the
 * bytes. A folder may be there from which nothing can be run. */
char *rsh_copy_script(size_t bytes)
{
	return xasprintf(
	    "{ umask 077; f=; trap 'rm -f \"$f\"' 0; trap 'exit 1' 1 2 13 15\n"
	    "for d in \"${TMPDIR:-/tmp}\" /var/tmp \"$HOME\" .; do\n"
	    "f=`mktemp \"$d/loadgen.XXXXXX\" 2>/dev/null` || continue\n"
	    "echo exit >\"$f\" && chmod 700 \"$f\" && "
	    "sh -c '\"$1\"' sh \"$f\" 2>/dev/null && break\n"
	    "rm -f \"$f\"; f=; done\n"
	    "[ \"$f\" ] || { echo 'no folder to put loadgen into: set TMPDIR' "
	    ">&2; exit 1; }\n"
	    "echo \"" RSH_READY "`uname -s` `uname -m`\"\n"
	    "head -c %zu >\"$f\" && [ `wc -c <\"$f\"` -eq %zu ] || {\n"
	    "echo \"a part of loadgen is missing in $f\" >&2; exit 1; "
	    "}\n" RSH_COPY_VARIABLE "=\"$f\"; export " RSH_COPY_VARIABLE "\n"
	    "exec \"$f\" --agent; }\n",
	    bytes, bytes);
}

char *rsh_system(void)
{
	struct utsname name;

	if (uname(&name) < 0)
		return xstrdup("?");
	return xasprintf("%s %s", name.sysname, name.machine);
}
