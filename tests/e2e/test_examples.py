"""Every plan in examples/ is checked, and plays against the target."""

import json
import os
import pathlib
import shutil

import pytest

from servers import ROOT

EXAMPLES = pathlib.Path(ROOT) / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.ini"))


def path(name):
    return str(EXAMPLES / f"{name}.ini")


@pytest.fixture
def play(run, target):
    def play_example(name, *args):
        return run(None, path(name), "-H", target.url, *args).check()
    return play_example


def test_there_are_a_dozen():
    assert len(NAMES) >= 12
    assert os.path.exists(EXAMPLES / "people.csv")


@pytest.mark.parametrize(
    "name", [n for n in NAMES if n != "client-certificate"])
def test_an_example_has_no_mistakes_and_no_warnings(run, name):
    done = run(None, path(name), "--check")
    assert done.status == 0, done.said
    assert "warning" not in done.err
    # and fits the page that it is read on
    assert all(len(line) <= 81 for line in open(path(name)))


def test_users_log_in_and_carry_token_and_cookie(play, target):
    done = play("login", "-t", "2s", "-r", 20)
    assert done.status == 0, done.said
    assert target.count("POST", "/login", 200) == 10
    assert target.count("GET", "/me", 200) == done.counts()[("GET", "/me")]


def test_a_form_gets_its_hidden_field_back(play, target):
    done = play("csrf-form", "-t", "2s", "-r", 20, "-D", "load.wait=100ms")
    assert done.status == 0, done.said
    assert target.count("POST", "/form", 200) >= 5
    assert target.count("POST", "/form", 403) == 0


def test_things_are_created_and_polled(play, target):
    done = play("create-and-poll", "-t", "5s", "-r", 20, "-D",
                "load.wait=200ms..400ms")
    assert done.status == 0, done.said
    whole = done.stats[("POLL", "POST /things/ID - async")]
    assert int(whole["Request Count"]) >= 5
    assert 1500 <= float(whole["Min Response Time"]) < 4000


def test_files_are_sent(play, target):
    done = play("file-upload", "-D", "load.wait=0")
    assert done.status == 0, done.said
    assert target.count("POST", "/upload", 200) >= 1


def test_every_user_is_somebody_from_the_file(play, target):
    done = play("data-from-csv", "-D", "load.wait=0")
    assert done.status == 0, done.said
    assert target.count("POST", "/login", 200) == 6
    assert target.count("GET", "/echo", 200) == 30


def test_pages_are_browsed_by_their_links(play, target):
    done = play("browse-links", "-t", "4s", "-r", 100, "-D",
                "load.wait=100ms")
    assert done.status == 0, done.said
    assert target.count("GET", "/pages/N", 200) >= 20
    assert target.count("GET", "/pages/N", 404) == 0


def test_kinds_of_users_keep_to_themselves(play, target):
    done = play("kinds-of-users", "-t", "3s", "-r", 100, "-D",
                "user reader.wait=100ms", "-D", "user buyer.wait=100ms")
    assert done.status == 0, done.said
    assert target.count("POST", "/login", 200) == 4
    assert int(done.stats[("TRANSACTION", "buy a thing")]
               ["Request Count"]) >= 4


def test_a_command_and_setup_give_one_token_to_everyone(play, target):
    done = play("token-from-command", "-t", "2s", "-r", 20)
    assert done.status == 0, done.said
    assert target.count("POST", "/login", 200) == 1
    assert target.count("DELETE", "/echo", 200) == 1


def test_every_request_is_a_line_of_the_log(play):
    done = play("request-log", "-t", "2s", "-w", 2)
    assert done.status == 0, done.said
    lines = [json.loads(line) for n in range(2) for line in
             open(done.workplace / f"requests-{n}.jsonl")]
    assert len(lines) == done.requests
    assert {line["event"] for line in lines} == {"request"}
    assert {line["status"] for line in lines} == {200}
    found = open(done.folder / "found.txt").read().splitlines()
    assert len(found) == 0 or found[0].startswith("user ")


def test_a_few_failures_are_endured(play):
    done = play("stop-on-failures", "-t", "3s", "-r", 20)
    assert done.status == 0, done.said
    assert 0 < done.failed < done.requests / 3


def test_a_test_that_fails_is_ended(play):
    done = play("stop-on-failures", "-r", 20, "-D",
                "task flaky.get=/status/500", "-D",
                "task must work.get=/status/500", "-D",
                "task must work.on_fail=continue")
    assert done.status == 1, done.said
    assert done.seconds < 30
    assert "abort" in done.out


def test_a_rate_is_judged_by_its_thresholds(run, target):
    done = run(None, path("arrival-rate"), "-H", target.url, "-D",
               "load.stages=1s:50/s, 2s:50/s steady", "-D",
               "load.warmup=500ms").check(stages=True)
    assert done.status == 0, done.said
    assert "thresholds hold" in done.out


def test_users_follow_stages(run, target):
    done = run(None, path("stages"), "-H", target.url, "-D",
               "load.stages=1s:5, 1s:5 normal, 0s:9, 1s:9 rush, 1s:0", "-D",
               "load.wait=100ms").check(stages=True)
    assert done.status == 0, done.said
    assert [row["Stage"] for row in done.table("stages")
            if row["Name"] == "Aggregated"] == [
        "1", "normal", "3", "rush", "5"]


def test_http_2_is_spoken(run, nginx):
    done = run(None, path("http2"), "-H", nginx.tls_url, "-t", "1s").check()
    assert done.status == 0, done.said
    assert {hit.protocol for hit in nginx.log()} == {"HTTP/2.0"}


def test_a_client_certificate_opens_the_door(run, nginx, certificate, tmp_path):
    for name, file in [("client-certificate.ini", path("client-certificate")),
                       ("ca.pem", certificate.cert),
                       ("client.pem", certificate.cert),
                       ("client.key", certificate.key)]:
        shutil.copy(file, tmp_path / name)
    done = run(None, tmp_path / "client-certificate.ini", "-H",
               nginx.mutual_url, "-t", "1s").check()
    assert done.status == 0, done.said
    done = run("[task x]\nget = /\n[load]\niterations = 1\n", "-H",
               nginx.mutual_url, "-D", "http.insecure=yes")
    assert done.status == 1  # 400: no required certificate was sent
