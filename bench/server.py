"""One nginx on loopback, on a core of its own: what every tool is let loose on.

It answers alike on every address and port; a port stands for a way to speak
with it. What it counts is what the tools' own counts are compared with.
"""

import http.client
import os
import re
import shutil
import socket
import subprocess
import time

from answers import ANSWERS
from processes import Skip, kill_group, on_core

# Each run has the next one, as the ports of the last are not free at once.
ADDRESSES = [f"127.0.0.{n}" for n in range(1, 13)]
# Of these nginx keeps a sixteenth free: with fewer free ones each new connection
# closes up to 32 that wait for a request.
CONNECTIONS_A_FILE = 2
SAMPLED = "2%"      # of TLS requests: whether their session was resumed

CONFIG = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    log_format resumed "$ssl_session_reused";
    split_clients "$connection $connection_requests $msec" $sampled {{
        {sampled} 1;
        * 0;
    }}
{servers}
}}
"""

SERVER = """
    server {{
        {listens}
        {settings}
        location / {{ return 200 "ok\\n"; }}
        {answers}
        location = /status {{ stub_status; }}
    }}
"""

# name of the port -> what comes behind the address, lines of its server
PORTS = {
    "http": ("backlog=4096", ""),
    "tls": ("ssl http2 backlog=4096",
            "access_log {folder}/tls.log resumed if=$sampled;"),
    "tls-no-tickets": ("ssl http2 backlog=4096",
                       "ssl_session_tickets off; ssl_session_cache off; "
                       "access_log {folder}/tls.log resumed if=$sampled;"),
}


def free_ports(n):
    """Different ones: each is held until all are known."""
    sockets = [socket.socket() for _ in range(n)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def location(answer):
    return (f"location = /{answer.name} {{ default_type {answer.kind}; "
            f"return 200 '{answer.body}'; }}")


def make_certificate(folder):
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", f"{folder}/key.pem",
         "-out", f"{folder}/cert.pem"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, check=False)
    if made.returncode != 0:
        raise Skip("openssl made no certificate")


class Server:
    """One nginx with one worker process, on one core."""

    def __init__(self, core, folder, files):
        self.folder = folder
        self.ports = dict(zip(PORTS, free_ports(len(PORTS))))
        self.asked = 0          # for the status page, by us
        self.runs = 0
        nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
        if not nginx:
            raise Skip("nginx is not there: apt-get install nginx-light")
        if not shutil.which("openssl"):
            raise Skip("openssl is not there: apt-get install openssl")
        make_certificate(folder)
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(self.config(files))
        self.process = subprocess.Popen(
            [nginx, "-p", folder, "-c", config], stdin=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=on_core(core))
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    def config(self, files):
        answers = "\n        ".join(location(a) for a in ANSWERS)
        servers = ""
        for name, (listen, settings) in PORTS.items():
            listens = "\n        ".join(
                f"listen {a}:{self.ports[name]} {listen};" for a in ADDRESSES)
            servers += SERVER.format(
                listens=listens, answers=answers,
                settings=settings.format(folder=self.folder))
        return CONFIG.format(folder=self.folder, files=files,
                             connections=files * CONNECTIONS_A_FILE,
                             sampled=SAMPLED, servers=servers)

    def next_host(self, port):
        """The base URL for a run that begins."""
        address = ADDRESSES[self.runs % len(ADDRESSES)]
        self.runs += 1
        scheme = "http" if port == "http" else "https"
        return f"{scheme}://{address}:{self.ports[port]}"

    def wait_ready(self):
        for _ in range(50):
            if self.process.poll() is not None:
                raise Skip("nginx did not start")
            try:
                self.status()
                return
            except OSError:
                time.sleep(0.1)
        raise Skip("nginx does not answer")

    def status(self):
        """Connections now and requests so far, all without ours."""
        c = http.client.HTTPConnection(ADDRESSES[0], self.ports["http"],
                                       timeout=10)
        try:
            c.request("GET", "/status")
            numbers = re.findall(r"\d+", c.getresponse().read().decode())
        finally:
            c.close()
        self.asked += 1
        return int(numbers[0]) - 1, int(numbers[3]) - self.asked

    def settle(self):
        """Waits until the last tool's connections are gone."""
        for _ in range(50):
            connections, requests = self.status()
            if connections == 0:
                break
            time.sleep(0.1)
        return requests

    def forget_sessions(self):
        open(os.path.join(self.folder, "tls.log"), "w",
             encoding="ascii").close()

    def resumed(self):
        """The part of the requests whose session was an earlier one, or None
        where there were too few to tell."""
        path = os.path.join(self.folder, "tls.log")
        with open(path, encoding="ascii") as f:
            seen = f.read().split()
        return seen.count("r") / len(seen) if len(seen) >= 5 else None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        kill_group(self.process)
