"""Runs loadgen, bounded in time, and reads what it left.

With HOSTS=1 in the environment each run that plays a load plays it on a host,
by way of a pretended rsh, and has to leave the same."""

import contextlib
import csv
import fcntl
import io
import os
import re
import signal
import subprocess
import termios
import time
import uuid

from servers import ROOT, wait_for

BOUND_S = 120  # nothing may take longer, with sanitizers neither

STATS_COLUMNS = (
    "Type,Name,Request Count,Failure Count,Median Response Time,"
    "Average Response Time,Min Response Time,Max Response Time,"
    "Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,"
    "99%,99.9%,99.99%,100%").split(",")
HISTORY_COLUMNS = (
    "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,"
    "90%,95%,98%,99%,99.9%,99.99%,100%,Total Request Count,"
    "Total Failure Count,Total Median Response Time,"
    "Total Average Response Time,Total Min Response Time,"
    "Total Max Response Time,Total Average Content Size,"
    "Stage,Intended/s,Started/s").split(",")
FAILURES_COLUMNS = "Method,Name,Error,Occurrences,First Seen,Last Seen".split(
    ",")
EXCEPTIONS_COLUMNS = "Count,Message,Traceback,Nodes".split(",")
FILES = ["stats", "stats_history", "failures", "exceptions", "phases",
         "workers"]

WHOLES = ["POLL", "TRANSACTION"]  # rows that are no requests

PROGRAM = os.environ.get("LOADGEN", os.path.join(ROOT, "loadgen"))
PROGRAM = os.path.abspath(PROGRAM)

ON_HOSTS = os.environ.get("HOSTS", "0") != "0"
# who plays nothing, or says itself where
AT_HOME = re.compile(r"--(remote|check|once|agent|help|version)\b|-[hV]$"
                     r"|remote\.")
MARK = "LOADGEN_TEST"
# Another machine: another folder, and nothing of the environment but what
# finds processes, and what sanitizers are told.
RSH = """#!/bin/sh
shift
cd {folder} || exit
exec env -i PATH="$PATH" {mark}="${mark}" ${{ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"}} "$@"
"""


