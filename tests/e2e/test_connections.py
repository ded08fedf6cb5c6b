"""Connections: whose they are, where they go, what happens when they break."""

import collections
import re
import socket
import time

import pytest

from runner import ON_HOSTS
from servers import FullBacklog, Recorder, Rude, read_head


def test_a_request_that_cannot_be_sent_does_not_hold_up_the_worker(
        run, plan, nginx):
    done = run(plan(nginx.url, "get = http://[${randint 1 9}]/", load=""),
               "-n", "0", "-t", "500ms", "-w", 1).check()
    assert done.status == 1, done.said
    assert done.failed == done.requests > 0
    assert nginx.log() == []


def test_a_task_that_only_sleeps_for_no_time_does_not_hold_up_the_worker(
        run, plan, nginx):
    done = run(plan(nginx.url, "sleep = 0", load=""), "-n", "0",
               "-t", "500ms", "-w", 1).check()
    assert done.status == 0, done.said
    assert done.requests == 0


def test_users_connect_as_soon_as_a_full_server_recovers(
        start, plan, closing):
    full = closing(FullBacklog())
    if not full.hangs:
        pytest.skip("this kernel does not let a full queue wait")
    process = start(plan(full.url, "get = /x", load="wait = 20ms",
                         http="connect_timeout = 300ms"),
                    "-u", 4, "-w", 1, "-t", "4s", "-s", "5s")
    time.sleep(1.5)
    full.recover()
    done = process.finish().check()
    started, passed, failed, interrupted = done.books()
    assert interrupted == 0
    assert passed > 100 and failed > 0, done.said
    assert {text for _, _, text in done.failures} == {
        "Timeout was reached: no connection within 300ms"}


def test_a_request_that_is_sent_again_passes_however_often_that_happens(
        run, plan, closing):
    def close_before_the_second_answer(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        read_head(connection)

    rude = closing(Rude(close_before_the_second_answer))
    done = run(plan(rude.url, "get = /x"), "-n", 30, "-w", 1).check()
    assert done.status == 0, done.said
    assert "29 sent again" in done.out


def test_a_user_keeps_its_source_address_and_its_connection(
        run, plan, recorder):
    done = run(plan(recorder.url, "get = /${user}",
                    http="source_ip = 127.0.0.1, 127.0.0.2, 127.0.0.3",
                    rest="[user only]\niterations = 20",
                    load="wait = 1ms..5ms"),
               "-u", 3, "-w", 1).check()
    assert done.status == 0, done.said
    clients = collections.Counter(
        (s.uri, s.client, s.connection) for s in recorder.sent)
    assert len(clients) == 3
    assert set(clients.values()) == {20}
    assert len({client for _, client, _ in clients}) == 3


REDIRECTS = [
    # method, status, what is sent to the place it is told
    ("post", 302, ("GET", b"")),
    ("post", 303, ("GET", b"")),
    ("post", 307, ("POST", b"data")),
    ("put", 302, ("PUT", b"data")),
    ("put", 303, ("GET", b"")),
    ("put", 308, ("PUT", b"data")),
    ("delete", 303, ("GET", b"")),
    ("patch", 301, ("PATCH", b"data")),
]


@pytest.mark.parametrize("method,status,expected", REDIRECTS)
def test_a_redirected_request_keeps_its_method_unless_it_is_to_look(
        run, plan, recorder, method, status, expected):
    recorder.reply = lambda sent: (
        (status, [("Location", "/there")], b"") if sent.uri == "/here"
        else (200, [], b"ok"))
    body = [] if method == "delete" else ["body = data"]
    done = run(plan(recorder.url, f"{method} = /here", *body),
               "-n", 2).check()
    assert done.status == 0, done.said
    sent = [(s.method, s.body) for s in recorder.sent if s.uri == "/there"]
    assert sent == [expected] * 2
    here = [s.method for s in recorder.sent if s.uri == "/here"]
    assert here == [method.upper()] * 2
    assert "2 redirects followed" in done.out


def test_each_task_may_send_a_name_to_another_address(run, closing):
    one = closing(Recorder("127.0.0.1"))
    two = closing(Recorder("127.0.0.2", one.port))
    host = f"shop.example:{one.port}"
    done = run(f"[load]\nhost = http://{host}\niterations = 4\n"
               "[user u]\norder = sequence\n"
               f"[task a]\nresolve = {host}:127.0.0.1\nget = /a\n"
               f"[task b]\nresolve = {host}:127.0.0.2\nget = /b\n").check()
    assert done.status == 0, done.said
    assert {s.uri for s in one.sent} == {"/a"}
    assert {s.uri for s in two.sent} == {"/b"}


def test_a_host_that_only_a_proxy_knows_is_not_looked_up_here(
        run, plan, recorder):
    done = run(plan("http://no-such-host.invalid", "get = /x",
                    http=f"proxy = {recorder.url}")).check()
    assert done.status == 0, done.said
    assert [s.uri for s in recorder.sent] == ["http://no-such-host.invalid/x"]


def test_a_host_that_does_not_exist_is_told_before_the_load(run, plan):
    done = run(plan("http://no-such-host.invalid", "get = /x"), csv=None)
    # on another host its names count, and other hosts may know it
    assert done.status == (3 if ON_HOSTS else 2)
    assert re.search(r'plan.ini:2: host "no-such-host.invalid": .*: check',
                     done.err), done.err


def test_all_names_of_this_host_are_reached_whatever_address_they_have(
        run, plan, recorder):
    try:
        socket.getaddrinfo("localhost", 80)
    except socket.gaierror:
        pytest.skip("this machine does not know localhost")
    done = run(plan(f"http://localhost:{recorder.port}", "get = /x",
                    load="iterations = 40"), "-u", 4).check()
    assert done.status == 0, done.said
    assert len(recorder.sent) == 40


def test_a_timeout_in_connecting_is_told_from_one_in_answering(
        run, plan, closing, recorder):
    full = closing(FullBacklog())
    if not full.hangs:
        pytest.skip("this kernel does not let a full queue wait")
    recorder.reply = lambda sent: (302, [("Location", full.url)], b"")
    done = run(plan(recorder.url, "get = /x",
                    http="connect_timeout = 300ms\ntimeout = 5s")).check()
    assert {text for _, _, text in done.failures} == {
        "Timeout was reached: no connection within 300ms"}


def test_many_requests_with_few_handles_leak_nothing_and_mix_nothing(
        run, recorder):
    tasks = "".join(
        f"[task t{i}]\nput = /{i}\nheader = X-Task: {i}\nbody = body {i}\n"
        if i % 2 else f"[task t{i}]\nget = /{i}\n" for i in range(60))
    done = run(f"[load]\nhost = {recorder.url}\nusers = 80\n"
               f"spawn_rate = 1000\niterations = 1500\n{tasks}",
               "-w", 1).check()
    assert done.status == 0, done.said
    for sent in recorder.sent:
        i = int(sent.uri[1:])
        odd = i % 2 == 1
        assert sent.method == ("PUT" if odd else "GET")
        assert sent.body == (f"body {i}".encode() if odd else b"")
        assert sent.header("X-Task") == (str(i) if odd else None)
