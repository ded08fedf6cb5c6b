/*
 * Lists of hosts: what is read from them, what is refused, and that they come
 * back as text; and plans that have one.
 */
#include "plan/remote.h"

#include "base/buf.h"
#include "base/util.h"
#include "plan/values.h"
#include "tests/unit/planning.h"

struct list {
	struct remote_host *hosts;
	size_t n;
	struct words defects;
};

static struct list read_list(const char *text)
{
	struct list l = {0};

	if (!remote_hosts_parse(text, &l.hosts, &l.n, &l.defects))
		fail_msg("refused: %s", l.defects.at[0]);
	assert_int_equal(l.defects.n, 0);
	return l;
}

static void clear(struct list *l)
{
	remote_hosts_free(l->hosts, l->n);
}

static void assert_text(const char *text, const char *expected)
{
	struct list l = read_list(text);
	char *back = remote_hosts_text(l.hosts, l.n);

	assert_string_equal(back, expected);
	free(back);
	clear(&l);
}

/* The list has this one mistake in it. */
static void assert_refused(const char *text, const char *expected)
{
	struct list l = {0};

	assert_false(remote_hosts_parse(text, &l.hosts, &l.n, &l.defects));
	assert_int_equal(l.defects.n, 1);
	assert_string_equal(l.defects.at[0], expected);
	assert_null(l.hosts);
	assert_int_equal(l.n, 0);
	words_clear(&l.defects);
}

static void hosts_have_names_and_weights(void **state)
{
	struct list l = read_list("a, user@b.example*2 ,\n\t[::1] * 30");

	(void)state;
	assert_int_equal(l.n, 3);
	assert_string_equal(l.hosts[0].name, "a");
	assert_int_equal(l.hosts[0].weight, 1);
	assert_false(l.hosts[0].has_weight);
	assert_string_equal(l.hosts[1].name, "user@b.example");
	assert_int_equal(l.hosts[1].weight, 2);
	assert_true(l.hosts[1].has_weight);
	assert_string_equal(l.hosts[2].name, "[::1]");
	assert_int_equal(l.hosts[2].weight, 30);
	assert_int_equal(remote_weight(l.hosts, l.n), 33);
	clear(&l);
}

static void hosts_of_a_host_are_below_it(void **state)
{
	struct list l = read_list("gate(n1, n2*2)*9, .");

	(void)state;
	assert_int_equal(l.n, 2);
	assert_string_equal(l.hosts[0].name, "gate");
	assert_int_equal(l.hosts[0].weight, 9);
	assert_int_equal(l.hosts[0].n_hosts, 2);
	assert_string_equal(l.hosts[0].hosts[1].name, "n2");
	assert_string_equal(l.hosts[1].name, ".");
	assert_int_equal(l.hosts[1].n_hosts, 0);
	assert_int_equal(remote_count(l.hosts, l.n), 3);
	clear(&l);
}

static void a_weight_that_is_not_written_is_the_sum_of_those_below(void **state)
{
	struct list l = read_list("a(b(c*2, d), e*4)");

	(void)state;
	assert_int_equal(l.hosts[0].weight, 7);
	assert_false(l.hosts[0].has_weight);
	assert_int_equal(l.hosts[0].hosts[0].weight, 3);
	clear(&l);
}

static void no_hosts_are_written_as_none(void **state)
{
	struct list l = read_list(" none");

	(void)state;
	assert_null(l.hosts);
	assert_int_equal(l.n, 0);
	assert_text("none", "none");
}

/* As it comes from a variable that nobody has set. */
static void nothing_at_all_is_refused(void **state)
{
	(void)state;
	assert_refused(
	    "", "no host: write HOST, or none for this machine alone");
	assert_refused(
	    " \n", "no host: write HOST, or none for this machine alone");
}

static void none_is_no_host_among_others(void **state)
{
	static const char behind[] =
	    " is no host: write none, and nothing else, for this machine "
	    "alone, or . for it as one of several";
	static const char *const texts[] = {
	    "none, b", "b, gate(none)", "none*2", "none(a)"};
	char *expected = xasprintf("\"none\"%s", behind);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_refused(texts[i], expected);
	free(expected);
	expected = xasprintf("\"NONE\"%s", behind);
	assert_refused("NONE", expected);
	free(expected);
}

static void a_list_comes_back_as_text(void **state)
{
	(void)state;
	assert_text("a", "a");
	assert_text(" a*1 ,b", "a*1, b");
	assert_text(
	    "gate( n1,n2 ( . , x*3 )*2 )*3,.", "gate(n1, n2(., x*3)*2)*3, .");
}

