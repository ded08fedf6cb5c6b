"""The servers that the other tests trust."""

import http.client
import json
import socket
import ssl
import threading

import pytest

import servers


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer, text


def test_nginx_logs_every_request_with_its_connection(nginx):
    connection = http.client.HTTPConnection("127.0.0.1", nginx.port)
    for path in ("/a", "/missing", "/things"):
        connection.request("POST", path, b"x" * 1000)
        connection.getresponse().read()
    servers.http_get(nginx.port, "/b")
    hits = nginx.log()
    assert [(h.method, h.uri, h.status) for h in hits] == [
        ("POST", "/a", 200), ("POST", "/missing", 404),
        ("POST", "/things", 201), ("GET", "/b", 200)]
    assert servers.connections(hits) == 2
    assert [h.nth for h in hits[:3]] == [1, 2, 3]


def test_the_target_counts_requests_by_route_and_connections(target):
    def many():
        connection = http.client.HTTPConnection("127.0.0.1", target.port)
        for i in range(50):
            connection.request("GET", f"/resources/{i}")
            connection.getresponse().read()
        connection.close()
    threads = [threading.Thread(target=many) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert ask(target.port, "GET", "/resources/missing")[0].status == 404
    assert ask(target.port, "PUT", "/nowhere")[0].status == 404
    assert target.count("GET", "/resources/ID", 200) == 400
    assert target.count("GET", "/resources/ID", 404) == 1
    assert target.count("PUT", "(none)", 404) == 1
    counts = target.counts()
    assert counts["connections"]["used"] == 10
    assert counts["requests"] == 402


@pytest.mark.parametrize("end", ["ACTIVE", "ERROR", "DELETED"])
def test_a_thing_becomes_what_was_asked_for(target, end):
    answer, text = ask(target.port, "POST", f"/things?ready=300&end={end}",
                       b'{"name": "x"}')
    thing = json.loads(text)
    assert (answer.status, thing["status"]) == (201, "PENDING")

    def status():
        text = ask(target.port, "GET", f"/things/{thing['id']}")[1]
        return json.loads(text)["status"]
    assert status() == "PENDING"
    servers.wait_for("the end", lambda: status() == end)
    assert ask(target.port, "GET", "/things/made-up-0")[0].status == 404


def test_me_wants_the_token_and_the_cookie_of_one_login(target):
    logins = []
    for user in ("anna@example.org", "bob"):
        answer, text = ask(
            target.port, "POST", "/login", f"user={user}&password=p",
            {"Content-Type": "application/x-www-form-urlencoded"})
        logins.append((answer.headers["Set-Cookie"].split(";")[0],
                       "Bearer " + json.loads(text)["token"]))

    def me(cookie, token):
        headers = {"Cookie": cookie, "Authorization": token}
        return ask(target.port, "GET", "/me", None, headers)
    for (cookie, token), user in zip(logins, ("anna@example.org", "bob")):
        answer, text = me(cookie, token)
        assert (answer.status, json.loads(text)["user"]) == (200, user)
    assert me(logins[0][0], logins[1][1])[0].status == 401
    assert me("session=1..00000000", logins[0][1])[0].status == 401
    assert me(logins[0][0], "Basic eDp5")[0].status == 401
    wrong = b'{"user": "anna", "password": "wrong"}'
    assert ask(target.port, "POST", "/login", wrong)[0].status == 401


@pytest.mark.parametrize("how", ["close", "reset"])
def test_the_target_notices_clients_that_hang_up_while_they_wait(target, how):
    for n, path in enumerate(("/stall", "/delay/600000"), 1):
        with socket.create_connection(("127.0.0.1", target.port)) as s:
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            servers.wait_for("its arrival", lambda:
                             target.counts()["requests"] == n)
            if how == "reset":
                servers.reset(s)
    servers.wait_for("both to be noticed", lambda:
                     target.count("GET", "/stall", 0) == 1
                     and target.count("GET", "/delay/MS", 0) == 1)
    servers.wait_for("both to be closed", lambda:
                     target.counts()["connections"]["open"] <= 1)


def test_the_recorder_keeps_what_was_sent(recorder):
    body = bytes(range(256))
    ask(recorder.port, "PATCH", "/a?b=%20c", body, {"X-A": "1"})
    [sent] = recorder.sent
    assert (sent.method, sent.uri, sent.body) == ("PATCH", "/a?b=%20c", body)
    assert sent.header("x-a") == "1"


def test_a_full_backlog_keeps_who_connects_waiting(closing):
    if not closing(servers.FullBacklog()).hangs:
        pytest.skip("this system accepts connections beyond its backlog")


def test_the_target_speaks_tls_too(closing, tmp_path, certificate):
    target = closing(servers.Target(tmp_path, "--tls", *certificate))
    connection = http.client.HTTPSConnection(
        "127.0.0.1", target.port, timeout=20,
        context=ssl.create_default_context(cafile=certificate.cert))
    connection.request("GET", "/resources/1")
    assert connection.getresponse().status == 200
    connection.close()


def test_the_target_prints_its_counts_at_the_end(closing, tmp_path):
    target = closing(servers.Target(
        tmp_path, "--counts", str(tmp_path / "counts.json")))
    servers.http_get(target.port, "/bytes/10")
    target.stop()
    [row] = json.loads((tmp_path / "counts.json").read_text())["rows"]
    assert row == {"method": "GET", "route": "/bytes/N", "status": 200,
                   "count": 1}
