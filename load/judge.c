/*
 * Checks and captures of one answer, in their order. It must not know what
 * follows from a failure.
 */
#include "load/judge.h"

#include <string.h>

#include "plan/capture.h"

enum { REASON_MOST_BYTES = 4096 };

/* Texts that people write may be of any length. */
static const char *reason_text(struct verdict *v)
{
	static const char more[] = "...";

	if (buf_len(v->reason) > REASON_MOST_BYTES) {
		buf_cut(v->reason, REASON_MOST_BYTES - strlen(more));
		buf_puts(v->reason, more);
	}
	return buf_text(v->reason);
}

/* Whether a condition decides against the request; why is in v->reason. */
static bool is_against(struct verdict *v, const struct check *check,
    struct answer *answer, struct template_env *env)
{
	enum condition_result result;

	buf_reset(v->reason);
	result = condition_test(check->condition, answer, env, v->reason);
	if (!check->is_fail_if)
		return result != CONDITION_HOLDS;
	if (result == CONDITION_FAILS)
		return false;
	if (result == CONDITION_HOLDS) {
		buf_reset(v->reason);
		condition_why_held(check->condition, answer, env, v->reason);
	}
	return true;
}

/* What a capture finds becomes a value; false: nothing, as v->reason says. */
static bool take(struct verdict *v, const struct taking *takings, size_t n,
    struct answer *answer, struct template_env *env)
{
	for (size_t i = 0; i < n; i++) {
		buf_reset(v->value);
		buf_reset(v->reason);
		if (!capture_take(
			takings[i].capture, answer, env, v->value, v->reason))
			return false;
		store_set(v->values, v->slots, takings[i].slot,
		    buf_text(v->value), buf_len(v->value));
	}
	return true;
}

const char *judge_request(struct verdict *v, const struct request *r,
    const char *error, struct answer *answer, struct template_env *env)
{
	if (error != NULL)
		return error;
	if (!r->status_is_checked && answer->status >= 400) {
		buf_reset(v->reason);
		buf_printf(v->reason, "status: expected < 400, got %ld",
		    answer->status);
		return reason_text(v);
	}
	for (size_t i = 0; i < r->n_checks; i++) {
		if (is_against(v, &r->checks[i], answer, env))
			return reason_text(v);
	}
	if (!take(v, r->takings, r->n_takings, answer, env))
		return reason_text(v);
	return NULL;
}

enum outcome judge_poll(struct verdict *v, const struct poll *poll,
    bool is_good, struct answer *answer, struct template_env *env,
    const char **failure)
{
	*failure = NULL;
	for (size_t i = 0; is_good && i < poll->n_decisions; i++) {
		const struct check *decision = &poll->decisions[i];

		buf_reset(v->reason);
		if (condition_test(decision->condition, answer, env,
			v->reason) != CONDITION_HOLDS)
			continue;
		if (!decision->is_fail_if) {
			if (take(
				v, poll->takings, poll->n_takings, answer, env))
				return OUTCOME_PASSED;
			*failure = reason_text(v);
			return OUTCOME_FAILED;
		}
		buf_reset(v->reason);
		condition_why_held(decision->condition, answer, env, v->reason);
		*failure = reason_text(v);
		return OUTCOME_FAILED;
	}
	return OUTCOME_AGAIN;
}
