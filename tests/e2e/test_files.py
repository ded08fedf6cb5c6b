"""The CSV files, what happens when they cannot be written, and the words on
standard output."""

import os
import threading

import pytest

from runner import FILES, HISTORY_COLUMNS, STATS_COLUMNS, read_csv
from servers import wait_for

TWO_ROWS = """
[load]
host = {url}
users = 6
spawn_rate = 1000
workers = 2
wait = 10ms
report_interval = 500ms
[task a]
get = /a
[task b]
post = /missing
body = x
"""


def test_rows_are_sorted_by_name_and_type_and_end_with_the_total(run, nginx):
    done = run(f"""
[load]
host = {nginx.url}
users = 2
[user u]
iterations = 6
order = sequence
[task b]
get = /b
[task a]
post = /a
[task c]
get = /a
""").check()
    rows = done.table("stats")
    assert [(row["Type"], row["Name"]) for row in rows] == [
        ("GET", "/a"), ("POST", "/a"), ("GET", "/b"), ("", "Aggregated")]


def test_times_are_in_order_and_the_maximum_is_the_last(run, target, plan):
    done = run(plan(target.url, "get = /delay/1-40"), "-n", 100, "-u",
               4).check()
    for row in done.table("stats"):
        times = [float(row[name]) for name in STATS_COLUMNS[11:]]
        assert times == sorted(times)
        assert row["100%"] == row["Max Response Time"]
        assert float(row["Min Response Time"]) <= times[0]
        assert row["50%"] == row["Median Response Time"]
        for name in ("Average Response Time", "Median Response Time"):
            assert times[-1] >= float(row[name]) >= 1
            assert len(row[name].partition(".")[2]) <= 3


def test_the_history_adds_up_to_the_totals(run, nginx):
    done = run(TWO_ROWS.format(url=nginx.url), "-t", "2700ms").check()
    rows = done.table("stats_history")
    assert {row["Name"] for row in rows} == {"Aggregated"}
    assert 5 <= len(rows) <= 8
    before = 0
    for row in rows[:-1]:  # the last interval is shorter
        total = int(row["Total Request Count"])
        assert abs(float(row["Requests/s"]) * 0.5 - (total - before)) <= max(
            0.05 * (total - before), 0.01)
        before = total
    assert int(rows[-1]["Total Request Count"]) == done.requests
    assert int(rows[-1]["Total Failure Count"]) == done.failed
    assert rows[-1]["Total Max Response Time"] == done.total[
        "Max Response Time"]
    times = [float(row["Timestamp"]) for row in rows]
    assert times == sorted(times)
    assert done.requests == len(nginx.log())


def test_the_full_history_has_every_name_and_agrees_with_the_total(
        run, nginx):
    done = run(TWO_ROWS.format(url=nginx.url), "-t", "1700ms",
               "--csv-full-history").check()
    by_time = {}
    for row in done.table("stats_history"):
        by_time.setdefault(row["Timestamp"], []).append(row)
    assert {(row["Type"], row["Name"]) for row in
            done.table("stats_history")} == {
                ("GET", "/a"), ("POST", "/missing"), ("", "Aggregated")}
    last = {row["Name"]: row for row in done.table("stats_history")}
    for (_, name), row in done.stats.items():
        assert last[name]["Total Request Count"] == row["Request Count"]


def test_an_interval_without_requests_is_not_available(run, nginx, plan):
    done = run(plan(nginx.url, "get = /x",
                    load="wait = 1600ms\nreport_interval = 500ms"),
               "-n", 2).check()
    rows = done.table("stats_history")
    idle = [row for row in rows if float(row["Requests/s"]) == 0]
    assert idle
    for row in idle:
        assert {row[name] for name in HISTORY_COLUMNS[6:17]} == {"N/A"}
        assert row["Total Request Count"] == "1"


def test_the_last_interval_is_written_though_it_is_short(run, nginx, plan):
    done = run(plan(nginx.url, "get = /x", load="report_interval = 1h"),
               "-n", 10).check()
    assert len(done.table("stats_history")) >= 1
    assert done.requests == 10


def test_the_workers_file_has_every_worker(run, nginx):
    done = run(TWO_ROWS.format(url=nginx.url), "-t", "1s").check()
    rows = done.table("workers")
    assert len({row["PID"] for row in rows}) == 2
    assert {row["Worker"] for row in rows} == {"0", "1"}


def test_the_phases_file_has_every_name(run, nginx):
    done = run(TWO_ROWS.format(url=nginx.url), "-n", 50).check()
    names = {(row["Type"], row["Name"]) for row in done.table("phases")}
    assert set(done.stats) <= names


def test_files_are_replaced_whole_while_the_run_goes_on(start, nginx):
    process = start(TWO_ROWS.format(url=nginx.url), "-t", "2500ms")
    path = process.folder / "out_stats.csv"
    seen = []
    while process.popen.poll() is None:
        if path.exists():
            header, rows = read_csv(path)
            assert header == STATS_COLUMNS
            if rows:
                assert rows[-1]["Name"] == "Aggregated"
                seen.append(int(rows[-1]["Request Count"]))
    assert seen == sorted(seen)
    assert len(set(seen)) >= 3
    assert process.finish().check().requests >= seen[-1]


