"""What a server, or the plan of a stranger, must not be able to do. (Redirects
to other schemes: test_failures.py; bodies in --once: test_once.py.)"""

import os
import re

import pytest

import torture
import villains
from terminal import Terminal
from villains import OK, Villain, send

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\n"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")
SECRET = "the content of a local file"


# --- files and schemes --------------------------------------------------------

@pytest.mark.parametrize("scheme", ["file", "FILE", "ftp", "scp", "smb",
                                    "ldap", "tftp", "ws"])
@pytest.mark.parametrize("how", ["redirect", "capture"])
def test_a_server_cannot_have_a_local_file_read(
        run, plan, recorder, tmp_path, scheme, how):
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    url = f"{scheme}://{secret}" if scheme.lower() == "file" else \
        f"{scheme}://127.0.0.1:1/x"
    recorder.reply = lambda sent: (
        (302, [("Location", url)], b"") if how == "redirect" else
        (200, [], url.encode()))
    steps = ["get = /a", "on_fail = continue"]
    if how == "capture":
        steps = ["get = /a", "capture.to = body (.*)", "get = ${to}",
                 "check = body contains local", "on_fail = continue",
                 "post = /told", "body = ${to}"]
    done = run(plan(recorder.url, *steps, http="redirects = 5"),
               "-n", 1).check()
    assert done.status == 1, done.said
    assert SECRET not in done.said
    assert all(SECRET.encode() not in sent.body for sent in recorder.sent)


