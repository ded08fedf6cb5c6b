"""What loadgen says it did is what the server saw."""

import collections
import math
import re

import pytest

from servers import connections

UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")

MIXED = """
[load]
host = {url}
users = 20
spawn_rate = 40
run_time = 3s
workers = 2
wait = 5ms..15ms
[task list]
weight = 3
get = /resources
[task read one]
get = /resources/${{uuid}}
[task create]
post = /things
json = {{"name": "thing-${{user}}"}}
"""
MIXED_WEIGHTS = {("GET", "/resources"): 3, ("GET", "/resources/${uuid}"): 1,
                 ("POST", "/things"): 1}


def row_of(hit):
    if hit.uri.startswith("/resources/"):
        assert UUID.search(hit.uri)
        return hit.method, "/resources/${uuid}"
    return hit.method, hit.uri


def assert_shares_within_chance(counts, weights):
    """Five standard deviations: one miss in a million."""
    n, whole = sum(counts.values()), sum(weights.values())
    for key, weight in weights.items():
        p = weight / whole
        assert abs(counts[key] - n * p) <= 5 * math.sqrt(n * p * (1 - p)), (
            f"{key} has {counts[key]} of {n}, expected a share of {p:.2f}")


def test_rows_and_statuses_equal_the_servers_log(nginx, run):
    done = run(MIXED.format(url=nginx.url)).check()
    hits = nginx.log()
    assert done.status == 0, done.said
    assert done.counts() == collections.Counter(map(row_of, hits))
    assert done.requests == len(hits) > 1000
    assert {hit.status for hit in hits} == {200, 201}
    assert connections(hits) == 20
    assert_shares_within_chance(done.counts(), MIXED_WEIGHTS)
    assert done.books() == (len(hits), len(hits), 0, 0)


