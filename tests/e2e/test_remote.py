"""Runs on other hosts: what they send in all is what one machine would send,
and what is reported is what was sent."""

import re
import time

import pytest

import runner

ROWS = 40
PEOPLE = ("name\n" + "".join(f"p{i}\n" for i in range(ROWS))).encode()
ACCOUNTS_AGREE = "every worker's own account agrees"


def uris(nginx, start="/"):
    return [hit.uri for hit in nginx.log() if hit.uri.startswith(start)]


def by_host(run):
    """host -> its workers, by the last table of the summary."""
    found = {}
    for worker, host in re.findall(r"^(\d+)  .* (\S+)$", run.out, re.M):
        found.setdefault(host, []).append(int(worker))
    return found


def test_two_hosts_send_what_is_reported_in_proportion_to_their_weights(
        nginx, plan, run_remote):
    done = run_remote(plan(
        nginx.url, "get = /w${worker}/u${user}",
        load="run_time = 1s\nwait = 5ms"), "a,b*3", "-u", 16, "-w", 2).check()
    assert done.status == 0, done.said
    sent = uris(nginx)
    assert len(sent) == done.requests > 0
    assert done.books() == (len(sent), len(sent), 0, 0)
    assert ACCOUNTS_AGREE in done.out
    assert by_host(done) == {"a": [0, 1], "b": [2, 3]}
    pairs = {tuple(uri.split("/")[1:]) for uri in sent}
    users = [user for _, user in pairs]
    assert len(users) == len(set(users)) == 16
    on_a = {user for worker, user in pairs if worker in ("w0", "w1")}
    assert len(on_a) == 4
    assert {worker for worker, _ in pairs} == {"w0", "w1", "w2", "w3"}


def test_no_row_is_used_twice_even_by_setup_and_teardown(
        nginx, plan, run_remote):
    done = run_remote(plan(
        nginx.url, "get = /row/${people.name}",
        load="run_time = 20s\nsetup = before\nteardown = after", rest="""
[task before]
get = /row/${people.name}
[task after]
get = /row/${people.name}
[data people]
file = people.csv
order = unique
"""), "a,b*3", "-u", 8, "-w", 2, files={"people.csv": PEOPLE}).check()
    assert done.status == 0, done.said
    sent = uris(nginx, "/row/")
    assert sorted(sent) == sorted(f"/row/p{i}" for i in range(ROWS))
    assert done.requests == ROWS


@pytest.mark.parametrize("n", [1, 7, 100])
def test_iterations_are_exact_over_hosts(nginx, plan, run_remote, n):
    done = run_remote(plan(nginx.url, "get = /x"), "a,b*2,c", "-n", n, "-u", 9,
                      "-w", 2).check()
    assert done.status == 0, done.said
    assert len(uris(nginx)) == done.requests == n


def test_an_arrival_rate_is_that_of_all_hosts_together(
        nginx, run, run_remote):
    text = f"""[load]
host = {nginx.url}
stages = 300ms:200/s, 400ms:200/s, 300ms:0/s
max_users = 40
[task it]
get = /w${{worker}}
"""
    alone = run(text, "-w", 1).check(stages=True)
    before = len(uris(nginx))
    done = run_remote(text, "a,b*3", "-w", 1).check(stages=True)
    assert (alone.status, done.status) == (0, 0), done.said
    sent = uris(nginx)[before:]
    assert len(sent) == done.requests
    assert abs(done.requests - alone.requests) <= 2  # one for each host
    assert abs(sent.count("/w0") - len(sent) / 4) <= 2

    def of_stages(of):
        return [int(row["Request Count"]) for row in of.table("stages")
                if row["Name"] == "Aggregated"]
    assert len(of_stages(alone)) == len(of_stages(done)) == 3
    assert all(abs(one - two) <= 2 for one, two in zip(
        of_stages(alone), of_stages(done)))


