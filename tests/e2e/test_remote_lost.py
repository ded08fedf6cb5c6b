"""Hosts that are lost on the way: they are named, with what their command
said; the rest goes on, the exit status is 3, and no process is left."""

import os
import re
import signal
import time

import pytest

import remote
from servers import wait_for

SOON = ("-D", "load.report_interval=200ms")
LONG = "run_time = 120s\nwait = 10ms"
STALL_S = 10  # a host that stalls is noticed within that


def words(run):
    return " ".join(run.said.split())


def is_named(run, host, why):
    return re.search(rf"host {host} lost.*?{why}", words(run))


def kill(pid, number=signal.SIGKILL):
    os.kill(pid, number)


@pytest.fixture
def going(nginx, plan, start_remote):
    """going(names, *args, ...) -> a run that has sent requests."""
    def begin(names, *args, load=LONG, **options):
        process = start_remote(
            plan(nginx.url, "get = /w${worker}", load=load), names, "-u", 8,
            "-w", 1, *SOON, *args, **options)
        wait_for("requests of all", lambda: len(
            {hit.uri for hit in nginx.log()}) >= len(names.split(",")))
        return process
    return begin


def end(process):
    process.signal(signal.SIGINT)
    return process.finish()


def check_log(nginx, done, lost):
    """What is reported was sent; of the lost worker some may be missing."""
    sent = [hit.uri for hit in nginx.log()]
    assert done.requests <= len(sent)
    others = [uri for uri in sent if uri != lost]
    assert done.requests >= len(others)


def test_an_agent_that_is_killed_is_named_and_the_others_go_on(
        nginx, going, hosts):
    process = going("a,b")
    kill(hosts.agent("b"))
    seen = len(nginx.log())
    wait_for("the others to go on", lambda: len(nginx.log()) > seen + 20)
    done = end(process).check()
    assert done.status == 3, done.said
    assert is_named(done, "b", "killed by SIGKILL")
    check_log(nginx, done, "/w1")


def of_host(hosts, host):
    """The processes that run on it."""
    home = f"HOME={hosts.folder}/{host}".encode()
    return [pid for pid in hosts.processes()
            if home in remote.read_environment(pid)]


def test_a_command_that_is_killed_is_named_and_its_agent_ends(
        nginx, going, hosts):
    process = going("a,bad", rsh=hosts.fake(bad=hosts.through("slow:0")))
    for pid in remote.children(process.pid):
        if any(word.endswith("relay.py") for word in remote.command_line(pid)):
            kill(pid)
    wait_for("the end of its agent", lambda: not of_host(hosts, "bad"))
    done = end(process).check()
    assert done.status == 3, done.said
    assert is_named(done, "bad", "killed by SIGKILL")
    check_log(nginx, done, "/w1")


def test_a_command_whose_agent_goes_on_is_not_missed(nginx, going, hosts):
    """The pipes are what counts."""
    process = going("a,b", rsh=hosts.rsh(how=""))
    kill(int((hosts.folder / "b.pids").read_text()))
    time.sleep(0.3)  # for harm to be done
    done = end(process).check()
    assert done.status == 130, done.said
    assert len(nginx.log()) == done.requests


def test_nothing_is_left_when_the_parent_is_killed(going, hosts):
    process = going("a,gate(n1,n2)")
    process.signal(signal.SIGKILL)
    process.popen.wait()
    hosts.check_gone()


def test_nothing_is_left_when_a_worker_of_an_agent_is_killed(
        nginx, going, hosts):
    process = going("a,b", "-w", 2)
    kill(remote.children(hosts.agent("b"))[0])
    wait_for("word of it", lambda: "lost" in process.words())
    done = end(process).check()
    assert done.status == 3, done.said
    assert "killed by SIGKILL" in words(done)
    lost = re.findall(r"worker (\d+) lost", words(done))
    assert len(set(lost)) == 1 and lost[0] in "23"


def test_agents_that_are_stopped_are_noticed_and_end_when_they_go_on(
        nginx, going, hosts):
    """Of b the agent alone, of c all that is there."""
    process = going("a,b,c")
    agent = hosts.agent("b")
    kill(agent, signal.SIGSTOP)
    for pid in of_host(hosts, "c"):
        kill(pid, signal.SIGSTOP)
    stopped = time.monotonic()
    everybody = of_host(hosts, "b") + of_host(hosts, "c")
    wait_for("word of both", lambda: "2 lost" in process.words(), 20)
    assert time.monotonic() - stopped < STALL_S + 2  # and a busy machine
    seen = len(nginx.log())
    wait_for("the others to go on", lambda: len(nginx.log()) > seen + 20)
    done = end(process).check()
    assert done.status == 3, done.said
    for host in "bc":
        assert is_named(done, host, "stalls")
    for pid in everybody:
        if remote.is_alive(pid):
            kill(pid, signal.SIGCONT)


