"""Servers for the tests: nginx with a log that can be trusted, the target, a
recorder of what was sent, a rude one, and sshd. All on loopback, on free
ports."""

import collections
import contextlib
import getpass
import http.client
import http.server
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PATIENCE_S = 30  # for what takes a moment on an idle machine


def free_ports(n):
    """Ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(n)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def wait_for(what, condition, patience_s=PATIENCE_S):
    """Waits until condition() is true, and returns what it gave."""
    end = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience_s} s in vain for {what}")
        time.sleep(0.01)


def is_listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def end_process(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


# --- certificates ------------------------------------------------------------

Certificate = collections.namedtuple("Certificate", "cert key")


def make_certificate(folder, name, san):
    """One that signs itself."""
    cert, key = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         f"/CN={name}", "-addext", f"subjectAltName={san}", "-keyout", key,
         "-out", cert],
        check=True, capture_output=True)
    return Certificate(cert, key)


# --- nginx -------------------------------------------------------------------

NGINX_CONF = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
    log_format e2e '$request_method $request_uri $status $connection '
        '$connection_requests $body_bytes_sent $server_protocol $server_port '
        '$remote_addr "$http_user_agent"';
    access_log {folder}/access.log e2e;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 64m;
    keepalive_timeout 75s;
    keepalive_requests 10000000;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        listen unix:{folder}/http.sock;
        {locations}
    }}
    server {{  # closes idle connections soon
        listen 127.0.0.1:{hasty_port};
        keepalive_timeout 1s;
        {locations}
    }}
    server {{  # closes connections after five requests
        listen 127.0.0.1:{stingy_port};
        keepalive_requests 5;
        {locations}
    }}
    server {{
        listen 127.0.0.1:{tls_port} ssl http2;
        ssl_certificate {certificate.cert};
        ssl_certificate_key {certificate.key};
        {locations}
    }}
    server {{  # wants to see a certificate
        listen 127.0.0.1:{mutual_port} ssl;
        ssl_certificate {certificate.cert};
        ssl_certificate_key {certificate.key};
        ssl_client_certificate {certificate.cert};
        ssl_verify_client on;
        {locations}
    }}
}}
"""
NGINX_LOCATIONS = """
        location / { return 200 "ok\\n"; }
        location = /things { return 201 '{"id": "1", "status": "PENDING"}'; }
        location /missing { return 404 "no\\n"; }
        location /broken { return 500 "no\\n"; }
        location /kilobyte { return 200 "%s"; }
        location /nothing { return 204; }
""" % ("k" * 1024)

Hit = collections.namedtuple(
    "Hit", "method uri status connection nth bytes protocol port client agent")


