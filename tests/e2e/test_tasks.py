"""Who does what, in which order, how often."""

import collections

import pytest


def by_connection(hits):
    """connection -> its URIs in order."""
    found = collections.defaultdict(list)
    for hit in hits:
        found[hit.connection].append(hit.uri)
    return list(found.values())


def play(run, nginx, load, rest, *args):
    plan = f"[load]\nhost = {nginx.url}\nspawn_rate = 1000\n{load}\n{rest}"
    done = run(plan, *args).check()
    assert done.status == 0, done.said
    hits = nginx.log()
    assert done.requests == len(hits)
    return by_connection(hits)


THREE_TASKS = """
[task a]
get = /a
[task b]
get = /b
[task c]
get = /c
"""


def test_on_start_and_on_stop_run_once_for_each_user(run, nginx):
    users = play(run, nginx, "users = 6\nworkers = 2", """
[user u]
iterations = 3
on_start = hello
on_stop = goodbye
[task hello]
get = /hello
[task work]
get = /work
[task goodbye]
get = /goodbye
""")
    assert users == [["/hello", "/work", "/work", "/work", "/goodbye"]] * 6


def test_on_stop_runs_when_the_time_is_up(run, nginx):
    users = play(run, nginx,
                 "users = 4\nrun_time = 700ms\nwait = 20ms\nworkers = 2", """
[user u]
on_start = hello
on_stop = goodbye
[task hello]
get = /hello
[task work]
get = /work
[task goodbye]
get = /goodbye
""")
    assert len(users) == 4
    for uris in users:
        assert uris[0] == "/hello" and uris[-1] == "/goodbye"
        assert set(uris[1:-1]) == {"/work"}


def test_a_sequence_runs_tasks_in_their_order(run, nginx):
    users = play(run, nginx, "users = 3\nworkers = 2", """
[user u]
order = sequence
iterations = 7
""" + THREE_TASKS)
    assert users == [["/a", "/b", "/c", "/a", "/b", "/c", "/a"]] * 3


def test_a_user_may_name_its_tasks_and_their_order(run, nginx):
    users = play(run, nginx, "", """
[user u]
order = sequence
tasks = c, a
iterations = 4
[user v]
tasks = b:1
iterations = 2
""" + THREE_TASKS, "-u", 2)
    assert sorted(users) == [["/b", "/b"], ["/c", "/a", "/c", "/a"]]


def test_weights_in_a_users_list_of_tasks_count(run, nginx):
    users = play(run, nginx, "users = 5", """
[user u]
tasks = a:30, b:10
iterations = 200
[task a]
get = /a
[task b]
weight = 7
get = /b
""")
    uris = collections.Counter(uri for of_one in users for uri in of_one)
    assert set(uris) == {"/a", "/b"}
    assert 682 <= uris["/a"] <= 818  # 750, five standard deviations


def test_the_steps_of_a_task_run_from_top_to_bottom(run, nginx):
    users = play(run, nginx, "iterations = 2", """
[task t]
get = /one
post = /two
body = x
get = /three
""")
    assert users == [["/one", "/two", "/three"] * 2]


def test_repeat_runs_the_steps_again(run, nginx):
    users = play(run, nginx, "iterations = 2", """
[task t]
repeat = 3
get = /one
get = /two
""")
    assert users == [["/one", "/two"] * 6]


def test_sleep_waits_between_steps_and_is_in_no_response_time(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
iterations = 2
[task t]
get = /one
sleep = 300ms
get = /two
sleep = 50ms..100ms
""").check()
    assert done.status == 0, done.said
    assert done.seconds >= 0.6
    assert done.counts() == {("GET", "/one"): 2, ("GET", "/two"): 2}
    assert float(done.total["Median Response Time"]) < 300


@pytest.mark.parametrize("wait, least_s", [
    ("250ms", 0.75), ("200ms..300ms", 0.6), ("pace 250ms", 0.75),
    ("rate 4/s", 0.75)])
def test_users_wait_between_tasks(run, plan, nginx, wait, least_s):
    done = run(plan(nginx.url, "get = /x", load=f"wait = {wait}"), "-n", 4)
    assert done.status == 0, done.said
    assert done.seconds >= least_s
    assert done.requests == 4


def test_a_pace_counts_from_the_start_of_a_task(run, plan, target):
    """Tasks of 150 ms at a pace of 200 ms: not 350 ms apart."""
    done = run(plan(target.url, "get = /delay/150", load="wait = pace 200ms"),
               "-t", "2s", "-u", 5, "-w", 1).check()
    assert done.status == 0, done.said
    assert done.requests >= 5 * 7  # ten each, six at 350 ms


def test_kinds_of_users_mix_in_exact_proportion(run, nginx):
    users = play(run, nginx, "users = 13\nworkers = 2", """
[user buyer]
weight = 3
tasks = a
iterations = 1
[user reader]
weight = 1
tasks = b
iterations = 1
[user admin]
count = 1
tasks = c
iterations = 1
""" + THREE_TASKS)
    uris = collections.Counter(uri for [uri] in users)
    assert uris == {"/a": 9, "/b": 3, "/c": 1}


def test_a_kind_of_user_may_have_its_own_host_and_wait(run, nginx, recorder):
    done = run(f"""
[load]
host = {nginx.url}
users = 2
[user here]
tasks = a
iterations = 3
[user there]
host = {recorder.url}
wait = 100ms
tasks = b
iterations = 3
[task a]
get = /a
[task b]
get = /b
""").check()
    assert done.status == 0, done.said
    assert [hit.uri for hit in nginx.log()] == ["/a"] * 3
    assert [sent.uri for sent in recorder.sent] == ["/b"] * 3


TAGGED = """
[user u]
iterations = 30
[task a]
tags = fast, read
get = /a
[task b]
tags = slow, read
get = /b
[task c]
get = /c
"""


@pytest.mark.parametrize("args, expected", [
    ((), {"/a", "/b", "/c"}),
    (("-T", "read"), {"/a", "/b"}),
    (("--tags", "fast,slow"), {"/a", "/b"}),
    (("-T", "fast"), {"/a"}),
    (("-E", "read"), {"/c"}),
    (("-T", "read", "--exclude-tags", "slow"), {"/a"})])
def test_tags_choose_tasks(run, nginx, args, expected):
    users = play(run, nginx, "users = 4", TAGGED, *args)
    assert {uri for uris in users for uri in uris} == expected


def test_tags_that_leave_nothing_are_a_mistake(run, nginx):
    done = run(f"[load]\nhost = {nginx.url}\n{TAGGED}", "-T", "nonsense")
    assert done.status == 2
    assert done.err
    assert nginx.log() == []


def test_any_key_can_be_set_on_the_command_line(run, nginx):
    users = play(run, nginx, "iterations = 1\nwait = 1h", """
[task a]
get = /a
[task b]
get = /b
""", "-n", 20, "-D", "load.wait=0", "-D", "task b.get=/other",
                 "-D", "task a.weight=9", "--set", "load.users=2")
    uris = collections.Counter(uri for of_one in users for uri in of_one)
    assert set(uris) <= {"/a", "/other"}
    assert sum(uris.values()) == 20
    assert uris["/a"] > uris["/other"]


def test_all_iterations_are_played_whoever_can_play_them(run, nginx):
    done = run(f"[load]\nhost = {nginx.url}\nspawn_rate = 1000\nusers = 2\n"
               "iterations = 100\n"
               "[user once]\ncount = 1\niterations = 1\n[user often]\n"
               "[task it]\nget = /x\n", "-w", 2).check()
    assert (done.status, done.requests) == (0, 100), done.said
