/*
 * For condition*.c alone: what a condition is made of.
 */
#ifndef PLAN_CONDITION_PRIVATE_H
#define PLAN_CONDITION_PRIVATE_H

#include "plan/condition.h"
#include "plan/regex.h"

enum comparison_kind {
	COMPARE_EQUAL,
	COMPARE_ORDER,
	COMPARE_IN,
	COMPARE_CONTAINS,
	COMPARE_MATCH,
	COMPARE_EXISTS,
	COMPARE_MISSING
};

/* A row for each operator: how a number must stand to a value. For those that
 * ask yes or no, `at` is yes. */
struct comparison {
	const char *name;
	enum comparison_kind kind;
	bool below;
	bool at;
	bool above;
};

enum subject_kind { SUBJECT_QUANTITY, SUBJECT_TEXT };

/* What is looked at, and what came of that. */
enum got_kind { GOT_NOTHING, GOT_TEXT, GOT_JSON };

struct got {
	enum got_kind kind;
	struct text text;
	bool is_cut;               /* more of the text was not kept */
	struct json_object *value; /* of JSON */
	bool has_text;             /* JSON's is made when it is asked for */
};

enum subject_takes { TAKES_NOTHING, TAKES_HEADER, TAKES_POINTER };

/* A row for each subject. */
struct subject {
	const char *name;
	const char *example;
	enum subject_kind kind;
	enum subject_takes takes;
	unsigned comparisons; /* 1 << enum comparison_kind */
	bool needs_body;
	/* a quantity's */
	const char *noun; /* "a status" */
	const char *mend; /* "write a number from 100 to 599" */
	bool (*parse)(const char *text, uint64_t *out);
	uint64_t (*quantity)(const struct answer *a);
	void (*show)(uint64_t quantity, struct buf *out);
	/* a text's; false: it cannot be known, and why says so */
	bool (*get)(const struct condition *c, struct answer *a,
	    struct got *got, struct buf *why);
};

/* One value is a range from itself to itself. */
struct range {
	uint64_t low;
	uint64_t high;
};

/* One of a list of texts. */
struct item {
	struct text text;
	bool is_number; /* or a range of numbers */
	bool is_range;
	struct number low;
	struct number high;
};

/* What the subject is compared with: a value, read. */
struct expectation {
	struct range *ranges; /* owned; of quantities */
	size_t n_ranges;
	size_t cap_ranges;
	struct item *items; /* owned; of texts: one, or those of a list */
	size_t n_items;
	size_t cap_items;
};

/* What runs need where values vary; kept so that they do not allocate. */
struct scratch {
	struct buf left;
	struct buf value;
	struct expectation expected;
};

struct condition {
	const struct subject *subject;
	const struct comparison *comparison;
	char *text;    /* owned: all of it */
	char *label;   /* owned: "json /status" */
	char *message; /* owned; NULL: one is made up */
	char *name;    /* owned: of a header */
	struct json_pointer *pointer;
	struct template *left;       /* of `when`: the subject */
	struct template *value;      /* NULL: the operator takes none */
	char *written;               /* owned: the value as the plan has it */
	char *fixed;                 /* owned: a static value */
	struct expectation expected; /* of a static value */
	struct regex *regex;
	struct scratch *scratch; /* owned; NULL: nothing varies */
};

/* What is wrong with a value. */
enum mistake_kind {
	MISTAKE_KIND,  /* word is no number, or no status, ... */
	MISTAKE_ORDER, /* word is more than high */
	MISTAKE_EMPTY  /* nothing between two commas */
};

struct mistake {
	enum mistake_kind kind;
	char *word; /* borrowed */
	char *high;
};

extern const struct subject condition_subjects[];
extern const size_t condition_n_subjects;
extern const struct subject condition_when_subject;

/* Reads the value in text, which it may cut up and borrows. */
bool expectation_read(struct expectation *e, const struct condition *c,
    char *text, size_t len, struct mistake *mistake);
void expectation_clear(struct expectation *e);

/* What a value that was written under this key seems to say beyond itself, as
 * `why: mend`; owned by the caller, NULL: nothing. */
char *condition_meant(const struct condition *c, const char *key);
/* What is said of a text whose subject has other words, as `why: mend`; and of
 * an operator that is none: text begins with it, and key is that which the
 * condition stands under. Owned by the caller, NULL: anyone's guess. */
char *condition_meant_subject(const char *text);
char *condition_meant_operator(
    const struct condition *c, const char *key, const char *text);
/* What is said of seconds that may be meant as milliseconds. */
char *condition_meant_time(const struct condition *c);

#endif
