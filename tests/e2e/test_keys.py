"""Keys of the terminal: what they do, and that it is given back."""

import os
import shutil
import signal
import time

import pytest

import runner
import terminal

LOAD = """
[load]
host = {url}
users = 4
spawn_rate = 1000
wait = 20ms
run_time = {run_time}
report_interval = 300ms
[task it]
get = {path}
"""


def load(url, path="/x", run_time="100s"):
    return LOAD.format(url=url, path=path, run_time=run_time)


@pytest.fixture
def screen(closing):
    return closing(terminal.Terminal())


def users_of(process):
    done = runner.Run(None, "", "", process.folder, process.prefix, 0)
    if not os.path.getsize(done.path("stats_history")):
        return []  # it has been opened, and no more
    return [int(row["User Count"]) for row in done.table("stats_history")]


def workers_of(process):
    """The most users that each worker had at once."""
    done = runner.Run(None, "", "", process.folder, process.prefix, 0)
    most = {}
    for row in done.table("workers"):
        users = int(row["Users"])
        most[row["Worker"]] = max(most.get(row["Worker"], 0), users)
    return most


def play(start, screen, text, *args, **options):
    """A run whose first users are there."""
    process = start(text, *args, **screen.streams(), **options)
    screen.wait_for("users 4 ")
    assert not screen.has_lines()
    return process


# --- what they do -----------------------------------------------------------


def test_users_come_and_go_on_all_workers(start, screen, nginx):
    process = play(start, screen, load(nginx.url), "-w", 2)
    assert "w W 1 or 10 users more, s S fewer, q end" in screen.text
    screen.type("W")
    screen.wait_for("10 users more (now 14)")
    screen.wait_for("users 14 ")
    screen.type("w")
    screen.wait_for("1 user more (now 15)")
    screen.wait_for("users 15 ")
    screen.type("S")
    screen.wait_for("10 users fewer (now 5)")
    screen.wait_for("users 5 ")
    screen.type("s")
    screen.wait_for("1 user fewer (now 4)")
    screen.type("q")
    assert screen.wait(process) == 0
    users = users_of(process)
    assert max(users) == 15
    assert users.index(15) > users.index(14) > users.index(4)
    assert 5 in users[users.index(15):]
    assert workers_of(process) == {"0": 8, "1": 7}
    assert "keys changed the number of users: at most 15 users" in screen.text


def test_a_run_ended_by_a_key_needs_a_finished_request(
        start, screen, target):
    text = load(target.url, "/stall").replace(
        "wait = 20ms", "stop_timeout = 300ms")
    process = play(start, screen, text, "-w", 2)
    screen.type("q")
    assert screen.wait(process) == 1
    assert "FAILED: no request was finished, 4 interrupted" in screen.text


def test_users_who_are_all_gone_can_come_again(start, screen, nginx):
    process = play(start, screen, load(nginx.url), "-w", 2)
    screen.type("S")
    screen.wait_for("4 users fewer (now 0)")
    screen.wait_for("users 0 ", 3)
    screen.type("s")
    screen.wait_for("no fewer users: there are none")
    screen.type("ww")
    screen.wait_for("1 user more (now 2)")
    screen.wait_for("users 2 ")
    screen.type("q")
    assert screen.wait(process) == 0


def test_there_are_no_more_users_than_files(start, screen, nginx):
    process = play(start, screen, load(nginx.url), "-w", 1,
                   wrap=("prlimit", "--nofile=80"))
    screen.type("WW")
    screen.wait_for("1 user more (now 15)")
    screen.type("w")
    screen.wait_for("no more users: there are as many as can be")
    screen.wait_for("users 15 ")
    screen.type("q")
    assert screen.wait(process) == 0
    assert "1 user more (now 16)" not in screen.text


