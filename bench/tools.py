"""The tools: what they can do, their command lines, how each prints results.

A tool that cannot do some work says why in a word or two: that is what stands
in the table.
"""

import csv
import json
import os
import re
import shutil
import subprocess
from typing import Callable, NamedTuple

from plans import (ANY_ID, ID_HEADER, httperf_session, loadgen_plan,
                   locustfile, siegerc, wrk_script)
from processes import Skip
from work import BODY

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
NPM_FOLDER = os.path.join(ROOT, "build", "bench", "npm")
AUTOCANNON = "autocannon@9.0.0"
JSON_TYPE = "Content-Type: application/json"
CLOSE = "Connection: close"
# calls that httperf can never come to the end of: it is interrupted instead
NO_END = 100000000
SESSION_LINES = 50000


class Cannot(Exception):
    """Why a tool cannot do some work, in a word or two."""


class Tool(NamedTuple):
    name: str
    program: str | Callable
    command: Callable   # job -> arguments
    parse: Callable     # job, output -> requests/s, requests, errors
    title: str = ""     # in tables, when it is not the name
    cannot: dict = {}   # a feature of the work -> why not
    max_users: int = 100000
    too_many: str = ""  # why not more, when it is not the number itself
    interrupted: bool = False   # it has no run time of its own
    ramp: float = 0     # seconds more for each 1,000 users
    waking: int = 0     # seconds until it is at work
    remark: dict = {}   # a feature that it does only in part -> how

    @property
    def label(self):
        return self.title or self.name


LOOKLESS = "cannot look"
ONE_ROW = "no rows"
NO_WAIT = "no waits"
NO_H2 = "no HTTP/2"
PLAYS_NOTHING = {"looks": LOOKLESS, "rows": ONE_ROW, "idle": NO_WAIT}


def why_not(tool, work, users):
    """The word or two for the table, or None when it can."""
    for feature, why in tool.cannot.items():
        has = work.wait != "0" if feature == "idle" else getattr(work, feature)
        if has:
            return why
    if users > tool.max_users and work.wait == "0":
        return tool.too_many or f"at most {tool.max_users:,}"
    return None


def remark(tool, work):
    words = [how for feature, how in tool.remark.items()
             if getattr(work, feature)]
    return ", ".join(words)


# --- command lines -----------------------------------------------------------

def find_loadgen():
    return os.environ.get("LOADGEN", os.path.join(ROOT, "loadgen"))


def find_bare():
    return os.environ.get("BARE", os.path.join(ROOT, "build/bench/bare"))


def find_autocannon():
    """Put into a build folder when it is not there, and npm is."""
    path = os.path.join(NPM_FOLDER, "node_modules", ".bin", "autocannon")
    if os.path.exists(path):
        return path
    if shutil.which("autocannon"):
        return "autocannon"
    if not shutil.which("npm"):
        raise Skip("npm is not there")
    os.makedirs(NPM_FOLDER, exist_ok=True)
    done = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund",
         "--prefix", NPM_FOLDER, AUTOCANNON], timeout=120, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Skip("npm could not install it")
    return path


def loadgen_command(job):
    plan = loadgen_plan(job, 2000 if job.work.wait != "0" else 100000)
    return ["--csv", os.path.join(job.folder, "out"),
            job.file("plan.ini", plan)]


def bare_command(variant):
    def command(job):
        work = job.work
        flags = ["-m", variant, "-u", str(job.users), "-t", str(job.seconds)]
        for wanted, flag in ((work.wait != "0", "-1"), (work.new, "-n"),
                             (work.h2, "-2")):
            flags += [flag] if wanted else []
        # as long a request as loadgen's
        flags += ["-H", f"{ID_HEADER}: {ANY_ID}"] if work.answer else []
        return flags + (["-d", BODY] if work.post else []) + [job.url]
    return command


def wrk_command(job):
    work = job.work
    script = ["-s", job.file("post.lua", wrk_script())] if work.post else []
    return ["-t1", f"-c{job.users}", f"-d{job.seconds}s", *script,
            *(["-H", CLOSE] if work.new else []), job.url]


def ab_command(job):
    work = job.work
    body = ["-p", job.file("body", BODY), "-T", "application/json"]
    # -t sets -n to 50,000, and ab allocates for every request of -n
    return ["-q", "-r", *([] if work.new else ["-k"]),
            *(body if work.post else []), "-c", str(job.users),
            "-t", str(job.seconds), "-n", str(job.seconds * 400000), job.url]


def h2load_command(job):
    work = job.work
    body = ["-d", job.file("body", BODY), "-H", JSON_TYPE]
    return [*([] if work.h2 else ["--h1"]), "-t1", "-m1", f"-c{job.users}",
            f"-D{job.seconds}", *(body if work.post else []), job.url]


