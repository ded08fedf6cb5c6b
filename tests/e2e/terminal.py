"""A terminal with somebody at its keys, and who runs on it."""

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

from runner import BOUND_S, processes_of_session

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """All that is shown on it is read, and kept in text."""

    def __init__(self, columns=80, rows=24):
        self.master, self.slave = os.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        self.shown = b""
        self.before = self.modes()

    def modes(self):
        return termios.tcgetattr(self.slave)

    def has_lines(self):
        """Whether it takes lines and shows what is typed."""
        flags = self.modes()[3]
        return bool(flags & termios.ICANON) and bool(flags & termios.ECHO)

    def streams(self):
        """For a process that is started on it, as the leader of a session."""
        return {"stdin": self.slave, "out": self.slave, "err": self.slave,
                "controls": True}

    def look(self, wait_s=0):
        while select.select([self.master], [], [], wait_s)[0]:
            self.shown += os.read(self.master, 65536)
            wait_s = 0

    @property
    def text(self):
        self.look()
        return ESCAPE.sub("", self.shown.decode(errors="replace"))

    def type(self, keys):
        os.write(self.master, keys.encode())

    def wait_until(self, what, holds):
        until = time.monotonic() + 5
        while not holds():
            assert time.monotonic() < until, f"no {what} in:\n{self.text}"
            self.look(0.02)

    def wait_for(self, words, times=1):
        self.wait_until(words, lambda: self.text.count(words) >= times)

    def wait_for_keys(self):
        self.wait_until("keys", lambda: not self.has_lines())

    def wait(self, process):
        """The status of a process that goes on printing here meanwhile."""
        self.wait_until("end", lambda: process.popen.poll() is not None)
        return process.wait()

    def stop(self):
        os.close(self.slave)
        os.close(self.master)


class Shell:
    """An interactive shell at a terminal, whose commands are jobs."""

    def __init__(self, terminal, folder, *command):
        self.terminal = terminal
        self.popen = subprocess.Popen(
            command, cwd=folder, stdin=terminal.slave, stdout=terminal.slave,
            stderr=terminal.slave, start_new_session=True,
            env={**os.environ, "TERM": "xterm", "PS1": "> "},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        terminal.wait_for(">")

    def jobs(self):
        """The state of each process that it started: S, T, ..."""
        states = []
        for pid in processes_of_session(self.popen.pid):
            if pid != self.popen.pid:
                with contextlib.suppress(OSError), \
                        open(f"/proc/{pid}/stat", encoding="ascii") as f:
                    states.append(f.read().rpartition(")")[2].split()[0])
        return states

    def wait_for_jobs(self, states):
        self.terminal.wait_until(
            f"jobs in {states}",
            lambda: self.jobs() and set(self.jobs()) <= set(states))

    def stop(self):
        for pid in processes_of_session(self.popen.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.popen.wait()
