"""A real sshd on loopback is the way to every host."""

import os
import re
import signal

import pytest

import remote
from servers import wait_for

NOWHERE = "/nowhere/loadgen"
SOON = ("-D", "load.report_interval=200ms", "-w", 1)
LONG = "run_time = 120s\nwait = 10ms"


def words(run):
    return " ".join(run.said.split())


@pytest.fixture
def going(nginx, plan, sshd, start_remote):
    def begin(names, *args):
        process = start_remote(
            plan(nginx.url, "get = /w${worker}", load=LONG), names, "-u", 4,
            *SOON, *args, rsh=sshd.rsh)
        wait_for("requests of all", lambda: len(
            {hit.uri for hit in nginx.log()}) >= len(names.split(",")))
        return process
    return begin


def clients(process):
    """The pids of its ssh, by host."""
    found = {}
    for pid in remote.children(process.pid):
        line = remote.command_line(pid)
        if line and line[0].endswith("ssh"):
            found[line[line.index("-F") + 2]] = pid
    return found


def test_two_hosts_send_what_is_reported(nginx, plan, sshd, run_remote):
    rows = "name\n" + "".join(f"p{i}\n" for i in range(50))
    done = run_remote(plan(
        nginx.url, "get = /row/${p.name}/${worker}", load="run_time = 60s",
        rest="[data p]\nfile = p.csv\norder = unique"), "a,b*3", "-u", 8,
        "-w", 2, rsh=sshd.rsh, files={"p.csv": rows.encode()}).check()
    assert done.status == 0, done.said
    sent = [hit.uri.split("/")[2:] for hit in nginx.log()]
    assert sorted(row for row, _ in sent) == sorted(
        f"p{i}" for i in range(50))
    assert sum(worker in "01" for _, worker in sent) in (12, 13)
    assert "every worker's own account agrees" in done.out


def test_the_binary_is_sent_over_ssh(nginx, plan, sshd, run_remote):
    done = run_remote(plan(
        nginx.url, "get = /w${worker}", load="iterations = 8"), "a,b", "-u", 4,
        "-w", 1, "-D", "remote.copy=yes", rsh=sshd.rsh, program=NOWHERE
        ).check()
    assert done.status == 0, done.said
    assert len(nginx.log()) == 8


def test_its_ssh_that_is_killed_ends_the_agent(nginx, going):
    process = going("a,b")
    os.kill(clients(process)["b"], signal.SIGKILL)
    wait_for("word of it", lambda: "lost" in process.words())
    seen = len(nginx.log())
    wait_for("the others to go on", lambda: len(nginx.log()) > seen + 20)
    process.signal(signal.SIGINT)
    done = process.finish().check()
    assert done.status == 3, done.said
    assert "killed by SIGKILL" in words(done)


@pytest.mark.parametrize("args", [(), ("-D", "remote.copy=yes")])
def test_nothing_is_left_when_the_parent_is_killed(going, hosts, args):
    process = going("a,b", *args)
    process.signal(signal.SIGKILL)
    process.popen.wait()
    hosts.check_gone()


def test_an_agent_that_is_killed_is_named(nginx, going, hosts):
    process = going("a,b")
    agents = [pid for pid in hosts.processes()
              if remote.command_line(pid)[-1:] == ["--agent"]
              and remote.children(pid)
              and "sh" not in remote.command_line(pid)[0]]
    os.kill(agents[0], signal.SIGKILL)
    wait_for("word of it", lambda: "lost" in process.words())
    process.signal(signal.SIGINT)
    done = process.finish().check()
    assert done.status == 3, done.said
    assert "exited with status 255" in words(done) or \
        "killed" in words(done) or "137" in words(done)


def test_what_ssh_says_is_told(nginx, plan, sshd, run_remote):
    """The key is not accepted; the program is not there."""
    (sshd.folder / "user_key.pub").rename(sshd.folder / "away")
    done = run_remote(plan(nginx.url, "get = /x"), "a", rsh=sshd.rsh)
    assert done.status == 3, done.said
    assert re.search("exited with status 255, saying .*Permission denied",
                     words(done))
    (sshd.folder / "away").rename(sshd.folder / "user_key.pub")
    done = run_remote(plan(nginx.url, "get = /x"), "a", rsh=sshd.rsh,
                      program=NOWHERE)
    assert done.status == 3, done.said
    assert re.search("exited with status 127, saying .*/nowhere/loadgen",
                     words(done))
    assert nginx.log() == []


def test_signals_reach_hosts_over_ssh(nginx, going):
    process = going("a,b")
    process.signal(signal.SIGTERM)
    done = process.finish().check()
    assert done.status == 143, done.said
    assert len(nginx.log()) == done.requests
