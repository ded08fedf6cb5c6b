"""End-to-end tests: the real binary against real servers on loopback.

LOADGEN and TARGET name the binaries; by default those that make builds. With
HOSTS=1 all that plays a load plays it on a pretended host: see runner.py. With
PART=2/3 there is only every third test, from the second one on.
"""

import glob
import os

import pytest

import remote
import runner
import servers

# What plays no load, says itself where it is played, or makes system calls fail
# one by one, which a host does not hear of.
ONLY_HERE = ["test_completion.py", "test_install.py", "test_once.py",
             "test_servers.py", "test_static.py", "test_torture.py",
             *map(os.path.basename, glob.glob(
                 os.path.join(os.path.dirname(__file__), "test_remote*.py")))]
collect_ignore = ONLY_HERE if runner.ON_HOSTS else []


def pytest_collection_modifyitems(items):
    part, parts = map(int, os.environ.get("PART", "1/1").split("/"))
    items[:] = items[part - 1::parts]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Good for 127.0.0.1 and localhost, signed by itself."""
    return servers.make_certificate(
        tmp_path_factory.mktemp("tls"), "localhost",
        "IP:127.0.0.1,DNS:localhost")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory):
    """The certificate of somebody else."""
    return servers.make_certificate(
        tmp_path_factory.mktemp("stranger"), "elsewhere.example",
        "DNS:elsewhere.example")


@pytest.fixture
def closing():
    """closing(x) ends x after the test; returns x."""
    things = []

    def add(thing):
        things.append(thing)
        return thing
    yield add
    for thing in reversed(things):
        thing.stop()


@pytest.fixture
def nginx(tmp_path, certificate, closing):
    folder = tmp_path / "nginx"
    folder.mkdir()
    return closing(servers.Nginx(folder, certificate))


@pytest.fixture
def target(tmp_path, closing):
    return closing(servers.Target(tmp_path))


@pytest.fixture
def recorder(closing):
    return closing(servers.Recorder())


@pytest.fixture
def start(tmp_path):
    """start(plan, *args) -> Process; it is gone after the test at the
    latest."""
    running = []

    def start_process(plan, *args, **options):
        folder = tmp_path / f"run{len(running) + 1}"
        folder.mkdir()
        for name, data in options.pop("files", {}).items():
            (folder / name).write_bytes(data)
        running.append(runner.Process(folder, plan, *args, **options))
        return running[-1]
    yield start_process
    for process in running:
        process.kill()


@pytest.fixture
def run(start):
    """run(plan, *args) -> Run, of a loadgen that has ended."""
    def run_process(plan, *args, **options):
        return start(plan, *args, **options).finish()
    return run_process


@pytest.fixture
def plan():
    """plan(url, task lines..., load="...", rest="...") -> the text of a plan
    with one task, `[task it]`; one user, once, unless told otherwise."""
    def make(url, *steps, load="", rest="", http=""):
        return (f"[load]\nhost = {url}\nspawn_rate = 1000\n"
                + (load or "iterations = 1") + "\n"
                + (f"[http]\n{http}\n" if http else "")
                + "[task it]\n" + "\n".join(steps) + "\n" + rest + "\n")
    return make


@pytest.fixture
def hosts(tmp_path):
    """Pretended hosts. After the test nothing runs on them, and nothing is
    left there."""
    folder = tmp_path / "hosts"
    folder.mkdir()
    hosts = remote.Hosts(folder)
    try:
        yield hosts
        hosts.check_gone()
    finally:
        hosts.stop()


@pytest.fixture
def sshd(tmp_path, hosts, closing):
    """Leads to this machine, whatever host is wanted."""
    folder = tmp_path / "sshd"
    folder.mkdir()
    (hosts.folder / "tmp").mkdir()
    return closing(servers.Sshd(folder, {
        **hosts.environment(), "TMPDIR": str(hosts.folder / "tmp")}))


@pytest.fixture
def start_remote(hosts, start):
    """start_remote(plan, "a,b*3", *args, rsh=...) -> Process."""
    def start_process(plan, names, *args, rsh=None, program=runner.PROGRAM,
                      env=None, **options):
        return start(plan, *hosts.words(names, rsh, program), *args,
                     env={**hosts.environment(), **(env or {})}, **options)
    return start_process


@pytest.fixture
def run_remote(start_remote):
    """The same, of a loadgen that has ended -> Run."""
    def run_process(plan, names, *args, **options):
        return start_remote(plan, names, *args, **options).finish()
    return run_process