def hey_command(job):
    work = job.work
    body = ["-m", "POST", "-D", job.file("body", BODY),
            "-T", "application/json"]
    return ["-z", f"{job.seconds}s", "-c", str(job.users),
            *(["-h2"] if work.h2 else []),
            *(["-disable-keepalive"] if work.new else []),
            *(body if work.post else []), job.url]


def siege_command(job):
    body = job.file("body", BODY)
    url = f"{job.url} POST <{body}" if job.work.post else job.url
    return ["-R", job.file("siegerc", siegerc(job.work)), "-b",
            "-c", str(job.users), "-t", f"{job.seconds}S",
            "--content-type", "application/json", url]


def autocannon_command(job):
    work = job.work
    body = ["-m", "POST", "-i", job.file("body", BODY), "-H",
            "content-type=application/json"]
    return ["-j", "-n", "-c", str(job.users), "-d", str(job.seconds),
            *(["-H", "connection=close"] if work.new else []),
            *(body if work.post else []), job.url]


def httperf_command(job):
    scheme, _, rest = job.url.partition("://")
    address, _, path = rest.partition("/")
    host, _, port = address.partition(":")
    # all connections are opened at once, then each is kept for the whole run
    flags = ["--hog", "--server", host, "--port", port, "--rate",
             str(job.users * 10), *(["--ssl"] if scheme == "https" else [])]
    if job.work.post:
        session = job.file("session",
                           httperf_session("/" + path, SESSION_LINES))
        return flags + ["--add-header", JSON_TYPE + "\\n",
                        "--wsesslog", f"{job.users},0,{session}"]
    return flags + ["--uri", "/" + path, "--num-conns", str(job.users),
                    "--num-calls", str(NO_END)]


def locust_command(kind):
    def command(job):
        return ["-f", job.file("locustfile.py", locustfile(job.work)),
                "--headless", "-u", str(job.users), "-r", str(job.users),
                "-t", f"{job.seconds}s", "--host", job.host,
                "--only-summary", "--reset-stats", kind]
    return command


# --- results -----------------------------------------------------------------

def loadgen_parse(job, _output):
    path = os.path.join(job.folder, "out_stats.csv")
    with open(path, newline="", encoding="utf-8") as f:
        total = list(csv.DictReader(f))[-1]
    return (float(total["Requests/s"]), int(total["Request Count"]),
            int(total["Failure Count"]))


def by_words(rps, requests, *errors):
    """A parser for tools that print their result after fixed words."""
    def parse(_job, output):
        rate = re.search(rps, output)
        count = re.search(requests, output)
        if not rate or not count:
            last = output.strip().splitlines()[-1:] or ["nothing printed"]
            raise Skip("no result: " + last[0])
        lost = sum(int(n) for e in errors for n in re.findall(e, output))
        return float(rate[1]), int(count[1]), lost
    return parse


def autocannon_parse(_job, output):
    found = json.loads(output.strip().splitlines()[-1])
    return (found["2xx"] / found["duration"], found["2xx"],
            found["errors"] + found["non2xx"])


def httperf_parse(_job, output):
    lasted = re.search(r"replies (\d+) test-duration ([\d.]+)", output)
    good = re.search(r"2xx=(\d+)", output)
    errors = re.search(r"Errors: total (\d+)", output)
    if not lasted or not good or not errors:
        raise Skip("no result")
    return int(good[1]) / float(lasted[2]), int(good[1]), int(errors[1])


BARE = by_words(r"rps=(\d+)", r" requests=(\d+)", r"failed=(\d+)")
LOCUST = by_words(r"Aggregated[^\n|]*\|[^\n|]*\|\s+([\d.]+)",
                  r"Aggregated\s+(\d+)", r"Aggregated\s+\d+\s+(\d+)\(")
FETCHES = {"looks": "only fetches"}

