/*
 * Hosts that are not there: one process that speaks for thousands of agents,
 * so that a parent meets as many on one machine. It owns what they pretend to
 * have counted, and must not know plans; a load it has none.
 *
 * The command that leads to a host is this program too: it hands its standard
 * input and output over to the one that speaks, so that nothing stands between
 * that one and the parent, and waits for its end.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/poller.h"
#include "base/rng.h"
#include "base/util.h"
#include "fleet/peer.h"
#include "fleet/wire.h"

enum {
	VARIANTS = 16, /* different snapshots */
	LEAST_WORKERS = 2,
	MOST_WORKERS = 8,
	LEAST_REQUESTS = 55, /* of a row */
	MOST_REQUESTS = 230,
	TURNS = 200, /* of a worker's timers */
	EVENTS = 64,
	BACKLOG = 4096,
	FILES = 1 << 20, /* that each worker may open, as it says */
	MAX_HOSTS = 10000,
	MAX_ROWS = 1000,
	GATE_LETTERS = 4
};
#define GATE "gate" /* hosts of that name are true agents */

/* What an agent of so many workers sends in one interval, made beforehand: one
 * core speaks for all hosts, and must not be what keeps the parent waiting. */
struct pretence {
	struct buf frame;
	struct books books[MOST_WORKERS];
};

struct host {
	struct peer peer;
	int wait_fd; /* its command waits for the end of that */
	uint32_t number;
	uint32_t workers;
	uint64_t sequence;
	uint64_t grid; /* that was told */
	uint64_t start_us;
	uint64_t dies_at; /* the grid point in whose snapshot it breaks off; 0:
			     it lives */
	struct books sent[MOST_WORKERS];
	struct books account;
	bool is_playing;
	bool is_ending; /* its last word is put */
	bool is_gone;
};

struct peers {
	uint64_t wanted; /* hosts */
	uint64_t rows;
	uint64_t dying; /* of those hosts */
	uint64_t interval_us;
	uint64_t run_us;
	struct poller *poller;
	int listen_fd;
	struct pretence pretences[VARIANTS][MOST_WORKERS + 1];
	struct host *hosts;  /* owned: room for all that are wanted */
	struct host **by_fd; /* borrowed from them */
	size_t n_fds;
	uint64_t n;
	uint64_t gone;
	uint64_t died;
	uint64_t started;
	uint64_t begun_us;
	uint64_t first_start_us; /* when the first one starts, */
	uint64_t last_start_us;  /* and the last; */
	uint64_t first_told_us;  /* and when the first was told so */
	uint64_t snapshots;
	uint64_t bytes; /* of them */
	struct books books;
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "peers: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

/* --- what they pretend to have counted ----------------------------------- */

static uint64_t between(struct rng *rng, uint64_t least, uint64_t most)
{
	return least + rng_below(rng, most - least + 1);
}

/* Answers of some server: most are near a typical time, a few far above. */
static struct sample make_sample(struct rng *rng, uint64_t typical_us)
{
	uint64_t first_us = typical_us / 2 + between(rng, 0, typical_us);
	struct sample s = {.body_bytes = between(rng, 200, 20000),
	    .phases = 1U << PHASE_FIRST_BYTE | 1U << PHASE_TRANSFER,
	    .wall_us = wall_us()};

