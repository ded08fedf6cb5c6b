"""What tools are told in files: plans, scripts and settings for some work."""

from work import BODY

LOAD = """[load]
host            = {host}
users           = {users}
spawn_rate      = {spawn_rate}
run_time        = {seconds}s
stop_timeout    = 2s
wait            = {wait}
workers         = 1
report_interval = {interval}

[http]
{http}
"""

ID_HEADER = "X-Id"
ANY_ID = "00000000-0000-0000-0000-000000000000"

# What a capture takes goes out with the next request. Where nothing is
# captured, a value as long is sent, filled in anew each time: between the two
# stand the lines of checks and nothing else.
WITH_ID = """
[user one]
set.id = {any_id}

[task get]
get    = {path}
header = {name}: ${{id}}
{checks}
"""


def http_of(work):
    lines = []
    if work.tls:
        lines.append("insecure = yes")
    if work.h2:
        lines.append("http_version = 2")
    if work.new:
        lines.append("keepalive = no")
    return "\n".join(lines)


def tasks_of(work):
    if work.answer:
        return WITH_ID.format(path=work.path, name=ID_HEADER, any_id=ANY_ID,
                              checks=work.answer.checks if work.looks else "")
    if work.post:
        return f"\n[task post]\npost = /\njson = {BODY}\n"
    return "".join(f"\n[task get {n}]\nget  = /\nname = row {n}\n"
                   for n in range(max(work.rows, 1)))


def loadgen_plan(job, spawn_rate=100000, interval="3s"):
    work = job.work
    return LOAD.format(host=job.host, users=job.users, seconds=job.seconds,
                       spawn_rate=spawn_rate, wait=work.wait,
                       interval=interval, http=http_of(work)) + tasks_of(work)


# --- Locust ------------------------------------------------------------------

LOCUSTFILE = """import random

import urllib3
from locust import FastHttpUser, HttpUser, constant

urllib3.disable_warnings()


class Work:
    wait_time = constant({wait})
    insecure = True
    item = "00000000-0000-0000-0000-000000000000"

    def on_start(self):
        if hasattr(self.client, "verify"):
            self.client.verify = False


def work(self):
{lines}

class Plain(Work, HttpUser):
    tasks = [work]


class Fast(Work, FastHttpUser):
    tasks = [work]
"""

LOOK = """headers = {{"X-Id": self.item}}
with self.client.get({path!r}, headers=headers,
                     catch_response=True) as answer:
    value = answer.json()
    if value["status"] != "ACTIVE":
        answer.failure("not active")
    self.item = value["id"]
"""
POST = """self.client.post("/", data={body!r},
                 headers={{"Content-Type": "application/json"}})
"""
NEW = 'self.client.get("/", headers={"Connection": "close"})\n'
NAMED = 'self.client.get("/", name=f"row {{random.randrange({rows})}}")\n'


def locustfile(work):
    if work.looks:
        lines = LOOK.format(path=work.path)
    elif work.post:
        lines = POST.format(body=BODY)
    elif work.new:
        lines = NEW
    elif work.rows:
        lines = NAMED.format(rows=work.rows)
    else:
        lines = f"self.client.get({work.path!r})\n"
    return LOCUSTFILE.format(
        wait=3600 if work.wait == "1h" else 0,
        lines="".join(" " * 4 + line for line in lines.splitlines(True)))


# --- others ------------------------------------------------------------------

SIEGERC = """limit = 30000
connection = {connection}
protocol = HTTP/1.1
logging = false
verbose = false
quiet = false
json_output = false
gmethod = GET
parser = false
benchmark = true
"""

WRK_POST = """wrk.method = "POST"
wrk.body = {body!r}
wrk.headers["Content-Type"] = "application/json"
"""


def siegerc(work):
    return SIEGERC.format(connection="close" if work.new else "keep-alive")


def wrk_script():
    return WRK_POST.format(body=BODY)


def httperf_session(path, lines):
    """A session: so many requests one after the other."""
    return f"{path} method=POST contents='{BODY}'\n" * lines
