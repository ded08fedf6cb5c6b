/*
 * The least that a libcurl client can do: users who fetch one URL, or post to
 * it, over and over. It owns the floor that loadgen is measured against, and
 * must not know statistics, plans or anything else of loadgen.
 */
#include <curl/curl.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	OWN_CONNECTIONS = 1, /* a share for each user */
	LAZY_EPOLL = 2,      /* REMOVE is only noted */
	POOL = 4,      /* handles lent for each request, URL parsed once */
	NEXT_PORT = 8, /* local ports one after another */
	AHEAD = 16,    /* memory fetched into the cache ahead of use */
	FLOOR = OWN_CONNECTIONS | LAZY_EPOLL | POOL | NEXT_PORT,
	HANDLE_BYTES = 5376, /* of libcurl 7.88; others are about as large */
	SHARE_BYTES = 192,   /* what each request looks at */
	CACHE_LINE = 64,
	FEW = 128, /* handles of so many stay in the cache anyhow */
	MAX_USERS = 100000,
	MAX_SECONDS = 3600,
	RAMP = 1000,     /* users at a time who wait for their first answer */
	RAMP_ONCE = 100, /* fewer handles in the pool when users go idle */
	BATCH = 256,
	LOCAL_PORT_RANGE = 51 /* an option of Linux 6.3 */
};

static const struct variant {
	const char *name;
	unsigned flags;
} variants[] = {
    {"shared", 0},
    {"share", OWN_CONNECTIONS},
    {"lazy", OWN_CONNECTIONS | LAZY_EPOLL},
    {"floor", FLOOR},
    {"ahead", FLOOR | AHEAD},
};

struct user {
	CURLSH *share; /* NULL when all users share the multi's connections */
	CURL *easy;    /* owned, but borrowed from the pool with POOL */
	bool answered;
};

struct watch {
	struct user *user;   /* noted with AHEAD; or NULL */
	uint32_t registered; /* what epoll watches this descriptor for */
	uint32_t wanted;     /* what libcurl asked for last */
	bool ours;           /* libcurl will tell when it closes it */
};

struct loop {
	const struct variant *variant;
	const char *url;
	const char *body; /* posted as JSON; NULL: a GET */
	struct curl_slist *headers;
	bool fresh; /* a new connection for each request */
	bool http2;
	CURLU *parsed_url;
	CURLM *multi;
	int epoll_fd;
	struct watch *watches; /* by descriptor */
	size_t watch_count;
	uint64_t deadline_us; /* when libcurl wants to be called */
	struct user *users;
	size_t user_count;
	size_t started;
	size_t first_answers;
	CURL **pool;
	size_t pool_count;
	bool once; /* each user sends one request and then waits */
	uint64_t requests;
	uint64_t failed;
};

/* a socket with a range of its own is given one port after another */
static const uint32_t all_ports = UINT32_C(65535) << 16 | 1;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bare: %s: %s\n", what, why);
	exit(1);
}

static void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL)
		die("memory", strerror(errno));
	return p;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	(void)arg;
	return size * count;
}

static curl_socket_t on_open(
    void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct loop *loop = arg;
	int fd = socket(address->family, address->socktype, address->protocol);

	(void)purpose;
	if (fd < 0)
		return CURL_SOCKET_BAD;
	if ((size_t)fd >= loop->watch_count) {
		close(fd);
		return CURL_SOCKET_BAD;
	}
	if (loop->variant->flags & NEXT_PORT)
		setsockopt(fd, IPPROTO_IP, LOCAL_PORT_RANGE, &all_ports,
		    sizeof(all_ports));
	loop->watches[fd] = (struct watch) {.ours = true};
	return fd;
}

static int on_close(void *arg, curl_socket_t fd)
{
	struct loop *loop = arg;

	loop->watches[fd] = (struct watch) {0};
	return close(fd);
}

static void watch_set(struct loop *loop, int fd, uint32_t events)
{
	struct watch *w = &loop->watches[fd];
	struct epoll_event e = {.events = events, .data.fd = fd};
	int how = w->registered == 0 ? EPOLL_CTL_ADD
		  : events == 0      ? EPOLL_CTL_DEL
				     : EPOLL_CTL_MOD;

	if (w->registered == events)
		return;
	if (epoll_ctl(loop->epoll_fd, how, fd, &e) < 0 && events != 0)
		die("epoll_ctl", strerror(errno));
	w->registered = events;
}

static int on_socket(
    CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	static const uint32_t events[] = {
	    [CURL_POLL_IN] = EPOLLIN,
	    [CURL_POLL_OUT] = EPOLLOUT,
	    [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT,
	    [CURL_POLL_REMOVE] = 0,
	};
	struct loop *loop = arg;
	struct watch *w;

	(void)socket_arg;
	if ((size_t)fd >= loop->watch_count)
		die("descriptor", "above the open file limit");
	w = &loop->watches[fd];
	if (w->user == NULL && (loop->variant->flags & AHEAD))
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &w->user);
	w->wanted = events[what];
	if (w->wanted != 0 || !w->ours)
		watch_set(loop, fd, w->wanted);
	return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct loop *loop = arg;

	(void)multi;
	loop->deadline_us = timeout_ms < 0
				? UINT64_MAX
				: now_us() + (uint64_t)timeout_ms * 1000;
	return 0;
}

