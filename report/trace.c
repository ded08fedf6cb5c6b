/*
 * The lines of --once. It must not know what is played next, nor what an exit
 * status is.
 */
#include "report/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/capture.h"
#include "report/terminal.h"
#include "report/text.h"

enum {
	VALUE_COLUMNS = 60,    /* shown of a value */
	BODY_SHOWN = 200,      /* of one that failed, without -v */
	BODY_BYTES = 16 << 10, /* shown of a body */
	REQUEST_COLUMNS = 36,  /* of method and URL, before the status */
	MAX_LINE_BYTES = 64 << 10
};

struct trace {
	const struct plan *plan;
	struct terminal terminal;
	bool is_verbose;
	const char *role; /* static: "setup", ...; NULL: tasks of a user */
	const struct task *task; /* whose heading stands above; NULL: none */
	uint64_t iteration;
	struct buf wire;   /* what went over it for the request at hand */
	size_t body_bytes; /* of it, shown so far */
	bool is_at_line_end;
	bool has_gaps; /* some task was not run, and nobody meant it */
};

struct trace *trace_new(const struct plan *plan, FILE *out, bool is_verbose)
{
	struct trace *t = xcalloc(1, sizeof(*t));

	t->plan = plan;
	t->is_verbose = is_verbose;
	terminal_look(&t->terminal, out);
	buf_init(&t->wire, MAX_LINE_BYTES * 16);
	return t;
}

void trace_free(struct trace *t)
{
	if (t == NULL)
		return;
	buf_clear(&t->wire);
	free(t);
}

/* --- headings ----------------------------------------------------------- */

void trace_intention(struct trace *t)
{
	const struct plan *plan = t->plan;

	terminal_line(&t->terminal, STYLE_HEAD, "%s: each task once%s%s",
	    plan->file, plan->n_asked > 0 ? ", " : "",
	    plan->n_asked > 0 ? plan->bases[0].text : "");
}

void trace_role(struct trace *t, const char *what)
{
	t->role = what;
	t->task = NULL;
}

void trace_user(struct trace *t, const char *kind)
{
	t->role = NULL;
	t->task = NULL;
	if (kind != NULL)
		terminal_line(&t->terminal, STYLE_HEAD, "\nuser %s", kind);
}

void trace_end_task(struct trace *t)
{
	t->task = NULL;
}

/* What else the task that is at hand is for. */
static const char *role_of(const struct trace *t, const struct job *job)
{
	if (t->role != NULL)
		return t->role;
	if (job->user->stage == USER_STARTING)
		return "on_start";
	return job->user->stage == USER_STOPPING ? "on_stop" : NULL;
}

/* The task that the job has begun with, not one that is called by it. */
static const struct task *task_of(const struct job *job)
{
	return job->n_callers > 0 ? job->callers[0].task : job->frame.task;
}

/* The heading of a task, above the first line it gives. A user that has just
 * started has none yet. */
static void head(struct trace *t, const struct job *job)
{
	const struct task *task = task_of(job);
	const char *role = role_of(t, job);

	if (task == NULL || (t->task == task && t->iteration == job->iteration))
		return;
	t->task = task;
	t->iteration = job->iteration;
	terminal_line(&t->terminal, STYLE_HEAD, "\n%s%s%s%s",
	    task->name[0] != '\0' ? task->name : "(task)",
	    role != NULL ? " (" : "", role != NULL ? role : "",
	    role != NULL ? ")" : "");
}

/* "beside: " where it runs in the background. */
static const char *beside(const struct job *job)
{
	return job == &job->user->job ? "" : "beside: ";
}

/* --- values ------------------------------------------------------------- */

/* A value in one short line; owned by the caller. */
static char *shown_value(const char *value)
{
	char *shown = text_shown(value);
	char *cut = text_cut(shown, VALUE_COLUMNS);

	free(shown);
	return cut;
}

static const char *name_of(const struct trace *t, unsigned slot)
{
	const struct variables *v = &t->plan->variables;

	for (size_t i = 0; i < v->n; i++)
		if (v->at[i]->kind == VARIABLE_SLOT && v->at[i]->slot == slot)
			return v->at[i]->name;
	return "";
}

