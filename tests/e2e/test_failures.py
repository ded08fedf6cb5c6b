"""Bad servers: each request is one failure with libcurl's words and no user is
ever stuck."""

import json
import socket
import time

import pytest

from servers import FullBacklog, Rude, read_head, reset


def answer(text):
    """Answers every request on a connection with these bytes."""
    def behave(connection):
        while read_head(connection):
            connection.sendall(text)
    return behave


def answer_and_close(text):
    def behave(connection):
        if read_head(connection):
            connection.sendall(text)
    return behave


def drip_headers(connection):
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Filler: " + b"x" * 1000 + b"\r\n")


def flood(connection):
    """A body without end, slowly enough for both of us."""
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 10000)
        time.sleep(0.005)


def half_a_chunk(connection):
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                       b"64\r\nhalf")


def fails(run, plan, url, n, *words, steps=("get = /x",), http="", users=2,
          load=""):
    """n failed requests, all with one of these words in their text."""
    done = run(plan(url, *steps, http=http, load=load), "-n", n, "-u", users,
               "-w", 1).check()
    assert done.status == 1, done.said
    assert (done.requests, done.failed) == (n, n)
    for _, _, text in done.failures:
        assert any(word in text.lower() for word in words), text
    assert done.books() == (n, 0, n, 0)
    return done