static void weights_are_whole_numbers_from_1_to_a_million(void **state)
{
	(void)state;
	assert_text("a*1000000", "a*1000000");
	assert_refused("a*0",
	    "host \"a\": its weight \"0\" is no whole number from 1 to "
	    "1000000: write for example a*2");
	assert_refused("b, a*1000001",
	    "host \"a\": its weight \"1000001\" is no whole number from 1 to "
	    "1000000: write for example a*2");
	assert_refused("a*1.5",
	    "host \"a\": its weight \"1.5\" is no whole number from 1 to "
	    "1000000: write for example a*2");
	assert_refused("a*",
	    "host \"a\": its weight \"\" is no whole number from 1 to 1000000: "
	    "write for example a*2");
}

static void names_that_no_host_has_are_refused(void **state)
{
	(void)state;
	assert_refused(
	    "a,,b", "a host without a name: write HOST, or remove the comma");
	assert_refused(
	    "a,", "a host without a name: write HOST, or remove the comma");
	assert_refused("*3", "a weight without a host: write HOST*2");
	assert_refused("(a)", "a \"(\" without a host: write HOST(");
	assert_refused("gate()",
	    "host \"gate\": there is no host in its brackets: write HOST "
	    "between them, or remove them");
	assert_refused("gate(a,)",
	    "a host without a name: write HOST, or remove the comma");
	assert_refused("a b",
	    "host \"a b\": a name has no blanks in it: write a comma between "
	    "two hosts");
	assert_refused("a\001",
	    "host \"a\001\": a name has no blanks in it: write a comma between "
	    "two hosts");
	assert_refused("-oProxyCommand=x",
	    "host \"-oProxyCommand=x\": rsh would take it for an option: a "
	    "name begins with a letter or a digit");
	assert_refused("\"a\"",
	    "host \"\"a\"\": a name has no quotes: write it without them");
}

static void a_host_is_there_once(void **state)
{
	(void)state;
	assert_refused("b, a, b*3",
	    "host \"b\" is there twice: write its weight instead: b*2");
	assert_refused("x(., .)",
	    "host \".\" is there twice: write its weight instead: .*2");
	/* reached from others it may be another machine */
	assert_text("x(n1), y(n1), n1", "x(n1), y(n1), n1");
}

static void brackets_are_closed(void **state)
{
	(void)state;
	assert_refused("gate(a, b",
	    "host \"gate\": its bracket is not closed: write a \")\" behind "
	    "the last of its hosts");
	assert_refused(
	    "a)", "a \")\" that no \"(\" opens: remove it, or write HOST(");
	assert_refused("gate(a)b",
	    "\"b\" stands behind a host: write a comma between two hosts");
	assert_refused("x(a*2(b))",
	    "\"(b))\" stands behind a host: write a comma between two hosts");
	assert_refused("a*2(b)",
	    "\"(b)\" stands behind a host: write a comma between two hosts");
}

static void all_mistakes_of_a_list_are_told_at_once(void **state)
{
	static const char *const expected[] = {
	    "host \"box3\": its weight \"x\" is no whole number from 1 to "
	    "1000000: write for example box3*2",
	    "host \"-l\": rsh would take it for an option: a name begins with "
	    "a letter or a digit",
	    "host \"box1\" is there twice: write its weight instead: box1*2"};
	struct list l = {0};

	(void)state;
	assert_false(
	    remote_hosts_parse("box1, box2 *2, box3*x, gate(-l), box1, box1",
		&l.hosts, &l.n, &l.defects));
	assert_int_equal(l.defects.n, ARRAY_LEN(expected));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		assert_string_equal(l.defects.at[i], expected[i]);
	words_clear(&l.defects);
}

static void few_of_many_mistakes_are_told(void **state)
{
	struct list l = {0};

	(void)state;
	assert_false(
	    remote_hosts_parse("a b, c d, e f, g h, i j, k l, m n, o p,"
			       "q r, s t",
		&l.hosts, &l.n, &l.defects));
	assert_int_equal(l.defects.n, 8);
	words_clear(&l.defects);
}

/* Hosts of hosts, so many of them one below the other; owned by the caller. */
static char *nested(unsigned depth)
{
	struct buf text;
	char *copy;

	buf_init(&text, 4096);
	for (unsigned i = 1; i < depth; i++)
		buf_puts(&text, "a(");
	buf_puts(&text, "a");
	for (unsigned i = 1; i < depth; i++)
		buf_putc(&text, ')');
	copy = xstrdup(buf_text(&text));
	buf_clear(&text);
	return copy;
}

static void hosts_are_eight_deep_at_most(void **state)
{
	char *deep = nested(REMOTE_MAX_DEPTH);

	(void)state;
	assert_text(deep, deep);
	free(deep);
	deep = nested(REMOTE_MAX_DEPTH + 1);
	assert_refused(deep,
	    "host \"a\": its hosts are 9 deep: at most 8 are passed on from "
	    "host to host: name them further up");
	free(deep);
}

