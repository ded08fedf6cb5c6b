"""Hosts in networks of their own, with delays and losses on the way."""

import collections
import re
import signal
import time

import pytest

import networks
import remote
import servers
from servers import wait_for

TOGETHER_S = 0.1  # the first requests of all hosts come within that


@pytest.fixture(scope="module")
def can():
    why = networks.why_not()
    if why:
        pytest.skip(why)


class Ways:
    """Networks with an sshd in each, and one command that leads there."""

    def __init__(self, folder, environment, closing):
        self.folder, self.closing = folder, closing
        self.environment = environment
        self.networks = {}

    def add(self, host, delay_ms=0):
        number = len(self.networks) + 1
        network = self.closing(networks.Network(number))
        folder = self.folder / host
        folder.mkdir()
        sshd = self.closing(servers.Sshd(
            folder, self.environment, network.there, network.enter()))
        command = sshd.rsh
        if delay_ms and not network.delay(delay_ms):
            command = f"{remote.RELAY} slow:{delay_ms / 2000} {command}"
        self.networks[host] = network, command
        return network

    def rsh(self):
        cases = "".join(f"{host}) exec {command} \"$@\";;\n"
                        for host, (_, command) in self.networks.items())
        return remote.write_script(
            self.folder / "rsh", f"#!/bin/sh\ncase $1 in\n{cases}esac\n")


@pytest.fixture
def ways(can, tmp_path, hosts, closing):
    folder = tmp_path / "ways"
    folder.mkdir()
    (hosts.folder / "tmp").mkdir()
    return Ways(folder, {**hosts.environment(),
                         "TMPDIR": str(hosts.folder / "tmp")}, closing)


@pytest.fixture
def far_recorder(closing):
    """A recorder that the hosts reach on all of their networks, and when what
    came."""
    recorder = closing(servers.Recorder("0.0.0.0"))
    recorder.times = []

    def reply(sent):
        recorder.times.append((time.monotonic(), sent.client))
        return 200, [], b"ok\n"
    recorder.reply = reply
    return recorder


FIRST = 1  # the network at whose address they ask for it


def url(recorder):
    return f"http://198.19.{networks.third(FIRST)}.1:{recorder.port}"


@pytest.fixture
def can_be_reached(ways):
    """Every host finds the recorder at the first one's address."""
    def lead():
        for network, _ in ways.networks.values():
            first = f"198.19.{networks.third(FIRST)}"
            if network.load_here != f"{first}.1":
                networks.call("ip", "-n", network.name, "route", "add",
                              f"{first}.0/30", "via", network.load_here)
    return lead


def test_hosts_start_together_however_far_they_are(
        plan, far_recorder, ways, can_be_reached, run_remote):
    for host, delay_ms in [("near", 0), ("far", 400)]:
        ways.add(host, delay_ms)
    can_be_reached()
    done = run_remote(plan(
        url(far_recorder), "get = /w${worker}",
        load="run_time = 1s\nwait = 20ms"), "near,far", "-u", 4, "-w", 1,
        "-D", "load.report_interval=500ms", rsh=ways.rsh()).check()
    assert done.status == 0, done.said
    assert len(far_recorder.sent) == done.requests
    first = {}
    for when, client in far_recorder.times:
        first.setdefault(client, when)
    assert len(first) == 2
    near, far = first.values()
    assert abs(near - far) < TOGETHER_S


def test_lost_packets_change_no_counts(
        plan, far_recorder, ways, can_be_reached, start_remote):
    far = [ways.add(host) for host in ("one", "two")]
    can_be_reached()
    process = start_remote(plan(
        url(far_recorder), "get = /w${worker}",
        load="run_time = 2s\nwait = 10ms"), "one,two*2", "-u", 6, "-w", 1,
        "-D", "load.report_interval=100ms", rsh=ways.rsh())
    wait_for("requests of both", lambda: len(
        {client for _, client in far_recorder.times}) == 2)
    for network in far * 3:
        network.cut()
        time.sleep(0.15)
        network.mend()
    done = process.finish().check()
    assert done.status == 0, done.said
    sent = collections.Counter(sent.uri for sent in far_recorder.sent)
    assert set(sent) == {"/w0", "/w1"}
    assert sum(sent.values()) == done.requests, (
        collections.Counter((sent.client, sent.connection, sent.uri)
                            for sent in far_recorder.sent),
        done.path("workers").read_text(), done.said)


def test_a_host_whose_network_is_gone_is_noticed_and_the_others_go_on(
        plan, far_recorder, ways, can_be_reached, start_remote, hosts):
    ways.add("near")
    away = ways.add("away")
    can_be_reached()
    process = start_remote(plan(
        url(far_recorder), "get = /w${worker}",
        load="run_time = 120s\nwait = 10ms"), "near,away", "-u", 4, "-w", 1,
        "-D", "load.report_interval=200ms", rsh=ways.rsh())
    wait_for("requests of both", lambda: len(
        {client for _, client in far_recorder.times}) == 2)
    away.cut()
    wait_for("word of it", lambda: "lost" in process.words(), 20)
    seen = len(far_recorder.sent)
    wait_for("the others to go on", lambda: len(far_recorder.sent) > seen + 20)
    process.signal(signal.SIGINT)
    done = process.finish().check()
    assert done.status == 3, done.said
    assert re.search("stalls: it did not answer within 8s",
                     " ".join(done.said.split()))
    away.mend()
    # sshd does not know yet that nobody is there; the agent does within a
    # minute, which is too long for a test
    hosts.stop()