static void add_header(struct loop *loop, const char *line)
{
	loop->headers = curl_slist_append(loop->headers, line);
	if (loop->headers == NULL)
		die("memory", strerror(ENOMEM));
}

static void easy_say_what(struct loop *loop, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    loop->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	if (loop->fresh)
		curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	if (loop->body != NULL)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, loop->body);
	if (loop->headers != NULL)
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, loop->headers);
}

static CURL *easy_new(struct loop *loop)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		die("curl_easy_init", "no memory");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	easy_say_what(loop, easy);
	if (loop->variant->flags & LAZY_EPOLL) {
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, loop);
		curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
		curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, loop);
	}
	if (loop->variant->flags & POOL) {
		curl_easy_setopt(easy, CURLOPT_CURLU, loop->parsed_url);
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
		curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	} else {
		curl_easy_setopt(easy, CURLOPT_URL, loop->url);
	}
	return easy;
}

static void user_send(struct loop *loop, struct user *user)
{
	if ((loop->variant->flags & POOL) && loop->pool_count > 0)
		user->easy = loop->pool[--loop->pool_count];
	if (user->easy == NULL)
		user->easy = easy_new(loop);
	curl_easy_setopt(user->easy, CURLOPT_PRIVATE, user);
	curl_easy_setopt(user->easy, CURLOPT_SHARE, user->share);
	if (curl_multi_add_handle(loop->multi, user->easy) != CURLM_OK)
		die("curl_multi_add_handle", "refused");
}

