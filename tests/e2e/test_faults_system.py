"""What the system has too little of, or changes: disk, descriptors, ports,
memory, the clock, names. The run ends, says what was missing, and counts what
was served."""

import contextlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest

from runner import ON_HOSTS
from servers import PATIENCE_S, ROOT, wait_for

MANY_NAMES = """
[load]
host = {url}
users = 4
spawn_rate = 1000
workers = 1
report_interval = 100ms
run_time = 1s
wait = 1ms
[task it]
get = /x
name = /x/${{randint 1 100000}}
"""


# --- disk ---------------------------------------------------------------------

@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none",
                       folder], capture_output=True).returncode != 0:
        pytest.skip("this user cannot mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("option", ["csv", "--html", "--json", "--junit"])
def test_a_disk_that_fills_up_is_said_and_the_load_goes_on(
        nginx, run, small_disk, option):
    args = (["--csv", small_disk / "out"] if option == "csv" else
            [option, small_disk / "out"])
    done = run(MANY_NAMES.format(url=nginx.url), *args,
               csv=None if option == "csv" else "out")
    hits = len(nginx.log())
    assert done.status == 3, done.said
    assert "No space left on device" in done.said
    assert f"{hits:,} requests started" in done.out
    # nothing half written took the place of what was whole
    for path in small_disk.iterdir():
        data = path.read_bytes()
        if path.suffix == ".csv" and data:
            assert data.endswith(b"\r\n"), path
        assert re.fullmatch(r"out(_\w+\.csv)?", path.name), path


@pytest.mark.parametrize("blocks", [0, 1, 8])
def test_files_that_may_not_grow_are_said(nginx, run, blocks):
    """As ulimit -f has it: no signal ends the run."""
    done = run(MANY_NAMES.format(url=nginx.url), "--html", "out.html",
               wrap=["prlimit", f"--fsize={blocks * 4096}"])
    if not blocks and done.status < 0:
        pytest.skip("not even its own words could be written")
    assert done.status in (2, 3)


# root may write anywhere, unless it is not allowed to
UNPRIVILEGED = [] if os.geteuid() else [
    "setpriv", "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search"]


def test_a_folder_that_turns_read_only_is_said(nginx, start, tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    process = start(MANY_NAMES.format(url=nginx.url).replace("1 100000",
                                                             "1 3"),
                    "--csv", folder / "out", csv=None, wrap=UNPRIVILEGED)
    wait_for("the first requests", nginx.log)
    folder.chmod(0o555)
    done = process.finish()
    folder.chmod(0o755)
    assert done.status == 3, done.said
    assert "Permission denied" in done.said
    assert f"{len(nginx.log()):,} requests started" in done.out


def test_a_folder_that_is_read_only_is_said_before_anything_is_sent(
        nginx, run, plan, tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir(0o555)
    done = run(plan(nginx.url, "get = /x"), "--csv", folder / "out", csv=None,
               wrap=UNPRIVILEGED)
    folder.chmod(0o755)
    assert done.status == 2, done.said
    assert "Permission denied" in done.err
    assert nginx.log() == []


# --- descriptors and ports ----------------------------------------------------

def held(done, target):
    """What failed never left."""
    assert done.status == 1, done.said
    assert done.requests == done.books()[0]
    assert done.requests - done.failed <= target.counts()["requests"]
    return done


def test_descriptors_that_are_used_up_fail_requests_and_nothing_else(
        target, start, plan):
    """The limit falls while the run is on, so that no foresight helps."""
    process = start(plan(target.url, "get = /delay/300", http="keepalive = no",
                         load="run_time = 2s\nreport_interval = 200ms\n"
                         "users = 60"), "-w", 1)
    pid, = process.workers(1)
    wait_for("the load", lambda: target.counts()["requests"] > 10)
    subprocess.run(["prlimit", f"--pid={pid}", "--nofile=40:40"], check=True)
    done = held(process.finish().check(), target)
    assert done.failed > 0
    assert all("connect" in error.lower() or "open files" in error
               or "descriptor" in error.lower()
               for _, _, error in done.failures), done.failures
    assert done.books()[3] == 0


def test_too_few_descriptors_are_said_before_anything_is_sent(
        nginx, run, plan):
    done = run(plan(nginx.url, "get = /x"), "-u", 1000, "-w", 1,
               wrap=["prlimit", "--nofile=100:100"])
    assert done.status == (3 if ON_HOSTS else 2)
    assert "open files" in done.said
    assert nginx.log() == []


@pytest.fixture
def few_ports(tmp_path):
    """A network of its own with twenty ports to connect from, and a target in
    it: (what starts loadgen there, its URL, how many requests it counted)."""
    program = os.path.abspath(os.environ.get(
        "TARGET", os.path.join(ROOT, "build/tests/target/target")))
    port, counts = tmp_path / "ports", tmp_path / "counts.json"
    script = f"""ip link set lo up &&
echo 40000 40019 >/proc/sys/net/ipv4/ip_local_port_range || exit 77
'{program}' --port 18080 --port-file '{port}' --counts '{counts}' &
until test -s '{port}'; do sleep 0.01; done
"$0" "$@"
status=$?
kill $! && wait $!
exit $status"""
    wrap = ["unshare", "-n", "sh", "-c", script]
    if not shutil.which("unshare") or subprocess.run(
            [*wrap, "true"], capture_output=True).returncode != 0:
        pytest.skip("this user may make no network of its own")
    port.unlink()

    def count():
        return json.loads(counts.read_text())["requests"]
    return wrap, "http://127.0.0.1:18080", count


def test_ports_that_are_used_up_fail_requests_and_nothing_else(
        run, plan, few_ports):
    wrap, url, count = few_ports
    done = run(plan(url, "get = /delay/200", http="source_ip = 127.0.0.7",
                    load="run_time = 1s\nusers = 50\nwait = 20ms"),
               "-w", 1, "-s", "5s", wrap=wrap).check()
    assert done.status == 1, done.said
    assert 0 < done.failed < done.requests
    assert done.requests - done.failed == count()
    assert all("no local port is free" in error
               for _, _, error in done.failures), done.failures


# --- memory -------------------------------------------------------------------

@pytest.mark.parametrize("megabytes", [8, 16, 32, 64])
def test_too_little_memory_is_said(nginx, run, megabytes):
    if "asan" in os.environ.get("LOADGEN", ""):
        pytest.skip("sanitizers need terabytes of address space")
    done = run(MANY_NAMES.format(url=nginx.url), "-t", "500ms",
               wrap=["prlimit", f"--as={megabytes << 20}"])
    assert done.status in (0, 1, 2, 3, 127), done.said
    if done.status in (0, 1):
        assert done.check().requests == len(nginx.log())
    else:
        assert done.said.strip()


# --- the clock ----------------------------------------------------------------

CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>
/* Wall time is an hour back once the file CLOCK_BACK is there. */
#include <stdlib.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	const char *path = getenv("CLOCK_BACK");
	int result;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	result = real(id, t);
	if (id == CLOCK_REALTIME && path && access(path, F_OK) == 0)
		t->tv_sec -= 3600;
	return result;
}
"""


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clock")
    (folder / "clock.c").write_text(CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", folder / "clock.so",
                    folder / "clock.c", "-ldl"], check=True)
    return folder / "clock.so"


def test_a_clock_that_is_set_back_changes_only_what_shows_it(
        nginx, start, plan, clock, tmp_path):
    mark = tmp_path / "back"
    process = start(plan(nginx.url, "get = /x", load=(
        "run_time = 1500ms\nreport_interval = 250ms\nwait = 5ms\nusers = 4"),
        rest="[thresholds]\nrps = > 1\nabort = rps < 1"),
        env={"LD_PRELOAD": str(clock), "CLOCK_BACK": str(mark),
             "ASAN_OPTIONS": "verify_asan_link_order=0"})
    history = process.folder / "out_stats_history.csv"
    wait_for("an interval", lambda: history.exists()
             and history.read_bytes().count(b"\r\n") > 2)
    mark.write_text("")
    done = process.finish()
    hits = len(nginx.log())
    assert done.status == 0, done.said
    assert done.check().requests == hits
    rows = done.table("stats_history")
    assert 5 <= len(rows) <= 7
    assert all(float(row["Requests/s"]) > 0 for row in rows)
    assert float(done.total["Max Response Time"]) < 60000


# --- names --------------------------------------------------------------------

# another one for each round of tests: they run at the same time
NAME_SERVER = f"127.53.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"


class NameServer:
    """Answers for any name as answer(n) says: an address, an error or None
    for silence; n counts the questions."""

    def __init__(self, answer):
        self.answer, self.questions = answer, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((NAME_SERVER, 53))
        self.socket.settimeout(0.05)
        self.is_stopping = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while not self.is_stopping:
            with contextlib.suppress(socket.timeout):
                question, client = self.socket.recvfrom(512)
                self.questions += 1
                reply = self._reply(question, self.answer(self.questions))
                if reply:
                    self.socket.sendto(reply, client)

    @staticmethod
    def _reply(question, said):
        if said is None:
            return None
        name_end = question.index(b"\0", 12) + 5
        kind, = struct.unpack(">H", question[name_end - 4:name_end - 2])
        is_error = isinstance(said, int)
        has_answer = not is_error and kind == 1  # A
        head = question[:2] + struct.pack(
            ">HHHHH", 0x8180 | (said if is_error else 0), 1, int(has_answer),
            0, 0)
        body = question[12:name_end]
        if has_answer:
            body += (b"\xc0\x0c\0\x01\0\x01" + struct.pack(">IH", 0, 4)
                     + socket.inet_aton(said))
        return head + body

    def stop(self):
        self.is_stopping = True
        self.thread.join(PATIENCE_S)
        self.socket.close()


@pytest.fixture
def named(closing, tmp_path):
    """named(answer) -> NameServer, and what starts loadgen asking it."""
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(
        f"nameserver {NAME_SERVER}\noptions timeout:2 attempts:1\n")
    script = (f"mount --bind '{resolv}' /etc/resolv.conf && "
              'exec "$0" "$@"')
    wrap = ["unshare", "-m", "sh", "-c", script]
    if subprocess.run([*wrap, "true"], capture_output=True).returncode != 0:
        pytest.skip("this user may mount nothing of its own")

    def make(answer):
        try:
            return closing(NameServer(answer)), wrap
        except OSError as problem:
            pytest.skip(f"no name server can be started: {problem}")
    return make


def test_a_name_is_looked_up_once_however_often_it_changes(
        nginx, run, plan, named):
    names, wrap = named(lambda n: "127.0.0.1" if n <= 4 else "127.0.0.99")
    done = run(plan(f"http://changing.example:{nginx.port}", "get = /x"),
               "-n", 20, "-u", 5, "-w", 1, wrap=wrap).check()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log()) == 20
    assert names.questions <= 4


@pytest.mark.parametrize("answer, most_s", [
    (lambda n: 3, 10), (lambda n: 2, 20), (lambda n: None, 20)],
    ids=["no such name", "servers fail", "silence"])
def test_a_name_server_that_fails_is_said_and_waited_for_no_longer(
        nginx, run, plan, named, answer, most_s):
    _, wrap = named(answer)
    done = run(plan(f"http://nowhere.example:{nginx.port}", "get = /x"),
               "-n", 3, "-u", 1, "-w", 1, wrap=wrap)
    assert done.status in (1, 2, 3), done.said
    assert "nowhere.example" in done.said
    assert done.seconds < most_s + PATIENCE_S
    assert nginx.log() == []


def test_a_slow_name_server_only_takes_its_time(nginx, run, plan, named):
    def slowly(n):
        time.sleep(0.1)
        return "127.0.0.1"
    _, wrap = named(slowly)
    done = run(plan(f"http://slow.example:{nginx.port}", "get = /x"),
               "-n", 6, "-u", 2, "-w", 2, wrap=wrap).check()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log()) == 6