def test_users_of_stages_are_those_of_all_hosts_together(
        nginx, run_remote):
    done = run_remote(f"""[load]
host = {nginx.url}
stages = 0s:10, 800ms:10
wait = 20ms
[task it]
get = /u${{user}}
""", "a,b*3", "-w", 2, "-D", "load.report_interval=200ms").check(stages=True)
    assert done.status == 0, done.said
    assert len(set(uris(nginx))) == 10
    most = max(int(row["User Count"]) for row in done.table("stats_history"))
    assert most == 10


def test_percentiles_come_from_the_samples_of_all_hosts(
        recorder, plan, run_remote):
    """A quarter of the users, all on one host, wait for 300 ms; an average of
    the hosts' percentiles would be nowhere near."""
    def reply(sent):
        if sent.uri == "/w0":
            time.sleep(0.3)
        return 200, [], b"ok\n"
    recorder.reply = reply
    done = run_remote(plan(recorder.url, "get = /w${worker}",
        load="run_time = 30s",
        rest="[user it]\niterations = 3\ntasks = it"), "a,b*3", "-u", 16,
        "-w", 1).check()
    assert done.status == 0, done.said
    assert done.requests == 48
    total = {name: float(value) for name, value in done.total.items()
             if name.endswith("%")}
    assert total["50%"] < 300 and total["66%"] < 300
    assert all(total[name] >= 300 * 0.999 for name in
               ("80%", "90%", "95%", "99%", "100%"))
    assert float(done.total["Max Response Time"]) == total["100%"]


def test_users_draw_the_same_whatever_the_hosts(nginx, plan, run, run_remote):
    text = plan(nginx.url, "get = /u${user}/${randint 1 1000000}/${uuid}",
                load="seed = 7\nrun_time = 30s", rest="""
[user it]
iterations = 4
tasks = it
""")
    seen = 0
    drawn = []
    for play, args in [(run, ["-w", 1]), (run, ["-w", 3]),
                       (lambda *a: run_remote(a[0], "a,b*2", *a[1:]),
                        ["-w", 2]),
                       (lambda *a: run_remote(a[0], "gate(n1,n2*2),c", *a[1:]),
                        ["-w", 1])]:
        done = play(text, "-u", 6, *args)
        assert done.status == 0, done.said
        sent = uris(nginx)[seen:]
        seen += len(sent)
        drawn.append(sorted(sent))
    assert len(drawn[0]) == 24
    assert all(one == drawn[0] for one in drawn)


def test_a_step_that_stops_the_test_on_one_host_stops_all(
        nginx, plan, run_remote):
    done = run_remote(plan(
        nginx.url, "get = /w${worker}", "stop = test",
        "when = ${worker} == 2", load="run_time = 60s\nwait = 10ms"),
        "a,b", "-u", 4, "-w", 2).check()
    assert done.status == 0, done.said
    assert done.seconds < 30
    assert len(uris(nginx)) == done.requests > 0


def test_a_threshold_ends_the_run_on_all_hosts(nginx, plan, run_remote):
    done = run_remote(plan(
        nginx.url, "get = /broken", load="run_time = 60s\nwait = 10ms",
        rest="[thresholds]\nabort = fail_ratio > 50% for 300ms"),
        "a,b", "-u", 4, "-w", 1, "-D", "load.report_interval=100ms").check()
    assert done.status == 1, done.said
    assert done.seconds < 30
    assert len(uris(nginx)) == done.requests == done.failed > 0


def test_the_files_of_hosts_have_the_columns_of_one_machine(
        nginx, plan, run, run_remote):
    text = plan(nginx.url, "get = /x", "get = /missing", load="iterations = 9")
    alone = run(text, "-w", 1).check()
    done = run_remote(text, "a,b", "-w", 1).check()
    for name in runner.FILES:
        assert runner.read_csv(done.path(name))[0] == \
            runner.read_csv(alone.path(name))[0]
    assert done.counts() == alone.counts()
    assert done.failures == alone.failures
    assert {row["Host"] for row in done.table("workers")} <= {"a", "b"}
