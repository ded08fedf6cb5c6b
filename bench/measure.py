"""Runs tools on work, in turn, and notes what the system and server saw."""

import csv
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple

from plans import loadgen_plan
from processes import (Skip, kill_group, run_tool, start_tool, tree_cpu_s,
                       tree_kb)
from server import ADDRESSES, Server
from tools import program_of, tool_named, why_not
from work import GET, IDLE, Job, Work

SPARE_FILES = 500       # descriptors needed besides the connections
SPARE_PORTS = 500       # per address, which others may hold
TOP_STEP = 500          # the highest number of users is a round one
CONNECTS_S = 5000       # users, for whom a run is a second longer
IDLE_S = 6              # an idle run; its memory is read a second earlier
RAMP_USERS_S = 2000     # idle users of loadgen who start in a second
START_LIMIT_S = 30      # until a tool's first request
WAIT_USERS = 15000      # of the measurement of timers
STEADY_S = 5            # in which it looks how much of a core they take
LATE_S = 4              # a run for the lateness of timers
US_PER_S = 1000000


class Result(NamedTuple):
    work: str
    users: int
    tool: str
    round: int
    rps: float
    requests: int       # as the tool counts
    served: int         # as the server counts
    errors: int
    cpu_us: float       # per request served
    peak_kb: int
    status: int         # the tool's exit status
    resumed: float | None       # part of TLS sessions, where seen


class Timers(NamedTuple):
    """What users who wait cost."""
    what: str
    users: int
    per_s: float        # requests, each second
    core_percent: float


class Late(NamedTuple):
    """How late a loaded loadgen's timers and tasks were."""
    rate: int
    timer_ms: float     # p99 of timers
    task_ms: float      # p99 of tasks
    core_percent: float


def ports_each():
    """Local ports that an address may connect from."""
    with open("/proc/sys/net/ipv4/ip_local_port_range",
              encoding="ascii") as f:
        low, high = (int(n) for n in f.read().split())
    return high - low + 1