static void line_of_value(struct trace *t, const char *what, const char *name,
    const struct value *value, const char *source)
{
	char *shown =
	    value != NULL ? shown_value(value->text) : xstrdup("(nothing)");

	terminal_line(&t->terminal, value != NULL ? STYLE_PLAIN : STYLE_WARNING,
	    "      %-8s %s = %s%s%s", what, name, shown,
	    source[0] != '\0' ? "   from " : "", source);
	free(shown);
}

void trace_hook_value(
    struct trace *t, const char *hook, const char *name, const char *value)
{
	char *shown = shown_value(value);

	terminal_line(
	    &t->terminal, STYLE_PLAIN, "hook %s: %s = %s", hook, name, shown);
	free(shown);
}

void trace_trouble(struct trace *t, const char *text)
{
	char *shown = text_shown(text);

	terminal_line(&t->terminal, STYLE_WARNING, "! %s", shown);
	free(shown);
}

void trace_not_run(
    struct trace *t, const char *tasks, const char *why, bool is_meant)
{
	char *text = xasprintf("not run: %s: %s", tasks, why);
	char *shown = text_shown(text);

	terminal_wrap(
	    &t->terminal, is_meant ? STYLE_WARNING : STYLE_BAD, "! ", 2, shown);
	t->has_gaps |= !is_meant;
	free(shown);
	free(text);
}

static void on_set(void *context, const struct job *job, unsigned slot)
{
	struct trace *t = context;
	const struct value *value = store_get(&job->values, slot);

	head(t, job);
	line_of_value(t, "set", name_of(t, slot), value, "");
}

/* What a step is, in a word or two; borrowed until the next. */
static const char *word_of_step(const struct step *step)
{
	switch (step->type) {
	case STEP_REQUEST:
		return step->request.name != NULL
			   ? template_text(step->request.name, NULL)
			   : NULL;
	case STEP_POLL:
		return "poll";
	case STEP_CALL:
		return "call";
	case STEP_SLEEP:
		return "sleep";
	case STEP_SET:
		return "set";
	case STEP_EMIT:
		return "emit";
	case STEP_STOP:
		return "stop";
	}
	return NULL;
}

static void on_skip(void *context, const struct job *job)
{
	struct trace *t = context;
	const struct step *step = job_step(job);
	const char *word = word_of_step(step);

	head(t, job);
	terminal_line(&t->terminal, STYLE_FAINT,
	    "      %-8s %s%s%s (line %u), as %s does not hold", "skipped",
	    step->type == STEP_REQUEST ? step->request.method : "",
	    step->type == STEP_REQUEST ? " " : "",
	    word != NULL ? word : "a request", step->where.line,
	    condition_text(step->when));
}

static void on_emit(void *context, const struct event *event)
{
	struct trace *t = context;
	struct buf line;
	char *shown;

	buf_init(&line, MAX_LINE_BYTES);
	for (size_t i = 0; i < event->n_fields; i++)
		buf_printf(&line, " %s=%s", event->fields[i].key,
		    event->fields[i].value);
	shown = shown_value(buf_text(&line));
	terminal_line(&t->terminal, STYLE_PLAIN, "      %-8s %s%s", "emit",
	    event->name, shown);
	free(shown);
	buf_clear(&line);
}

/* --- requests ----------------------------------------------------------- */

/* "connect 0.10  first byte 1.05  transfer 0.02". */
static void put_phases(struct buf *line, const struct http_result *result)
{
	char time[FIGURE_BYTES];

	for (unsigned i = 0; i < PHASES; i++)
		if ((result->phases & 1U << i) != 0)
			buf_printf(line, "  %s %s", phase_names[i],
			    figure_ms(time, result->phase_us[i]));
}

static void put_size(struct buf *line, uint64_t bytes)
{
	if (bytes < 10000)
		buf_printf(line, "%" PRIu64 " B", bytes);
	else if (bytes < UINT64_C(10) << 20)
		buf_printf(line, "%" PRIu64 " KB", bytes >> 10);
	else
		buf_printf(line, "%" PRIu64 " MB", bytes >> 20);
}