	if (between(rng, 1, 100) <= 5)
		first_us *= between(rng, 2, 10);
	s.phase_us[PHASE_FIRST_BYTE] = first_us;
	s.phase_us[PHASE_TRANSFER] = between(rng, 20, 400);
	s.response_us = first_us + s.phase_us[PHASE_TRANSFER];
	if (between(rng, 1, 100) <= 3) {
		s.phases |= 1U << PHASE_DNS | 1U << PHASE_CONNECT;
		s.phase_us[PHASE_DNS] = between(rng, 100, 3000);
		s.phase_us[PHASE_CONNECT] = between(rng, 200, 5000);
		s.response_us +=
		    s.phase_us[PHASE_DNS] + s.phase_us[PHASE_CONNECT];
	}
	if (between(rng, 1, 1000) == 1)
		s.failure = "status 503";
	return s;
}

static void make_table(
    struct table *table, uint64_t rows, struct rng *rng, uint64_t typical_us)
{
	for (uint64_t i = 0; i < rows; i++) {
		uint64_t n = between(rng, LEAST_REQUESTS, MOST_REQUESTS);
		char name[32];
		struct row *row;

		snprintf(name, sizeof(name), "/page/%03" PRIu64, i);
		row = table_row(table, "GET", name);
		for (uint64_t k = 0; k < n; k++) {
			struct sample s =
			    make_sample(rng, typical_us + i * typical_us / 10);

			table_record(table, row, &s);
		}
	}
}

/* The share of one of n workers: all together are all. */
static uint64_t share(uint64_t all, uint32_t n, uint32_t worker)
{
	return all / n + (worker < all % n);
}

static void make_count(struct worker_count *c, const struct table *table,
    uint32_t workers, struct rng *rng)
{
	struct row all;

	table_total(table, &all);
	c->users = c->most_users = 100;
	c->cpu_us = between(rng, 100000, 2000000);
	c->busy_us = 3 * US_PER_S;
	c->books.failed = share(all.failures, workers, c->worker);
	c->books.passed =
	    share(all.requests - all.failures, workers, c->worker);
	c->books.started = c->books.passed + c->books.failed;
	c->books.tasks = c->books.started;
	for (int i = 0; i < TURNS; i++)
		hist_record(&c->lateness, between(rng, 1, 300));
	row_clear(&all);
}

/* Those fields of a snapshot that differ each time stand at its beginning. */
static void set_front(
    struct buf *frame, uint64_t sequence, uint64_t grid, uint64_t until_us)
{
	struct buf front;

