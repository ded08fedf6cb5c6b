"""JSON, JUnit and the file of stages, read by parsers that are not ours."""

import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from runner import STATS_COLUMNS
from servers import ROOT, wait_for

TWO_ROWS = """
[load]
host = {url}
users = 4
spawn_rate = 1000
workers = 2
iterations = 60
[user all]
order = sequence
[task a]
get = /kilobyte
[task b]
post = /missing
body = x
"""
PERCENTILES = ["50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%",
               "99.9%", "99.99%"]


def strict(text):
    """JSON as the standard has it: no NaN, nothing behind it."""
    def refuse(word):
        raise ValueError(word)
    return json.loads(text, parse_constant=refuse)


def read_json(path):
    return strict(path.read_bytes().decode("utf-8", errors="strict"))


def cases(text):
    """(class, name) -> (what became of it, message); counts are checked."""
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    suite, = root
    found = {}
    for case in suite:
        assert case.tag == "testcase" and float(case.get("time")) >= 0
        outcome = [(child.tag, child.get("message")) for child in case
                   if child.tag != "system-out"]
        key = case.get("classname"), case.get("name")
        assert key not in found
        found[key] = outcome[0] if outcome else None
    for element in (root, suite):
        assert int(element.get("tests")) == len(found)
        for kind, count in [("failure", "failures"), ("error", "errors"),
                            ("skipped", "skipped")]:
            assert int(element.get(count)) == sum(
                bool(outcome) and outcome[0] == kind
                for outcome in found.values())
    return found


def read_cases(path):
    return cases(path.read_bytes())


def manuals_program():
    """The Python of loadgen.json(5), which merges results."""
    with open(os.path.join(ROOT, "man", "loadgen.json.5")) as f:
        page = f.read()
    text = re.search(r"with Python:\n\.Bd .*?\n(.*?)\.Ed", page, re.S)[1]
    return text.replace("\\-", "-")


def value_ms(results, bucket):
    """What loadgen.json(5) says of a bucket."""
    assert results["histograms"]["layout"] == "loadgen-log-linear-512"
    if bucket < 1024:
        return bucket / 1000
    octave, rest = divmod(bucket - 1024, 512)
    return (((512 + rest) << (octave + 1)) + (1 << octave)) / 1000


# --- what is in them ---------------------------------------------------------


def test_json_says_what_the_csv_files_and_the_servers_log_say(run, nginx):
    done = run(TWO_ROWS.format(url=nginx.url), "--json", "r.json").check()
    results = read_json(done.folder / "r.json")
    log = nginx.log()
    assert results["total"]["requests"] == len(log) == done.requests
    for row in results["rows"]:
        theirs = done.stats[row["type"], row["name"]]
        assert row["requests"] == int(theirs["Request Count"]) == sum(
            (hit.method, hit.uri) == (row["type"], row["name"])
            for hit in log)
        assert row["failures"] == int(theirs["Failure Count"])
        times = row["response_ms"]
        for column in PERCENTILES:
            assert times["p" + column[:-1]] == float(theirs[column])
        assert times["min"] == float(theirs["Min Response Time"])
        assert times["max"] == float(theirs["Max Response Time"])
        assert times["mean"] == float(theirs["Average Response Time"])
        assert row["requests_per_s"] == float(theirs["Requests/s"])
    assert {(f["type"], f["name"], f["text"]): f["count"]
            for f in results["failures"]} == done.failures
    books = results["books"]
    assert (books["started"], books["passed"], books["failed"],
            books["interrupted"]) == done.books()
    assert sum(w["requests"] for w in results["workers"]) == done.requests
    assert results["end"]["verdict"] == "failed" and done.status == 1


def test_percentiles_can_be_had_from_the_histogram(run, target, plan):
    done = run(plan(target.url, "get = /delay/1-40"), "-n", 100, "-u", 4,
               "--json", "r.json")
    results = read_json(done.folder / "r.json")
    row, = results["rows"]
    histogram, times = row["histogram"], row["response_ms"]
    assert histogram["count"] == row["requests"] == 100
    assert histogram["min_us"] == round(times["min"] * 1000)
    assert histogram["max_us"] == round(times["max"] * 1000)
    values = [value_ms(results, bucket)
              for bucket, count in histogram["buckets"]
              for _ in range(count)]
    assert len(values) == 100 and values == sorted(values)
    for percent in (50, 66, 75, 80, 90, 95, 98, 99):
        value = min(max(values[percent - 1], times["min"]), times["max"])
        assert times[f"p{percent}"] == pytest.approx(value, abs=0.0006)