def test_there_are_no_more_users_than_the_kinds_have(start, screen, nginx):
    kinds = "[user a]\ncount = 3\n[user b]\ncount = 1\n"
    process = play(start, screen, load(nginx.url) + kinds, "-w", 2)
    screen.type("W")
    screen.wait_for("no more users: there are as many as can be")
    screen.type("sW")
    screen.wait_for("1 user more (now 4)")
    screen.type("q")
    assert screen.wait(process) == 0
    assert max(users_of(process)) == 4


def test_users_come_on_those_workers_that_are_there(start, screen, nginx):
    text = load(nginx.url).replace("run_time = 100s", "").replace(
        "users = 4\nspawn_rate = 1000",
        "stages = 0s:2, 600ms:2, 0s:1, 100s:1")
    process = start(text, "-w", 2, **screen.streams())
    screen.wait_for("users 2 ")
    screen.wait_for("users 1 ", 2)
    screen.type("w")
    screen.wait_for("1 user more (now 2)")
    screen.wait_for("users 2 ", screen.text.count("users 2 ") + 1)
    screen.type("W")
    screen.wait_for("10 users more (now 12)")
    screen.wait_for("users 12 ")
    screen.type("Ss")
    screen.wait_for("10 users fewer (now 2)")
    screen.wait_for("1 user fewer (now 1)")
    screen.wait_for("users 1 ", screen.text.count("users 1 ") + 1)
    screen.type("q")
    assert screen.wait(process) == 0


def test_users_come_in_place_of_those_of_a_lost_worker(start, screen, nginx):
    process = play(start, screen, load(nginx.url), "-w", 2)
    os.kill(process.workers(2)[0], signal.SIGKILL)
    screen.wait_for("A WORKER IS LOST")
    screen.type("ww")
    screen.wait_for("1 user more (now 3)")
    screen.wait_for("1 user more (now 4)")
    screen.wait_for("users 4 ", screen.text.count("users 4 ") + 1)
    screen.type("q")
    assert screen.wait(process) == 3


@pytest.mark.parametrize("path, status", [("/x", 0), ("/missing", 1)])
def test_q_ends_the_run_as_if_its_time_were_over(start, screen, nginx, path,
                                                 status):
    process = play(start, screen, load(nginx.url, path))
    screen.type("qqq")
    assert screen.wait(process) == status
    assert "of 1m40s: the key q was pressed" in screen.text
    assert ("PASSED: ", "FAILED: ")[status] in screen.text
    assert "interrupted)" not in screen.text
    assert screen.modes() == screen.before


def test_a_signal_after_q_leaves_at_once(start, screen, target):
    process = play(start, screen, load(target.url, "/delay/60000"), "-s",
                   "60s")
    screen.type("q")
    screen.wait_for("Ctrl-C leaves at once")
    screen.type("\x03")
    assert screen.wait(process) == 130
    assert "STOPPED AT ONCE by SIGINT" in screen.text
    assert screen.modes() == screen.before


def test_before_the_load_only_q_does_something(start, screen, nginx):
    hook = ("[hook wait]\non = test_start\n"
            "run = until test -e go; do sleep 0.05; done\n")
    process = start(load(nginx.url) + hook, **screen.streams())
    screen.wait_for_keys()
    screen.type("wW")
    time.sleep(0.1)  # that it would be heard before the load
    (process.folder / "go").touch()
    screen.wait_for("users 4 ", 2)
    assert "more (" not in screen.text
    screen.type("q")
    assert screen.wait(process) == 0
    assert max(users_of(process)) == 4


def test_q_before_the_load_ends_it_unsent(start, screen, nginx):
    hook = "[hook wait]\non = test_start\nrun = sleep 100\n"
    process = start(load(nginx.url) + hook, **screen.streams())
    screen.wait_for_keys()
    screen.type("q")
    assert screen.wait(process) == 3
    assert "ended before the load: the key q was pressed" in screen.text
    assert "NOT STARTED: the key q was pressed" in screen.text
    assert nginx.log() == []
    assert screen.modes() == screen.before