/* So many hosts of different names; owned by the caller. */
static char *many(unsigned n)
{
	struct buf text;
	char *copy;

	buf_init(&text, 1 << 20);
	for (unsigned i = 0; i < n; i++)
		buf_printf(&text, "%sn%u", i > 0 ? ", " : "", i);
	copy = xstrdup(buf_text(&text));
	buf_clear(&text);
	return copy;
}

static void ten_thousand_hosts_are_read_and_no_more(void **state)
{
	char *text = many(REMOTE_MAX_HOSTS);
	struct list l = read_list(text);

	(void)state;
	assert_int_equal(remote_count(l.hosts, l.n), REMOTE_MAX_HOSTS);
	clear(&l);
	assert_text(text, text);
	free(text);
	text = many(REMOTE_MAX_HOSTS + 1);
	assert_refused(text, "more than 10000 hosts: leave some out");
	free(text);
}

/* --- in a plan ---------------------------------------------------------- */

#define TASK "[task a]\nget = http://a/\n"

static void hosts_are_played_on_as_the_plan_says(void **state)
{
	struct plan *plan = plan_of(TASK "[remote]\n"
					 "hosts = gate(n1, n2*2)*3,\n"
					 "  box, .\n"
					 "rsh = kubectl exec -i \"pod-\"{} --\n"
					 "program = nice -n 5 /opt/loadgen\n"
					 "copy = yes\n"
					 "connect_timeout = 10s\n"
					 "max_parallel = 4\n");
	const struct remote_options *remote = &plan->remote;

	(void)state;
	assert_int_equal(remote->n_hosts, 3);
	assert_string_equal(remote->hosts[0].hosts[1].name, "n2");
	assert_string_equal(remote->rsh, "kubectl exec -i \"pod-\"{} --");
	assert_string_equal(remote->program, "nice -n 5 /opt/loadgen");
	assert_true(remote->copy);
	assert_int_equal(remote->connect_timeout_us, 10 * US_PER_S);
	assert_int_equal(remote->max_parallel, 4);
	plan_free(plan);
}

static void without_a_word_about_hosts_all_is_played_here(void **state)
{
	struct plan *plan = plan_of(TASK);

	(void)state;
	assert_int_equal(plan->remote.n_hosts, 0);
	assert_string_equal(plan->remote.rsh, "ssh -o BatchMode=yes");
	assert_string_equal(plan->remote.program, "loadgen");
	assert_int_equal(plan->remote.connect_timeout_us, 30 * US_PER_S);
	assert_int_equal(plan->remote.max_parallel, 50);
	plan_free(plan);
}

/* A variable with a name that is too long to be sent. */
static void what_cannot_be_sent_is_a_mistake_where_there_are_hosts(void **state)
{
	const struct plan_source source = {.file = "shop.ini"};
	char name[STOCK_MAX_NAME_BYTES + 2];
	char *text;
	struct diag d;
	FILE *in = tmpfile();

	(void)state;
	memset(name, 'E', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(setenv(name, "x", 1), 0);
	text = xasprintf("[task a]\nget = http://a/${env %s}\n", name);
	plan_free(plan_of(text));
	free(text);
	text = xasprintf("[task a]\nget = http://a/${env %s}\n"
			 "[remote]\nhosts = b\n",
	    name);
	assert_non_null(in);
	assert_true(fputs(text, in) >= 0);
	rewind(in);
	diag_init(&d);
	assert_null(plan_load_stream(&source, in, &d));
	assert_int_equal(d.n, 1);
	assert_non_null(strstr(d.entries[0].text,
	    "shop.ini:4: hosts: not all that the plan needs can be sent "
	    "there: "));
	diag_clear(&d);
	fclose(in);
	free(text);
	unsetenv(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_have_names_and_weights),
	    cmocka_unit_test(hosts_of_a_host_are_below_it),
	    cmocka_unit_test(
		a_weight_that_is_not_written_is_the_sum_of_those_below),
	    cmocka_unit_test(no_hosts_are_written_as_none),
	    cmocka_unit_test(nothing_at_all_is_refused),
	    cmocka_unit_test(none_is_no_host_among_others),
	    cmocka_unit_test(all_mistakes_of_a_list_are_told_at_once),
	    cmocka_unit_test(few_of_many_mistakes_are_told),
	    cmocka_unit_test(a_list_comes_back_as_text),
	    cmocka_unit_test(weights_are_whole_numbers_from_1_to_a_million),
	    cmocka_unit_test(names_that_no_host_has_are_refused),
	    cmocka_unit_test(a_host_is_there_once),
	    cmocka_unit_test(brackets_are_closed),
	    cmocka_unit_test(hosts_are_eight_deep_at_most),
	    cmocka_unit_test(hosts_are_played_on_as_the_plan_says),
	    cmocka_unit_test(without_a_word_about_hosts_all_is_played_here),
	    cmocka_unit_test(
		what_cannot_be_sent_is_a_mistake_where_there_are_hosts),
	    cmocka_unit_test(ten_thousand_hosts_are_read_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
