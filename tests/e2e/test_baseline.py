"""A run against an earlier one: --baseline, and what [thresholds] make of it."""

import json
import shutil

import pytest

# few users and long answers: what else this machine does must not look like
# a difference
LOAD = "users = 3\nworkers = 1\niterations = 45"
REGRESSION = "[thresholds]\nregression = < 10%\n" \
             "[thresholds GET /thing]\nregression = < 10%"


@pytest.fixture
def earlier(run, plan, target):
    """The run that all others are compared with."""
    done = run(plan(target.url, "get = /delay/80", "name = /thing", load=LOAD),
               "--json", "old.json")
    assert done.status == 0, done.said
    return done


def comparison(done):
    return json.loads((done.folder / "new.json").read_text())["baseline"]


def against(run, earlier, text, *args):
    """A run whose plan's text may name old.json."""
    old = (earlier.folder / "old.json").read_bytes()
    return run(text, "--json", "new.json", *args, files={"old.json": old})


def test_the_same_again_is_no_regression(run, plan, target, earlier):
    done = against(run, earlier, plan(
        target.url, "get = /delay/80", "name = /thing", load=LOAD,
        rest=REGRESSION), "--baseline", "old.json")
    assert done.status == 0, done.said
    assert "Against old.json (" in done.out
    assert "SLOWER" not in done.out
    assert "the load was another" not in done.out
    assert comparison(done)["rows"][0]["regression"] <= 0


def test_a_slower_route_is_told_and_fails_the_run(run, plan, target, earlier):
    done = against(run, earlier, plan(
        target.url, "get = /delay/120", "name = /thing", load=LOAD,
        rest=REGRESSION), "--baseline", "old.json", "--junit", "new.xml")
    assert done.status == 1, done.said
    assert "SLOWER  GET /thing" in done.out
    assert done.out.splitlines()[-1].startswith("FAILED: regression is +")
    row, = comparison(done)["rows"]
    assert row["times"] == "slower"
    assert row["p50"]["beyond_noise"] and row["p95"]["beyond_noise"]
    assert 0.3 < row["p50"]["change"] < 1
    assert row["effect"] > 0.9
    assert (done.folder / "new.xml").read_text().count("<failure") == 2
    thresholds = json.loads(
        (done.folder / "new.json").read_text())["thresholds"]
    assert [t["holds"] for t in thresholds] == [False, False]


def test_a_plan_names_it_from_its_own_folder(run, plan, target, earlier):
    done = against(run, earlier, plan(
        target.url, "get = /delay/20", "name = /thing", load=LOAD,
        rest=REGRESSION + "\n[report]\nbaseline = old.json"), "-u", 2)
    assert done.status == 0, done.said
    assert "faster  GET /thing" in done.out
    assert "users 3 then, 2 now" in done.out
    assert comparison(done)["rows"][0]["regression"] < -0.5


def test_an_option_names_it_from_where_it_was_typed(run, plan, target,
                                                   earlier, tmp_path):
    shutil.copy(earlier.folder / "old.json", tmp_path / "up.json")
    (tmp_path / "run2").mkdir()
    text = plan(target.url, "get = /status/200", "name = /thing")
    (tmp_path / "run2" / "p.ini").write_text(text)
    (tmp_path / "run2").rename(tmp_path / "plans")
    done = run(None, "--file", "../plans/p.ini", "--baseline", "../up.json",
               "-D", "thresholds.regression=< 10%")
    assert done.status == 0, done.said
    assert "1 row has fewer than 30 samples" in done.out


def test_rows_that_are_new_or_gone_are_named(run, plan, target, earlier):
    done = against(run, earlier, plan(target.url, "get = /status/200"),
                   "--baseline", "old.json")
    assert done.status == 0, done.said
    assert "new: GET /status/200" in done.out
    assert "gone: GET /thing" in done.out


@pytest.mark.parametrize("content, why", [
    (b"", "old.json: it is no whole JSON"),
    (b"\x00\xff\xfe", "old.json: it is not JSON"),
    (b"{}", "old.json: it is no report of loadgen"),
    (b'{"format": 2, "loadgen": "9"}', "old.json: its format is 2"),
])
def test_a_file_that_is_no_report_is_a_mistake(run, plan, target, content,
                                               why):
    done = run(plan(target.url, "get = /status/200"), "--baseline",
               "old.json", files={"old.json": content})
    assert done.status == 2, done.said
    assert why in done.err
    assert target.count("GET", "/status/CODE") == 0


def test_a_report_that_was_cut_or_changed_is_a_mistake(run, plan, target,
                                                       earlier):
    whole = (earlier.folder / "old.json").read_bytes()
    for content in (whole[:len(whole) // 2],
                    whole.replace(b'"requests":45', b'"requests":46')):
        done = run(plan(target.url, "get = /status/200"), "--baseline",
                   "old.json", files={"old.json": content})
        assert done.status == 2, done.said
        assert done.err.startswith("old.json: ")


def test_a_regression_needs_something_to_compare_with(run, plan, target):
    text = plan(target.url, "get = /status/200", rest=REGRESSION)
    done = run(text)
    assert done.status == 2
    assert "give --baseline FILE" in done.err
    done = run(text, "--baseline", "none.json")
    assert done.status == 2
    assert "give --baseline FILE" not in done.err
    assert '"none.json": it cannot be read: No such file' in done.err
    assert target.count("GET", "/status/CODE") == 0


def test_a_check_reads_it_too(run, plan, target, earlier):
    text = plan(target.url, "get = /thing", rest=REGRESSION)
    old = (earlier.folder / "old.json").read_bytes()
    done = run(text, "--check", "--baseline", "old.json",
               files={"old.json": old})
    assert done.status == 0, done.said
    done = run(text, "--check", "--baseline", "old.json",
               files={"old.json": old[:-100]})
    assert done.status == 2, done.said


def test_a_run_may_take_the_place_of_the_one_before(run, plan, target,
                                                    earlier):
    old = (earlier.folder / "old.json").read_bytes()
    done = run(plan(target.url, "get = /status/200", "name = /thing"),
               "--baseline", "all.json", "--json", "all.json",
               files={"all.json": old})
    assert done.status == 0, done.said
    now = json.loads((done.folder / "all.json").read_text())
    assert now["total"]["requests"] == 1
    assert now["baseline"]["total"]["then"]["requests"] == 45


def test_stages_that_differ_are_told(run, plan, target):
    text = (f"[load]\nhost = {target.url}\nstages = 1s:3 up\nworkers = 1\n"
            "wait = 100ms\n[task]\nget = /delay/1\n")
    old = run(text, "--json", "old.json")
    assert old.status == 0, old.said
    done = against(run, old, text, "-D", "load.stages=500ms:4, 500ms:2",
                   "--baseline", "old.json")
    assert done.status == 0, done.said
    said = " ".join(done.out.split())
    assert "stages 1s:3 then, 500ms:4, 500ms:2 now" in said, done.out


def test_users_who_started_all_at_once_are_told(run, plan, target):
    text = plan(target.url, "get = /delay/1", load="users = 3\n"
                "iterations = 6\nworkers = 1")
    old = run(text, "-r", "all", "--json", "old.json")
    assert old.status == 0, old.said
    done = against(run, old, text, "--baseline", "old.json")
    assert done.status == 0, done.said
    assert "spawn_rate all then, 1000 now" in " ".join(done.out.split())
