"""What people write in Python elsewhere: logins, ids, polls, data."""

import collections
import gzip
import json

import pytest

import servers
from runner import ON_HOSTS

PEOPLE = ("email,password\n" + "".join(
    f"user-{i}@example.org,pass {i}\n" for i in range(12))).encode()


def polls(done):
    """name -> the row of a poll as a whole."""
    return {name: row for (kind, name), row in done.stats.items()
            if kind == "POLL"}


def test_twelve_users_on_two_workers_are_twelve_people(run, recorder):
    recorder.reply = lambda sent: (
        200, [("Set-Cookie", "session=of-" + sent.header("X-Who"))]
        if sent.uri == "/login" else [],
        json.dumps({"token": "t-" + sent.header("X-Who")}).encode())
    done = run(f"""
[load]
host = {recorder.url}
users = 12
spawn_rate = 100
[http]
header = X-Who: ${{people.email}}
[data people]
file = people.csv
order = unique
per = user
[user u]
on_start = login
iterations = 3
[task login]
post = /login
form = user = ${{people.email}}
form = password = ${{people.password}}
capture.token = json /token
[task work]
get = /work
header = Authorization: Bearer ${{token}}
""", "-w", 2, files={"people.csv": PEOPLE}).check()
    assert done.status == 0, done.said
    whos = collections.Counter(sent.header("X-Who") for sent in recorder.sent
                               if sent.uri == "/login")
    assert whos == {f"user-{i}@example.org": 1 for i in range(12)}
    work = [sent for sent in recorder.sent if sent.uri == "/work"]
    assert len(work) == 36
    for sent in work:
        who = sent.header("X-Who")
        assert sent.header("Authorization") == f"Bearer t-{who}"
        assert sent.header("Cookie") == f"session=of-{who}"


def test_token_and_cookie_open_the_door_every_time(run, target):
    done = run(f"""
[load]
host = {target.url}
users = 10
spawn_rate = 100
[user u]
on_start = login
iterations = 5
[task login]
post = /login
json = {{"user": "user-${{user}}", "password": "p"}}
capture.token = json /token
[task me]
get = /me
header = Authorization: Bearer ${{token}}
check = json /user == user-${{user}}
""", "-w", 2).check()
    assert done.status == 0, done.said
    assert target.count("GET", "/me", 200) == 50


THINGS = """
[load]
host = {url}
users = 12
spawn_rate = 100
iterations = 12
[data ends]
file = ends.csv
order = unique
[task create]
post = /things?ready=600&end=${{ends.end}}
name = POST /things
check = status == 201
capture.id = json /id
poll = /things/${{id}}
every = 100ms
until = json /status == ACTIVE
fail_if = json /status == ERROR -> Saw ERROR status
fail_if = json /status != PENDING -> Saw an unknown status
timeout = 20s
background = yes
name = POST /things/ID - async
"""


def test_ids_are_polled_to_active_to_error_and_to_anything_else(run, target):
    ends = ["ACTIVE"] * 6 + ["ERROR"] * 4 + ["DELETED"] * 2
    done = run(THINGS.format(url=target.url), "-w", 2, files={
        "ends.csv": ("end\n" + "\n".join(ends)).encode()})
    assert done.status == 1, done.said
    row = polls(done)["POST /things/ID - async"]
    assert (row["Request Count"], row["Failure Count"]) == ("12", "6")
    assert 600 <= float(row["Min Response Time"])
    assert float(row["Max Response Time"]) < 5000
    assert done.failures == {
        ("POLL", "POST /things/ID - async", "Saw ERROR status"): 4,
        ("POLL", "POST /things/ID - async", "Saw an unknown status"): 2}
    # requests are what the server counts; polls are none
    asked = target.count("GET", "/things/ID")
    assert done.counts()[("GET", "/things/${id}")] == asked >= 12 * 4
    assert done.requests == 12 + asked
    assert done.books() == (12 + asked, 12 + asked, 0, 0)
    assert "6 polls or transactions failed" in done.out