def test_a_port_that_nobody_listens_on_does_not_answer_itself(run):
    """Linux connects a socket to itself where it gives it the port that it is
    to connect to: with so many tries it comes to that."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        low, high = (int(n) for n in f.read().split())
    n = high - low + 1000
    if n > 40000:
        pytest.skip("there are too many local ports to try each")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    done = run(None, f"http://127.0.0.1:{port}/", "-n", n, "-u", 2, "-w", 1)
    assert done.check().status == 1
    assert list(done.failures.values()) == [n], done.failures
    assert " 0 connections opened" in done.out


def test_a_refused_connection_is_one_failed_request(run, plan):
    with socket.socket() as s:  # bound, not listening: nobody else gets it
        s.bind(("127.0.0.1", 0))
        url = "http://127.0.0.1:%d" % s.getsockname()[1]
        fails(run, plan, url, 10, "connect", "refused")


def test_a_name_that_does_not_resolve_fails_each_request(run, plan):
    done = run(plan("http://no-such-host.invalid", "get = /x"), "-n", 3)
    if done.status == 1:
        assert done.check().failed == 3
        assert all("resolve" in text.lower() for _, _, text in done.failures)
    else:  # or it is said before anything is sent
        assert done.status in (2, 3)
        assert "no-such-host.invalid" in done.said


def test_a_connect_that_hangs_ends_with_the_connect_timeout(
        run, plan, closing):
    full = closing(FullBacklog())
    if not full.hangs:
        pytest.skip("this system accepts connections beyond its backlog")
    done = fails(run, plan, full.url, 4, "time",
                 http="connect_timeout = 300ms")
    assert done.seconds >= 0.6
    assert float(done.total["Min Response Time"]) >= 290


def test_an_answer_that_stalls_ends_with_the_timeout(run, plan, target):
    done = fails(run, plan, target.url, 6, "time", steps=("get = /stall",),
                 http="timeout = 300ms")
    assert float(done.total["Min Response Time"]) >= 290
    assert target.count("GET", "/stall", 0) == 6


def test_a_body_that_stalls_ends_with_the_timeout(run, plan, target):
    done = fails(run, plan, target.url, 4, "time",
                 steps=("get = /drip/1000/50",), http="timeout = 300ms")
    assert float(done.total["Min Response Time"]) >= 290


@pytest.mark.parametrize("path", ["/reset", "/close"])
def test_a_connection_that_ends_too_soon_fails_its_request(
        run, plan, target, path):
    fails(run, plan, target.url, 10, "reset", "closed", "empty", "transfer",
          "partial", steps=(f"get = {path}",))
    assert target.count("GET", path) in range(10, 21)


@pytest.mark.parametrize("behave", [
    reset,
    lambda connection: connection.close(),
    answer_and_close(b""),
    answer_and_close(b"HTT"),
    answer_and_close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
    half_a_chunk,
], ids=["reset at once", "closed at once", "no answer", "half a status line",
        "lying length", "half a chunk"])
def test_broken_answers_fail_each_request(run, plan, closing, behave):
    rude = closing(Rude(behave))
    fails(run, plan, rude.url, 8, "reset", "closed", "empty", "recv",
          "transfer", "send", "broken", "fail", "not allowed")


@pytest.mark.parametrize("text", [
    b"\x00\xff" * 500 + b"\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    b"HTTP/1.1 abc OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
], ids=["bytes", "ssh", "status", "negative length", "bad chunk"])
def test_garbage_fails_each_request(run, plan, closing, text):
    rude = closing(Rude(answer_and_close(text)))
    done = run(plan(rude.url, "get = /x", http="timeout = 5s"), "-n", 6,
               "-u", 2, "-w", 1).check()
    assert done.status == 1, done.said
    assert (done.requests, done.failed) == (6, 6)


def test_headers_without_end_fail_the_request(run, plan, closing):
    rude = closing(Rude(drip_headers))
    done = run(plan(rude.url, "get = /x", http="timeout = 20s"), "-n", 2,
               "-w", 1).check()
    assert (done.status, done.failed) == (1, 2)


def test_a_body_without_end_ends_with_the_timeout(run, plan, closing):
    rude = closing(Rude(flood))
    fails(run, plan, rude.url, 3, "time", http="timeout = 500ms", users=3)


def test_more_after_an_answer_does_not_become_the_next_answer(
        run, plan, closing):
    """Two answers to one request: the second must not serve another."""
    rude = closing(Rude(answer(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno")))
    done = run(plan(rude.url, "get = /x", http="timeout = 5s"),
               "-n", 5).check()
    assert done.requests == 5
    assert done.books()[0] == 5


def test_a_redirect_loop_fails_with_the_number_of_redirects(
        run, plan, target):
    fails(run, plan, target.url, 3, "redirect",
          steps=("get = /redirect-loop",), http="redirects = 5")
    assert target.count("GET", "/redirect-loop") == 18


@pytest.mark.parametrize("url", [
    "ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://127.0.0.1:1/x",
    "dict://127.0.0.1:1/x"])
def test_redirects_lead_to_http_and_https_only(run, plan, target, url):
    fails(run, plan, target.url, 2, "protocol", "scheme",
          steps=("get = /redirect-to", f"query = url={url}"))
    assert target.counts()["requests"] == 2


def test_a_redirect_to_nowhere_fails(run, plan, target):
    fails(run, plan, target.url, 2, "connect", "refused", "port",
          steps=("get = /redirect-to", "query = url=http://127.0.0.1:1/x"))


def test_a_check_on_the_status_alone_decides_about_it(run, plan, nginx):
    done = run(plan(nginx.url, "get = /missing", "check = status == 404"),
               "-n", 3).check()
    assert (done.status, done.failed) == (0, 0), done.said
    done = run(plan(nginx.url, "get = /fine", "check = status == 201"),
               "-n", 3).check()
    assert (done.status, done.failed) == (1, 3)
    assert list(done.failures) == [
        ("GET", "/fine", "status: expected 201, got 200")]
    done = run(plan(nginx.url, "get = /fine",
                    "check = status in 300..399,204 -> not what we want"),
               "-n", 3).check()
    assert list(done.failures) == [("GET", "/fine", "not what we want")]


def test_users_go_on_after_failures(run, plan, target):
    done = run(plan(target.url, "get = /flaky/3"), "-n", 300, "-u", 6,
               "-w", 2).check()
    assert (done.status, done.requests, done.failed) == (1, 300, 100)
    assert target.count("GET", "/flaky/N", 503) == 100


def test_a_server_that_goes_away_in_the_middle_does_not_hang_the_run(
        run, plan, closing):
    served = []

    def two_then_none(connection):
        while len(served) < 20 and read_head(connection):
            served.append(1)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    rude = closing(Rude(two_then_none))
    done = run(plan(rude.url, "get = /x"), "-n", 100, "-u", 4).check()
    assert (done.status, done.requests) == (1, 100)
    assert 75 <= done.failed <= 85


def test_a_long_message_is_cut_between_two_letters(nginx, run, plan):
    done = run(plan(nginx.url, "get = /",
                    "check = body contains nonono -> " + "é" * 3000))
    (error,) = [error for _, _, error in done.failures]
    assert done.status == 1
    assert error == "é" * 2046 + "..."


def test_what_is_not_sent_fails_and_has_no_time(nginx, run, plan):
    done = run(plan(
        nginx.url, "get = /", "set.token = x", "when = ${user} == 0",
        "get = /me", "header = A: ${token}", load="users = 2\nworkers = 2",
        rest="[thresholds]\nfail_ratio = == 50%\n"
             "[thresholds GET /me]\np95 = < 1s\nfail_ratio = == 100%"),
        "-n", 10, "--json", "report.json").check()
    assert len(nginx.log()) == 10
    assert (done.requests, done.failed) == (20, 10)
    assert done.books() == (20, 10, 10, 0)
    assert done.failures == {
        ("GET", "/me", "variable token has no value"): 10}
    sent, unsent = done.stats["GET", "/"], done.stats["GET", "/me"]
    assert int(unsent["Request Count"]) == int(unsent["Failure Count"]) == 10
    assert (unsent["Min Response Time"], unsent["95%"]) == ("0", "N/A")
    for column in ("Min Response Time", "Average Response Time", "50%",
                   "100%"):
        assert done.total[column] == sent[column]
    report = json.loads((done.folder / "report.json").read_text())
    assert report["total"]["unsent"] == 10
    assert "10 failed requests could not be sent, and have no time" in done.out
    # what has no time keeps no limit of one
    assert done.status == 1, done.said
    assert [(t["key"], t["holds"]) for t in report["thresholds"]] == [
        ("fail_ratio", True), ("p95", False), ("fail_ratio", True)]
