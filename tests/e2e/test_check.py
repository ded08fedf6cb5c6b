"""--check: what would run is told, and nothing is done."""

import re

import pytest


def check(run, plan, *args, **options):
    done = run(plan, "--check", *args, **options)
    assert not list(done.folder.glob("out_*")), "files were written"
    return done


def predicted(done, answer):
    """Requests in all, where answers take so long."""
    found = re.search(rf"^  {answer} +[\d,.]+ +([\d,]+)", done.out, re.M)
    assert found, done.out
    return int(found.group(1).replace(",", ""))


def test_it_tells_what_would_run_and_sends_nothing(run, plan, nginx):
    done = check(run, plan(nginx.url, "get = /x", "get = /y", load=(
        "users = 7\nrun_time = 30s\nwait = pace 2s")))
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(
        "plan.ini: nothing was sent; this is what would run\n")
    for words in ["7, started at 1,000/s", "after 30s", nginx.url,
                  "7 users, a task every 2s", "open files", "local ports   7 of "]:
        assert words in done.out
    assert re.search(r"^  it +100 +2$", done.out, re.M)
    assert re.search(r"^  100ms +7\.00 +\d+$", done.out, re.M)
    assert nginx.log() == []


def test_overrides_and_tags_count(run, plan, nginx):
    rest = "[task rare]\ntags = rare\nget = /rare"
    done = check(run, plan(nginx.url, "get = /x", rest=rest), "-u", "50", "-n",
                 "99", "-D", "load.wait=1s", "-T", "rare", "-w", "5")
    assert done.status == 0
    for words in ["50, started", "when 99 tasks are done", "workers       5",
                  "50 users, 1s between tasks"]:
        assert words in done.out
    assert re.search(r"^  rare +100 ", done.out, re.M)
    assert "  it " not in done.out


def test_a_mistake_is_said_as_ever_and_nothing_is_foretold(run, plan, nginx):
    done = check(run, plan(nginx.url, "get = /x", "timeout = 5x"))
    assert (done.status, done.out) == (2, "")
    assert 'timeout "5x"' in done.err
    assert nginx.log() == []


def test_no_command_is_run_and_no_name_looked_up(run, plan):
    """The plan of a stranger."""
    hooks = "".join(
        f"[hook {event}]\non = {event}\nrun = touch was_run\n{more}"
        for event, more in [("test_start", ""), ("request", "stream = yes\n"),
                            ("test_stop", "where = worker\n"), ("exit", "")])
    done = check(run, plan(
        "http://no-such-host.invalid", "get = /${token}", rest=hooks, load=(
            "run_time = 1h\nwait = 1s\nsetup = first")
        ) + "[task first]\nget = /\n")
    assert (done.status, done.err) == (0, "")
    assert not (done.folder / "was_run").exists()
    assert done.out.count("$ touch was_run\n") == 4
    assert "hooks on test_start: token\n" in done.out
    assert "setup" in done.out


def test_what_would_surprise_is_told(run, plan):
    rows = {"ids.csv": b"id\n1\n2\n"}
    done = check(run, plan("http://127.0.0.1:1", "get = /${ids.id}", load=(
        "users = 3\nwait = 1s"), rest=(
        "[data ids]\nfile = ids.csv\norder = unique")), files=rows)
    assert done.status == 0
    warnings = done.out.split("Warnings\n")[1]
    assert "it has no end" in warnings
    assert "its 2 rows are used up" in warnings


@pytest.mark.parametrize("option", ["--check", "-q"])
def test_a_kind_that_nobody_is_of_is_told(run, plan, nginx, option):
    done = run(plan(nginx.url, "get = /", load="users = 10\niterations = 10",
                    rest="[user often]\nweight = 99\n[user rare]\n"
                    "weight = 1"), option)
    assert done.status == 0
    assert "warning: [user rare]: its share of 10 users is below one, so " \
        "nobody is of this kind: write more users, or count = 1" in done.err


@pytest.mark.parametrize("load, answer", [
    ("users = 4\nrun_time = 4s\nwait = pace 500ms", "10ms"),
    ("users = 3\nrun_time = 4s\nwait = 300ms..500ms", "no time"),
    ("users = 5\niterations = 100\nwait = 50ms", "no time"),
])
def test_what_is_predicted_comes_to_pass(run, plan, nginx, load, answer):
    text = plan(nginx.url, "get = /", "get = /", load=load, rest=(
        "[user u]\ntasks = it\non_start = hello\n"
        "[task hello]\nget = /hello"))
    expected = predicted(check(run, text), answer)
    done = run(text).check()
    assert done.status == 0
    assert abs(done.requests - expected) <= 0.15 * expected


def test_hosts_are_told_and_none_is_asked(run, plan, nginx, tmp_path):
    rsh = tmp_path / "rsh"
    rsh.write_text(f"#!/bin/sh\ntouch {tmp_path}/was_run\n")
    rsh.chmod(0o755)
    done = check(run, plan("http://nowhere.invalid", "get = /x", rest=(
        f"[http]\nunix_socket = {tmp_path}/not_there\n"
        f"[remote]\nhosts = box1, gate(n1, n2)*3\nrsh = {rsh} -x")))
    assert done.status == 0, done.said
    for row in [r"box1 +1 +25", r"gate +3 +75", r"  n1 +1 +37\.5"]:
        assert re.search(rf"^  {row}", done.out, re.M), done.out
    assert f"{rsh} -x" in " ".join(done.out.split())
    assert not (tmp_path / "was_run").exists()


def test_hosts_may_come_from_the_command_line_and_go(run, plan, nginx):
    rest = "[remote]\nhosts = box1"
    text = plan(nginx.url, "get = /x", rest=rest)
    done = check(run, text, "--remote", "a,b*2", "--rsh", "srun -w")
    assert re.search(r"^  b +2 +66\.67$", done.out, re.M), done.out
    assert re.search(r"^  rsh +srun -w$", done.out, re.M), done.out
    assert "box1" not in done.out
    assert "Hosts" not in check(run, text, "--remote", "none").out
    done = check(run, text, "--remote", "a,a")
    assert done.status == 2
    assert ('--remote: hosts "a,a": host "a" is there twice: write its weight '
            'instead: a*2') in done.err


def test_a_list_of_hosts_that_is_empty_is_not_this_machine(run, plan, nginx):
    text = plan(nginx.url, "get = /x")
    done = check(run, text, "--remote", "")
    assert done.status == 2
    assert ('--remote: hosts "": no host: write HOST, or none for this '
            'machine alone') in done.err