static void user_start(struct loop *loop, struct user *user)
{
	if (loop->variant->flags & OWN_CONNECTIONS) {
		user->share = curl_share_init();
		if (user->share == NULL)
			die("curl_share_init", "no memory");
		curl_share_setopt(
		    user->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
		curl_share_setopt(
		    user->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	}
	user_send(loop, user);
}

/* the next request takes the handle that is still warm from the last */
static void loop_collect(struct loop *loop)
{
	CURLMsg *message;
	struct user *user;
	int left;

	while ((message = curl_multi_info_read(loop->multi, &left)) != NULL) {
		CURL *easy = message->easy_handle;

		if (message->data.result == CURLE_OK)
			loop->requests++;
		else
			loop->failed++;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &user);
		curl_multi_remove_handle(loop->multi, easy);
		if (!user->answered)
			loop->first_answers++;
		user->answered = true;
		if (loop->variant->flags & POOL) {
			curl_easy_setopt(easy, CURLOPT_SHARE, NULL);
			loop->pool[loop->pool_count++] = easy;
			user->easy = NULL;
		}
		if (!loop->once)
			user_send(loop, user);
	}
}

static void fetch(const void *from, size_t bytes)
{
	for (size_t i = 0; from != NULL && i < bytes; i += CACHE_LINE)
		__builtin_prefetch((const char *)from + i);
	/* or gcc leaves out all calls, as of what does nothing */
	__asm__ volatile("");
}

/* what the next events will touch, while the one at hand is dealt with: first
 * the users, from there the rest */
static void look_ahead(
    const struct loop *loop, const struct epoll_event *next, int count)
{
	const struct user *user;

	if (loop->user_count <= FEW)
		return;
	if (count > 1)
		fetch(loop->watches[next[1].data.fd].user, sizeof(*user));
	user = count > 0 ? loop->watches[next[0].data.fd].user : NULL;
	if (user == NULL)
		return;
	fetch(user->easy, HANDLE_BYTES);
	fetch(user->share, SHARE_BYTES);
}

static void loop_events(struct loop *loop, struct epoll_event *e, int count)
{
	int running;

	for (int i = 0; i < count; i++) {
		int fd = e[i].data.fd;
		int what =
		    (e[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
		    (e[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		    (e[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR
							 : 0);

		if (loop->variant->flags & AHEAD)
			look_ahead(loop, &e[i + 1], count - i - 1);
		if (loop->watches[fd].wanted == 0) {
			watch_set(loop, fd, 0);
			continue;
		}
		curl_multi_socket_action(loop->multi, fd, what, &running);
		loop_collect(loop);
	}
}

static bool may_start(const struct loop *loop)
{
	size_t ramp = loop->once ? RAMP_ONCE : RAMP;

	return loop->started < loop->user_count &&
	       loop->started - loop->first_answers < ramp;
}

/* starts users; lets libcurl send what was added since the last time */
static void loop_send(struct loop *loop)
{
	int running;

	while (may_start(loop))
		user_start(loop, &loop->users[loop->started++]);
	if (now_us() >= loop->deadline_us) {
		loop->deadline_us = UINT64_MAX;
		curl_multi_socket_action(
		    loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		loop_collect(loop);
	}
}

static int wait_ms(const struct loop *loop, uint64_t end_us)
{
	uint64_t now = now_us();
	uint64_t until =
	    loop->deadline_us < end_us ? loop->deadline_us : end_us;

	if (until <= now || may_start(loop))
		return 0;
	return (int)((until - now + 999) / 1000);
}

static void loop_run(struct loop *loop, uint64_t end_us)
{
	struct epoll_event events[BATCH];

	loop_send(loop);
	while (now_us() < end_us) {
		int count = epoll_wait(
		    loop->epoll_fd, events, BATCH, wait_ms(loop, end_us));

		if (count < 0 && errno != EINTR)
			die("epoll_wait", strerror(errno));
		loop_events(loop, events, count);
		loop_send(loop);
	}
}

/* a table for every descriptor that this process may open */
static void loop_watches(struct loop *loop)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit", strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit", strerror(errno));
	loop->watch_count = limit.rlim_cur > 2 * MAX_USERS
				? 2 * MAX_USERS
				: (size_t)limit.rlim_cur;
	loop->watches = xcalloc(loop->watch_count, sizeof *loop->watches);
}

static void loop_init(struct loop *loop)
{
	loop_watches(loop);
	loop->deadline_us = UINT64_MAX;
	loop->users = xcalloc(loop->user_count, sizeof *loop->users);
	loop->pool = xcalloc(loop->user_count, sizeof(CURL *));
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		die("epoll_create1", strerror(errno));
	if (loop->body != NULL)
		add_header(loop, "Content-Type: application/json");
	loop->parsed_url = curl_url();
	if (loop->parsed_url == NULL ||
	    curl_url_set(loop->parsed_url, CURLUPART_URL, loop->url, 0) !=
		CURLUE_OK)
		die(loop->url, "not a URL");
	loop->multi = curl_multi_init();
	if (loop->multi == NULL)
		die("curl_multi_init", "no memory");
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, 1L << 20);
	curl_multi_setopt(
	    loop->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
}

/*
 * From /proc, in kB, since ru_maxrss also holds the peak of the process that
 * this one was forked from.
 */
static unsigned long memory_kb(const char *key)
{
	unsigned long kb = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			kb = strtoul(line + strlen(key), NULL, 10);
	if (f != NULL)
		fclose(f);
	return kb;
}

static double cpu_us(void)
{
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) < 0)
		die("getrusage", strerror(errno));
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void print_result(const struct loop *loop, double seconds, double us)
{
	double requests = (double)loop->requests;

	printf("variant=%s users=%zu answered=%zu requests=%llu failed=%llu "
	       "seconds=%.3f rps=%.0f cpu_us_per_request=%.2f "
	       "rss_kb=%lu peak_rss_kb=%lu\n",
	    loop->variant->name, loop->user_count, loop->first_answers,
	    (unsigned long long)loop->requests,
	    (unsigned long long)loop->failed, seconds, requests / seconds,
	    requests > 0 ? us / requests : 0, memory_kb("VmRSS:"),
	    memory_kb("VmHWM:"));
}

static int usage(void)
{
	fputs("usage: bare [-12n] [-d body] [-H header] [-u users] "
	      "[-m shared|share|lazy|floor|ahead] [-t seconds] URL\n"
	      "  -1  each user sends one request and then waits\n"
	      "  -2  HTTP/2, over TLS\n"
	      "  -n  a new connection for each request\n"
	      "  -d  POST this as JSON\n"
	      "  -H  send this header too, as NAME: VALUE\n",
	    stderr);
	return 2;
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || n == 0 || n > max)
		die(text, "not a number from 1 to what is sensible here");
	return n;
}

static const struct variant *variant_find(const char *name)
{
	for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
		if (strcmp(variants[i].name, name) == 0)
			return &variants[i];
	die(name, "no such variant");
	return NULL;
}

/* false where the usage has to be shown */
static bool read_options(
    struct loop *loop, uint64_t *seconds, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "12nd:H:m:u:t:")) != -1) {
		if (option == '1')
			loop->once = true;
		else if (option == '2')
			loop->http2 = true;
		else if (option == 'n')
			loop->fresh = true;
		else if (option == 'd')
			loop->body = optarg;
		else if (option == 'H')
			add_header(loop, optarg);
		else if (option == 'm')
			loop->variant = variant_find(optarg);
		else if (option == 'u')
			loop->user_count = number(optarg, MAX_USERS);
		else if (option == 't')
			*seconds = number(optarg, MAX_SECONDS);
		else
			return false;
	}
	if (optind + 1 != argc)
		return false;
	loop->url = argv[optind];
	return true;
}

int main(int argc, char **argv)
{
	struct loop loop = {.user_count = 1};
	uint64_t seconds = 4;
	uint64_t start_us;

	loop.variant = variant_find("floor");
	if (!read_options(&loop, &seconds, argc, argv))
		return usage();
	signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die("curl_global_init", "failed");
	loop_init(&loop);
	start_us = now_us();
	loop_run(&loop, start_us + seconds * 1000000);
	print_result(&loop, (double)(now_us() - start_us) / 1e6, cpu_us());
	return 0;
}