def test_q_during_setup_ends_the_run_before_the_load(start, screen, target):
    text = load(target.url).replace("[load]", "[load]\nsetup = first")
    process = start(text + "[task first]\nget = /delay/60000\n", "-w", 2,
                    "-s", "100ms", **screen.streams())
    screen.wait_for_keys()
    process.workers(3)  # the third of them runs setup
    screen.type("q")
    assert screen.wait(process) == 3
    assert "ended before the load: the key q was pressed" in screen.text
    assert "NOT STARTED: the key q was pressed" in screen.text
    assert target.count("GET", "/x") == 0
    assert screen.modes() == screen.before


def test_with_a_rate_no_users_are_offered(start, screen, nginx):
    text = load(nginx.url).replace("users = 4\n", "").replace(
        "spawn_rate = 1000\nwait = 20ms\n", "rate = 50/s\n")
    process = start(text, **screen.streams())
    screen.wait_for("keys: q end")
    screen.type("wW")
    screen.wait_for("keys: q end", 4)
    screen.type("q")
    assert screen.wait(process) == 0
    assert "more (" not in screen.text


def test_keys_of_several_bytes_are_none_of_these(start, screen, nginx):
    process = play(start, screen, load(nginx.url))
    screen.type("\x1bOw")
    screen.wait_for("users 4 ", 3)
    screen.type("\x1b[1;5q")
    screen.wait_for("users 4 ", 5)
    screen.type("q")
    assert screen.wait(process) == 0
    assert "more (" not in screen.text


# --- the terminal is given back ---------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(start, screen, nginx, number):
    process = play(start, screen, load(nginx.url))
    process.signal(number)
    assert screen.wait(process) == 128 + number
    assert screen.modes() == screen.before


def test_ctrl_c_stops_as_ever(start, screen, nginx):
    process = play(start, screen, load(nginx.url))
    screen.type("\x03")
    assert screen.wait(process) == 130
    assert "STOPPED by SIGINT" in screen.text
    assert screen.modes() == screen.before