def test_a_server_cannot_choose_a_file_to_send(run, plan, recorder, tmp_path):
    """A captured value is text, whatever it looks like."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    recorder.reply = lambda sent: (200, [], f"@{secret}".encode())
    done = run(plan(recorder.url, "get = /a", "capture.to = body (.*)",
                    "post = /b", "multipart = part=${to}",
                    "post = /c", "form = part=${to}",
                    "post = /d", "body = ${to}"), "-n", 1).check()
    assert done.status == 0, done.said
    assert len(recorder.sent) == 4
    for sent in recorder.sent[1:]:
        assert SECRET.encode() not in sent.body
        assert b"secret" in sent.body


# --- headers ------------------------------------------------------------------

@pytest.mark.parametrize("end", ["\\r\\n", "\\n", "\\r"])
@pytest.mark.parametrize("step", [
    "header = X-Value: ${got}", "header = Cookie: a=${got}",
    "header = ${got}: x", "query = a=${got}", "auth = ${got}:x"])
def test_a_captured_value_smuggles_no_header(run, plan, recorder, end, step):
    recorder.reply = lambda sent: (
        200, [], f'{{"a": "x{end}X-Smuggled: 1{end}{end}GET /evil '
                 f'HTTP/1.1{end}"}}'.encode())
    done = run(plan(recorder.url, "get = /a", "capture.got = json /a",
                    "get = /b", step, "on_fail = continue"), "-n", 1)
    if done.status == 2:  # no value of a request may stand there
        assert recorder.sent == []
        return
    done.check()
    assert all("/evil" not in sent.uri or "%" in sent.uri
               for sent in recorder.sent)
    for sent in recorder.sent:
        assert sent.header("X-Smuggled") is None
        assert not any("Smuggled" in name for name, _ in sent.headers)
    if "query" not in step and "auth" not in step:
        assert done.failed == 1


@pytest.mark.parametrize("end", ["\\r\\n", "\\n", " ", "\\u0000"])
@pytest.mark.parametrize("url", ["/b${got}", "/b?a=${got}", "${got}",
                                 "http://${got}/"])
def test_a_captured_value_smuggles_nothing_through_a_url(
        run, plan, recorder, end, url):
    recorder.reply = lambda sent: (
        200, [], f'{{"a": "/x{end}HTTP/1.1{end}X-Smuggled: 1{end}"}}'.encode())
    done = run(plan(recorder.url, "get = /a", "capture.got = json /a",
                    f"get = {url}", "on_fail = continue"), "-n", 1)
    assert done.status in (0, 1, 2), done.said
    for sent in recorder.sent:
        assert sent.version == "HTTP/1.1"
        assert sent.header("X-Smuggled") is None


def test_a_cookie_of_a_server_smuggles_no_header(run, plan, closing):
    villain = closing(Villain(send(
        OK, b"Set-Cookie: a=b\x0dX-Smuggled: 1\r\nContent-Length: 0\r\n\r\n",
        closes=False)))
    heads = []
    villain.answer = lambda connection, head: heads.append(head) or \
        connection.sendall(OK + b"Set-Cookie: a=b\x0dX-Smuggled: 1\r\n"
                           b"Content-Length: 0\r\n\r\n")
    run(plan(villain.url, "get = /a", "get = /b"), "-n", 2).check()
    assert all(b"\rX-Smuggled" not in head for head in heads)


# --- the terminal -------------------------------------------------------------

def assert_steers_nothing(text):
    found = STEERING.search(text.replace("\n", "").replace("\r\n", ""))
    assert not found, repr(text[max(0, found.start() - 80):found.end() + 20])


def evil(sent):
    return (500, [("X-Evil", EVIL.replace("\r\n", ""))],
            ('{"a": "%s"}' % EVIL).encode())


@pytest.mark.parametrize("options", [[], ["--once"], ["--once", "-v"]])
def test_no_word_of_a_server_steers_the_terminal(
        run, plan, recorder, options):
    recorder.reply = lambda sent: (
        500, [("X-Evil", "\x1b[2J\x07")], EVIL.encode("utf-8"))
    done = run(plan(
        recorder.url, "get = /a", "name = /a",
        "capture.got = body (.*)", "check = status == 500",
        "check = body == nothing", "on_fail = continue",
        "get = /b?${got|url}", "on_fail = continue",
        "get = /c", "header = X: ${got}", "on_fail = continue",
        "get = /d", "check = header X-Evil == good", "on_fail = continue"),
        "-n", 1, *options)
    assert done.status == 1, done.said
    assert_steers_nothing(done.out)
    assert_steers_nothing(done.err)
    if not options:
        for path in done.folder.glob("out_*.csv"):
            assert "\x1b" not in path.read_text(), path


@pytest.mark.parametrize("status_line", [
    b"HTTP/1.1 500 \x1b[2J\x07\r\n", b"\x1b]0;owned\x07\r\n",
    b"HTTP/1.1 302 F\r\nLocation: ftp://\x1b[2J/\x07\r\n",
    b"HTTP/1.1 302 F\r\nLocation: \x1b[31mftp:\x07\r\n"])
def test_no_word_of_a_failure_steers_the_terminal(
        start, run, plan, closing, status_line):
    villain = closing(Villain(send(
        status_line, b"Content-Length: 0\r\n\r\n")))
    text = plan(villain.url, "get = /a", http="timeout = 2s")
    for options in ([], ["--once", "-v"]):
        done = run(text, "-n", 2, *options)
        assert done.status == 1
        assert_steers_nothing(done.said)
    screen = closing(Terminal())
    process = start(text, "-n", 2, **screen.streams())
    assert screen.wait(process) == 1
    screen.look()
    assert b"\x07" not in screen.shown
    assert b"owned" not in screen.shown


def test_a_plan_with_escapes_steers_nothing_when_it_is_told_of(run):
    done = run("[load]\nhost = http://127.0.0.1:1\n[task \x1b[2J\x07]\n"
               "get = /\x1b]0;owned\x07\nodd\x1b[31m = 1\n"
               "[\x9bodd]\nx = y\n")
    assert done.status == 2
    assert_steers_nothing(done.err)


# --- the plan of a stranger ---------------------------------------------------

STRANGER = """
[load]
host = {url}
users = 2
run_time = 10s
setup = first
teardown = last
[vars]
token =
home = ${{env HOME}}
[data rows]
file = rows.csv
[hook first]
on = test_start
run = touch was_run; echo token=x
[hook each]
on = request
stream = yes
run = cat >was_run
[hook host]
on = interval
where = host
run = touch was_run
[hook exit]
on = exit
run = touch was_run
[task first]
post = /first
body_file = rows.csv
[task last]
get = http://nowhere.invalid/last
[task it]
get = /${{rows.id}}/${{token}}/${{home|url}}
poll = /x
until = status == 200
[report]
csv = reports
html = page.html
json = figures.json
junit = cases.xml
"""
FORBIDDEN = ["write", "fork", "spawn", "pipe", "socket", "resolve", "rename",
             "remove", "create"]


def test_a_check_does_nothing_but_read(run, nginx, tmp_path):
    """Every call is counted that could do more."""
    library = torture.build(tmp_path)
    record = tmp_path / "record"
    rows = {"rows.csv": b"id\r\n1\r\n2\r\n"}
    done = run(STRANGER.format(url=nginx.url), "--check", csv=None, files=rows,
               env=torture.environment(library, record, torture.Fault("", 0,
                                                                      0)))
    calls = torture.Record(record)
    assert done.status == 0, done.said
    assert calls.processes == 1
    assert calls.calls[0, "open"] > 0
    assert {kind: calls.calls[0, kind] for kind in FORBIDDEN} == dict.fromkeys(
        FORBIDDEN, 0)
    assert {path.name for path in done.folder.iterdir()} == {
        "plan.ini", "rows.csv", "stdout", "stderr"}
    assert nginx.log() == []


@pytest.mark.parametrize("line", [
    "[data d]\nfile = pipe\n[task t]\nget = /${d.id}",
    "[task t]\npost = /\nbody_file = pipe",
    "[task t]\npost = /\nmultipart = a=@pipe",
    "[task t]\nget = /\nca_file = pipe",
    "[task t]\nget = /\ncert = pipe\nkey = pipe",
    "[task t]\nget = /\n[report]\nbaseline = pipe",
    "[task t]\nget = /\n[report]\nhtml = pipe",
    "[task t]\nget = /\n[report]\njson = /dev/tty",
    "[data d]\nfile = /dev/zero\n[task t]\nget = /${d.id}",
    "[task t]\npost = /\nbody_file = /dev/zero",
    "[task t]\npost = /\nbody_file = /dev/stdin",
    "[task t]\nget = /\nca_file = /dev/zero",
    "[task t]\nget = /\n[report]\nbaseline = /dev/zero"])
def test_a_check_waits_for_no_pipe_and_reads_no_device_for_ever(
        start, tmp_path, line):
    process = start("[load]\nhost = https://127.0.0.1:1\n" + line, "--check",
                    csv=None, files={}, wrap=[
                        "sh", "-c", 'mkfifo pipe; exec "$0" "$@"'])
    done = process.finish(20)
    assert done.status in (0, 2), done.said
    if done.status == 2:
        assert "pipe" in done.err or "/dev/" in done.err


def test_a_check_of_a_plan_that_includes_itself_ends(start):
    steps = "\n".join(f"[task t{i}]\ncall = t{(i + 1) % 50}"
                      for i in range(50))
    done = start("[load]\nhost = http://127.0.0.1:1\n" + steps,
                 "--check").finish(20)
    assert done.status == 2
    assert "t0" in done.err


def test_a_check_of_a_large_plan_ends(start):
    done = start("[load]\nhost = http://127.0.0.1:1\n[task t]\nget = /"
                 + "x" * (4 << 20) + "\n", "--check").finish(30)
    assert done.status in (0, 2)
    assert len(done.said) < 10000


def test_what_a_server_makes_of_memory_is_bounded_by_max_body(
        run, plan, closing):
    """Captures of large values, kept by each user, do not add up."""
    villain = closing(Villain(villains.plunge(2)))
    done = run(plan(villain.url, "get = /x", "capture.a = body (.*)",
                    "check = size > 1M", load="users = 4\niterations = 20"),
               "-w", 1).check()
    assert done.requests == 20
    assert villain.requests == 20
    assert os.path.getsize(done.path("stats")) < 4096