def test_the_manuals_program_merges_results(run, target, plan):
    paths = []
    for name, delay in (("slow", 40), ("fast", 2)):
        done = run(plan(target.url, f"get = /delay/{delay}"), "-n", 50, "-u",
                   10, "--json", "r.json", "--csv", name)
        paths.append(str(done.folder / "r.json"))
    said = subprocess.run([sys.executable, "-c", manuals_program(), *paths],
                          check=True, capture_output=True, text=True,
                          timeout=60).stdout
    value, unit = said.split()
    assert unit == "ms" and 40 <= float(value) < 10000


def test_junit_has_a_case_for_each_row(run, nginx):
    done = run(TWO_ROWS.format(url=nginx.url), "--junit", "r.xml")
    assert done.status == 1
    failed = done.failed
    assert read_cases(done.folder / "r.xml") == {
        ("requests", "GET /kilobyte"): None,
        ("requests", "POST /missing"): (
            "failure", f"{failed} of {failed} failed: status: expected "
            f"< 400, got 404 ({failed} times)")}


def test_junit_has_a_case_for_each_threshold(run, nginx):
    done = run(TWO_ROWS.format(url=nginx.url) + """
[thresholds]
p95 = < 1h
[thresholds POST /missing]
fail_ratio = < 10%
""", "--junit", "r.xml", "--json", "r.json")
    assert done.status == 1
    found = read_cases(done.folder / "r.xml")
    assert set(found) == {("requests", "GET /kilobyte"),
                          ("requests", "POST /missing"),
                          ("thresholds", "all requests: p95 < 1h"),
                          ("thresholds", "POST /missing: fail_ratio < 10%")}
    bad = {key: value for key, value in found.items() if value}
    (_, name), = bad
    (kind, message), = bad.values()
    assert name == "POST /missing: fail_ratio < 10%" and kind == "failure"
    assert "100" in message and "< 10%" in message and "margin" in message
    assert re.search(r'name="POST /missing" time="[\d.]+">\s*<system-out>(\d+)'
                     r" of \1 failed: status: ",
                     (done.folder / "r.xml").read_text())
    held, broken = read_json(done.folder / "r.json")["thresholds"]
    assert held["holds"] and held["row"] is None and held["limit"] == 3600000
    assert broken == {"row": "POST /missing", "stage": None,
                      "key": "fail_ratio", "wanted": "< 10%",
                      "unit": "ratio", "limit": 0.1, "value": 1,
                      "margin": -9, "holds": False}


def test_stages_have_a_file_that_adds_up(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
stages = 400ms:4 up, 400ms:4, 200ms:0 down
wait = 10ms
[task it]
get = /x
""", "--json", "r.json").check(stages=True)
    rows = done.table("stages")
    assert list(rows[0]) == ["Stage", *STATS_COLUMNS]
    totals = [row for row in rows if row["Name"] == "Aggregated"]
    assert len(totals) == 3 and totals[0]["Stage"] == "up"
    assert sum(int(row["Request Count"]) for row in totals) == done.requests
    stages = read_json(done.folder / "r.json")["stages"]
    assert [stage["name"] for stage in stages] == [
        row["Stage"] for row in totals]
    assert [stage["total"]["requests"] for stage in stages] == [
        int(row["Request Count"]) for row in totals]


def test_json_of_a_rate_has_its_books_and_the_warm_up(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
rate = 50/s
max_users = 5
run_time = 1s
warmup = 400ms
[task it]
get = /x
""", "--json", "r.json")
    assert done.status == 0
    results = read_json(done.folder / "r.json")
    books, warmup = results["books"], results["warmup"]
    assert results["load"]["model"] == "rate"
    assert results["load"]["rate_per_s"] == 50
    assert books["intended"] == books["tasks"] + books["dropped"]
    assert results["lag_ms"]["histogram"]["count"] > 0
    assert warmup["requests"] > 0 and warmup["failures"] == 0
    assert warmup["requests"] + results["total"]["requests"] == len(
        nginx.log()) == books["started"]
    assert "late" in results["total"]["phases_ms"]