def test_names_with_commas_quotes_and_blanks_are_quoted(run, nginx, plan):
    done = run(plan(nginx.url, "get = /missing", 'name = a, "b" and c'),
               "-n", 2).check()
    assert list(done.stats) == [("GET", 'a, "b" and c')]
    assert [name for _, name, _ in done.failures] == ['a, "b" and c']


def test_the_prefix_is_the_plans_name_in_the_current_folder(run, nginx, plan):
    done = run(plan(nginx.url, "get = /x"), csv=None, plan_name="my.plan.ini")
    done.prefix = "my.plan"
    assert done.check().status == 0


def test_csv_none_writes_no_files(run, nginx, plan):
    done = run(plan(nginx.url, "get = /x"), csv="none")
    assert done.status == 0, done.said
    assert {path.name for path in done.folder.iterdir()} == {
        "plan.ini", "stdout", "stderr"}


def test_the_plan_may_name_the_prefix(run, nginx, plan):
    done = run(plan(nginx.url, "get = /x", rest="[report]\ncsv = named"),
               csv=None)
    done.prefix = "named"
    assert done.check().status == 0


def test_a_prefix_that_cannot_be_written_is_said_before_anything_is_sent(
        run, nginx, plan):
    done = run(plan(nginx.url, "get = /x"), csv="no/such/folder/x")
    assert done.status == 2
    assert "no/such/folder/x" in done.err
    assert nginx.log() == []


def test_a_file_that_cannot_be_written_later_makes_the_status_three(
        start, nginx):
    process = start(TWO_ROWS.format(url=nginx.url), "-t", "2s")
    path = process.folder / "out_stats.csv"
    wait_for("the first report", path.exists)
    for _ in range(100):  # it may be renamed over us at that very moment
        path.unlink(missing_ok=True)
        try:
            path.mkdir()
            (path / "in the way").write_text("")
            break
        except FileExistsError:
            continue
    done = process.finish()
    assert done.status == 3, done.said
    assert "out_stats.csv" in done.said
    assert read_csv(done.path("failures"))[1]


def test_a_full_disk_is_said_and_in_the_status(run, nginx, plan, tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "out_stats_history.csv").symlink_to("/dev/full")
    done = run(plan(nginx.url, "get = /x"), "-n", 20, csv=folder / "out")
    assert done.status in (2, 3), done.said
    assert "out_stats_history.csv" in done.said
    if done.status == 2:  # found out at once
        assert nginx.log() == []


def test_a_full_standard_output_makes_the_status_three(start, nginx, plan):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with open("/dev/full", "wb") as full:
        process = start(plan(nginx.url, "get = /x"), "-n", 5, out=full)
        assert process.wait() == 3
    header, rows = read_csv(process.folder / "out_stats.csv")
    assert rows[-1]["Request Count"] == "5"
    assert process.words().count("cannot write") == 1
    assert ("loadgen: standard output: cannot write: No space left on device"
            in process.words())


def test_a_closed_standard_output_spoils_no_file(start, nginx, plan):
    process = start(plan(nginx.url, "get = /x"), "-n", 5, close_stdout=True)
    done = process.finish().check()
    assert done.status in (0, 3)
    assert done.requests == 5


def test_a_reader_that_goes_away_stops_nothing(start, nginx, plan):
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = start(plan(nginx.url, "get = /x"), "-n", 5, out=write_end)
    os.close(write_end)
    assert process.wait() == 3
    header, rows = read_csv(process.folder / "out_stats.csv")
    assert rows[-1]["Request Count"] == "5"
    assert process.words().count("cannot write") == 1
    assert "standard output: cannot write: Broken pipe" in process.words()


def test_a_reader_that_does_not_read_holds_up_no_load(start, nginx, plan):
    """Live lines go to a pipe that is full; the summary waits, the load does
    not."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        while os.write(write_end, b"x" * 65536):
            pass
    except BlockingIOError:
        os.set_blocking(write_end, True)
    process = start(plan(nginx.url, "get = /x",
                         load="wait = 20ms\nreport_interval = 500ms"),
                    "-t", "1500ms", "-u", 5, err=write_end)
    os.close(write_end)
    try:
        wait_for("the load", lambda: len(nginx.log()) > 100)
    finally:
        reader = threading.Thread(target=lambda: [
            None for _ in iter(lambda: os.read(read_end, 65536), b"")])
        reader.start()
    done = process.wait()
    reader.join(10)
    os.close(read_end)
    assert done == 0


def test_the_files_of_an_empty_run_are_whole(start, target, plan):
    done = start(plan(target.url, "get = /delay/60000",
                      load="stop_timeout = 0"), "-t", "300ms").finish()
    done.check()
    assert done.requests == 0
    for name in FILES:
        assert done.path(name).stat().st_size > 0


def test_users_that_are_done_are_not_counted_on(nginx, run):
    done = run(f"[load]\nhost = {nginx.url}\nspawn_rate = 1000\nusers = 2\n"
               "run_time = 3s\nwait = 50ms\nreport_interval = 500ms\n"
               "[user short]\ncount = 1\niterations = 1\n"
               "[user long]\ncount = 1\n[task it]\nget = /x\n",
               "-w", 2).check()
    users = [int(row["User Count"]) for row in done.table("stats_history")]
    assert users[0] == 2 and set(users[1:]) == {1}, users
    short = [row for row in done.table("workers") if row["Users"] == "1"]
    assert len(short) == len(users) + 1