TOOLS = [
    Tool("loadgen", find_loadgen, loadgen_command, loadgen_parse,
         "**loadgen**"),
    Tool("floor", find_bare, bare_command("floor"), BARE,
         "bare libcurl loop, tuned alike",
         {"rows": ONE_ROW}, remark=FETCHES),
    Tool("ahead", find_bare, bare_command("ahead"), BARE,
         "bare libcurl loop, memory fetched ahead too",
         {"rows": ONE_ROW}, remark=FETCHES),
    Tool("share", find_bare, bare_command("share"), BARE,
         "bare libcurl loop, plain", {"rows": ONE_ROW}, remark=FETCHES),
    Tool("lazy", find_bare, bare_command("lazy"), BARE,
         "bare libcurl loop, lazy epoll", {"rows": ONE_ROW}, remark=FETCHES),
    Tool("shared", find_bare, bare_command("shared"), BARE,
         "bare libcurl loop, connections shared", {"rows": ONE_ROW},
         remark=FETCHES),
    Tool("wrk", "wrk", wrk_command,
         by_words(r"Requests/sec:\s+([\d.]+)", r"(\d+) requests in",
                  r"(?:connect|read|write|timeout) (\d+)",
                  r"Non-2xx or 3xx responses: (\d+)"),
         cannot={**PLAYS_NOTHING, "h2": NO_H2}),
    Tool("ab", "ab", ab_command,
         by_words(r"Requests per second:\s+([\d.]+)",
                  r"Complete requests:\s+(\d+)",
                  r"(?:Failed|Non-2xx) \w+:\s+(\d+)"),
         cannot={**PLAYS_NOTHING, "h2": NO_H2}, max_users=20000),
    Tool("h2load", "h2load", h2load_command,
         by_words(r"finished in .*?, ([\d.]+) req/s",
                  r"requests: \d+ total, \d+ started, (\d+) done",
                  r"(\d+) (?:failed|errored|timeout)"),
         cannot={**PLAYS_NOTHING, "new": "breaks off"}),
    # it keeps the first million results only: no sign of more
    Tool("hey", "hey", hey_command,
         by_words(r"Requests/sec:\s+([\d.]+)", r"\[200\]\s+(\d+) responses",
                  r"\[[1345]\d\d\]\s+(\d+) responses"),
         cannot=PLAYS_NOTHING),
    Tool("siege", "siege", siege_command,
         by_words(r"Transaction rate:\s+([\d.]+)",
                  r"Transactions:\s+(\d+)",
                  r"Failed transactions:\s+(\d+)"),
         cannot={**PLAYS_NOTHING, "h2": NO_H2}, max_users=5000,
         too_many="a thread each"),
    Tool("autocannon", find_autocannon, autocannon_command, autocannon_parse,
         cannot={**PLAYS_NOTHING, "h2": NO_H2}),
    Tool("httperf", "httperf", httperf_command, httperf_parse,
         cannot={**PLAYS_NOTHING, "h2": NO_H2, "new": "by rate only"},
         max_users=1000, too_many="select(), 1,024 files",
         interrupted=True),
    Tool("locust-fast", "locust", locust_command("Fast"), LOCUST,
         "Locust, FastHttpUser", {"h2": NO_H2}, max_users=5000,
         too_many="too slow", ramp=2, waking=2),
    Tool("locust", "locust", locust_command("Plain"), LOCUST,
         "Locust, HttpUser", {"h2": NO_H2}, max_users=1000,
         too_many="too slow", ramp=3, waking=2),
]
DEFAULT = [t.name for t in TOOLS if t.name not in ("lazy", "shared")]
PLAYERS = ("loadgen", "floor", "locust-fast", "locust")    # whose users wait
BASE = "floor"
STRICT = "ahead"     # BASE, and its memory is fetched ahead


def tool_named(name):
    return next(t for t in TOOLS if t.name == name)


def without_doubles(tools):
    """Of the bare loops only that with which loadgen is always compared."""
    return [t for t in tools if t.program is not find_bare or t.name == BASE]


def program_of(tool):
    wanted = tool.program() if callable(tool.program) else tool.program
    found = shutil.which(wanted)
    if not found:
        hint = ": run make bench" if os.sep in wanted else ""
        raise Skip(f"{os.path.basename(wanted)} is not there{hint}")
    return os.path.abspath(found)


# --- versions ----------------------------------------------------------------

def said_by(argv):
    return subprocess.run(argv, text=True, timeout=20, check=False,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout.strip()


def version_of(tool):
    """What the program says, or the Debian package's version."""
    try:
        program = program_of(tool)
        if tool.program is find_loadgen:
            # what libcurl was built with is a long list: TLS comes first
            return " ".join(said_by([program, "-V"]).split()[:4])
        if tool.program is find_bare:
            return ""
        if tool.program is find_autocannon:
            found = re.search(r'"version": ?"([^"]+)"', said_by(
                ["cat", os.path.join(os.path.dirname(
                    os.path.realpath(program)), "package.json")]))
            return f"autocannon {found[1]}" if found else ""
        owner = said_by(["dpkg", "-S", program]).partition(":")[0]
        version = said_by(["dpkg-query", "-W", "-f", "${Version}", owner])
        name = os.path.basename(program)
        return f"{name} {version.partition('-')[0]}" if version else ""
    except (Skip, OSError, subprocess.TimeoutExpired):
        return ""
