"""Processes that are measured: on one core, and never longer than allowed."""

import os
import re
import resource
import signal
import subprocess
import time
from typing import NamedTuple

GRACE_S = 15            # what a tool may take longer than it was told to
SAMPLE_S = 0.2          # between looks at a tool's memory
WAIT_S = 0.05           # between looks whether it is done
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Skip(Exception):
    """Why something cannot be measured."""


class Ran(NamedTuple):
    """What the system saw of a tool, whatever the tool says."""
    output: str
    cpu_s: float
    peak_kb: int
    looks: list         # what each look found
    status: int


def on_core(core):
    """For preexec_fn: the child and all its children stay on one core."""
    def pin():
        os.sched_setaffinity(0, {core})
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return pin


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(child) for child in f.read().split()]
    except OSError:
        return []


def tree_kb(pid):
    """Resident memory of a process and all below it, shared pages and all."""
    kb = 0
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            found = re.search(r"VmRSS:\s+(\d+)", f.read())
        kb = int(found[1]) if found else 0
    except OSError:
        pass
    return kb + sum(tree_kb(child) for child in children_of(pid))


def tree_cpu_s(pid):
    """What a process and all below it have used of a core so far."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S + sum(
        tree_cpu_s(child) for child in children_of(pid))


def kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def children_cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start_tool(argv, folder, core, output):
    return subprocess.Popen(
        argv, cwd=folder, env=dict(os.environ, HOME=folder, LC_ALL="C"),
        stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        start_new_session=True, preexec_fn=on_core(core))


def watch(process, seconds, stop_s, looks):
    """Follows a tool to its end: the peak of its memory, what was seen."""
    start = time.monotonic()
    peak = 0
    sampled = -SAMPLE_S
    seen = []
    while process.poll() is None:
        now = time.monotonic() - start
        if now > seconds + GRACE_S:
            raise Skip(f"not done after {now:.0f} s, killed")
        if stop_s is not None and now >= stop_s:
            process.send_signal(signal.SIGINT)
            stop_s = None
        if now >= sampled + SAMPLE_S:
            peak = max(peak, tree_kb(process.pid))
            sampled = now
        if len(seen) < len(looks) and now >= looks[len(seen)][0]:
            seen.append(looks[len(seen)][1](process.pid))
        time.sleep(WAIT_S)
    return peak, seen


def run_tool(argv, job, core, stop_s=None, looks=()):
    """Runs one tool to its end, or kills it when it does not come to one.
    With stop_s it is interrupted then; looks are pairs of a time in seconds
    and a function of the process id."""
    before = children_cpu_s()
    out = os.path.join(job.folder, "output")
    with open(out, "w+", encoding="utf-8", errors="replace") as output:
        process = start_tool(argv, job.folder, core, output)
        try:
            peak, seen = watch(process, job.seconds, stop_s, looks)
        finally:
            kill_group(process)
        output.seek(0)
        text = output.read()
    return Ran(text, children_cpu_s() - before, peak, seen,
               process.returncode)
