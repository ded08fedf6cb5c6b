"""The command line, mistakes, and how things look."""

import fcntl
import json
import os
import re
import select
import struct
import subprocess
import termios
import unicodedata

import pytest

from runner import PROGRAM

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>78]")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|9[0-7])m")

BAD_PLAN = """\
[load]
host = http://127.0.0.1:{port}
users = many
spawn_rate = 10
run_time = 5x
wiat = 1s

[http]
timeout = -1s

[task one]
get = /x
chek = status == 200
header = X-User: ${{nobody}}

[task two]
get = /y
check = status === 200

[taks three]
get = /z
"""
BAD_LINES = [3, 5, 6, 9, 13, 14, 18, 20]


def test_help_tells_every_option_and_fits_the_width(run):
    done = run(None, "--help", csv=None)
    assert (done.status, done.err) == (0, "")
    for option in """--file --host --users --spawn-rate --run-time --iterations
            --stop-timeout --workers --set --tags --exclude-tags --csv
            --csv-full-history --only-summary --help --version""".split():
        assert option in done.out
    assert all(len(line) <= 80 for line in done.out.splitlines())
    assert run(None, "-h", csv=None).out == done.out


def test_a_url_in_place_of_a_plan_is_requested(run, nginx):
    done = run(None, f"{nginx.url}/a?b=1", "-u", 3, "-n", 30, "-w", 2)
    assert done.check().status == 0
    assert f"{nginx.url}/a?b=1: 3 users at once, 30 tasks, " in done.err
    assert "GET   /a?b=1" in done.out
    assert done.requests == 30
    assert [hit.uri for hit in nginx.log()] == ["/a?b=1"] * 30


def test_a_url_leaves_no_files_behind(run, nginx):
    done = run(None, f"{nginx.url}/", "-n", 3, csv=None)
    assert done.status == 0
    assert "Files: " not in done.out
    left = {p.name for p in done.folder.iterdir()}
    assert not [name for name in left if name.endswith(".csv")], left


def test_users_may_start_all_at_once(run, nginx):
    text = (f"[load]\nhost = {nginx.url}\nusers = 40\nrun_time = 1s\n"
            "wait = 10s\n[task]\nget = /\n")
    done = run(text, "-r", "all", "--json", "-", csv=None)
    assert done.status == 0
    assert "40 users at once, 1s" in done.err
    assert len(nginx.log()) == 40
    assert json.loads(done.out)["load"]["spawn_rate_per_s"] is None
    assert "40, all started at once" in run(text, "-r", "all", "--check").out


def test_headers_on_the_command_line_take_the_place_of_the_plans(
        run, recorder, plan):
    done = run(plan(recorder.url, "get = /", http="header = X-A: 1"),
               "-D", "http.header=X-B: 2", "-D", "http.header=X-C: 3")
    assert done.status == 0
    sent = [h for h in recorder.sent[0].headers if h[0].startswith("X-")]
    assert sent == [("X-B", "2"), ("X-C", "3")]


def test_version_names_libcurls_version_too(run):
    done = run(None, "-V", csv=None)
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"loadgen \S+.*libcurl[ /]\d+\.\d+.*\n", done.out)
    assert run(None, "--version", csv=None).out == done.out


@pytest.mark.parametrize("args, words", [
    (("--usres", "3"), ["--usres", "users"]),
    (("-Z",), ["Z"]),
    (("--users",), ["users"]),
    (("--users", "many"), ["many"]),
    (("--users", "-1"), ["-1"]),
    (("--run-time", "5 parsecs"), ["5 parsecs"]),
    (("--workers", "0x2"), ["0x2"]),
    (("-D", "load.wiat=1s"), ["wiat", "wait"]),
    (("-D", "nonsense"), ["nonsense"]),
    (("second.ini",), ["second.ini"]),
])
def test_a_mistake_on_the_command_line_is_said_and_nothing_is_sent(
        run, plan, nginx, args, words):
    done = run(plan(nginx.url, "get = /x"), *args)
    assert done.status == 2
    assert done.out == ""
    for word in words:
        assert word in done.err
    assert nginx.log() == []


@pytest.mark.parametrize("options", [["--check", "--once"],
                                     ["--once", "--check"],
                                     ["--check", "--once=it", "--check"]])
def test_check_and_once_together_are_a_usage_error(run, nginx, plan, options):
    done = run(plan(nginx.url, "get = /x"), *options, csv=None)
    assert (done.status, done.out) == (2, "")
    assert "--check and --once: " in done.err
    assert nginx.log() == []


def test_no_plan_at_all_is_a_usage_error(run):
    done = run(None, csv=None)
    assert done.status == 2
    assert "loadgen" in done.err


@pytest.mark.parametrize("name", ["missing.ini", "."])
def test_a_plan_that_cannot_be_read_is_named(run, name):
    done = run(None, name, csv=None)
    assert done.status == 2
    assert name in done.err


def test_a_plan_with_eight_mistakes_prints_eight_lines_and_sends_nothing(
        run, nginx):
    done = run(BAD_PLAN.format(port=nginx.port))
    assert done.status == 2
    lines = [line for line in done.err.splitlines()
             if re.match(r"plan\.ini:\d+: (?!warning)", line)]
    numbers = [int(line.split(":")[1]) for line in lines]
    assert numbers == BAD_LINES, done.err
    assert '"wait"' in lines[2]
    assert '"check"' in lines[4]
    assert "nobody" in lines[5]
    assert "taks" in lines[7] and "task" in lines[7]
    assert "many" in lines[0] and "5x" in lines[1]
    assert nginx.log() == []
    assert not list(done.folder.glob("out_*"))