def test_polls_that_take_seconds_do_not_slow_their_users(run, target):
    def tasks(background):
        done = run(f"""
[load]
host = {target.url}
users = 4
spawn_rate = 1000
run_time = 3s
wait = pace 100ms
stop_timeout = 1s
[task it]
post = /things?ready=60000
capture.id = json /id
poll = /things/${{id}}
every = 1s
until = json /status == ACTIVE
timeout = 60s
background = {background}
""", "-w", 2)
        assert done.status in (0, 1), done.said
        return target.count("POST", "/things"), done
    n, done = tasks("yes")
    assert 4 * 25 <= n <= 4 * 31
    assert "dropped at the end" in done.out
    assert polls(done) == {}  # none came to a verdict
    assert done.books()[0] == sum(done.books()[1:])


def test_what_a_user_draws_depends_on_no_poll_of_its(run, plan, recorder):
    def drawn(asks):
        left = iter([b"no"] * (asks - 1) + [b"yes"])
        recorder.sent.clear()
        recorder.reply = lambda sent: (
            200, [], next(left) if sent.uri.startswith("/poll") else b"")
        done = run(plan(
            recorder.url, "poll = /poll?r=${randint 1 1000000}",
            "every = 1ms", "timeout = 10s", 'until = body == "yes"',
            "get = /get?r=${randint 1 1000000}",
            load="iterations = 1\nseed = 7"))
        assert done.status == 0, done.said
        return recorder.sent[-1].uri

    assert drawn(1) == drawn(5)


def test_a_poll_times_out_and_says_after_what(run, plan, target):
    done = run(plan(target.url, "post = /things?ready=60000",
                    "capture.id = json /id", "poll = /things/${id}",
                    "every = 50ms", "until = json /status == ACTIVE",
                    "timeout = 300ms", "name = slow", "get = /status/200"))
    assert done.status == 1
    assert done.failures == {("POLL", "slow", "timed out after 300ms"): 1}
    assert target.count("GET", "/status/CODE") == 0  # the task has ended
    assert 250 <= float(polls(done)["slow"]["Max Response Time"]) < 2000


def test_a_poll_endures_answers_that_are_none(run, plan, recorder):
    answers = iter([(503, [], b"no"), (404, [], b"no"), (200, [], b"garbage"),
                    (200, [], b'{"status": "ACTIVE", "ip": "10.0.0.7"}')])
    recorder.reply = lambda sent: (
        next(answers) if sent.uri == "/x" else (200, [], b""))
    done = run(plan(recorder.url, "poll = /x", "every = 20ms",
                    "until = json /status == ACTIVE", "capture.ip = json /ip",
                    "check = status in 200,404,503", "get = /${ip}"))
    assert done.status == 0, done.said
    assert [sent.uri for sent in recorder.sent] == ["/x"] * 4 + ["/10.0.0.7"]


@pytest.mark.parametrize("status, text", [
    ("ACTIVE", None), ("ERROR", "it broke"),
    ("odd", "json /state: expected ACTIVE, got odd")])
def test_three_verdicts_take_three_lines(run, plan, recorder, status, text):
    recorder.reply = lambda sent: (
        200, [], json.dumps({"state": status}).encode())
    done = run(plan(recorder.url, "get = /x",
                    "fail_if = json /state == ERROR -> it broke",
                    "check = json /state == ACTIVE"))
    assert done.status == (1 if text else 0)
    assert done.failures == ({("GET", "/x", text): 1} if text else {})