HOSTILE = b'</failure>]]>&"\'\\ \xff\xc3\xa9 %s'


def test_hostile_names_and_answers_stay_texts(run, recorder, plan):
    recorder.reply = lambda sent: (
        200, [("X-State", HOSTILE.decode("latin-1"))], b"")
    done = run(plan(recorder.url, "get = /x",
                    'name = <b a="&amp;">]]>\\ é',
                    "check = header X-State == good"),
               "--json", "r.json", "--junit", "r.xml")
    assert done.status == 1
    results = read_json(done.folder / "r.json")
    row, = results["rows"]
    assert row["name"] == '<b a="&amp;">]]>\\ é'
    failure, = results["failures"]
    assert HOSTILE.decode(errors="replace") in failure["text"]
    (key, (kind, message)), = read_cases(done.folder / "r.xml").items()
    assert key == ("requests", 'GET <b a="&amp;">]]>\\ é')
    assert kind == "failure"
    assert '</failure>]]>&"\'\\ \\xFFé %s' in message


# --- where they go -----------------------------------------------------------


@pytest.mark.parametrize("option, read", [("--json", strict),
                                          ("--junit", cases)])
def test_on_standard_output_a_report_is_alone(run, nginx, plan, option, read):
    done = run(plan(nginx.url, "get = /missing"), "-n", 3, option, "-")
    assert done.status == 1
    assert read(done.out)
    assert "FAILED: 3 of 3 requests failed" in done.err
    assert done.check().requests == 3


def test_the_plan_may_name_the_reports(run, nginx, plan):
    done = run(plan(nginx.url, "get = /x",
                    rest="[report]\njson = r.json\njunit = r.xml"))
    assert done.status == 0
    assert read_json(done.folder / "r.json")["end"]["verdict"] == "passed"
    assert read_cases(done.folder / "r.xml") == {("requests", "GET /x"): None}
    assert "r.json, r.xml" in done.out
    assert {path.name for path in done.check().folder.iterdir()} >= {
        "r.json", "r.xml"}
    assert not list(done.folder.glob("r.*.*"))


@pytest.mark.parametrize("option", ["--json", "--html", "--junit"])
def test_a_pipe_that_nobody_reads_is_a_mistake(run, nginx, plan, tmp_path,
                                               option):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = run(plan(nginx.url, "get = /x"), "-n", 1, option, pipe)
    assert done.status == 2
    assert done.err == (f"{pipe}: cannot be opened: nobody reads it: start "
                        "its reader first\n")
    assert not nginx.log()
    assert not list(done.folder.glob("*.csv"))


@pytest.mark.parametrize("path", ["-", "same"])
@pytest.mark.parametrize("check", [[], ["--check"]])
def test_two_reports_in_one_place_are_a_mistake(run, nginx, plan, path,
                                                check):
    done = run(plan(nginx.url, "get = /x"), "--json", path, "--junit", path,
               *check)
    assert done.status == 2
    assert done.err == (
        f'loadgen: --junit "{path}": --json writes there too: name another '
        "file for one of them\n")
    assert nginx.log() == []