/* The path and query of a URL. */
static const char *path_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;

	return path != NULL ? path : url;
}

/* "  2 redirects to /things/17", with the host where that is another one. */
static void put_redirects(struct buf *line, const struct http_result *r)
{
	const char *asked_url = http_asked_url(r);
	char *asked = xstrdup(asked_url != NULL ? asked_url : "");
	size_t host_bytes = (size_t)(path_of(asked) - asked);
	const char *url = http_url(r);
	char *shown;

	if (url != NULL && host_bytes > 0 &&
	    strncmp(url, asked, host_bytes) == 0 && url[host_bytes] == '/')
		url += host_bytes;
	shown = shown_value(url != NULL ? url : "?");
	buf_printf(line, "  %u redirect%s to %s", r->redirects,
	    plural(r->redirects), shown);
	free(shown);
	free(asked);
}

/* "  GET /things/17   200   1.24 ms   345 B   first byte 1.05 ...". */
static void line_of_request(
    struct trace *t, const struct job *job, const struct engine_view *view)
{
	const struct http_result *r = view->result;
	const char *url = http_asked_url(r);
	char *raw = xasprintf("%s %s", r->request->method,
	    url != NULL && r->request->is_absolute ? url
	    : url != NULL                          ? path_of(url)
						   : "(not sent)");
	char *shown = text_shown(raw);
	char time[FIGURE_BYTES];
	struct buf line;

	buf_init(&line, MAX_LINE_BYTES);
	buf_printf(&line, "  %s%-*s  ", beside(job),
	    REQUEST_COLUMNS - (int)strlen(beside(job)), shown);
	if (r->status > 0)
		buf_printf(&line, "%3ld", r->status);
	else
		buf_puts(&line, "  -");
	if (r->is_unsent)
		buf_printf(&line, "  %8s     ", "-");
	else
		buf_printf(
		    &line, "  %8s ms  ", figure_ms(time, r->response_us));
	put_size(&line, r->body_bytes);
	if (r->redirects > 0)
		put_redirects(&line, r);
	put_phases(&line, r);
	terminal_line(&t->terminal,
	    view->failure != NULL ? STYLE_BAD : STYLE_PLAIN, "%s",
	    buf_text(&line));
	buf_clear(&line);
	free(shown);
	free(raw);
}

static const char *word_of(enum condition_result result)
{
	switch (result) {
	case CONDITION_HOLDS:
		return "holds";
	case CONDITION_FAILS:
		return "does not hold";
	case CONDITION_UNDECIDABLE:
		break;
	}
	return "cannot be told";
}

/* "      check    json /status == ACTIVE   holds   (it is ACTIVE)". is_bad:
 * this result is against the request. */
static void line_of_condition(struct trace *t, const char *what,
    const struct condition *c, const struct engine_view *view,
    enum condition_result bad)
{
	struct buf subject, why;
	enum condition_result result;
	char *shown;

	buf_init(&subject, MAX_LINE_BYTES);
	buf_init(&why, MAX_LINE_BYTES);
	result = condition_test(c, view->answer, view->env, &why);
	condition_show_subject(c, view->answer, &subject);
	shown = shown_value(buf_text(&subject));
	terminal_line(&t->terminal,
	    result == bad || result == CONDITION_UNDECIDABLE ? STYLE_BAD
							     : STYLE_PLAIN,
	    "      %-8s %s   %s   (%s%s)", what, condition_text(c),
	    word_of(result), result == CONDITION_UNDECIDABLE ? "" : "it is ",
	    shown);
	free(shown);
	buf_clear(&subject);
	buf_clear(&why);
}

static void line_of_check(
    struct trace *t, const struct check *check, const struct engine_view *view)
{
	line_of_condition(t, check->is_fail_if ? "fail_if" : "check",
	    check->condition, view,
	    check->is_fail_if ? CONDITION_HOLDS : CONDITION_FAILS);
}