	buf_init(&front, 3 * sizeof(uint64_t));
	buf_put_u64(&front, sequence);
	buf_put_u64(&front, grid);
	buf_put_u64(&front, until_us);
	memcpy(frame->data + frame->start + WIRE_HEADER_BYTES,
	    buf_bytes(&front), buf_len(&front));
	buf_clear(&front);
}

/* That this is so, and that all of it is in one frame. */
static void check_front(const struct pretence *p)
{
	const char *why = "its first fields stand elsewhere";
	struct snapshot s;
	struct buf copy;

	buf_init(&copy, WIRE_HEADER_BYTES + WIRE_MAX_FRAME);
	buf_put(&copy, buf_bytes(&p->frame), buf_len(&p->frame));
	set_front(&copy, 3, 4, 5);
	if (!wire_get_snapshot(&copy, &s, &why) || s.sequence != 3 ||
	    s.grid != 4 || s.until_us != 5 || !s.is_last_part)
		die("a snapshot", why);
	snapshot_clear(&s);
	buf_clear(&copy);
}

static void make_pretence(struct pretence *p, uint32_t workers,
    const struct table *table, struct rng *rng)
{
	struct worker_count counts[MOST_WORKERS] = {0};
	struct snapshot s = {
	    .stage = 1, .table = *table, .counts = counts, .n_counts = workers};
	uint64_t sequence = 0;

	for (uint32_t i = 0; i < workers; i++) {
		counts[i].worker = i;
		make_count(&counts[i], table, workers, rng);
		p->books[i] = counts[i].books;
	}
	buf_init(&p->frame, WIRE_HEADER_BYTES + WIRE_MAX_FRAME);
	wire_put_snapshot(&p->frame, &s, &sequence);
	check_front(p);
	for (uint32_t i = 0; i < workers; i++)
		hist_clear(&counts[i].lateness);
}

static void make_pretences(struct peers *peers)
{
	for (unsigned i = 0; i < VARIANTS; i++) {
		struct table table = {0};
		struct rng rng;

		rng_init(&rng, 1, i);
		make_table(&table, peers->rows, &rng, 4000 + 500 * i);
		for (uint32_t n = LEAST_WORKERS; n <= MOST_WORKERS; n++)
			make_pretence(&peers->pretences[i][n], n, &table, &rng);
		table_clear(&table);
	}
}

/* --- what they say ------------------------------------------------------- */

static void hang_up(struct peers *peers, struct host *h)
{
	peers->by_fd[h->peer.in_fd] = peers->by_fd[h->peer.out_fd] = NULL;
	peer_clear(&h->peer);
	close(h->wait_fd);
	h->is_gone = true;
	peers->gone++;
}

static void tell(struct peers *peers, struct host *h)
{
	if (h->is_gone)
		return;
	if (peer_write(&h->peer) != PEER_OPEN ||
	    (h->is_ending && peer_backlog(&h->peer) == 0))
		hang_up(peers, h);
}

/* Half of what it would have said was on its way. */
static void break_off(struct peers *peers, struct host *h, size_t before)
{
	size_t said = buf_len(&h->peer.out) - before;

	h->peer.out.end -= said / 2;
	(void)peer_write(&h->peer);
	hang_up(peers, h);
	peers->died++;
}

static void put_snapshot(struct peers *peers, struct host *h)
{
	struct pretence *p =
	    &peers->pretences[(h->number + h->grid) % VARIANTS][h->workers];
	size_t before = buf_len(&h->peer.out);

	h->grid++;
	set_front(
	    &p->frame, ++h->sequence, h->grid, h->grid * peers->interval_us);
	buf_put(&h->peer.out, buf_bytes(&p->frame), buf_len(&p->frame));
	if (h->peer.out.full)
		die("a host", "the parent takes nothing from it");
	if (h->grid == h->dies_at) {
		break_off(peers, h, before);
		return;
	}
	peers->snapshots++;
	peers->bytes += buf_len(&p->frame);
	for (uint32_t i = 0; i < h->workers; i++) {
		books_add(&h->sent[i], &p->books[i]);
		books_add(&h->account, &p->books[i]);
		books_add(&peers->books, &p->books[i]);
	}
}

static void put_end(struct host *h)
{
	static char none[] = "";

	for (uint32_t i = 0; i < h->workers; i++)
		wire_put_member(
		    &h->peer.out, &(struct member_message) {.worker = i,
				      .news = MEMBER_NEWS_DONE,
				      .host = none,
				      .why = none,
				      .books = h->sent[i]});
	wire_put_final(&h->peer.out, &(struct final) {h->account, h->sequence});
	h->is_ending = true;
}

static void greet(struct host *h)
{
	char version[] = LOADGEN_VERSION;
	char name[] = "pretended";

	wire_put_greeting(&h->peer.out,
	    &(struct greeting) {
		.pid = (uint32_t)getpid(), .host = name, .version = version});
}

static void get_ready(struct host *h)
{
	static char none[] = "";
	struct ready_message ready = {.readiness = READY_TO_START,
	    .why = none,
	    .need_us = US_PER_MS,
	    .files = FILES};

	for (uint32_t i = 0; i < h->workers; i++)
		wire_put_member(
		    &h->peer.out, &(struct member_message) {.worker = i,
				      .news = MEMBER_NEWS_UP,
				      .pid = 1 + i,
				      .host = none,
				      .why = none});
	roster_alike(&ready.roster, h->workers);
	wire_put_ready(&h->peer.out, &ready);
	roster_clear(&ready.roster);
}

/* --- what they are told -------------------------------------------------- */

static void start(struct peers *peers, struct host *h, const struct start *s)
{
	uint64_t now_us = clock_us();

	h->is_playing = true;
	h->start_us = now_us + s->delay_us;
	if (peers->started++ == 0) {
		peers->first_told_us = now_us;
		peers->first_start_us = h->start_us;
	}
	if (h->start_us < peers->first_start_us)
		peers->first_start_us = h->start_us;
	if (h->start_us > peers->last_start_us)
		peers->last_start_us = h->start_us;
}

static bool take_start(struct peers *peers, struct host *h, const char **why)
{
	struct start s;
	bool is_good = wire_get_start(&h->peer.in, &s, why);

	if (is_good)
		start(peers, h, &s);
	start_clear(&s);
	return is_good;
}

static bool take_ping(struct host *h, const char **why)
{
	uint64_t number;

	if (!wire_get_ping(&h->peer.in, MESSAGE_PING, &number, why))
		return false;
	wire_put_ping(&h->peer.out, MESSAGE_PONG, number);
	return true;
}

static bool take_command(struct host *h, const char **why)
{
	enum command command;

	if (!wire_get_command(&h->peer.in, &command, why))
		return false;
	if (command != COMMAND_REPORT && !h->is_ending)
		put_end(h);
	return true;
}

static bool take_greeting(struct host *h, const char **why)
{
	struct greeting g;
	bool is_good = wire_get_greeting(&h->peer.in, &g, why);

	greeting_clear(&g);
	return is_good;
}

static bool take(struct peers *peers, struct host *h, enum message_type type,
    size_t bytes, const char **why)
{
	switch (type) {
	case MESSAGE_GREETING:
		return take_greeting(h, why);
	case MESSAGE_PREPARE:
		get_ready(h);
		return wire_get_prepare(&h->peer.in, why);
	case MESSAGE_START:
		return take_start(peers, h, why);
	case MESSAGE_PING:
		return take_ping(h, why);
	case MESSAGE_COMMAND:
		return take_command(h, why);
	default:
		/* of what a plan is made of none is needed here */
		buf_consume(&h->peer.in, WIRE_HEADER_BYTES + bytes);
		return true;
	}
}

static void hear(struct peers *peers, struct host *h)
{
	enum peer_io io = peer_read(&h->peer);
	enum message_type type;
	const char *why = "";
	size_t bytes;
	enum wire_result found;

	do {
		found = wire_peek(&h->peer.in, &type, &bytes, &why);
		if (found == WIRE_BAD ||
		    (found == WIRE_OK && !take(peers, h, type, bytes, &why)))
			die("what the parent says", why);
	} while (found == WIRE_OK);
	if (io != PEER_OPEN)
		hang_up(peers, h);
	else
		tell(peers, h);
}

/* --- time ---------------------------------------------------------------- */

/* When it has something to say by itself. */
static uint64_t due_us(const struct peers *peers, const struct host *h)
{
	if (!h->is_playing || h->is_ending || h->is_gone)
		return UINT64_MAX;
	return h->start_us + (h->grid + 1) * peers->interval_us;
}

/* Says what is due, and when the next is. */
static uint64_t mind_time(struct peers *peers)
{
	uint64_t next_us = UINT64_MAX;

	for (uint64_t i = 0; i < peers->n; i++) {
		struct host *h = &peers->hosts[i];

		if (due_us(peers, h) <= clock_us()) {
			put_snapshot(peers, h);
			if (!h->is_gone &&
			    h->grid * peers->interval_us >= peers->run_us)
				put_end(h);
			tell(peers, h);
		}
		if (due_us(peers, h) < next_us)
			next_us = due_us(peers, h);
	}
	return next_us;
}

/* --- who comes ----------------------------------------------------------- */

/* The standard input and output that the command on fd hands over. */
static bool take_pipes(int fd, int *in_fd, int *out_fd)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr aligned;
	} control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c;
	int fds[2];

	if (recvmsg(fd, &message, 0) != 1)
		return false;
	c = CMSG_FIRSTHDR(&message);
	if (c == NULL || c->cmsg_len != CMSG_LEN(sizeof(fds)))
		return false;
	memcpy(fds, CMSG_DATA(c), sizeof(fds));
	*in_fd = fds[0];
	*out_fd = fds[1];
	return true;
}

