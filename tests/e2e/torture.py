"""Runs loadgen with one of its calls failing, and judges what it makes of it.
The library that lets calls fail is tests/torture/fail.c."""

import collections
import os
import random
import re
import shutil
import struct
import subprocess

import runner
from servers import ROOT

SOURCE = os.path.join(ROOT, "tests/torture/fail.c")
BOUND_S = 60  # a run takes a fraction of a second, and ends after some
GRACE_S = 2.5  # for workers to notice that their parent is gone
# nor does it write much; what it did wrong must not fill the disk
LIMITED = ["sh", "-c", 'ulimit -f 20000; exec "$0" "$@"']
PROCESSES = 16
with open(SOURCE, encoding="ascii") as f:
    CLASSES = re.findall(r'"(\w+)"', re.search(
        r"class_names\[CALLS\] = \{(.*?)\}", f.read(), re.S).group(1))

# a bit of everything that loadgen does itself
PLAN = """
[load]
host = {url}
iterations = 6
users = 2
spawn_rate = 1000
workers = 1
report_interval = 200ms
setup = first
teardown = last
run_time = 3s
stop_timeout = 1s
seed = 7
[http]
timeout = 2s
[vars]
token =
place = none
[data people]
file = people.csv
[hook token]
on = test_start
run = echo token=abc
[hook lines]
on = request
run = cat >/dev/null
stream = yes
[hook end]
on = test_stop
run = true
[task first]
post = /login
json = {{"user": "anna", "password": "x"}}
capture.pass = json /token
[task last]
get = /bytes/3
[task it]
get = /headers
header = Authorization: Bearer ${{pass}}
header = X-Token: ${{token}} ${{people.name}} ${{place}}
check = status == 200
check = body ~ Bear[e]r
capture.place = body "Host": *"([^"]+)"
post = /upload
multipart = name=${{people.name|url}}
multipart = file=@people.csv
post = /things
query = ready=0
check = status == 201
capture.id = json /id
poll = /things/${{id}}
every = 10ms
until = json /status == ACTIVE
timeout = 20s
[thresholds]
fail_ratio = < 50%
abort = fail_ratio > 99% for 10s
"""
PEOPLE = b"name\r\nanna\r\nbert\r\n"
REPORTS = ["--html", "out.html", "--json", "out.json", "--junit", "out.xml"]

Fault = collections.namedtuple(
    "Fault", "kind process call more error short", defaults=(False, 0, False))


def build(folder):
    """The library, made by the system's compiler."""
    library = folder / "fail.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-g", "-o", library,
                    SOURCE, "-ldl"], check=True)
    return library


class Record:
    """What the library has counted."""

    def __init__(self, path):
        data = path.read_bytes() if path.exists() else b""
        n = PROCESSES * len(CLASSES)
        numbers = struct.unpack(f"{n + 3}Q", data.ljust(8 * (n + 3), b"\0"))
        self.processes, self.failed, self.where = numbers[n:]
        self.calls = {
            (process, kind): numbers[process * len(CLASSES) + i]
            for process in range(PROCESSES)
            for i, kind in enumerate(CLASSES)}


def place(where):
    """Where in the source a call was that failed."""
    done = subprocess.run(
        ["addr2line", "-f", "-i", "-s", "-e", runner.PROGRAM, hex(where - 1)],
        capture_output=True, text=True, check=False)
    return " < ".join(done.stdout.split()) or hex(where)


def environment(library, record, fault):
    return {
        "LD_PRELOAD": str(library), "TORTURE_RECORD": str(record),
        "TORTURE_CLASS": fault.kind,
        "TORTURE_PROCESS": str(fault.process),
        "TORTURE_CALL": str(fault.call),
        "TORTURE_MORE": str(int(fault.more)),
        "TORTURE_ERRNO": str(fault.error),
        "TORTURE_SHORT": str(int(fault.short)),
        # fail.so comes before the sanitizer; who ends for want of memory frees
        # nothing
        "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks="
        + str(int(fault.kind not in ("memory", "curl", "json")))}


class Rack:
    """A folder, the library and a target of its own."""

    def __init__(self, folder, library, target):
        self.folder, self.library, self.target = folder, library, target
        self.plan = PLAN.format(url=target.url)
        self.runs = 0

    def run(self, fault, mode=None):
        """A run, or what another mode does. Returns the run, what was counted, and what is wrong, or None."""
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        folder.mkdir()
        (folder / "people.csv").write_bytes(PEOPLE)
        before = self.target.counts()["requests"]
        process = runner.Process(
            folder, self.plan, *([mode] if mode else REPORTS), wrap=LIMITED,
            env=environment(self.library, folder / "record", fault))
        try:
            done = process.finish(BOUND_S, GRACE_S)
        except AssertionError as problem:
            record = Record(folder / "record")
            raise AssertionError(
                f"{fault} in {place(record.where)}: {problem}") from None
        record = Record(folder / "record")
        served = self.target.counts()["requests"] - before
        why = judge_end(done) if mode else judge(done, served, fault.kind)
        shutil.rmtree(folder)
        return done, record, why and (
            f"{fault} in {place(record.where)}: {why}: {done.said}")


def judge_end(done):
    """What is wrong with how it ended, or None."""
    if done.status not in (0, 1, 2, 3):
        return f"status {done.status}"
    return None if done.said.strip() else "not a word"


def judge(done, served, kind):
    """What is wrong with a run in which something failed, or None."""
    if done.status != 0:
        return judge_end(done)
    if not done.path("stats").exists():
        return "no files, and all is well"
    try:
        if kind != "remove":  # what cannot be removed stays
            done.check()
        started, passed, failed, interrupted = done.books()
    except (AssertionError, OSError, IndexError) as problem:
        return f"all is well, but {problem}"
    # what failed, or was cut off, may not have been sent
    if (done.requests != started - interrupted
            or not 0 <= started - served <= failed + interrupted):
        return (f"all is well, but {done.requests} are reported, {started} "
                f"started and {served} were served")
    for name in ("out.html", "out.json", "out.xml"):
        if not (done.folder / name).exists():
            return f"all is well, but there is no {name}"
    return None


def sample(calls, most, seed):
    """At most so many of the calls from the first to the last."""
    if calls <= most:
        return list(range(1, calls + 1))
    return sorted(random.Random(seed).sample(range(1, calls + 1), most))
