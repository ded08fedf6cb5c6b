/*
 * The short messages, each as bytes and back. It must not know where they
 * travel, nor snapshots.
 */
#include "fleet/frame.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

/* --- messages ----------------------------------------------------------- */

void greeting_clear(struct greeting *g)
{
	free(g->host);
	free(g->version);
	memset(g, 0, sizeof(*g));
}

void wire_greet(struct buf *b)
{
	char *host = xstrdup(host_name());
	char version[] = LOADGEN_VERSION;
	struct greeting g = {
	    .pid = (uint32_t)getpid(), .host = host, .version = version};

	wire_put_greeting(b, &g);
	free(host);
}

void wire_put_greeting(struct buf *b, const struct greeting *g)
{
	size_t at = frame_open(b, MESSAGE_GREETING);

	buf_put_u32(b, WIRE_MAGIC);
	buf_put_u32(b, WIRE_VERSION);
	buf_put_u32(b, g->pid);
	frame_put_text(b, g->host);
	frame_put_text(b, g->version);
	frame_close(b, at);
}

bool wire_get_greeting(struct buf *b, struct greeting *g, const char **why)
{
	struct buf r;
	uint32_t wire_version;
	bool is_good;

	memset(g, 0, sizeof(*g));
	if (!frame_read(b, MESSAGE_GREETING, &r, why))
		return false;
	buf_get_u32(&r); /* the magic, which wire_peek has seen */
	wire_version = buf_get_u32(&r);
	is_good = wire_version == WIRE_VERSION;
	if (is_good) {
		g->pid = buf_get_u32(&r);
		g->host = frame_get_text(&r);
		g->version = frame_get_text(&r);
	} else {
		*why = "another version of loadgen's messages";
	}
	is_good = frame_take(b, &r, is_good, why);
	if (!is_good)
		greeting_clear(g);
	g->wire_version = wire_version;
	return is_good;
}

/* --- values and starts -------------------------------------------------- */

void values_clear(struct wire_values *values)
{
	for (size_t i = 0; i < values->n; i++) {
		free(values->at[i].name);
		free(values->at[i].value);
	}
	free(values->at);
	*values = (struct wire_values) {0};
}

static size_t values_bytes(const struct wire_values *values)
{
	size_t n = 0;

	for (size_t i = 0; i < values->n; i++)
		n += strlen(values->at[i].name) + strlen(values->at[i].value);
	return n;
}

static struct wire_value *find_value(
    const struct wire_values *values, const char *name)
{
	for (size_t i = 0; i < values->n; i++)
		if (strcmp(values->at[i].name, name) == 0)
			return &values->at[i];
	return NULL;
}

bool values_have(const struct wire_values *values, const char *name)
{
	return find_value(values, name) != NULL;
}

bool values_add(struct wire_values *values, const char *name, const char *value)
{
	struct wire_value *there = find_value(values, name);

	if (values_bytes(values) + strlen(name) + strlen(value) >
	    WIRE_MAX_VALUE)
		return false;
	if (there != NULL) {
		free(there->value);
		there->value = xstrdup(value);
		return true;
	}
	if (values->n == WIRE_MAX_VALUES)
		return false;
	values->at =
	    grow(values->at, values->n, &values->cap, sizeof(*values->at));
	values->at[values->n++] =
	    (struct wire_value) {xstrdup(name), xstrdup(value)};
	return true;
}

static void put_values(struct buf *b, const struct wire_values *values)
{
	buf_put_u32(b, (uint32_t)values->n);
	for (size_t i = 0; i < values->n; i++) {
		buf_put_str(b, values->at[i].name);
		buf_put_str(b, values->at[i].value);
	}
}

static bool get_values(
    struct buf *r, struct wire_values *values, const char **why)
{
	uint32_t n = buf_get_u32(r);
	bool is_good = true;

	for (uint32_t i = 0; i < n && is_good && !r->short_read; i++) {
		char *name = buf_get_str(r, WIRE_MAX_TEXT);
		char *value = buf_get_str(r, WIRE_MAX_VALUE);

		if (name != NULL && value != NULL)
			is_good = values_add(values, name, value);
		free(name);
		free(value);
	}
	if (!is_good)
		*why = "more values than there can be";
	return is_good;
}