class Bench:
    """The server, what was asked for, and what did not work."""

    def __init__(self, options, folder):
        cores = sorted(os.sched_getaffinity(0))
        self.options = options
        self.folder = folder
        self.server_core = cores[0]
        self.client_core = cores[1] if len(cores) > 1 else cores[0]
        self.files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self.ports = ports_each()
        os.sched_setaffinity(0, {self.server_core})
        self.server = Server(self.server_core, folder, self.files)
        self.skipped = {}       # (work, users, tool) -> why

    @property
    def top(self):
        """As many users as files and ports allow."""
        most = min(self.files - SPARE_FILES, self.ports - SPARE_PORTS)
        return most // TOP_STEP * TOP_STEP

    def say(self, text):
        if not self.options.quiet:
            print(text, file=sys.stderr, flush=True)

    def job(self, work, users, seconds):
        return Job(work, self.server.next_host(work.port), users, seconds,
                   tempfile.mkdtemp(dir=self.folder))

    def allowed(self, tool, work, users):
        """The program's path, or Skip."""
        why = why_not(tool, work, users)
        if why is None and users > self.top:
            why = f"at most {self.top:,} here"
        if why:
            raise Skip(why)
        return program_of(tool)

    # --- rates -----------------------------------------------------------

    def seconds_for(self, tool, users):
        """More where connecting alone takes its time."""
        return (self.options.seconds + tool.waking + users // CONNECTS_S
                + round(tool.ramp * users / 1000))

    def once(self, tool, work, users, number):
        program = self.allowed(tool, work, users)
        job = self.job(work, users, self.seconds_for(tool, users))
        before = self.server.settle()
        self.server.forget_sessions()
        ran = run_tool([program] + tool.command(job), job, self.client_core,
                       job.seconds if tool.interrupted else None)
        served = self.server.settle() - before
        try:
            rps, requests, errors = tool.parse(job, ran.output)
        except (OSError, KeyError, IndexError, ValueError,
                ZeroDivisionError) as e:
            said = ran.output.strip().splitlines()[-1:] or ["nothing"]
            raise Skip(f"no result ({e!r}); it said: {said[0]}") from e
        finally:
            shutil.rmtree(job.folder, ignore_errors=True)
        if served <= 0 or requests <= 0:
            raise Skip("no request was answered")
        return Result(work.name, users, tool.name, number, rps, requests,
                      served, errors, ran.cpu_s * US_PER_S / served,
                      ran.peak_kb, ran.status,
                      self.server.resumed() if work.tls else None)

    def rounds(self, runs, users):
        """All pairs of tool and work in turn, then all again; one that
        failed sits out."""
        results = []
        for number in range(1, self.options.rounds + 1):
            for tool, work in runs:
                key = (work.name, users, tool.name)
                if key in self.skipped:
                    continue
                label = f"{work.name}, {users} users, {tool.name}"
                try:
                    r = self.once(tool, work, users, number)
                except Skip as e:
                    self.skipped[key] = str(e)
                    self.say(f"{label}: skipped: {e}")
                    continue
                self.say(f"{label}, round {number}: {r.rps:,.0f}/s, "
                         f"{r.cpu_us:.1f} us")
                results.append(r)
        return results

    # --- memory ----------------------------------------------------------

    def idle_seconds(self, tool, users):
        return IDLE_S + tool.waking + round(users / RAMP_USERS_S
                              + tool.ramp * users / 1000)

    def idle_kb(self, tool, users):
        seconds = self.idle_seconds(tool, users)
        program = self.allowed(tool, IDLE, users)
        job = self.job(IDLE, users, seconds)
        self.server.settle()
        ran = run_tool([program] + tool.command(job), job, self.client_core,
                       looks=[(seconds - 1, lambda pid: (
                           tree_kb(pid), self.server.status()[0]))])
        kb, connected = ran.looks[0] if ran.looks else (0, 0)
        if connected < users:
            raise Skip(f"{connected} of {users} users were connected")
        return kb

    def idle(self, tools, users):
        """Kilobytes of each waiting user: tool -> (each, of 1, of all)."""
        found = {}
        for tool in tools:
            try:
                one = self.idle_kb(tool, 1)
                many = self.idle_kb(tool, users)
            except Skip as e:
                self.skipped[IDLE.name, users, tool.name] = str(e)
                self.say(f"idle, {tool.name}: skipped: {e}")
                continue
            each = (many - one) / (users - 1)
            self.say(f"idle, {tool.name}: {each:.1f} KB a user")
            found[tool.name] = (each, one, many)
        return found

    # --- start -----------------------------------------------------------

    def start_ms(self, tool):
        """From exec to the first bytes of a request."""
        program = self.allowed(tool, GET, 1)
        with socket.create_server((ADDRESSES[0], 0), backlog=16) as listener:
            port = listener.getsockname()[1]
            job = Job(GET, f"http://{ADDRESSES[0]}:{port}", 1, 5,
                      tempfile.mkdtemp(dir=self.folder))
            argv = [program] + tool.command(job)
            seen = FirstRequest(listener)
            begin = time.monotonic()
            process = start_tool(argv, job.folder, self.client_core,
                                 subprocess.DEVNULL)
            try:
                at = seen.wait(START_LIMIT_S)
            finally:
                kill_group(process)
                shutil.rmtree(job.folder, ignore_errors=True)
        return (at - begin) * 1000

    def start(self, tools):
        """Milliseconds of every round: tool -> list."""
        found = {}
        for _ in range(self.options.rounds):
            for tool in tools:
                if ("start", 1, tool.name) in self.skipped:
                    continue
                try:
                    ms = self.start_ms(tool)
                except Skip as e:
                    self.skipped["start", 1, tool.name] = str(e)
                    self.say(f"start, {tool.name}: skipped: {e}")
                    continue
                self.say(f"start, {tool.name}: {ms:.0f} ms")
                found.setdefault(tool.name, []).append(ms)
        return found

    # --- timers ----------------------------------------------------------

    def timers(self):
        """What waiting users take of a core, once all of them wait."""
        users = min(WAIT_USERS, self.top)
        ramp_s = users / 5000 + 2
        return [self.timers_of(what, users, ramp_s, plan)
                for what, plan in WAITING]

    def timers_of(self, what, users, ramp_s, tasks):
        loadgen = tool_named("loadgen")
        program = self.allowed(loadgen, GET, users)
        work = Work("timers", what)
        seconds = round(ramp_s + STEADY_S + 2)
        job = self.job(work, users, seconds)
        plan = job.file("plan.ini", tasks.format(
            host=job.host, users=users, seconds=seconds))
        self.server.settle()
        ran = run_tool([program, "--csv", "none", plan], job,
                       self.client_core,
                       looks=[(at, lambda pid: (
                           time.monotonic(), tree_cpu_s(pid),
                           self.server.status()[1]))
                              for at in (ramp_s, ramp_s + STEADY_S)])
        if len(ran.looks) < 2:
            raise Skip("it ended too early: " + ran.output.strip()[-200:])
        (t0, cpu0, n0), (t1, cpu1, n1) = ran.looks
        found = Timers(what, users, (n1 - n0) / (t1 - t0), (cpu1 - cpu0) / (t1 - t0) * 100)
        self.say(f"timers, {users} users {what}: "
                 f"{found.core_percent:.1f} % of a core")
        return found

    def late(self, rate):
        """Half of the rate that it can do: how late, round after round."""
        found = []
        for _ in range(self.options.rounds):
            found.append(self.late_once(rate))
            self.say(f"late, {rate}/s: timers {found[-1].timer_ms:.2f} ms, "
                     f"tasks {found[-1].task_ms:.2f} ms at p99")
        return found

    def late_once(self, rate):
        program = self.allowed(tool_named("loadgen"), GET, 1)
        job = self.job(GET, 1, LATE_S)
        plan = job.file("plan.ini", loadgen_plan(job, interval="1s").replace(
            "users           = 1\nspawn_rate      = 100000\n",
            f"rate            = {rate}/s\nmax_users       = 1000\n"))
        self.server.settle()
        run_tool([program, "--csv", os.path.join(job.folder, "out"), plan],
                 job, self.client_core)
        return Late(rate, *late_of(job.folder))