@pytest.mark.parametrize("check", [[], ["--check"]])
@pytest.mark.parametrize("args, line", [
    (["--json", "p.ini"], '--json "p.ini": the plan is read from there: name '
     "another file"),
    (["--csv", "ab", "--json", "./ab_stats.csv"],
     '--json "./ab_stats.csv": --csv writes there too: name another file for '
     "one of them"),
    (["--html", "x.json", "--json", "./x.json"],
     '--json "./x.json": --html writes there too: name another file for one '
     "of them"),
    (["--csv", "words"],
     '--csv "words_stats.csv": [data words] is read from there: name another '
     "file"),
    (["--junit", "sent"], '--junit "sent": what is sent is read from there: '
     "name another file"),
])
def test_no_report_takes_the_place_of_something_else(start, nginx, args, line,
                                                     check):
    plan = (f"[load]\nhost = {nginx.url}\niterations = 1\n"
            "[data words]\nfile = words_stats.csv\n"
            "[task]\npost = /${words.a}\nbody_file = sent\n").encode()
    files = {"p.ini": plan, "words_stats.csv": b"a\nb\n", "sent": b"x"}
    done = start(None, "p.ini", *args, *check, files=files).finish()
    assert done.status == 2
    assert done.err == f"loadgen: {line}\n"
    assert nginx.log() == []
    for name, text in files.items():
        assert (done.folder / name).read_bytes() == text


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_a_place_that_cannot_be_written_is_said_before_anything_is_sent(
        start, nginx, plan, check):
    process = start(plan(nginx.url, "get = /x"), "--json", "no/such/r.json",
                    "--junit", ".", *check,
                    files={"out_stats.csv": b"of the last run"})
    done = process.finish()
    assert done.status == 2
    assert done.err.splitlines()[-2:] == [
        "no/such/r.json: cannot create: No such file or directory: name a "
        "folder that exists with --json",
        ".: cannot create: Is a directory: name a file with --junit"]
    assert nginx.log() == []
    assert done.path("stats").read_bytes() == b"of the last run"


def test_a_limit_of_file_sizes_makes_the_status_three(start, nginx):
    tasks = "".join(f"[task t{i}]\nget = /thing/{i}\n" for i in range(40))
    done = start(f"[load]\nhost = {nginx.url}\niterations = 40\n[user u]\n"
                 "order = sequence\n[report]\njson = r.json\n" + tasks,
                 "--only-summary", csv="none", files={"r.json": b"earlier"},
                 wrap=["sh", "-c", 'ulimit -f 16; exec "$@"', "sh"]).finish()
    assert done.status == 3
    assert "loadgen: r.json: cannot write: File too large" in done.err
    assert (done.folder / "r.json").read_bytes() == b"earlier"
    assert {path.name for path in done.folder.iterdir()} == {
        "plan.ini", "r.json", "stdout", "stderr"}


def test_a_full_disk_makes_the_status_three(run, nginx, plan):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    done = run(plan(nginx.url, "get = /x"), "--json", "/dev/full", "--junit",
               "r.xml").check()
    assert done.status == 3
    assert "loadgen: /dev/full: cannot write: No space left on device" in (
        done.err)
    assert read_cases(done.folder / "r.xml")[
        "run", "the results can be trusted"] == (
            "error", "a file could not be written")


# --- however it ends ---------------------------------------------------------


def endless(nginx, plan):
    return plan(nginx.url, "get = /x",
                load="users = 2\nworkers = 2\nwait = 10ms")


def test_a_lost_worker_is_in_both(start, nginx, plan):
    process = start(endless(nginx, plan), "--json", "r.json", "--junit",
                    "r.xml", "-t", "3s")
    victim = process.workers(2)[0]
    wait_for("some load", nginx.log)
    os.kill(victim, signal.SIGKILL)
    done = process.finish()
    assert done.status == 3
    results = read_json(done.folder / "r.json")
    assert results["end"]["verdict"] == "untrusted"
    assert "lost" in results["end"]["why_untrusted"]
    assert sum(w["why_lost"] is not None for w in results["workers"]) == 1
    kind, message = read_cases(done.folder / "r.xml")[
        "run", "the results can be trusted"]
    assert kind == "error" and "lost" in message


def test_a_stopped_run_is_in_both(start, nginx, plan):
    process = start(endless(nginx, plan), "--json", "r.json", "--junit",
                    "r.xml")
    wait_for("some load", nginx.log)
    process.signal(signal.SIGINT)
    done = process.finish()
    assert done.status == 130
    end = read_json(done.folder / "r.json")["end"]
    assert (end["verdict"], end["signal"]) == ("stopped", "SIGINT")
    assert read_cases(done.folder / "r.xml")[
        "run", "the run was completed"] == ("error", "stopped by SIGINT")


def test_no_password_gets_into_a_report(run, recorder):
    done = run(f"""
[load]
host = {recorder.url}
iterations = 1
[vars]
token = VERYSECRET
[http]
auth = somebody:VERYSECRET
header = X-Token: ${{token}}
[task it]
get = /x
[report]
json = r.json
junit = r.xml
""")
    assert done.status == 0
    for name in ("r.json", "r.xml"):
        assert "SECRET" not in (done.folder / name).read_text()