/* What an answer means for the poll that asked. */
static void lines_of_poll(struct trace *t, const struct engine_view *view)
{
	const struct poll *poll = &job_step(view->job)->poll;

	if (view->result->status / 100 != 2 || view->result->error != NULL)
		return;
	for (size_t i = 0; i < poll->n_decisions; i++) {
		const struct check *check = &poll->decisions[i];

		line_of_condition(t, check->is_fail_if ? "fail_if" : "until",
		    check->condition, view,
		    check->is_fail_if ? CONDITION_HOLDS
				      : CONDITION_UNDECIDABLE);
	}
}

static void lines_of_takings(struct trace *t, const struct job *job,
    const struct taking *takings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		line_of_value(t, "capture", name_of(t, takings[i].slot),
		    store_get(&job->values, takings[i].slot),
		    capture_text(takings[i].capture));
}

/* --- what went over the wire -------------------------------------------- */

/* Lines of text, each behind a mark; nothing in them steers a terminal. */
static void lines_of_wire(struct trace *t)
{
	const char *text = buf_text(&t->wire);

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		char *line = xstrndup(text, len);
		char *shown = text_shown(line);

		terminal_line(&t->terminal, STYLE_FAINT, "    %s", shown);
		free(shown);
		free(line);
		text += text[len] == '\n' ? len + 1 : len;
	}
	buf_reset(&t->wire);
	t->body_bytes = 0;
	t->is_at_line_end = true;
}

static void on_wire(void *arg, enum http_wire what, const char *bytes, size_t n)
{
	static const char *const marks[] = {
	    [HTTP_WIRE_HEADER_OUT] = "> ",
	    [HTTP_WIRE_HEADER_IN] = "< ",
	    [HTTP_WIRE_BODY_OUT] = ">> ",
	    [HTTP_WIRE_BODY_IN] = "<< ",
	};
	struct trace *t = arg;
	bool is_body = what == HTTP_WIRE_BODY_OUT || what == HTTP_WIRE_BODY_IN;
	size_t room =
	    BODY_BYTES > t->body_bytes ? BODY_BYTES - t->body_bytes : 0;

	if (is_body && n > room)
		n = room;
	if (is_body)
		t->body_bytes += n;
	if (!t->is_at_line_end && n > 0)
		buf_putc(&t->wire, '\n');
	t->is_at_line_end = true;
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\r' && i + 1 < n && bytes[i + 1] == '\n')
			continue;
		if (t->is_at_line_end)
			buf_puts(&t->wire, marks[what]);
		/* a NUL would end what is shown */
		buf_putc(&t->wire, bytes[i] != '\0' ? bytes[i] : '\1');
		t->is_at_line_end = bytes[i] == '\n';
	}
}

void trace_listen(struct trace *t, struct http *http)
{
	t->is_at_line_end = true;
	if (t->is_verbose)
		http_listen(http, on_wire, t);
}

/* --- one request -------------------------------------------------------- */

static void line_of_failure(struct trace *t, const struct engine_view *view)
{
	char *shown;

	if (view->failure == NULL)
		return;
	shown = text_shown(view->failure);
	terminal_line(&t->terminal, STYLE_BAD, "      FAILED   %s", shown);
	free(shown);
}

/* What came, where it is of use and not shown as a whole. */
static void line_of_body(struct trace *t, const struct http_result *r)
{
	char *raw, *shown;

	if (t->is_verbose || r->error != NULL || r->body_len == 0)
		return;
	raw = xstrndup(
	    r->body, r->body_len < BODY_SHOWN ? r->body_len : BODY_SHOWN);
	shown = text_shown(raw);
	terminal_line(&t->terminal, STYLE_FAINT, "      body     %s%s", shown,
	    r->body_len > BODY_SHOWN ? "..." : "");
	free(shown);
	free(raw);
}