def test_failed_requests_equal_the_servers_error_statuses(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
users = 8
spawn_rate = 1000
iterations = 400
workers = 2
[task fine]
get = /fine
[task missing]
get = /missing
[task broken]
post = /broken
body = x
""").check()
    by_status = collections.Counter(hit.status for hit in nginx.log())
    assert done.status == 1
    assert done.requests == 400 == sum(by_status.values())
    assert done.failed == by_status[404] + by_status[500]
    texts = {name: (n, text) for (_, name, text), n in done.failures.items()}
    assert texts["/missing"][0] == by_status[404]
    assert "404" in texts["/missing"][1]
    assert texts["/broken"][0] == by_status[500]
    assert "500" in texts["/broken"][1]
    assert done.books() == (400, by_status[200], done.failed, 0)


@pytest.mark.parametrize("iterations, users, workers",
                         [(1, 5, 2), (7, 7, 3), (1001, 7, 3), (500, 1, 2)])
def test_iterations_are_exact_over_all_workers(
        nginx, run, plan, iterations, users, workers):
    done = run(plan(nginx.url, "get = /x"), "-n", iterations, "-u", users,
               "-w", workers).check()
    assert done.status == 0, done.said
    assert done.requests == iterations == len(nginx.log())


def test_a_run_takes_its_run_time_and_every_user_connects_once(
        nginx, run, plan):
    done = run(plan(nginx.url, "get = /x", load="wait = 20ms"), "-t", "1500ms",
               "-u", 30, "-r", 60, "-w", 2).check()
    hits = nginx.log()
    assert done.status == 0, done.said
    assert done.seconds >= 1.5
    assert done.requests == len(hits)
    assert connections(hits) == 30
    assert f", {connections(hits)} connections opened" in done.out


def test_the_history_shows_the_users_of_the_ramp(nginx, run, plan):
    done = run(plan(nginx.url, "get = /x",
                    load="wait = 20ms\nreport_interval = 500ms"),
               "-t", "2s", "-u", 10, "-r", 10, "-w", 2).check()
    users = [int(row["User Count"]) for row in done.table("stats_history")
             if row["Name"] == "Aggregated"]
    assert max(users) == 10
    assert 3 <= users[0] <= 8  # 5 have started after half a second


def test_ten_thousand_names_are_ten_thousand_exact_rows(nginx, run, plan):
    """Every number from 1 to 10000 is drawn with a chance of 1 - e^-3."""
    done = run(plan(nginx.url, "get = /n/${randint 1 10000}",
                    "name = /x/${randint 1 10000}"),
               "-n", 30000, "-u", 20, "-w", 2).check()
    assert done.status == 0, done.said
    assert done.requests == 30000 == len(nginx.log())
    assert 9000 < len(done.stats) <= 10000
    assert all(re.fullmatch(r"/x/\d+", name) for _, name in done.stats)


def test_more_names_than_the_bound_are_counted_together(nginx, run, plan):
    done = run(plan(nginx.url, "get = /x", "name = /x/${uuid}"),
               "-n", 12000, "-u", 20, "-w", 2).check()
    assert done.requests == 12000 == len(nginx.log())
    assert len(done.stats) <= 10001
    others = [int(row["Request Count"]) for (_, name), row
              in done.stats.items() if not name.startswith("/x/")]
    assert others == [12000 - (len(done.stats) - 1)]


def test_a_name_in_the_plan_groups_what_the_urls_keep_apart(nginx, run, plan):
    done = run(plan(nginx.url, "get = /n/${uuid}?a=${randint 1 9}",
                    "name = one, \"two\""), "-n", 50).check()
    assert done.counts() == {("GET", 'one, "two"'): 50}
    assert len({hit.uri for hit in nginx.log()}) == 50


def draws(nginx, run, *args):
    before = len(nginx.log())
    done = run(f"""
[load]
host = {nginx.url}
users = 6
spawn_rate = 1000
seed = 42
wait = 0..5ms
[user one]
iterations = 40
[task a]
weight = 3
get = /a/${{randint 1 50}}
name = /a
[task b]
get = /b/${{randint 1 50}}
name = /b
[task c]
get = /c/${{pick x y z}}/${{randstr 4}}
name = /c
""", *args).check()
    assert done.status == 0, done.said
    uris = collections.Counter(hit.uri for hit in nginx.log()[before:])
    assert sum(uris.values()) == done.requests == 240
    return done.counts(), uris


def test_two_workers_draw_what_one_draws_with_the_same_seed(nginx, run):
    assert draws(nginx, run, "-w", 1) == draws(nginx, run, "-w", 2)


def test_another_seed_draws_otherwise(nginx, run):
    assert draws(nginx, run)[1] != draws(nginx, run, "-D", "load.seed=43")[1]


def test_user_numbers_and_uuids_are_unique_in_the_whole_run(nginx, run, plan):
    run(plan(nginx.url, "get = /${user}/${worker}/${iteration}/${uuid}",
             load="wait = 0", rest="[user only]\niterations = 3"),
        "-u", 20, "-w", 3).check()
    parts = [hit.uri.split("/")[1:] for hit in nginx.log()]
    assert len(parts) == 60
    assert {int(p[0]) for p in parts} == set(range(1, 21))
    assert {p[1] for p in parts} == {"0", "1", "2"}
    assert len({p[3] for p in parts}) == 60
    iterations = collections.defaultdict(list)
    for user, worker, iteration, _ in parts:
        iterations[user, worker].append(int(iteration))
    assert len(iterations) == 20
    assert all(n == [1, 2, 3] for n in iterations.values())


def test_without_keepalive_every_request_has_its_own_connection(
        nginx, run, plan):
    done = run(plan(nginx.url, "get = /x", http="keepalive = no"), "-n", 60,
               "-u", 4, "-w", 2).check()
    hits = nginx.log()
    assert done.requests == len(hits) == connections(hits) == 60
    assert f", {connections(hits)} connections opened" in done.out


def test_connections_that_the_server_closed_while_idle_cost_no_request(
        nginx, run, plan):
    """nginx closes after a second, just as the next request goes out."""
    done = run(plan(nginx.hasty_url, "get = /x",
                    load="wait = 990ms..1010ms"),
               "-u", 40, "-n", 120, "-w", 2).check()
    hits = nginx.log()
    assert done.status == 0, done.said
    assert done.requests == len(hits) == 120
    assert connections(hits) > 40
    assert f", {connections(hits)} connections opened" in done.out


def test_connections_that_the_server_closes_after_five_requests(
        nginx, run, plan):
    done = run(plan(nginx.stingy_url, "post = /things", "body = x"),
               "-u", 10, "-n", 1000, "-w", 2).check()
    hits = nginx.log()
    assert done.status == 0, done.said
    assert done.requests == len(hits) == 1000
    assert connections(hits) >= 200
    assert f", {connections(hits)} connections opened" in done.out


def test_a_delay_of_ten_ms_shows_as_ten_ms(target, run, plan):
    done = run(plan(target.url, "get = /delay/10"), "-n", 60, "-w", 1).check()
    row = done.stats["GET", "/delay/10"]
    assert 10 <= float(row["Min Response Time"]) < 30
    assert 10 <= float(row["Median Response Time"]) < 30
    assert 10 <= float(row["Average Response Time"]) < 60
    phases = {row["Phase"]: float(row["50%"]) for row in done.table("phases")
              if row["Name"] == "/delay/10"}
    assert 9.5 <= phases["first byte"] < 30


def test_sizes_and_redirects_are_those_of_the_whole_answer(target, run, plan):
    done = run(plan(target.url, "get = /bytes/300000"), "-n", 3).check()
    row = done.stats["GET", "/bytes/300000"]
    assert float(row["Average Content Size"]) == 300000
    done = run(plan(target.url, "get = /redirect/3"), "-n", 4).check()
    assert done.status == 0, done.said
    assert done.counts() == {("GET", "/redirect/3"): 4}
    assert target.count("GET", "/redirect/N", 302) == 12
    assert target.count("GET", "/redirect/N", 200) == 4