static void know(struct peers *peers, int fd, struct host *h)
{
	if ((size_t)fd >= peers->n_fds)
		die("a host", "its descriptor is above the limit");
	peers->by_fd[fd] = h;
}

static void take_in(struct peers *peers)
{
	int fd = accept(peers->listen_fd, NULL, NULL);
	int in_fd, out_fd;
	struct host *h = &peers->hosts[peers->n];

	if (fd < 0 || !take_pipes(fd, &in_fd, &out_fd))
		die("a host that comes", strerror(errno));
	if (peers->n == peers->wanted)
		die("a host that comes", "there are enough");
	if (peers->n == 0)
		peers->begun_us = clock_us();
	*h = (struct host) {.wait_fd = fd,
	    .number = (uint32_t)peers->n,
	    .workers = LEAST_WORKERS +
		       (uint32_t)peers->n % (MOST_WORKERS - LEAST_WORKERS + 1)};
	/* spread over the run, and none in its first interval */
	if (peers->dying > 0 && peers->n % (peers->wanted / peers->dying) == 0)
		h->dies_at =
		    2 + peers->n % (peers->run_us / peers->interval_us - 1);
	if (peer_init(&h->peer, peers->poller, in_fd, out_fd) != 0)
		die("a host's pipes", strerror(errno));
	know(peers, in_fd, h);
	know(peers, out_fd, h);
	peers->n++;
	greet(h);
	tell(peers, h);
}

static void dispatch(struct peers *peers, const struct poller_event *event)
{
	struct host *h = peers->by_fd[event->fd];

	if (event->fd == peers->listen_fd)
		take_in(peers);
	else if (h != NULL && event->fd == h->peer.in_fd)
		hear(peers, h);
	else if (h != NULL)
		tell(peers, h);
}

static void play(struct peers *peers)
{
	struct poller_event events[EVENTS];
	uint64_t next_us = UINT64_MAX;

	while (peers->gone < peers->wanted) {
		uint64_t now_us = clock_us();
		uint64_t started = peers->started;
		int n = poller_wait(peers->poller,
		    next_us == UINT64_MAX ? UINT64_MAX
		    : next_us > now_us    ? next_us - now_us
					  : 0,
		    NULL, events, EVENTS);

		if (n < 0)
			die("waiting", strerror(errno));
		for (int i = 0; i < n; i++)
			dispatch(peers, &events[i]);
		if (peers->started > started || clock_us() >= next_us)
			next_us = mind_time(peers);
	}
}