def pipes_of(pid):
    """Its pipes, but for those where words for people go."""
    folder = f"/proc/{pid}/fd"
    found = {os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)
             if int(fd) > 2}
    return {name for name in found if name.startswith("pipe:")}


def test_only_the_agent_holds_the_way_to_its_parent(going, hosts):
    """A worker that hung would keep it open when the agent has died."""
    process = going("a,gate(.)")
    ways = pipes_of(process.pid)
    for host in ("a", "gate"):
        agent = hosts.agent(host)
        assert len(pipes_of(agent) & ways) == 2
        for child in remote.children(agent):
            assert not pipes_of(child) & ways
            for worker in remote.children(child):
                assert not pipes_of(worker) & (ways | pipes_of(agent))
    process.signal(signal.SIGINT)
    process.finish().check()


def test_a_whole_host_that_is_stopped_ends_when_it_goes_on(going, hosts):
    """Its agent stands behind a command that is still there."""
    process = going("a,b", rsh=hosts.rsh(how=""))
    agents = of_host(hosts, "b")
    assert len(agents) >= 2
    for pid in agents:
        kill(pid, signal.SIGSTOP)
    wait_for("word of it", lambda: "lost" in process.words(), 20)
    done = end(process).check()
    assert done.status == 3, done.said
    assert is_named(done, "b", "stalls")
    for pid in agents:
        if remote.is_alive(pid):
            kill(pid, signal.SIGCONT)


def test_a_run_ends_when_all_hosts_are_lost(nginx, going, hosts):
    process = going("a,b")
    for host in "ab":
        kill(hosts.agent(host))
    done = process.finish().check()
    assert done.status == 3, done.said
    assert done.seconds < 60
    for host in "ab":
        assert is_named(done, host, "killed by SIGKILL")


def test_the_loss_of_a_leaf_and_of_a_gate_is_told(nginx, going, hosts):
    process = going("a,gate(n1,n2),c")
    kill(hosts.agent("n2"))
    wait_for("word of it", lambda: "1 lost" in process.words())
    kill(hosts.agent("gate"))
    seen = len(nginx.log())
    wait_for("the others to go on", lambda: len(nginx.log()) > seen + 20)
    done = end(process).check()
    assert done.status == 3, done.said
    assert is_named(done, "n2", "killed by SIGKILL")
    assert is_named(done, "n1", "killed by SIGKILL")
    for well in "ac":
        assert f"host {well} lost" not in words(done)


def test_iterations_go_on_without_the_lost(nginx, plan, hosts, start_remote):
    """The share of the lost is missing, nobody waits for it."""
    process = start_remote(plan(
        nginx.url, "get = /w${worker}", load="iterations = 300\nwait = 20ms"),
        "a,b", "-u", 2, "-w", 1, *SOON)
    kill(hosts.agent("b"))
    done = process.finish().check()
    assert done.status == 3, done.said
    assert sum(hit.uri == "/w0" for hit in nginx.log()) == 150


def test_unique_rows_of_the_lost_are_used_by_nobody_else(
        nginx, plan, hosts, start_remote):
    rows = "name\n" + "".join(f"p{i}\n" for i in range(300))
    process = start_remote(plan(
        nginx.url, "get = /row/${people.name}", load="run_time = 120s\n"
        "wait = 10ms", rest="[data people]\nfile = p.csv\norder = unique"),
        "a,b", "-u", 4, "-w", 1, *SOON, files={"p.csv": rows.encode()})
    wait_for("requests", lambda: len(nginx.log()) > 20)
    kill(hosts.agent("b"))
    done = process.finish().check()
    assert done.status == 3, done.said
    sent = [hit.uri for hit in nginx.log()]
    assert len(sent) == len(set(sent))
    assert {f"/row/p{i}" for i in range(150)} <= set(sent)


def test_a_command_that_says_much_at_its_end_is_heard_to_the_end(
        nginx, plan, run_remote, hosts):
    """It stands in the pipe for words, whose reader has all it wants."""
    began = time.monotonic()
    done = run_remote(
        plan(nginx.url, "get = /", load="run_time = 500ms"), "a,b", "-w", 1,
        rsh=hosts.rsh(how="", after="\nhead -c 300000 /dev/zero >&2"))
    assert done.status == 0, done.said
    assert time.monotonic() - began < 4
