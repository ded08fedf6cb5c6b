"""--once: what people debug a plan with."""

import signal

import servers


def once(run, plan, *args, **options):
    return run(plan, "--once", *args, csv=None, **options)


PLAN = """
[load]
host = {url}
users = 50
run_time = 1h
wait = 10s
[user u]
on_start = login
on_stop = logout
[task login]
post = /login
json = {{"user": "user-${{user}}", "password": "p"}}
capture.token = json /token
[task logout]
get = /status/200
[task me]
get = /me
header = Authorization: Bearer ${{token}}
check = json /user == user-1
check = time < 10s
[task odd]
weight = 0
get = /status/404
check = status == 200 -> not there
"""


def test_a_task_that_is_not_there_is_answered_with_those_that_are(run, target):
    done = run(PLAN.format(url=target.url), "--once=nope", csv=None)
    assert done.status == 2, done.said
    assert ('--once: there is no task "nope": there are login, logout, me, odd'
            in done.said)
    assert target.counts()["requests"] == 0


def test_each_task_runs_once_and_is_told(run, target):
    done = once(run, PLAN.format(url=target.url))
    assert done.status == 0, done.said
    out = done.out
    for words in ["login (on_start)", "POST /login", "capture  token = ",
                  "from json /token", "GET /me", "200",
                  "check    json /user == user-1", "holds", "logout (on_stop)",
                  "PASSED: 3 requests, none failed"]:
        assert words in out, out
    assert "/status/404" not in out
    assert target.counts()["requests"] == 3
    assert not list(done.folder.glob("*.csv"))


def test_one_task_may_be_named(run, target):
    for args in (["--once", "odd"], ["--once=odd"]):
        done = run(PLAN.format(url=target.url), *args, csv=None)
        assert done.status == 1, done.said
        assert "GET /status/404" in done.out
        assert "FAILED   not there" in done.out
        assert "FAILED: 1 of 3 requests" in done.out


def test_a_task_that_is_not_there_is_a_mistake(run, target):
    done = once(run, PLAN.format(url=target.url), "ode")
    assert done.status == 2
    assert 'did you mean "odd"?' in done.err
    assert target.counts()["requests"] == 0


def test_verbose_shows_headers_and_bodies(run, target):
    done = once(run, PLAN.format(url=target.url), "-v")
    assert done.status == 0, done.said
    assert "> POST /login HTTP/1.1" in done.out
    assert '>> {"user": "user-1", "password": "p"}' in done.out
    assert "< HTTP/1.1 200 OK" in done.out
    assert '<< {"user":"user-1"}' in done.out


def test_nothing_that_a_server_says_steers_the_terminal(run, plan, recorder):
    recorder.reply = lambda sent: (
        200, [("X-Odd", "\x1b[31m")], b"\x1b]0;pwned\x07 {\"a\": 1}\x00\xff")
    done = once(run, plan(recorder.url, "get = /x", "capture.a = body (.*)",
                          "check = body contains pwned"), "-v")
    assert done.status == 0, done.said
    assert "\x1b" not in done.out and "\x07" not in done.out
    assert "\\x1b]0;pwned" in done.out


def test_a_redirect_is_told_by_where_it_led(run, plan, target):
    done = once(run, plan(target.url, "get = /redirect/2", "get = /redirect/0"))
    lines = [line for line in done.out.splitlines() if "GET /redirect" in line]
    assert done.status == 0, done.said
    assert lines[0].startswith("  GET /redirect/2 ")
    assert "  2 redirects to /redirect/0  " in lines[0]
    assert lines[1].startswith("  GET /redirect/0 ")
    assert "redirects" not in lines[1]


def test_polls_and_what_runs_beside_are_waited_for(run, plan, target):
    done = once(run, plan(
        target.url, "post = /things?ready=300", "capture.id = json /id",
        "poll = /things/${id}", "every = 100ms",
        "until = json /status == ACTIVE", "background = yes", "name = ready",
        "get = /resources", load="users = 1"))
    assert done.status == 0, done.said
    assert "beside: GET /things/" in done.out
    assert "beside: poll ready" in done.out


