"""Pretended hosts: folders of this machine, and commands that lead to them as
ssh would. Whatever runs for them is known by a mark in its environment."""

import contextlib
import os
import signal
import uuid

from runner import PROGRAM
from servers import wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
RELAY = f"python3 {HERE}/relay.py"
MARK = "LOADGEN_TEST"
AGENT_ENDS_S = 10  # an agent notices within that that its parent has gone

# Nothing of ours is there: not the folder, not the environment.
RSH = """#!/bin/sh
host=$1; shift
folder={folder}/$host
mkdir -p $folder/tmp
cd $folder || exit 1
echo $$ >>{folder}/$host.pids
{before}
{how} env -i PATH={path} HOME=$folder TMPDIR=$folder/tmp \\
    {mark_name}={mark} "$@"{after}
"""


def read_environment(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as f:
        return f.read().split(b"\0")
    return []


def is_alive(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as f:
        return f.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    return False


def marked(mark):
    """The living processes whose environment has it."""
    entry = f"{MARK}={mark}".encode()
    return sorted(int(name) for name in os.listdir("/proc")
                  if name.isdigit() and entry in read_environment(name)
                  and is_alive(int(name)))


def children(pid):
    """The pids of the living children of a process."""
    with contextlib.suppress(OSError), \
            open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(word) for word in f.read().split()
                if is_alive(int(word))]
    return []


def command_line(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as f:
        return f.read().decode(errors="replace").split("\0")[:-1]
    return []


def write_script(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


class Hosts:
    """Makes commands for rsh that lead to pretended hosts in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self.commands = 0
        self.shared_memory = set(os.listdir("/dev/shm"))

    def rsh(self, before="", how="exec", after="", path=None):
        """A command for rsh. It says and does `before`; `how` it goes to the
        host: "exec" in its own place, "" as a child. `path` is what the host
        finds commands in."""
        self.commands += 1
        return write_script(
            self.folder / f"rsh{self.commands}",
            RSH.format(folder=self.folder, before=before, how=how, after=after,
                       path=path or os.environ["PATH"], mark_name=MARK,
                       mark=self.mark))

    def fake(self, **ways):
        """A command for rsh: to a host of `ways` these lines of shell are the
        way, to all others there is one."""
        real = self.rsh()
        self.commands += 1
        cases = "".join(f"{host})\n{lines}\nexit;;\n"
                        for host, lines in ways.items())
        return write_script(
            self.folder / f"rsh{self.commands}",
            f"#!/bin/sh\nexport {MARK}={self.mark}\ncase $1 in\n{cases}"
            f"esac\nexec {real} \"$@\"\n")

    def through(self, behaviour):
        """What leads to a host through relay.py, which behaves like that."""
        return f'exec {RELAY} {behaviour} {self.rsh()} "$@"'

    def words(self, hosts, rsh=None, program=PROGRAM):
        """What the command line says, so that these hosts play."""
        return ["--remote", hosts, "--rsh", str(rsh or self.rsh()),
                *(["-D", f"remote.program={program}"] if program else [])]

    def environment(self):
        return {MARK: self.mark}

    def agent(self, host):
        """The pid of its agent, once it has workers."""
        pids = self.folder / f"{host}.pids"

        def find():
            if not pids.exists() or not pids.read_text().endswith("\n"):
                return None
            pid = int(pids.read_text().split()[-1])
            return pid if "--agent" in command_line(pid) and children(pid) \
                else None
        return wait_for(f"the agent of {host}", find)

    def processes(self):
        return marked(self.mark)

    def left(self):
        """The files that were left on hosts."""
        return [str(path) for path in self.folder.glob("*/**/*")
                if path.is_file()]

    def shared_memory_left(self):
        return sorted(set(os.listdir("/dev/shm")) - self.shared_memory)

    def check_gone(self, patience_s=AGENT_ENDS_S):
        """Nothing runs any more, and nothing is left behind."""
        wait_for("the end of all processes: "
                 + ", ".join(" ".join(command_line(pid))
                             for pid in self.processes()),
                 lambda: not self.processes(), patience_s)
        assert self.left() == []
        assert self.shared_memory_left() == []

    def stop(self):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
