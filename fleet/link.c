/*
 * The life of a link: its command is started when its turn has come, the binary
 * and the plan are sent as fast as they are taken, and whoever is silent for
 * too long is given up. Every state has an end. It must not know commands'
 * words nor what agents do.
 */
#include "fleet/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "fleet/child.h"
#include "fleet/fleet_private.h"
#include "fleet/rsh.h"

enum {
	TURN_US = 100000,        /* between looks at all of them */
	STANDSTILL_US = 2000000, /* we were not there for so long */
	PING_US = 1000000,
	TIMING_US = 2000000,      /* for the first answer */
	STALL_US = 8000000,       /* an agent that plays answers within that */
	PREPARING_US = 20000000,  /* one that prepares, or takes what it is
				     sent, within that */
	PREPARED_US = 1800000000, /* and is ready within that */
	BYTES_AT_ONCE = 32 << 10,
	BACKLOG_BYTES = 64 << 10,
	WORDS_BYTES = 4096, /* kept of what its command says */
	READS_AT_ONCE = 16, /* of that: what a pipe holds */
	WORDS_SHOWN = 400,
	LINES_BYTES = 64 << 10, /* of it, not passed on yet: more is left out */
	MAX_LINE_BYTES = 1024
};

struct link *link_new(const struct fleet_host *host)
{
	struct link *link = xcalloc(1, sizeof(*link));

	link->rsh = xstrdup(host->rsh != NULL ? host->rsh : "");
	link->program = xstrdup(host->program != NULL ? host->program : "");
	link->copy = host->copy && host->here == NULL;
	link->here = host->here;
	link->stock[0] = host->stock;
	link->stock[1] = host->own;
	link->connect_us = host->connect_us;
	link->until_us = UINT64_MAX;
	link->words_fd = -1;
	buf_init(&link->words, 2 * WORDS_BYTES);
	buf_init(&link->lines, LINES_BYTES);
	return link;
}

void link_free(struct link *link)
{
	if (link == NULL)
		return;
	if (link->words_fd >= 0)
		close(link->words_fd);
	buf_clear(&link->words);
	buf_clear(&link->lines);
	free(link->rsh);
	free(link->program);
	free(link);
}

static void enter(struct link *link, enum link_state state, uint64_t until_us)
{
	link->state = state;
	link->until_us = until_us;
}

/* --- what its command says to people ------------------------------------- */

void link_hear_words(struct fleet *f, struct child *c)
{
	struct link *link = c->link;
	char bytes[WORDS_BYTES];
	ssize_t n = 1;

	if (link == NULL || link->words_fd < 0)
		return;
	/* one that never stops must not keep us from all others */
	for (int i = 0; i < READS_AT_ONCE && n > 0; i++) {
		do
			n = read(link->words_fd, bytes, sizeof(bytes));
		while (n < 0 && errno == EINTR);
		if (n > 0)
			buf_put(&link->words, bytes, (size_t)n);
		if (n > 0 && link->state == LINK_UP)
			buf_put(&link->lines, bytes, (size_t)n);
		if (buf_len(&link->words) > WORDS_BYTES)
			buf_consume(
			    &link->words, buf_len(&link->words) - WORDS_BYTES);
	}
	if (buf_len(&link->lines) > 0)
		fleet_enqueue(f, c);
	if (n > 0)
		return;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	poller_forget(f->poller, link->words_fd);
	fleet_forget_fd(f, link->words_fd);
	close(link->words_fd);
	link->words_fd = -1;
}

/* One line, without what a terminal would act upon. */
static char *in_one_line(const char *text, size_t n)
{
	char *line = xcalloc(3 * n + 1, 1);
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte == '\n') {
			memcpy(line + len, " / ", 3);
			len += 3;
		} else if (byte >= ' ' && byte != 0x7f) {
			line[len++] = (char)byte;
		}
	}
	return line;
}

char *link_next_words(struct link *link)
{
	const uint8_t *bytes = buf_bytes(&link->lines);
	size_t n = buf_len(&link->lines);
	const uint8_t *end = n > 0 ? memchr(bytes, '\n', n) : NULL;
	char *line;

	if (end == NULL && n < MAX_LINE_BYTES)
		return NULL;
	n = end != NULL ? (size_t)(end - bytes) : n;
	line = in_one_line((const char *)bytes, n);
	buf_consume(&link->lines, n + (end != NULL));
	link->lines.full = false;
	return line;
}