void start_clear(struct start *s)
{
	values_clear(&s->values);
	roster_clear(&s->roster);
	memset(s, 0, sizeof(*s));
}

void wire_put_start(struct buf *b, const struct start *s)
{
	size_t at = frame_open(b, MESSAGE_START);

	buf_put_u32(b, s->worker);
	frame_put_roster(b, &s->roster);
	buf_put_u64(b, s->delay_us);
	buf_put_u64(b, s->seed);
	buf_put_u8(b, (uint8_t)s->errand);
	put_values(b, &s->values);
	buf_put_u32(b, (uint32_t)s->n_rows);
	for (size_t i = 0; i < s->n_rows; i++) {
		buf_put_u64(b, s->rows[i].from);
		buf_put_u64(b, s->rows[i].upto);
	}
	frame_close(b, at);
}

static bool get_rows(struct buf *r, struct start *s, const char **why)
{
	uint32_t n = buf_get_u32(r);

	*why = "rows that are none";
	if (n > WIRE_MAX_RANGES)
		return false;
	for (; s->n_rows < n; s->n_rows++) {
		struct row_range *rows = &s->rows[s->n_rows];

		rows->from = buf_get_u64(r);
		rows->upto = buf_get_u64(r);
		if (rows->from > rows->upto)
			return false;
	}
	return true;
}

static bool get_start(struct buf *r, struct start *s, const char **why)
{
	unsigned errand;

	s->worker = buf_get_u32(r);
	if (!frame_get_roster(r, &s->roster, why))
		return false;
	s->delay_us = buf_get_u64(r);
	s->seed = buf_get_u64(r);
	errand = buf_get_u8(r);
	if (s->worker >= roster_workers(&s->roster) || errand >= ERRANDS) {
		*why = "a start for a worker that is none";
		return false;
	}
	s->errand = (enum errand)errand;
	return get_values(r, &s->values, why) && get_rows(r, s, why);
}

bool wire_get_start(struct buf *b, struct start *s, const char **why)
{
	struct buf r;
	bool is_good;

	memset(s, 0, sizeof(*s));
	if (!frame_read(b, MESSAGE_START, &r, why))
		return false;
	is_good = get_start(&r, s, why);
	is_good = frame_take(b, &r, is_good, why);
	if (!is_good)
		start_clear(s);
	return is_good;
}

void wire_put_values(struct buf *b, const struct errand_result *result)
{
	size_t at = frame_open(b, MESSAGE_VALUES);

	buf_put_u8(b, result->has_failed);
	put_values(b, &result->values);
	frame_close(b, at);
}

bool wire_get_values(
    struct buf *b, struct errand_result *result, const char **why)
{
	struct buf r;
	unsigned failed;
	bool is_good;

	memset(result, 0, sizeof(*result));
	if (!frame_read(b, MESSAGE_VALUES, &r, why))
		return false;
	failed = buf_get_u8(&r);
	result->has_failed = failed == 1;
	is_good = failed <= 1;
	if (!is_good)
		*why = "an errand that neither failed nor passed";
	is_good = is_good && get_values(&r, &result->values, why);
	is_good = frame_take(b, &r, is_good, why);
	if (!is_good)
		values_clear(&result->values);
	return is_good;
}

/* --- events ------------------------------------------------------------- */

void event_message_clear(struct event_message *e)
{
	for (size_t i = 0; i < e->n_fields; i++) {
		free(e->fields[i].key);
		free(e->fields[i].value);
	}
	free(e->fields);
	free(e->name);
	memset(e, 0, sizeof(*e));
}

static size_t event_bytes(const struct event_message *e)
{
	size_t n = strlen(e->name);

	for (size_t i = 0; i < e->n_fields; i++)
		n += strlen(e->fields[i].key) + strlen(e->fields[i].value);
	return n;
}

