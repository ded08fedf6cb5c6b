/*
 * Handlers and masks. It must not know what a run does about a signal.
 */
#include "signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "keyboard.h"

enum {
	ECHO_US = 250000,  /* between a signal and its echo */
	SIGNALS_TO_DIE = 4 /* however busy we are with writing */
};

static volatile sig_atomic_t stop_signals;
static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t show_signal;
static volatile sig_atomic_t continues;

/* Who insists is obeyed even while we wait for somebody to read what we write;
 * the workers end when our pipes do. */
static void on_stop_signal(int number)
{
	stop_signal = number;
	stop_signals = stop_signals + 1;
	if (stop_signals < SIGNALS_TO_DIE)
		return;
	keyboard_give_back();
	_exit(128 + number);
}

static void on_show_signal(int number)
{
	show_signal = number;
}

static void on_continue(int number)
{
	(void)number;
	continues = continues + 1;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {
	    .sa_handler = handler, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

bool signals_is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 &&
	       action.sa_handler == SIG_IGN;
}

void signals_allow(bool allow)
{
	sigset_t caught;

	sigemptyset(&caught);
	sigaddset(&caught, SIGINT);
	sigaddset(&caught, SIGTERM);
	sigaddset(&caught, SIGHUP);
	sigaddset(&caught, SIGUSR1);
	sigprocmask(allow ? SIG_UNBLOCK : SIG_BLOCK, &caught, NULL);
}

void signals_catch(void)
{
	signals_allow(false);
	handle(SIGINT, on_stop_signal);
	handle(SIGTERM, on_stop_signal);
	if (!signals_is_ignored(SIGHUP))
		handle(SIGHUP, on_stop_signal);
	handle(SIGUSR1, on_show_signal);
	if (!signals_is_ignored(SIGCONT))
		handle(SIGCONT, on_continue);
	handle(SIGPIPE, SIG_IGN);
}

/* Some that start us (timeout, make) send each of theirs twice: to us and to
 * our group. */
int signals_stop(struct signals_heard *heard, uint64_t now_us)
{
	bool is_echo = heard->stops > 0 && now_us < heard->echo_us;

	if (stop_signals == heard->stops)
		return 0;
	heard->stops = stop_signals;
	if (is_echo)
		return 0;
	heard->echo_us = now_us + ECHO_US;
	return stop_signal;
}

bool signals_show(void)
{
	bool is_wanted = show_signal != 0;

	show_signal = 0;
	return is_wanted;
}

int signals_continues(void)
{
	return continues;
}

int signals_pause(uint64_t pause_us)
{
	uint64_t until_us = clock_us() + pause_us;
	uint64_t now_us;
	sigset_t none;

	sigemptyset(&none);
	while (stop_signals == 0 && (now_us = clock_us()) < until_us) {
		uint64_t left_us = until_us - now_us;
		struct timespec left = {.tv_sec = (time_t)(left_us / US_PER_S),
		    .tv_nsec = (long)(left_us % US_PER_S * 1000)};

		pselect(0, NULL, NULL, NULL, &left, &none);
	}
	return stop_signals > 0 ? stop_signal : 0;
}
