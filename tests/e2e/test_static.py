"""The static binary, alone in an empty root: no library, no /dev, no /proc, no
shell. `make static` builds it, `make check` too."""

import os
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest

import runner
from servers import ROOT

STATIC = os.environ.get(
    "LOADGEN_STATIC", os.path.join(ROOT, "build-static", "loadgen-static"))
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
HOSTS = "127.0.0.1 localhost\n127.0.0.1 other.example\n"
BUNDLES = ["etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
           "etc/pki/tls/certs/ca-bundle.crt",  # RHEL
           "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
           "etc/ssl/ca-bundle.pem",  # SUSE
           "var/lib/ca-certificates/ca-bundle.pem",
           "etc/ssl/cert.pem"]


def way_into_a_root():
    """The command that runs another in another root."""
    chroot = shutil.which("chroot", path=PATH)
    if not chroot:
        pytest.skip("no chroot here")
    enter = [chroot]
    if os.geteuid() != 0:
        unshare = shutil.which("unshare", path=PATH)
        if not unshare:
            pytest.skip("not root, and no unshare here")
        enter = [unshare, "-r", chroot]
    if subprocess.run([*enter, "/", "true"], capture_output=True).returncode:
        pytest.skip("this system lets nobody into another root")
    return enter


class Root:
    """A folder that becomes the root of what runs in it."""

    def __init__(self, folder):
        self.folder = folder
        self.enter = way_into_a_root()
        shutil.copy(STATIC, folder / "loadgen")

    def put(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, plan, *args, env=None, **options):
        self.put("plan.ini", plan)
        command = [*self.enter, self.folder, "/loadgen", "/plan.ini", "--csv",
                   "/out", *args]
        started = time.monotonic()
        done = subprocess.run(
            [str(word) for word in command], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, env=env or {},
            timeout=runner.BOUND_S, **options)
        return runner.Run(done.returncode, done.stdout, done.stderr,
                          self.folder, "out", time.monotonic() - started)


@pytest.fixture
def root(tmp_path):
    if not os.path.exists(STATIC):
        pytest.skip("no static binary: make static")
    folder = tmp_path / "root"
    folder.mkdir()
    return Root(folder)


@pytest.mark.parametrize("bundle", BUNDLES)
def test_https_is_verified_by_the_bundle_of_any_system(
        root, plan, nginx, certificate, bundle):
    root.put("etc/hosts", HOSTS)
    with open(certificate.cert) as f:
        root.put(bundle, f.read())
    done = root.run(plan(f"https://localhost:{nginx.tls_port}", "get = /x"),
                    "-n", 20, "-u", 4, "-w", 2).check()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log()) == 20


def test_http_2_and_a_bundle_that_is_named(root, plan, nginx, certificate):
    root.put("etc/hosts", HOSTS)
    with open(certificate.cert) as f:
        root.put("ours.pem", f.read())
    done = root.run(plan(f"https://localhost:{nginx.tls_port}", "get = /x",
                         http="http_version = 2"),
                    "-n", 20, "-u", 4, env={"SSL_CERT_FILE": "/ours.pem"})
    assert done.check().status == 0, done.said
    hits = nginx.log()
    assert done.requests == len(hits) == 20
    assert {hit.protocol for hit in hits} == {"HTTP/2.0"}


def test_without_a_bundle_nobody_is_trusted(root, plan, nginx):
    root.put("etc/hosts", HOSTS)
    done = root.run(plan(f"https://localhost:{nginx.tls_port}", "get = /x"),
                    "-n", 2).check()
    assert (done.status, done.failed) == (1, 2), done.said
    assert all("certificate" in text.lower() for _, _, text in done.failures)
    assert nginx.log() == []


def test_names_are_looked_up_whatever_the_system_would_load_for_it(
        root, plan, recorder):
    """The second name by libcurl itself, in a thread."""
    root.put("etc/hosts", HOSTS)
    root.put("etc/nsswitch.conf", "hosts: mymachines mdns4\n")
    elsewhere = ("Location", f"http://other.example:{recorder.port}/there")
    recorder.reply = lambda sent: (
        (302, [elsewhere], b"") if sent.uri == "/x" else (200, [], b"ok\n"))
    done = root.run(plan(f"http://localhost:{recorder.port}", "get = /x"),
                    "-n", 3).check()
    assert done.status == 0, done.said
    assert [sent.header("Host").split(":")[0] for sent in recorder.sent] == \
        ["localhost", "other.example"] * 3


def test_localhost_is_this_machine_without_a_file_that_says_so(
        root, plan, nginx):
    done = root.run(plan(f"http://localhost:{nginx.port}", "get = /x"),
                    "-n", 5, "-u", 2).check()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log()) == 5


class NameServer:
    """Says that every name is 127.0.0.1; on a loopback address of its own,
    since two may run at a time."""

    def __init__(self):
        pid = os.getpid()
        self.address = f"127.53.{pid >> 8 & 255}.{pid & 255}"
        self.names = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(512)
            if not query:
                return
            end = query.index(b"\0", 12)
            question = query[12:end + 5]
            self.names.append(question[1:-5])
            is_ipv4 = struct.unpack("!H", query[end + 1:end + 3])[0] == 1
            answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + \
                socket.inet_aton("127.0.0.1")
            self.socket.sendto(
                query[:2] + struct.pack("!HHHHH", 0x8180, 1, is_ipv4, 0, 0)
                + question + (answer if is_ipv4 else b""), client)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", (self.address, 53))
        self.thread.join(10)
        self.socket.close()


def test_names_come_from_the_name_server_of_resolv_conf(
        root, plan, nginx, closing):
    try:
        server = closing(NameServer())
    except PermissionError:
        pytest.skip("a name server needs port 53, and to be root")
    root.put("etc/resolv.conf", f"nameserver {server.address}\n")
    done = root.run(plan(f"http://shop.example:{nginx.port}", "get = /x"),
                    "-n", 5).check()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log()) == 5
    assert b"shop\x07example" in server.names


def test_a_look_at_the_plan_needs_nothing_either(root, plan, nginx):
    text = plan(nginx.url, "get = /x")
    looked = root.run(text, "--check")
    assert looked.status == 0, looked.said
    assert "nothing was sent" in looked.out
    assert nginx.log() == []
    once = root.run(text, "--once")
    assert once.status == 0, once.said
    assert len(nginx.log()) == 1


def test_nothing_for_people_gets_into_a_file_without_dev_null(
        root, plan, nginx):
    """Closed descriptors are held all the same."""
    done = root.run(plan(nginx.url, "get = /x"), "-n", 2,
                    preexec_fn=lambda: [os.close(fd) for fd in range(3)])
    done.check()
    assert done.requests == len(nginx.log()) == 2