def test_captures_come_from_all_parts_of_an_answer(run, plan, recorder):
    recorder.reply = lambda sent: (200, [
        ("X-Trace", "abc"), ("Set-Cookie", "sid=s1; Path=/")],
        b'<a href="/one"></a> <a href="/two"></a> {"id"') \
        if sent.uri == "/from" else (
            200, [], b'{"a": [{"b": 5}], "~/x": "y z"}')
    done = run(plan(
        recorder.url, "get = /from", "capture.trace = header X-Trace",
        "capture.sid = cookie sid", 'capture.first = body href="([^"]+)"',
        'capture.last = last body href="([^"]+)"', "capture.code = status",
        "capture.where = url", "capture.none = header X-None -> nothing here",
        "get = /json", "capture.b = json /a/0/b", "capture.x = json /~0~1x",
        "post = /to",
        "json = ${trace} ${sid} ${first} ${last} ${code} ${where} ${none} "
        "${b} ${x|url}"))
    assert done.status == 0, done.said
    assert recorder.sent[-1].body.decode() == (
        f"abc s1 /one /two 200 {recorder.url}/from nothing here 5 y%20z")


def test_a_capture_that_finds_nothing_fails_its_request(run, plan, nginx):
    done = run(plan(nginx.url, "get = /x", "capture.id = json /id",
                    "get = /never/${id}"))
    assert done.status == 1
    [(_, name, text)] = done.failures
    assert name == "/x" and text.startswith("capture.id: ")
    assert [hit.uri for hit in nginx.log()] == ["/x"]


def test_links_are_taken_from_pages(run, plan, target):
    done = run(plan(
        target.url, "get = ${link}".replace("${link}", "/pages/${page}"),
        "name = /pages/N", 'capture.page = any body href="/pages/([0-9]+)"',
        load="iterations = 60", rest="[vars]\npage = 0")).check()
    assert done.status == 0, done.said
    assert target.count("GET", "/pages/N", 200) == 60


NO_HOST = """
[load]
iterations = 1
[task it]
set.link = {link}
get = ${{link}}
name = link
"""


def test_a_url_in_a_variable_needs_no_host(run, nginx):
    done = run(NO_HOST.format(link=nginx.url + "/x?y=1")).check()
    assert done.status == 0, done.said
    assert [hit.uri for hit in nginx.log()] == ["/x?y=1"]


def test_a_path_in_a_variable_fails_where_there_is_no_host(run):
    done = run(NO_HOST.format(link="/x")).check()
    assert done.status == 1, done.said
    [(method, name, text)] = done.failures
    assert (method, name) == ("GET", "link")
    assert text.startswith("URL is a path, and there is no host for it: ")
    once = run(NO_HOST.format(link="/x"), "--once", csv=None)
    assert once.status == 1, once.said
    assert "there is no host for it" in once.out


def test_a_path_in_a_variable_goes_to_no_host_of_others(run, nginx):
    """The first user has a host, and the second has none."""
    done = run(NO_HOST.format(link="/${user}").replace("tions = 1", "tions = 0")
               + f"[user a]\ncount = 1\nhost = {nginx.url}\niterations = 1\n"
               "[user b]\ncount = 1\niterations = 1\n").check()
    assert done.status == 1, done.said
    assert (done.requests, done.failed) == (2, 1)
    assert len(nginx.log()) == 1


def test_steps_may_depend_on_variables(run, plan, nginx):
    done = run(plan(
        nginx.url, "set.plan = ${pick premium basic}", "get = /premium",
        "when = ${plan} == premium", "get = /basic", "when = ${plan} == basic",
        "get = /never", "when = ${plan} ~ ^x", load="iterations = 40\nseed=1"))
    assert done.status == 0, done.said
    uris = collections.Counter(hit.uri for hit in nginx.log())
    assert set(uris) == {"/premium", "/basic"}
    assert sum(uris.values()) == 40