def test_who_insists_gets_the_terminal_back_too(start, screen, nginx):
    """While the summary waits for a reader."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    while True:
        try:
            os.write(write, b"x" * 4096)
        except BlockingIOError:
            break
    os.set_blocking(write, True)
    streams = {**screen.streams(), "out": write}
    process = start(load(nginx.url), **streams)
    screen.wait_for("users 4 ")
    screen.type("q")
    time.sleep(0.5)  # it has come to the summary, most likely

    def has_ended():
        process.signal(signal.SIGTERM)
        return process.popen.poll() is not None

    screen.wait_until("end", has_ended)
    assert screen.wait(process) == 143
    assert screen.modes() == screen.before
    os.close(read)
    os.close(write)


def test_sigquit_ends_it_and_gives_the_terminal_back(start, screen, nginx):
    process = play(start, screen, load(nginx.url),
                   wrap=("prlimit", "--core=0"))
    process.signal(signal.SIGQUIT)
    screen.wait_until("end", lambda: process.popen.poll() is not None)
    assert process.popen.returncode == -signal.SIGQUIT
    assert screen.modes() == screen.before


def test_a_lost_worker_does_not_keep_the_terminal(start, screen, nginx):
    process = play(start, screen, load(nginx.url), "-w", 2)
    os.kill(process.workers(2)[0], signal.SIGKILL)
    screen.wait_for("A WORKER IS LOST")
    screen.type("w")
    screen.wait_for("1 user more")
    screen.type("q")
    assert screen.wait(process) == 3
    assert screen.modes() == screen.before


def test_its_end_gives_the_terminal_back(start, screen, nginx):
    process = play(start, screen, load(nginx.url, run_time="900ms"))
    assert screen.wait(process) == 0
    assert screen.modes() == screen.before


def test_a_line_that_is_hung_up_ends_the_run(start, nginx):
    screen = terminal.Terminal()
    streams = {**screen.streams(), "out": None}
    process = start(load(nginx.url), **streams)
    screen.wait_for("users 4 ")
    screen.stop()
    assert process.wait() == 129


@pytest.mark.parametrize("options", [["-q"], ["--only-summary"]])
def test_who_sees_nothing_has_no_keys(start, screen, nginx, options):
    process = start(load(nginx.url), *options, **screen.streams())
    screen.wait_until("interval", lambda: (
        process.folder / "out_stats_history.csv").exists())
    screen.wait_until("users", lambda: 4 in users_of(process))
    assert screen.has_lines()
    process.signal(signal.SIGTERM)
    assert screen.wait(process) == 143


def test_a_plan_that_is_typed_leaves_no_keys(start, screen, nginx):
    process = start(None, "-", **screen.streams())
    screen.type(load(nginx.url) + "\x04")
    screen.wait_for("users 4 ")
    assert screen.has_lines()
    assert "q end" not in screen.text
    process.signal(signal.SIGTERM)
    assert screen.wait(process) == 143


def test_hooks_inherit_neither_signals_nor_the_terminal(start, screen, nginx):
    hook = ("[hook look]\non = spawning_complete\n"
            "run = grep -E 'Sig(Blk|Ign)' /proc/self/status >signals\\;"
            "readlink /proc/self/fd/* >files\n")
    process = play(start, screen, load(nginx.url) + hook)
    screen.type("q")
    assert screen.wait(process) == 0
    masks = [int(line.split()[1], 16) for line in
             (process.folder / "signals").read_text().splitlines()]
    assert [mask & 0x7fffffff for mask in masks] == [0, 0]
    assert "/dev/tty" not in (process.folder / "files").read_text()


# --- jobs of a shell --------------------------------------------------------

SHELLS = [["bash", "--noediting", "--norc", "-i"], ["dash", "-i"]]


@pytest.fixture(params=SHELLS, ids=lambda words: words[0])
def shell(request, screen, closing, tmp_path, nginx):
    if shutil.which(request.param[0]) is None:
        pytest.skip(f"there is no {request.param[0]}")
    (tmp_path / "plan.ini").write_text(load(nginx.url))
    return closing(terminal.Shell(screen, tmp_path, *request.param))


COMMAND = f"{runner.PROGRAM} -w 2 plan.ini"


def test_a_stopped_run_goes_on_in_the_foreground(shell, screen):
    screen.type(COMMAND + "; echo status $?\n")
    screen.wait_for("users 4 ")
    screen.type("\x1a")
    shell.wait_for_jobs("T")
    screen.wait_until("lines", screen.has_lines)
    screen.type("fg\n")
    screen.wait_for_keys()
    shell.wait_for_jobs("SR")
    screen.type("W")
    screen.wait_for("(now 14)")
    screen.type("q")
    screen.wait_for("PASSED")
    screen.wait_until("lines", screen.has_lines)


def test_in_the_background_it_leaves_the_terminal_alone(shell, screen):
    screen.type(COMMAND + "\n")
    screen.wait_for("users 4 ")
    screen.type("\x1a")
    shell.wait_for_jobs("T")
    screen.wait_until("lines", screen.has_lines)
    screen.type("bg\n")
    shell.wait_for_jobs("SR")
    seen = screen.text.count("users 4 ")
    screen.wait_for("users 4 ", seen + 3)
    screen.type("W\n")
    screen.wait_for("users 4 ", seen + 6)
    assert "more (" not in screen.text
    assert screen.has_lines()
    screen.type("fg\n")
    screen.wait_for_keys()
    screen.type("q")
    screen.wait_for("PASSED")
    screen.wait_until("lines", screen.has_lines)


def test_started_in_the_background_it_waits_for_the_foreground(shell, screen):
    screen.type(COMMAND + " &\n")
    screen.wait_for("users 4 ", 3)
    assert screen.has_lines()
    assert "T" not in shell.jobs()
    screen.type("fg\n")
    screen.wait_for_keys()
    screen.type("w")
    screen.wait_for("(now 5)")
    screen.type("q")
    screen.wait_for("PASSED")
    screen.wait_until("lines", screen.has_lines)