def test_the_plan_may_come_from_standard_input(start, nginx, plan, tmp_path):
    path = tmp_path / "given.ini"
    path.write_text(plan(nginx.url, "get = /x"))
    for args in (["-"], ["-f", "-"], ["--file=-"]):
        with open(path, "rb") as stdin:
            done = start(None, *args, stdin=stdin).finish().check()
        assert done.status == 0, done.said
        assert done.requests == 1
    done = start(None, "-").finish()  # nothing in it
    assert done.status == 2
    assert "standard input" in done.err


def test_a_mistake_on_standard_input_has_its_line(start, tmp_path):
    path = tmp_path / "given.ini"
    path.write_text("[load]\nusers = many\n")
    with open(path, "rb") as stdin:
        done = start(None, "-", stdin=stdin).finish()
    assert done.status == 2
    assert "standard input:2: " in done.err


def test_options_beat_the_plan_and_its_file_may_be_an_option(run, nginx,
                                                             plan):
    text = plan("http://127.0.0.1:1", "get = /x", load="iterations = 9")
    done = run(None, "-f", "p.ini", "--host", nginx.url, "--iterations=4",
               "--users=2", files={"p.ini": text.encode()}).check()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log()) == 4


def test_a_failed_request_makes_the_status_one(run, nginx, plan):
    assert run(plan(nginx.url, "get = /x"), "-n", 5).status == 0
    assert run(plan(nginx.url, "get = /x", rest="[task b]\nget = /missing"),
               "-n", 50).status == 1


def test_the_summary_goes_to_standard_output_and_live_lines_do_not(
        run, nginx, plan):
    done = run(plan(nginx.url, "get = /x", "name = the row",
                    load="wait = 10ms\nreport_interval = 500ms"),
               "-t", "1200ms")
    assert "the row" in done.out
    assert len(done.err.splitlines()) >= 2
    assert "95%" in done.out or "p95" in done.out
    quiet = run(plan(nginx.url, "get = /x", "name = the row",
                     load="wait = 10ms\nreport_interval = 500ms"),
                "-t", "1200ms", "--only-summary")
    assert quiet.err == ""
    assert "the row" in quiet.out


def test_what_is_no_terminal_gets_no_escapes(run, nginx, plan):
    done = run(plan(nginx.url, "get = /missing"), "-n", 5,
               env={"TERM": "xterm-256color", "COLUMNS": "80"})
    assert "\x1b" not in done.said
    assert "\r" not in done.said


def test_lines_fit_the_columns_that_are_asked_for(run, nginx, plan):
    done = run(plan(nginx.url, "get = /missing/${uuid}/with/a/very/long/name"
                    "/that/goes/on/and/on/for/more/than/eighty/columns"),
               "-n", 20, "-u", 5, "-w", 2, env={"COLUMNS": "80"})
    for line in done.out.splitlines():
        assert len(line) <= 80, line


def on_terminal(start, plan_text, *args, env=None, columns=80, rows=24):
    """Everything that is printed on a terminal, and the status."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack("HHHH", rows, columns, 0, 0))
    process = start(plan_text, *args, env=env, out=slave, err=slave,
                    stdin=slave)
    os.close(slave)
    text = b""
    while True:
        ready = select.select([master], [], [], 0.1)[0]
        if ready:
            try:
                piece = os.read(master, 65536)
            except OSError:  # all of its other ends are closed
                break
            text += piece
        elif process.popen.poll() is not None:
            break
    status = process.wait()
    os.close(master)
    return text.decode(), status


def width(line):
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in line)


LIVE = """
[load]
host = {url}
users = 5
spawn_rate = 10
wait = 10ms
run_time = 1800ms
report_interval = 500ms
[task a]
get = /resources/${{uuid}}/with/a/very/long/name/that/does/not/fit/at/all
[task b]
post = /missing
body = x
"""


@pytest.mark.parametrize("columns", [80, 132])
def test_the_table_on_a_terminal_fits_its_width(start, nginx, columns):
    text, status = on_terminal(start, LIVE.format(url=nginx.url),
                               columns=columns)
    assert status == 1
    assert "\x1b[" in text
    for line in re.split(r"[\r\n]+", ESCAPE.sub("", text)):
        assert width(line) <= columns, line


def test_the_table_comes_below_what_hooks_print_before_it(start, nginx):
    text, _ = on_terminal(start, LIVE.format(url=nginx.url)
                          + "[hook h]\non = test_start\n"
                          "run = echo hello from it\n")
    assert text.index("hello from it") < text.index("now: p50 ms")


def test_colour_is_used_on_a_terminal_unless_no_color_is_set(start, nginx):
    plan_text = LIVE.format(url=nginx.url)
    assert COLOUR.search(on_terminal(start, plan_text)[0])
    text, _ = on_terminal(start, plan_text, env={"NO_COLOR": "1"})
    assert not COLOUR.search(text)
    text, _ = on_terminal(start, plan_text, env={"TERM": "dumb"})
    assert "\x1b" not in text


def test_names_cannot_send_escapes_to_a_terminal(start, nginx, plan):
    text, _ = on_terminal(
        start, plan(nginx.url, "get = /x", "name = a${env EVIL}b"),
        env={"EVIL": "\x1b]0;owned\x07\x1b[2J"})
    assert "\x1b]0;" not in text
    assert "\x07" not in text


def test_the_program_needs_no_shell_and_no_home(start, nginx, plan):
    folder = start(plan(nginx.url, "get = /x")).finish().folder
    status = subprocess.run(
        [PROGRAM, "plan.ini", "--csv", "bare"], cwd=folder, env={},
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode
    assert status == 0