def test_user_values_are_made_once_for_each_user(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
users = 3
spawn_rate = 1000
[user u]
iterations = 4
set.id = ${{uuid}}
set.path = /of/${{id}}
[task it]
get = /x${{path}}
""").check()
    assert done.status == 0, done.said
    uris = collections.Counter(hit.uri for hit in nginx.log())
    assert sorted(uris.values()) == [4, 4, 4]


def test_vars_are_constants_for_the_whole_plan(run, nginx):
    plan = f"""
[load]
host = {nginx.url}/${{where}}
iterations = ${{n}}
[vars]
n = 3
where = a
deep = ${{where}}/b
[task it]
get = /${{deep}}
"""
    assert run(plan).status == 0
    assert run(plan, "-D", "vars.n=2", "-D", "vars.where=c").status == 0
    assert [hit.uri for hit in nginx.log()] == ["/a/a/b"] * 3 + [
        "/c/c/b"] * 2


def test_calls_run_another_task_here(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
iterations = 2
[task outer]
transaction = all of it
get = /a
call = inner
get = /b
[task inner]
repeat = 2
get = /i
""")
    assert done.status == 0, done.said
    assert [hit.uri for hit in nginx.log()] == ["/a", "/i", "/i", "/b"] * 2
    assert done.stats[("TRANSACTION", "all of it")]["Request Count"] == "2"
    assert done.requests == 8


@pytest.mark.parametrize("on_fail, uris, status", [
    ("continue", ["/missing", "/after"] * 3, 1),
    ("end_task", ["/missing"] * 3, 1),
    ("stop_user", ["/missing"], 1),
    ("stop_test", ["/missing"], 1)])
def test_on_fail_says_what_a_failure_means(
        run, plan, nginx, on_fail, uris, status):
    done = run(plan(nginx.url, "get = /missing", f"on_fail = {on_fail}",
                    "get = /after", load="iterations = 3"))
    assert done.status == status, done.said
    assert [hit.uri for hit in nginx.log()] == uris


def test_a_step_may_stop_the_test_on_all_workers(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
users = 4
spawn_rate = 1000
wait = 50ms
run_time = 60s
[task it]
get = /x
stop = test
when = ${{iteration}} >= 5
""", "-w", 2)
    assert done.status == 0, done.said
    assert done.seconds < 30
    assert done.requests == len(nginx.log())
    text = " ".join(done.out.split())
    assert "of 1m: stop = test in [task it], line 10" in text, done.out


def test_a_run_that_ends_before_its_time_says_why(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
users = 3
spawn_rate = 1000
run_time = 20s
[data d]
file = d.csv
order = unique
[task it]
get = /${{d.n}}
""", "-w", 2, files={"d.csv": b"n\n1\n2\n3\n4\n"}).check()
    assert done.status == 0, done.said
    text = " ".join(done.out.split())
    assert "of 20s: no user was left" in text, done.out
    assert "[data d]: no row was left for a user, who stopped" in text
    assert sum(int(row["Count"]) for row in done.table("exceptions")) == 3


def test_tasks_of_a_rate_that_find_no_row_are_told_with_the_reason(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
rate = 20/s
max_users = 3
run_time = 1s
[data d]
file = d.csv
order = unique
[task it]
get = /${{d.n}}
""", "-w", 2, files={"d.csv": b"n\n1\n2\n3\n4\n"}).check()
    assert done.status == 0, done.said
    text = " ".join(done.out.split())
    assert "16 of 20 tasks that were due never started: no row of [data d] " \
        "was left for the users, who stopped" in text, done.out
    assert "max_users" not in text


def test_users_who_will_find_no_row_are_foretold(run, nginx):
    plan = f"""
[load]
host = {nginx.url}
users = 6
spawn_rate = all
iterations = 30
workers = 2
[data accounts]
file = d.csv
order = unique
per = user
[task it]
get = /${{accounts.n}}
"""
    foretold = ("! data accounts: 6 users need a row of their own, and it has "
                "3: those who find none stop")
    files = {"d.csv": b"n\n1\n2\n3\n"}
    told = run(plan, "--check", files=files)
    assert foretold in " ".join(told.out.split())
    done = run(plan, files=files).check()
    assert foretold in " ".join(done.err.split())
    trouble = "[data accounts]: no row was left for a user, who stopped"
    if ON_HOSTS:
        trouble = f"box: {trouble}"
    assert f"! {trouble} (3 times)" in " ".join(done.out.split())
    assert done.out.endswith("; 3 users found no row and stopped\n")


def test_more_background_jobs_than_a_worker_holds_are_skipped(
        run, plan, target):
    done = run(plan(
        target.url, "post = /things?ready=700", "capture.id = json /id",
        "poll = /things/${id}", "every = 100ms",
        "until = json /status == ACTIVE", "background = yes", "name = p",
        load="iterations = 10\nmax_background = 3"))
    assert done.status == 0, done.said
    assert polls(done)["p"]["Request Count"] == "3"
    assert "7 background jobs not started" in done.out


def test_unique_rows_that_are_used_up_end_their_users(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
users = 4
spawn_rate = 1000
[data d]
file = d.csv
order = unique
[task it]
get = /${{d.n}}
""", "-w", 2, files={"d.csv": b"n\n" + b"".join(
        b"%d\n" % i for i in range(100))}).check()
    assert done.status == 0, done.said
    assert sorted(int(hit.uri[1:]) for hit in nginx.log()) == list(range(100))