class Nginx:
    """One worker process, so that the order in its log is the order in which
    it served."""

    def __init__(self, folder, certificate):
        self.folder = folder
        self.log_path = folder / "access.log"
        self.marks = 0
        for _ in range(3):  # in case somebody takes a port meanwhile
            if self._start(certificate):
                return
        raise AssertionError(
            "nginx does not start: " + (folder / "error.log").read_text())

    def _start(self, certificate):
        ports = free_ports(5)
        self.port, self.hasty_port, self.stingy_port, self.tls_port = ports[:4]
        self.mutual_url = f"https://127.0.0.1:{ports[4]}"
        self.url, self.hasty_url, self.stingy_url = (
            f"http://127.0.0.1:{port}" for port in ports[:3])
        self.tls_url = f"https://127.0.0.1:{self.tls_port}"
        self.unix_socket = str(self.folder / "http.sock")
        conf = self.folder / "nginx.conf"
        conf.write_text(NGINX_CONF.format(
            folder=self.folder, port=self.port, hasty_port=self.hasty_port,
            stingy_port=self.stingy_port, tls_port=self.tls_port,
            mutual_port=ports[4],
            certificate=certificate, locations=NGINX_LOCATIONS,
            user="user root;" if os.geteuid() == 0 else ""))
        program = shutil.which(
            "nginx", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        if not program:
            raise AssertionError("no nginx: tests/install-packages check")
        self.process = subprocess.Popen(
            [program, "-p", str(self.folder), "-c", str(conf), "-e",
             str(self.folder / "error.log")],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("nginx", lambda: self.process.poll() is not None
                 or is_listening(self.tls_port))
        return self.process.poll() is None

    def log(self):
        """Every request so far. A mark of our own tells when all that came
        before it is written."""
        self.marks += 1
        mark = f"/mark-of-the-tests/{self.marks}"
        http_get(self.port, mark)
        text = wait_for("the mark in nginx's log", lambda: self._text(mark))
        hits = [Hit(*line.split(" ", 9)) for line in text.splitlines()]
        return [hit._replace(status=int(hit.status), nth=int(hit.nth),
                             bytes=int(hit.bytes), port=int(hit.port or 0))
                for hit in hits if not hit.uri.startswith("/mark-of-the-")]

    def _text(self, mark):
        text = self.log_path.read_text()
        return text if f" {mark} " in text and text.endswith("\n") else None

    def stop(self):
        end_process(self.process)


def connections(hits):
    return len({hit.connection for hit in hits})


def http_get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


# --- sshd --------------------------------------------------------------------

SSHD_CONF = """
ListenAddress {address}
Port {port}
PidFile {folder}/pid
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
MaxStartups 100
MaxSessions 100
{set_env}
"""
SSH_CONF = """
Host *
HostName {address}
Port {port}
User {user}
IdentityFile {folder}/user_key
IdentitiesOnly yes
UserKnownHostsFile {folder}/known_hosts
StrictHostKeyChecking yes
LogLevel ERROR
"""


class Sshd:
    """Lets the present user in as whatever host; every command there has this
    in its environment. `wrap` is what it is started with."""

    def __init__(self, folder, environment, address="127.0.0.1", wrap=()):
        self.folder = folder
        for name in ("host_key", "user_key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                 str(folder / name)], check=True, capture_output=True)
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self.port, = free_ports(1)
        set_env = " ".join(f"{key}={value}"
                           for key, value in environment.items())
        conf = folder / "sshd_config"
        conf.write_text(SSHD_CONF.format(
            folder=folder, address=address, port=self.port,
            set_env=f"SetEnv {set_env}"))
        program = shutil.which(
            "sshd", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        if not program:
            raise AssertionError("no sshd: tests/install-packages check")
        self.log_path = folder / "log"
        self.process = subprocess.Popen(
            [*wrap, program, "-D", "-f", str(conf), "-E", str(self.log_path)],
            stdin=subprocess.DEVNULL)
        self.client_conf = folder / "ssh_config"
        self.client_conf.write_text(SSH_CONF.format(
            folder=folder, address=address, port=self.port,
            user=getpass.getuser()))
        public = (folder / "host_key.pub").read_text()
        (folder / "known_hosts").write_text(
            f"[{address}]:{self.port} {public}")
        self.rsh = f"ssh -o BatchMode=yes -F {self.client_conf}"
        wait_for("sshd", lambda: self.process.poll() is not None
                 or self._answers())
        if self.process.poll() is not None:
            raise AssertionError(
                "sshd does not start: " + self.log_path.read_text())

    def _answers(self):
        return subprocess.run([*self.rsh.split(), "any", "true"],
                              capture_output=True).returncode == 0

    def stop(self):
        end_process(self.process)


# --- the target --------------------------------------------------------------

class Target:
    def __init__(self, folder, *args):
        program = os.environ.get(
            "TARGET", os.path.join(ROOT, "build/tests/target/target"))
        port_file = folder / "target.port"
        self.process = subprocess.Popen(
            [program, "--port-file", str(port_file), *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_for("the target", lambda: self.process.poll() is not None
                 or port_file.exists())
        if self.process.poll() is not None:
            raise AssertionError("the target does not start")
        self.port = int(port_file.read_text())
        scheme = "https" if "--tls" in args else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def counts(self):
        return json.loads(http_get(self.port, "/counts"))

    def count(self, method, route, status=None):
        """Requests of that kind; a status of 0 is: not answered."""
        return sum(row["count"] for row in self.counts()["rows"]
                   if (row["method"], row["route"]) == (method, route)
                   and status in (None, row["status"]))

    def stop(self):
        end_process(self.process)
        assert self.process.returncode == 0, "the target did not end well"


# --- the recorder ------------------------------------------------------------

class Sent(collections.namedtuple(
        "Sent", "method uri version headers body client connection")):
    """A request as it was sent; headers are pairs in their order."""

    def header(self, name):
        """Its only value; None when it is missing."""
        values = self.header_values(name)
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None

    def header_values(self, name):
        return [value for key, value in self.headers
                if key.lower() == name.lower()]


class RecorderHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def setup(self):
        super().setup()
        self.connection_number = self.server.recorder.next_number()

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        recorder = self.server.recorder
        with recorder.lock:
            recorder.sent.append(Sent(
                self.command, self.path, self.request_version,
                list(self.headers.items()), body, self.client_address[0],
                self.connection_number))
        status, headers, body = recorder.reply(recorder.sent[-1])
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, format, *args):
        pass


class RecorderServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        pass  # clients that go away


class Recorder:
    """Answers 200 and remembers what was sent, byte by byte. A test may set
    reply = function of Sent -> status, headers, body."""

    def __init__(self, address="127.0.0.1", port=0):
        self.lock = threading.Lock()
        self.sent = []
        self.numbers = 0
        self.reply = lambda sent: (200, [], b"ok\n")
        self.server = RecorderServer((address, port), RecorderHandler)
        self.server.recorder = self
        self.port = self.server.server_address[1]
        self.url = f"http://{address}:{self.port}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def next_number(self):
        with self.lock:
            self.numbers += 1
            return self.numbers

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


# --- the rude server ---------------------------------------------------------

def read_head(connection):
    """Up to the empty line; b"" when the client is gone."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return b""
        head += piece
    return head


def reset(connection):
    connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Rude:
    """Calls behave(connection) for each connection, in a thread; counts
    connections and requests that read_head saw."""

    def __init__(self, behave):
        self.behave = behave
        self.connections = 0
        self.is_stopping = False
        self.open = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self.is_stopping:
                return
            self.connections += 1
            threading.Thread(
                target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection):
        self.open.add(connection)
        try:
            self.behave(connection)
        except OSError:
            pass  # the client has gone
        finally:
            self.open.discard(connection)
            connection.close()

    def stop(self):
        self.is_stopping = True
        with socket.socket() as s:  # wakes accept
            s.connect_ex(("127.0.0.1", self.port))
        self.thread.join(10)
        self.listener.close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class FullBacklog:
    """Listens, and its queue is full: who connects gets no answer at all."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)
        time.sleep(0.05)
        with socket.socket() as probe:
            probe.settimeout(0.3)
            self.hangs = probe.connect_ex(("127.0.0.1", self.port)) != 0

    def recover(self):
        """Lets everybody in and answers from now on."""
        for filler in self.fillers:
            filler.close()
        self.listener.listen(100)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection:
            while read_head(connection):
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def stop(self):
        for s in [*self.fillers, self.listener]:
            s.close()
