"""Hosts with networks of their own: namespaces, each with two ways to here,
one for what loadgen says to its agents, which may be slow and lose packets,
and one for the load."""

import contextlib
import functools
import os
import shutil
import socket
import subprocess

IN_A_BLOCK = 8  # networks of a process
BLOCKS = 256 // IN_A_BLOCK
CLAIMS = []
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def call(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True,
                          env={**os.environ, "PATH": PATH})


@functools.cache
def block():
    """Which networks are those of this process: other rounds of the tests run
    at the same time. A name that is bound is claimed until we end."""
    for n in range(BLOCKS):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0loadgen-test-networks-{n}")
        except OSError:
            claim.close()
            continue
        CLAIMS.append(claim)
        return n
    raise OSError("the networks of all blocks are in use")


def third(number):
    """Of an address of that network, from 0 on."""
    return block() * IN_A_BLOCK + number


def why_not():
    """Why there can be none here; "" where there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip", path=PATH):
        return "no ip here"
    network = None
    try:
        network = Network(IN_A_BLOCK - 1)
    except subprocess.CalledProcessError as error:
        return "no network namespaces here: " + error.stderr.strip()
    finally:
        if network:
            network.stop()
    return ""


class Network:
    """One host. Addresses are of the range for tests of this kind (RFC
    2544)."""

    def __init__(self, number):
        self.name = f"lg{os.getpid() % 100000}x{number}"
        self.there = f"198.18.{third(number)}.2"
        self.load_here = f"198.19.{third(number)}.1"
        self.load_there = f"198.19.{third(number)}.2"
        try:
            call("ip", "netns", "add", self.name)
            self._pair("c", "198.18", third(number))
            self._pair("l", "198.19", third(number))
            call("ip", "-n", self.name, "link", "set", "lo", "up")
        except Exception:
            self.stop()
            raise

    def delay(self, delay_ms):
        """There and back on the first way takes so long from now on; false:
        this system has nothing for that."""
        tried = [call(*inside, "tc", "qdisc", "add", "dev",
                      f"{self.name}c" + ("p" if inside else ""), "root",
                      "netem", "delay", f"{delay_ms / 2}ms", check=False)
                 for inside in ([], self.enter())]
        return all(done.returncode == 0 for done in tried)

    def cut(self):
        """All packets on the first way are lost until it is mended."""
        call("ip", "link", "set", f"{self.name}c", "down")

    def mend(self):
        call("ip", "link", "set", f"{self.name}c", "up")

    def _pair(self, way, net, number):
        outer, inner = f"{self.name}{way}", f"{self.name}{way}p"
        call("ip", "link", "add", outer, "type", "veth", "peer", "name", inner)
        call("ip", "link", "set", inner, "netns", self.name)
        call("ip", "addr", "add", f"{net}.{number}.1/30", "dev", outer)
        call("ip", "link", "set", outer, "up")
        call("ip", "-n", self.name, "addr", "add", f"{net}.{number}.2/30",
             "dev", inner)
        call("ip", "-n", self.name, "link", "set", inner, "up")

    def enter(self):
        """The words that lead a command there."""
        return ["ip", "netns", "exec", self.name]

    def stop(self):
        with contextlib.suppress(OSError):
            call("ip", "netns", "del", self.name, check=False)
            for way in "cl":  # where it was not moved there yet
                call("ip", "link", "del", f"{self.name}{way}", check=False)