def test_setup_hooks_and_rows_of_data_are_there_too(run, recorder):
    recorder.reply = lambda sent: (200, [], b'{"t": "T"}')
    done = once(run, f"""
[load]
host = {recorder.url}
setup = begin
[hook h]
on = test_start
run = echo word=W
[data d]
file = d.csv
[task begin]
post = /begin
capture.t = json /t
[task it]
set.all = ${{t}}-${{word}}-${{d.n}}
get = /${{all}}
emit = done n=${{d.n}}
[hook done]
on = done
run = echo "$LOADGEN_N" >done
""", files={"d.csv": b"n\n42\n"})
    assert done.status == 0, done.said
    assert [sent.uri for sent in recorder.sent] == ["/begin", "/T-W-42"]
    assert "hook h: word = W" in done.out
    assert "begin (setup)" in done.out
    assert "set      all = T-W-42" in done.out
    assert (done.folder / "done").read_text() == "42\n"


KINDS = """
[load]
host = {url}
[user one]
tasks = a, b
[user two]
tasks = a
[user three]
tasks = b
on_start = login
on_stop = logout
[user four]
tasks = a
set.who = four
[task login]
get = /login
[task logout]
get = /logout
[task a]
get = /a/${{who}}
[task b]
get = /b
[vars]
who = nobody
"""


def test_kinds_with_a_beginning_of_their_own_are_played_each(run, nginx):
    done = once(run, KINDS.format(url=nginx.url))
    assert done.status == 0, done.said
    assert [hit.uri for hit in nginx.log()] == [
        "/a/nobody", "/b", "/login", "/b", "/logout", "/a/four"]


ROWS = """
[load]
host = {url}
{load}
[data d]
file = d.csv
order = unique
[task a]
get = /a/${{d.n}}
[task b]
get = /b/${{d.n}}
[task c]
get = /c
"""


def test_tasks_that_find_no_row_are_named_and_fail_it(run, nginx):
    done = once(run, ROWS.format(url=nginx.url, load=""),
                files={"d.csv": b"n\n1\n"})
    assert done.status == 1, done.said
    assert "! not run: b, c: [data d] has no row left\n" in done.out
    assert "FAILED: 0 of 1 request, and not all tasks were run" in done.out
    assert [hit.uri for hit in nginx.log()] == ["/a/1"]


def test_a_teardown_that_finds_no_row_fails_it(run, nginx):
    done = once(run, ROWS.format(url=nginx.url, load="teardown = last")
                + "[task last]\nget = /last/${d.n}\n",
                files={"d.csv": b"n\n1\n2\n"})
    assert done.status == 1, done.said
    assert "! not run: last: [data d] has no row left\n" in done.out


def test_tasks_behind_a_stop_are_named(run, plan, nginx):
    done = once(run, plan(nginx.url, "get = /x", "stop = user",
                          rest="[task late]\nget = /late"))
    assert done.status == 0, done.said
    assert "! not run: late: the user had stopped before\n" in done.out
    assert [hit.uri for hit in nginx.log()] == ["/x"]


def test_a_request_that_cannot_be_made_says_why(run, plan, nginx):
    done = once(run, plan("http://127.0.0.1:1", "get = /x"))
    assert done.status == 1
    assert "FAILED   Couldn't connect to server: Connection refused" in (
        done.out)


def test_a_signal_ends_it(start, plan, target):
    process = start(plan(target.url, "get = /stall"), "--once", csv=None)
    servers.wait_for("the request", lambda: target.count("GET", "/stall"))
    process.signal(signal.SIGINT)
    done = process.finish(20)
    assert done.status == 130, done.said


def test_nohup_keeps_it_going(start, plan, target):
    process = start(plan(target.url, "get = /bytes/3", "get = /delay/1500"),
                    "--once", csv=None, wrap=["nohup"])
    servers.wait_for("the request", lambda: target.count("GET", "/bytes/N"))
    process.signal(signal.SIGHUP)
    done = process.finish(20)
    assert done.status == 0, done.said
    assert "PASSED: 2 requests, none failed" in done.out


def test_a_signal_ends_it_and_says_so(start, plan, target):
    process = start(plan(target.url, "get = /delay/1", "get = /stall"),
                    "--once")
    servers.time.sleep(1)
    process.signal(signal.SIGINT)
    done = process.finish(30)
    assert done.status == 130, done.said
    assert ("STOPPED by SIGINT: 1 request, none failed, 1 interrupted"
            in done.out)