char *link_words(struct link *link)
{
	const char *text = buf_text(&link->words);
	size_t n = strlen(text);
	const char *end;
	char *line, *quoted;

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	if (n > WORDS_SHOWN) {
		/* the last lines alone, as far as there are some */
		end = memchr(text + n - WORDS_SHOWN, '\n', WORDS_SHOWN);
		end = end != NULL ? end + 1 : text + n - WORDS_SHOWN;
		n -= (size_t)(end - text);
		text = end;
	}
	if (n == 0)
		return NULL;
	line = in_one_line(text, n);
	quoted = xasprintf("\"%s\"", line);
	free(line);
	return quoted;
}

/* --- beginning ----------------------------------------------------------- */

/* This binary, mapped once for all who are sent it; NULL and errno. */
static const uint8_t *program_of(struct fleet *f)
{
	struct stat st;
	void *map = MAP_FAILED;
	int fd;

	if (f->program != NULL)
		return f->program;
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		map = mmap(
		    NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return NULL;
	f->program = map;
	f->program_bytes = (size_t)st.st_size;
	return f->program;
}

static int start_command(struct fleet *f, struct child *c)
{
	struct link *link = c->link;
	struct rsh_pipes pipes;
	pid_t pid;

	if (link->here != NULL)
		return fleet_fork(f, c, link->here, NULL);
	if (link->copy && program_of(f) == NULL)
		return -1;
	pid = rsh_start(
	    link->rsh, c->host, link->copy ? NULL : link->program, &pipes);
	if (pid < 0)
		return -1;
	c->member.pid = pid;
	link->words_fd = pipes.words_fd;
	if (peer_init(&c->peer, f->poller, pipes.in_fd, pipes.out_fd) < 0)
		return -1;
	fleet_know_fd(f, c->peer.in_fd, c);
	fleet_know_fd(f, c->peer.out_fd, c);
	fleet_know_fd(f, link->words_fd, c);
	return poller_set(f->poller, link->words_fd, POLLER_READ);
}

/* What the shell of the host is to do with the binary that comes. */
static void put_script(struct fleet *f, struct child *c)
{
	char *script = rsh_copy_script(f->program_bytes);

	buf_puts(&c->peer.out, script);
	free(script);
}

static void begin(struct fleet *f, struct child *c, uint64_t now_us)
{
	struct link *link = c->link;
	uint64_t until_us = add_saturated(now_us, link->connect_us);

	if (start_command(f, c) < 0) {
		c->is_ended = true;
		c->why = xasprintf("cannot be started: %s", strerror(errno));
		fleet_kill_child(f, c);
		return;
	}
	link->heard_us = link->put_us = now_us;
	if (link->copy) {
		enter(link, LINK_ASKING, until_us);
		put_script(f, c);
		fleet_tell(f, c);
	} else {
		enter(link, LINK_GREETING, until_us);
	}
}

/* --- what comes before the greeting -------------------------------------- */

/* The line that says what the host is; NULL: it is not there yet. */
static char *take_line(struct buf *in)
{
	const uint8_t *bytes = buf_bytes(in);
	const uint8_t *end = memchr(bytes, '\n', buf_len(in));
	size_t n = end != NULL ? (size_t)(end - bytes) : buf_len(in);
	char *line;

	if (end == NULL && n < MAX_LINE_BYTES)
		return NULL;
	line = xstrndup((const char *)bytes, n);
	buf_consume(in, n + (end != NULL));
	return line;
}

const char *link_noise_hint(const uint8_t *bytes, size_t n)
{
	static const char magic[] = "LGEN", script[] = "{ umask";
	size_t len = sizeof(magic) - 1;

	/* our own words come back, or with line ends of a terminal */
	for (size_t i = 0; i + len <= n; i++)
		if (memcmp(bytes + i, magic, len) == 0 && i > 0)
			return "does its rsh make a terminal? leave -t out";
	if (n >= sizeof(script) - 1 &&
	    memcmp(bytes, script, sizeof(script) - 1) == 0)
		return "does its rsh make a terminal? leave -t out";
	return "does its shell print something at login?";
}

static char *quoted(const char *line)
{
	return child_words(
	    (const uint8_t *)line, strlen(line), 2 * QUOTE_BYTES);
}

/* Whether the binary that runs here can run there too: why not, or NULL. */
static char *compare_systems(const char *line)
{
	size_t n = strlen(RSH_READY);
	char *ours = rsh_system(), *theirs, *why = NULL;

	if (strncmp(line, RSH_READY, n) != 0) {
		theirs = quoted(line);
		why = xasprintf("greeted with %s, which is nothing that was "
				"asked for: %s",
		    theirs,
		    link_noise_hint((const uint8_t *)line, strlen(line)));
	} else if (strcmp(line + n, ours) != 0) {
		theirs = quoted(line + n);
		why = xasprintf("is %s, and this loadgen is for %s: put one "
				"that fits there, name it with program, and "
				"leave copy out",
		    theirs, ours);
	} else {
		theirs = NULL;
	}
	free(theirs);
	free(ours);
	return why;
}

/* There is nothing to be said before all of the binary is there. */
static char *noise_while_copying(const struct buf *in)
{
	char *bytes = child_words(buf_bytes(in), buf_len(in), QUOTE_BYTES);
	char *why = xasprintf("said %s while loadgen was sent there", bytes);

	free(bytes);
	return why;
}

bool link_takes_lines(struct fleet *f, struct child *c, char **why)
{
	struct link *link = c->link;
	char *line;

	if (link->state > LINK_COPYING || c->is_gone)
		return false;
	if (link->state == LINK_ASKING) {
		line = take_line(&c->peer.in);
		if (line == NULL)
			return true;
		*why = compare_systems(line);
		free(line);
		if (*why != NULL)
			return true;
		enter(link, LINK_COPYING, UINT64_MAX);
		link->put_us = clock_us();
		fleet_tell(f, c);
	}
	if (link->state == LINK_COPYING && buf_len(&c->peer.in) > 0)
		*why = noise_while_copying(&c->peer.in);
	return true;
}

/* --- what is sent -------------------------------------------------------- */

void link_greeted(struct fleet *f, struct child *c)
{
	enter(c->link, LINK_SENDING, UINT64_MAX);
	c->link->put_us = clock_us();
	wire_greet(&c->peer.out);
	fleet_tell(f, c);
}

/* The rest of the binary; false: that was all. */
static bool put_program(struct fleet *f, struct child *c)
{
	struct link *link = c->link;
	const uint8_t *bytes = f->program;
	size_t n = f->program_bytes - link->at_byte;

	if (n > BYTES_AT_ONCE)
		n = BYTES_AT_ONCE;
	buf_put(&c->peer.out, bytes + link->at_byte, n);
	link->at_byte += n;
	return link->at_byte < f->program_bytes;
}

static void put_item(struct child *c, const struct stock_item *item)
{
	struct link *link = c->link;
	size_t n = item->len - link->at_byte;

	if (link->at_byte == 0)
		wire_put_item(&c->peer.out, &(struct item) {.kind = item->kind,
						.name = item->name,
						.bytes = item->len});
	if (n > BYTES_AT_ONCE)
		n = BYTES_AT_ONCE;
	if (n > 0)
		wire_put_bytes(&c->peer.out, item->bytes + link->at_byte, n);
	link->at_byte += n;
	if (link->at_byte < item->len)
		return;
	link->at_byte = 0;
	link->at_item++;
}

/* What the agent is sent of its own beats what all are sent. */
static bool is_replaced(const struct link *link, const struct stock_item *item)
{
	return link->at_stock == 0 && link->stock[1] != NULL &&
	       stock_find(link->stock[1], item->kind, item->name) != NULL;
}

/* The next of what the plan is made of; false: that was all. */
static bool put_stock(struct child *c)
{
	struct link *link = c->link;

	while (link->at_stock < ARRAY_LEN(link->stock)) {
		const struct stock *stock = link->stock[link->at_stock];

		while (stock != NULL && link->at_item < stock->n &&
		       is_replaced(link, &stock->at[link->at_item]))
			link->at_item++;
		if (stock != NULL && link->at_item < stock->n) {
			put_item(c, &stock->at[link->at_item]);
			return true;
		}
		link->at_stock++;
		link->at_item = 0;
	}
	return false;
}

bool link_put_more(struct fleet *f, struct child *c)
{
	struct link *link = c->link;
	uint64_t now_us = clock_us();

	if ((link->state != LINK_COPYING && link->state != LINK_SENDING) ||
	    peer_backlog(&c->peer) > BACKLOG_BYTES || c->is_leaving)
		return false;
	link->put_us = now_us;
	if (link->state == LINK_COPYING) {
		if (!put_program(f, c)) {
			link->at_byte = 0;
			enter(link, LINK_GREETING,
			    add_saturated(now_us, link->connect_us));
		}
	} else if (!put_stock(c)) {
		wire_put_prepare(&c->peer.out);
		link->heard_us = now_us;
		enter(link, LINK_PREPARING, now_us + PREPARED_US);
	}
	return true;
}

/* --- whether it is still there ------------------------------------------- */

void link_was_heard(struct link *link, uint64_t now_us)
{
	link->heard_us = now_us;
}

void link_take_pong(struct child *c, uint64_t number, uint64_t now_us)
{
	struct link *link = c->link;
	uint64_t rtt_us = now_us - link->ping_us;

	if (!link->is_pinged || number != link->ping)
		return;
	link->is_pinged = false;
	if (c->member.rtt_us == 0 || rtt_us < c->member.rtt_us)
		c->member.rtt_us = rtt_us > 0 ? rtt_us : 1;
}

/* An answer to one before it is none to this. */
static void put_ping(struct fleet *f, struct child *c, uint64_t now_us)
{
	struct link *link = c->link;

	link->is_pinged = true;
	link->ping_us = now_us;
	wire_put_ping(&c->peer.out, MESSAGE_PING, ++link->ping);
	fleet_tell(f, c);
}

static void ping(struct fleet *f, struct child *c, uint64_t now_us)
{
	if (!c->link->is_pinged && now_us - c->link->ping_us >= PING_US)
		put_ping(f, c, now_us);
}

void link_is_up(struct fleet *f, struct child *c, uint64_t now_us)
{
	enter(c->link, LINK_UP, UINT64_MAX);
	c->link->heard_us = c->link->up_us = now_us;
	c->member.rtt_us = 0;
	put_ping(f, c, now_us);
}

bool link_is_being_timed(const struct child *c)
{
	return c->link != NULL && c->member.rtt_us == 0 &&
	       clock_us() - c->link->up_us < TIMING_US;
}

static void give_up(struct fleet *f, struct child *c, const char *what,
    uint64_t us, const char *which)
{
	char duration[32];

	if (c->why == NULL)
		c->why = xasprintf("%s within %s%s", what,
		    format_duration(duration, sizeof(duration), us), which);
	fleet_kill_child(f, c);
}

static void mind_sending(struct fleet *f, struct child *c, uint64_t now_us)
{
	if (now_us - c->link->put_us > PREPARING_US)
		give_up(
		    f, c, "took nothing of what it is sent", PREPARING_US, "");
}

static void mind_one(struct fleet *f, struct child *c, uint64_t now_us)
{
	static const char *const lacking[] = {
	    [LINK_ASKING] = "its shell did not answer",
	    [LINK_GREETING] = "did not greet",
	    [LINK_PREPARING] = "did not get ready"};
	struct link *link = c->link;

	if (now_us >= link->until_us) {
		give_up(f, c, lacking[link->state],
		    link->state == LINK_PREPARING ? PREPARED_US
						  : link->connect_us,
		    link->state == LINK_PREPARING ? "" : " (connect_timeout)");
		return;
	}
	if (link->state == LINK_COPYING || link->state == LINK_SENDING)
		mind_sending(f, c, now_us);
	if (link->state < LINK_PREPARING)
		return;
	ping(f, c, now_us);
	if (link->state == LINK_UP && now_us - link->heard_us > STALL_US)
		give_up(f, c, "stalls: it did not answer", STALL_US, "");
	else if (now_us - link->heard_us > PREPARING_US)
		give_up(f, c, "did not answer", PREPARING_US, "");
}

static uint64_t later(uint64_t then_us, uint64_t gap_us, uint64_t now_us)
{
	return then_us < now_us - gap_us ? then_us + gap_us : now_us;
}

/* Who was not there does not know who was silent meanwhile; some may have been
 * heard since. */
static void forgive(struct link *link, uint64_t gap_us, uint64_t now_us)
{
	link->heard_us = later(link->heard_us, gap_us, now_us);
	link->put_us = later(link->put_us, gap_us, now_us);
	link->until_us = add_saturated(link->until_us, gap_us);
}

static bool is_on_its_way(const struct child *c)
{
	return c->link != NULL && !child_is_over(c) && !c->is_leaving &&
	       c->link->state > LINK_WAITING && c->link->state < LINK_UP;
}

void links_mind(struct fleet *f, uint64_t now_us)
{
	uint64_t gap_us = now_us - f->minded_us;
	uint32_t on_their_way = 0;

	for (uint32_t i = 0; i < f->n; i++)
		on_their_way += is_on_its_way(f->children[i]);
	for (uint32_t i = 0; i < f->n; i++) {
		struct child *c = f->children[i];

		if (c->link == NULL || child_is_over(c) || c->is_leaving ||
		    c->is_gone)
			continue;
		if (gap_us > STANDSTILL_US)
			forgive(c->link, gap_us, now_us);
		if (c->link->state != LINK_WAITING)
			mind_one(f, c, now_us);
		else if (on_their_way < f->most_at_once) {
			begin(f, c, now_us);
			on_their_way++;
		}
	}
	f->minded_us = now_us;
	f->mind_us = now_us + TURN_US;
}