def processes(belongs):
    """The living processes for which belongs(pid, session) holds, as pairs of
    pid and session."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as f:
                fields = f.read().rpartition(b")")[2].split()
            if fields[0] not in (b"Z", b"X") and \
                    belongs(int(name), int(fields[3])):
                found.append((int(name), int(fields[3])))
        except OSError:
            continue
    return sorted(found)


def processes_of_session(session):
    """The living processes of a session, by pid."""
    return [pid for pid, _ in processes(lambda _, its: its == session)]


def processes_with_mark(mark):
    """The same of all that have it in their environment, with their
    sessions."""
    def has_mark(pid, _):
        with open(f"/proc/{pid}/environ", "rb") as f:
            return mark in f.read().split(b"\0")
    return processes(has_mark)


def is_for_a_host(plan, args):
    return ON_HOSTS and "[remote]" not in (plan or "") and not any(
        AT_HOME.match(str(word)) for word in args)


def options_for_a_host(folder):
    """What makes a run play on a pretended host, in this folder."""
    folder.mkdir()
    rsh = folder.with_suffix(".rsh")
    rsh.write_text(RSH.format(folder=folder, mark=MARK))
    rsh.chmod(0o755)
    return ["--remote", "box", "--rsh", str(rsh), "-D",
            f"remote.program={PROGRAM}"]


def read_csv(path):
    """Header and rows of an RFC 4180 file."""
    with open(path, "rb") as f:
        data = f.read()
    assert data.endswith(b"\r\n"), f"{path} does not end with CRLF"
    table = list(csv.reader(io.StringIO(data.decode(), newline=""),
                            strict=True))
    header, rows = table[0], table[1:]
    assert all(len(row) == len(header) for row in rows), path
    return header, [dict(zip(header, row)) for row in rows]


class Run:
    """What a run left: its status, its words, its files."""

    def __init__(self, status, out, err, folder, prefix, seconds,
                 workplace=None):
        self.status, self.out, self.err = status, out, err
        self.folder, self.prefix, self.seconds = folder, prefix, seconds
        # where its workers were, and their hooks
        self.workplace = workplace or folder

    def path(self, name):
        return self.folder / f"{self.prefix}_{name}.csv"

    def table(self, name):
        return read_csv(self.path(name))[1]

    @property
    def said(self):
        return self.out + self.err

    @property
    def stats(self):
        """(type, name) -> row, without the last."""
        return {(row["Type"], row["Name"]): row
                for row in self.table("stats")[:-1]}

    @property
    def total(self):
        row = self.table("stats")[-1]
        assert (row["Type"], row["Name"]) == ("", "Aggregated")
        return row

    @property
    def requests(self):
        return int(self.total["Request Count"])

    @property
    def failed(self):
        return int(self.total["Failure Count"])

    def counts(self):
        """(type, name) -> how many requests."""
        return {key: int(row["Request Count"])
                for key, row in self.stats.items()}

    @property
    def failures(self):
        """(method, name, error) -> how many."""
        return {(row["Method"], row["Name"], row["Error"]):
                int(row["Occurrences"]) for row in self.table("failures")}

    def books(self):
        """started, passed, failed, interrupted, as the summary says them."""
        text = " ".join(self.out.split())
        figure = r"([\d,.' ]*\d) "
        found = re.search(
            figure + r"requests? started = " + figure + r"passed \+ " + figure
            + r"failed \+ " + figure + "interrupted", text)
        assert found, "no books that balance in:\n" + self.out
        return tuple(int(re.sub(r"\D", "", n)) for n in found.groups())

    def check(self, stages=False):
        """What holds for the files of every run, however it ended; one with
        stages has one more."""
        files = FILES + (["stages"] if stages else [])
        for name, columns in [("stats", STATS_COLUMNS),
                              ("stats_history", HISTORY_COLUMNS),
                              ("failures", FAILURES_COLUMNS),
                              ("exceptions", EXCEPTIONS_COLUMNS)]:
            assert read_csv(self.path(name))[0] == columns
        for name in files:
            assert self.path(name).exists()
        rows = [row for (kind, _), row in self.stats.items()
                if kind not in WHOLES]
        assert sum(int(r["Request Count"]) for r in rows) == self.requests
        assert sum(int(r["Failure Count"]) for r in rows) == self.failed
        assert sum(n for (kind, _, _), n in self.failures.items()
                   if kind not in WHOLES) == self.failed
        history = [row for row in self.table("stats_history")
                   if row["Name"] == "Aggregated"]
        totals = [int(row["Total Request Count"]) for row in history]
        assert totals == sorted(totals)
        assert (totals[-1] if totals else 0) == self.requests
        left = {p.name for p in self.folder.glob(f"{self.prefix}_*")}
        assert left == {self.path(name).name for name in files}, \
            "files were left beside the reports"
        return self


class Process:
    """A running loadgen, in a session of its own; it controls the terminal
    that is its standard input where that is asked for."""

    def __init__(self, folder, plan, *args, env=None, plan_name="plan.ini",
                 stdin=None, out=None, err=None, wrap=(), csv="out",
                 close_stdout=False, controls=False):
        self.folder, self.prefix = folder, csv
        if plan is not None:
            (folder / plan_name).write_text(plan)
        command = [*wrap, PROGRAM]
        if plan is not None:
            command.append(plan_name)
        if csv:
            command += ["--csv", csv]
        self.is_on_host = is_for_a_host(plan, args)
        self.workplace = folder
        if self.is_on_host:
            self.workplace = folder.with_name(f"{folder.name}-host")
            command += options_for_a_host(self.workplace)
        self.command = [str(word) for word in [*command, *args]]
        self.out_path, self.err_path = folder / "stdout", folder / "stderr"
        out_file = out or open(self.out_path, "wb")
        err_file = err or open(self.err_path, "wb")
        base = {key: value for key, value in os.environ.items()
                if key not in ("NO_COLOR", "COLUMNS", "LINES")}
        mark = f"{MARK}={uuid.uuid4()}"
        self.mark = mark.encode()
        base[MARK] = mark.partition("=")[2]
        self.started = time.monotonic()
        self.popen = subprocess.Popen(
            self.command, cwd=folder, stdin=stdin or subprocess.DEVNULL,
            stdout=out_file, stderr=err_file, start_new_session=True,
            env={**base, "TERM": "xterm", **(env or {})},
            preexec_fn=(lambda: os.close(1)) if close_stdout else
            (lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if controls
            else None)
        for given, file in [(out, out_file), (err, err_file)]:
            if given is None:
                file.close()
        self.pid = self.popen.pid

    def signal(self, number):
        self.popen.send_signal(number)

    def signal_all(self, number):
        """To it and all that it started, wherever they are."""
        for pid, _ in processes_with_mark(self.mark):
            os.kill(pid, number)

    def workers(self, n):
        """The pids of its n workers, once they are there."""
        def find():
            # who leads a session is the parent, or an agent
            pids = [pid for pid, session in processes_with_mark(self.mark)
                    if pid != session]
            assert self.popen.poll() is None, self.words()
            return pids if len(pids) == n else None
        return wait_for(f"{n} workers", find)

    def words(self):
        return "".join(path.read_text(errors="replace")
                       for path in (self.out_path, self.err_path)
                       if path.exists())

    def wait(self, bound_s=BOUND_S, grace_s=0):
        """Its status, once it and everything it started are gone; for the
        latter it may take grace_s."""
        try:
            status = self.popen.wait(bound_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"still running after {bound_s} s: {self.command}\n"
                + self.words()) from None
        left = self.left(grace_s)
        self.kill()
        assert not left, f"processes were left behind: {left}"
        return status

    def left(self, grace_s):
        """Who is there yet. Those on a host learn from the end of their pipe
        that the parent has gone, which takes a moment."""
        until = time.monotonic() + max(grace_s, 2 if self.is_on_host else 0)
        left = processes_with_mark(self.mark)
        while left and time.monotonic() < until:
            time.sleep(0.02)
            left = processes_with_mark(self.mark)
        return left

    def kill(self):
        for pid, _ in processes_with_mark(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.popen.wait()

    def finish(self, bound_s=BOUND_S, grace_s=0):
        status = self.wait(bound_s, grace_s)
        run = Run(status, self.out_path.read_text(), self.err_path.read_text(),
                  self.folder, self.prefix, time.monotonic() - self.started,
                  self.workplace)
        for mark in ("AddressSanitizer", "LeakSanitizer", "runtime error:",
                     "Assertion"):
            assert mark not in run.said, run.said
        return run