/* Steps that a failure leaves out. */
static void line_of_rest(struct trace *t, const struct job *job)
{
	size_t rest = job->frame.task->n_steps - job->frame.step;

	for (unsigned i = 0; i < job->n_callers; i++)
		rest += job->callers[i].task->n_steps - job->callers[i].step;
	if (rest > 0 && job_step(job)->on_fail != ON_FAIL_CONTINUE)
		terminal_line(&t->terminal, STYLE_FAINT,
		    "      the task ends here: %zu step%s below %s not run",
		    rest, plural(rest), rest == 1 ? "is" : "are");
}

static void on_request(void *context, const struct engine_view *view)
{
	struct trace *t = context;
	const struct job *job = view->job;
	const struct request *r = view->result->request;

	head(t, job);
	line_of_request(t, job, view);
	if (t->is_verbose)
		lines_of_wire(t);
	for (size_t i = 0; view->result->error == NULL && i < r->n_checks; i++)
		line_of_check(t, &r->checks[i], view);
	if (job->state == JOB_POLLING)
		lines_of_poll(t, view);
	if (view->failure == NULL)
		lines_of_takings(t, job, r->takings, r->n_takings);
	line_of_failure(t, view);
	if (view->failure != NULL) {
		line_of_body(t, view->result);
		if (job->state != JOB_POLLING)
			line_of_rest(t, job);
	}
}

static void on_whole(void *context, const struct job *job, const char *name,
    const struct whole *whole)
{
	struct trace *t = context;
	char time[FIGURE_BYTES];
	char *shown = text_shown(name);
	bool is_poll = strcmp(whole->type, ROW_POLL) == 0;

	head(t, job);
	terminal_line(&t->terminal,
	    whole->failure != NULL ? STYLE_BAD : STYLE_PLAIN,
	    "  %s%s %s  %s ms%s%s", beside(job),
	    is_poll ? "poll" : "transaction", shown,
	    figure_ms(time, whole->took_us),
	    whole->failure != NULL ? "  FAILED " : "",
	    whole->failure != NULL ? whole->failure : "");
	if (is_poll && whole->failure == NULL)
		lines_of_takings(t, job, job_step(job)->poll.takings,
		    job_step(job)->poll.n_takings);
	free(shown);
}

struct engine_watch trace_watch(struct trace *t)
{
	return (struct engine_watch) {.context = t,
	    .request = on_request,
	    .whole = on_whole,
	    .set = on_set,
	    .skip = on_skip,
	    .emit = on_emit};
}

/* --- the last line ------------------------------------------------------ */

static void trace_stopped(
    struct trace *t, const struct books *books, int signal)
{
	char requests[FIGURE_BYTES], failed[FIGURE_BYTES], cut[FIGURE_BYTES];
	uint64_t n = books->passed + books->failed;

	terminal_line(&t->terminal, STYLE_BAD,
	    "\nSTOPPED by %s: %s request%s, %s failed, %s interrupted",
	    text_signal(signal), figure_count(requests, n), plural(n),
	    books->failed > 0 ? figure_count(failed, books->failed) : "none",
	    figure_count(cut, books->interrupted));
}

void trace_summary(struct trace *t, const struct books *books,
    const struct table *table, int signal, const char *broken)
{
	char requests[FIGURE_BYTES], failed[FIGURE_BYTES];
	uint64_t n = books->passed + books->failed;
	uint64_t wholes = table_failed_wholes(table);
	bool is_good = books->failed == 0 && wholes == 0 && !t->has_gaps;

	figure_count(requests, n);
	if (signal != 0) {
		trace_stopped(t, books, signal);
	} else if (broken != NULL) {
		char *shown = text_shown(broken);

		terminal_line(
		    &t->terminal, STYLE_BAD, "\nNOT PLAYED: %s", shown);
		free(shown);
	} else if (is_good) {
		terminal_line(&t->terminal, STYLE_GOOD,
		    "\nPASSED: %s request%s, none failed", requests, plural(n));
	} else {
		terminal_line(&t->terminal, STYLE_BAD,
		    "\nFAILED: %s of %s request%s%s%s",
		    figure_count(failed, books->failed), requests, plural(n),
		    wholes > 0 ? ", and a poll or transaction" : "",
		    t->has_gaps ? ", and not all tasks were run" : "");
	}
}
