"""What users are to do in a case, without a word about which tool does it."""

import os
from typing import NamedTuple

from answers import ANSWERS, Answer

FEW = 50                # users where their number is not the question
ROWS = (1, 100, 10000)
BODY = '{"name":"a thing","count":3,"note":"' + "x" * 200 + '"}'


class Work(NamedTuple):
    name: str
    title: str
    port: str = "http"          # of the server
    post: bool = False          # BODY is sent
    new: bool = False           # a new connection for each request
    h2: bool = False
    answer: Answer | None = None        # what is fetched, "ok" without
    looks: bool = False         # at the answer: a check and a capture
    rows: int = 0               # names that requests are counted under
    wait: str = "0"             # between two requests of a user

    @property
    def path(self):
        return f"/{self.answer.name}" if self.answer else "/"

    @property
    def tls(self):
        return self.port != "http"


class Job(NamedTuple):
    """Some work for one run of a tool."""
    work: Work
    host: str
    users: int
    seconds: int
    folder: str

    @property
    def url(self):
        return self.host + self.work.path

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path


GET = Work("get", "GET")
KINDS = [
    Work("json", "1 KB JSON, check and capture", answer=ANSWERS[0],
         looks=True),
    Work("post", "POST", post=True),
    Work("new", "new connections", new=True),
    Work("tls", "TLS", port="tls"),
    Work("tls-new", "TLS, new connections", port="tls-no-tickets", new=True),
    Work("tls-resume", "TLS, new connections, resumed", port="tls", new=True),
    Work("h2", "HTTP/2 over TLS", port="tls", h2=True),
]
IDLE = Work("idle", "idle users", wait="1h")


def rows_work(n):
    return Work(f"rows-{n}", f"{n:,} row{'s' if n > 1 else ''}", rows=n)


def looking_work(answer, looks):
    """The same answer is only fetched, or looked into as well."""
    return Work(f"look-{answer.name}{'-checked' if looks else ''}",
                f"{answer.name}", answer=answer, looks=looks)


LOOKING = [(looking_work(a, False), looking_work(a, True)) for a in ANSWERS]