def test_sequential_rows_go_round_in_each_workers_share(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
iterations = 5
[data d]
file = d.csv
[task it]
get = /${{d.the word}}
""", files={"d.csv": b"\xef\xbb\xbfn,the word\r\n1,a\r\n2,b\r\n"})
    assert done.status == 0, done.said
    assert [hit.uri for hit in nginx.log()] == ["/a", "/b", "/a", "/b", "/a"]


# --- hostile answers ---------------------------------------------------------

@pytest.mark.parametrize("body, text", [
    (b"[" * 100000, "json /id: body is JSON nested too deep"),
    (b'{"id": ' * 50000, "json /id: body is JSON nested too deep"),
    (b'{"id": "x"} and more', "json /id: body is not JSON"),
    (b"", "json /id: body is not JSON"),
    (b"[1, 2", "json /id: body is not JSON")],
    ids=["arrays", "objects", "more", "empty", "cut"])
def test_bodies_that_are_no_json_fail_their_request(
        run, plan, recorder, body, text):
    recorder.reply = lambda sent: (200, [], body)
    done = run(plan(recorder.url, "get = /x", "check = json /id == 1"))
    assert done.status == 1
    assert done.failures == {("GET", "/x", text): 1}


def test_a_zip_bomb_is_read_and_counted_and_fails_its_check(
        run, plan, recorder):
    bomb = gzip.compress(b"x" * (200 << 20), 9)
    recorder.reply = lambda sent: (
        200, [("Content-Encoding", "gzip")], bomb)
    done = run(plan(recorder.url, "get = /x", "check = json /id == 1",
                    http="compression = yes"),
               wrap=("sh", "-c", 'ulimit -v 400000; exec "$@"', "sh")
               if "asan" not in str(servers.os.environ.get("LOADGEN")) else ())
    assert done.status == 1, done.said
    assert done.failures == {
        ("GET", "/x", "json /id: body is longer than max_body (1M)"): 1}
    assert float(done.total["Average Content Size"]) == 200 << 20


def test_a_body_without_end_fails_at_the_timeout(run, plan, target):
    done = run(plan(target.url, "get = /endless", "check = body contains y",
                    "timeout = 1s"))
    assert done.status == 1
    [(_, _, text)] = done.failures
    assert "no complete answer within 1s" in text


def test_failure_texts_stay_few_whatever_the_server_says(
        run, plan, recorder):
    recorder.reply = lambda sent: (200, [], json.dumps(
        {"id": f"id-{sent.uri}"}).encode())
    done = run(plan(recorder.url, "get = /${uuid}", "name = /ID",
                    "check = json /id == 7", load="iterations = 300"))
    assert done.failures == {
        ("GET", "/ID", "json /id: expected 7, got another text"): 300}