void wire_put_event(struct buf *b, const struct event_message *e)
{
	size_t at;

	if (e->n_fields > WIRE_MAX_FIELDS || event_bytes(e) > WIRE_MAX_TEXT) {
		b->full = true;
		return;
	}
	at = frame_open(b, MESSAGE_EVENT);
	buf_put_u8(b, (uint8_t)e->notice);
	buf_put_str(b, e->name);
	buf_put_u64(b, e->number);
	buf_put_u32(b, (uint32_t)e->n_fields);
	for (size_t i = 0; i < e->n_fields; i++) {
		buf_put_str(b, e->fields[i].key);
		buf_put_str(b, e->fields[i].value);
		buf_put_u8(b, e->fields[i].is_number);
	}
	frame_close(b, at);
}

static void get_fields(struct buf *r, struct event_message *e, uint32_t n)
{
	e->fields = xcalloc(n + 1, sizeof(*e->fields));
	for (uint32_t i = 0; i < n && !r->short_read; i++) {
		struct notice_field *field = &e->fields[e->n_fields++];

		field->key = buf_get_str(r, WIRE_MAX_TEXT);
		field->value = buf_get_str(r, WIRE_MAX_TEXT);
		field->is_number = buf_get_u8(r) == 1;
	}
}

bool wire_get_event(struct buf *b, struct event_message *e, const char **why)
{
	struct buf r;
	unsigned notice;
	uint32_t n;
	bool is_good;

	memset(e, 0, sizeof(*e));
	if (!frame_read(b, MESSAGE_EVENT, &r, why))
		return false;
	notice = buf_get_u8(&r);
	e->name = buf_get_str(&r, WIRE_MAX_TEXT);
	e->number = buf_get_u64(&r);
	n = buf_get_u32(&r);
	is_good = notice < NOTICES && n <= WIRE_MAX_FIELDS;
	if (is_good) {
		e->notice = (enum notice)notice;
		get_fields(&r, e, n);
	} else {
		*why = "an event that is none";
	}
	is_good = frame_take(b, &r, is_good, why);
	if (!is_good)
		event_message_clear(e);
	return is_good;
}

/* --- commands and accounts ---------------------------------------------- */

void wire_put_command(struct buf *b, enum command command)
{
	size_t at = frame_open(b, MESSAGE_COMMAND);

	buf_put_u8(b, (uint8_t)command);
	frame_close(b, at);
}

/* As it is above zero: on the wire 0 stands for as many fewer as there may
 * be. */
void wire_put_users(struct buf *b, int32_t more)
{
	size_t at = frame_open(b, MESSAGE_USERS);

	buf_put_u32(b, (uint32_t)(more + WIRE_MAX_USERS));
	frame_close(b, at);
}

bool wire_get_users(struct buf *b, int32_t *more, const char **why)
{
	struct buf r;
	uint32_t number;

	*more = 0;
	if (!frame_read(b, MESSAGE_USERS, &r, why))
		return false;
	number = buf_get_u32(&r);
	if (number > 2 * (uint32_t)WIRE_MAX_USERS)
		*why = "more users than there can be";
	if (!frame_take(b, &r, number <= 2 * (uint32_t)WIRE_MAX_USERS, why))
		return false;
	*more = (int32_t)number - WIRE_MAX_USERS;
	return true;
}

bool wire_get_command(struct buf *b, enum command *command, const char **why)
{
	struct buf r;
	unsigned word;

	*command = COMMAND_STOP;
	if (!frame_read(b, MESSAGE_COMMAND, &r, why))
		return false;
	word = buf_get_u8(&r);
	if (word >= COMMANDS)
		*why = "an unknown command";
	if (!frame_take(b, &r, word < COMMANDS, why))
		return false;
	*command = (enum command)word;
	return true;
}

void wire_put_final(struct buf *b, const struct final *f)
{
	size_t at = frame_open(b, MESSAGE_FINAL);

	frame_put_books(b, &f->books);
	buf_put_u64(b, f->snapshots);
	frame_close(b, at);
}

bool wire_get_final(struct buf *b, struct final *f, const char **why)
{
	struct buf r;

	memset(f, 0, sizeof(*f));
	if (!frame_read(b, MESSAGE_FINAL, &r, why))
		return false;
	frame_get_books(&r, &f->books);
	f->snapshots = buf_get_u64(&r);
	if (frame_take(b, &r, true, why))
		return true;
	memset(f, 0, sizeof(*f));
	return false;
}