def late_of(folder):
    """Means of the whole intervals: timers at p99, tasks at p99, a core."""
    def rows(name):
        path = os.path.join(folder, name)
        with open(path, newline="", encoding="utf-8") as f:
            return list(csv.DictReader(f))
    try:
        # the first holds the start, and the last one the end
        whole = rows("out_workers.csv")[1:LATE_S]
        timer = max(float(r["Timer Lateness p99 (ms)"]) for r in whole)
        core = statistics.mean(float(r["CPU %"]) for r in whole)
        task = max(float(r["99%"]) for r in rows("out_phases.csv")
                   if r["Phase"] == "late")
    except (OSError, KeyError, ValueError) as e:
        raise Skip(f"no lateness in its files: {e!r}") from e
    return timer, task, core


class FirstRequest:
    """Notes when the first bytes come in at a listening socket."""

    def __init__(self, listener):
        self.listener = listener
        self.at = None
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        while self.at is None:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(START_LIMIT_S)
                try:
                    # some only try whether someone is there
                    if connection.recv(1):
                        self.at = time.monotonic()
                except OSError:
                    pass

    def wait(self, seconds):
        self.thread.join(seconds)
        if self.at is None:
            raise Skip(f"no request within {seconds} s")
        return self.at


SLEEPS = """[load]
host       = {host}
users      = {users}
spawn_rate = 5000
run_time   = {seconds}s
workers    = 1

[task sleep]
sleep = {sleep}
"""
WAITS = """[load]
host       = {host}
users      = {users}
spawn_rate = 5000
run_time   = {seconds}s
wait       = exp 60s
workers    = 1

[task get]
get = /
"""
WAITING = [
    ("asleep for 1 s at a time", SLEEPS.replace("{sleep}", "1s")),
    ("asleep for 5 s at a time", SLEEPS.replace("{sleep}", "5s")),
    ("connected, a request each every 60 s", WAITS),
]