/* --- both ends ----------------------------------------------------------- */

static int open_socket(const char *path, struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	*address = (struct sockaddr_un) {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path))
		die(path, "too long for a socket");
	memcpy(address->sun_path, path, strlen(path));
	if (fd < 0)
		die(path, strerror(errno));
	return fd;
}

static void print_results(const struct peers *peers)
{
	printf("{\"hosts\": %" PRIu64 ", \"died\": %" PRIu64
	       ", \"first_connect_us\": %" PRIu64 ", \"told_us\": %" PRIu64
	       ", \"start_us\": %" PRIu64 ", \"last_start_us\": %" PRIu64
	       ", \"snapshots\": %" PRIu64 ", \"snapshot_bytes\": %" PRIu64
	       ", \"passed\": %" PRIu64 ", \"failed\": %" PRIu64 "}\n",
	    peers->n, peers->died, peers->begun_us, peers->first_told_us,
	    peers->first_start_us, peers->last_start_us, peers->snapshots,
	    peers->bytes, peers->books.passed, peers->books.failed);
}

static int serve(struct peers *peers, const char *path)
{
	struct sockaddr_un address;
	long files = sysconf(_SC_OPEN_MAX);

	peers->listen_fd = open_socket(path, &address);
	(void)unlink(path);
	if (bind(peers->listen_fd, (struct sockaddr *)&address,
		sizeof(address)) < 0 ||
	    listen(peers->listen_fd, BACKLOG) < 0)
		die(path, strerror(errno));
	(void)signal(SIGPIPE, SIG_IGN);
	peers->n_fds = (size_t)files;
	peers->by_fd = xcalloc(peers->n_fds, sizeof(*peers->by_fd));
	peers->hosts = xcalloc(peers->wanted + 1, sizeof(*peers->hosts));
	make_pretences(peers);
	peers->poller = poller_new();
	if (peers->poller == NULL ||
	    poller_set(peers->poller, peers->listen_fd, POLLER_READ) < 0)
		die("waiting", strerror(errno));
	puts("ready");
	fflush(stdout);
	play(peers);
	print_results(peers);
	for (unsigned i = 0; i < VARIANTS; i++)
		for (uint32_t n = LEAST_WORKERS; n <= MOST_WORKERS; n++)
			buf_clear(&peers->pretences[i][n].frame);
	poller_free(peers->poller);
	free(peers->by_fd);
	free(peers->hosts);
	(void)unlink(path);
	return EXIT_SUCCESS;
}

/* The command that leads to a host. */
static int reach(const char *path, char *const *words)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr aligned;
	} control = {{0}};
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	int fds[2] = {STDIN_FILENO, STDOUT_FILENO};
	struct sockaddr_un address;
	int fd;

	if (strncmp(words[0], GATE, GATE_LETTERS) == 0) {
		execvp(words[1], words + 1);
		die(words[1], strerror(errno));
	}
	fd = open_socket(path, &address);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    sendmsg(fd, &message, 0) != 1)
		die(path, strerror(errno));
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	return EXIT_SUCCESS;
}

static const char usage[] =
    "peers serve SOCKET HOSTS ROWS DYING INTERVAL RUN_TIME\n"
    "peers reach SOCKET HOST PROGRAM [ARGUMENT...]\n";

int main(int argc, char **argv)
{
	struct peers peers = {0};

	if (argc >= 5 && strcmp(argv[1], "reach") == 0)
		return reach(argv[2], argv + 3);
	if (argc == 8 && strcmp(argv[1], "serve") == 0 &&
	    parse_count(argv[3], &peers.wanted) &&
	    parse_count(argv[4], &peers.rows) &&
	    parse_count(argv[5], &peers.dying) &&
	    parse_duration_us(argv[6], &peers.interval_us) &&
	    parse_duration_us(argv[7], &peers.run_us) && peers.wanted > 0 &&
	    peers.wanted <= MAX_HOSTS && peers.rows <= MAX_ROWS &&
	    peers.dying <= peers.wanted && peers.interval_us > 0 &&
	    peers.run_us >= 2 * peers.interval_us)
		return serve(&peers, argv[2]);
	fputs(usage, stderr);
	return 2;
}
