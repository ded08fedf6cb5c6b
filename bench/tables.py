"""What was measured as Markdown, for people."""

import datetime
import os
import re
import statistics

from summary import ratios, summarize
from tools import (BASE, STRICT, remark, tool_named, version_of, why_not,
                   without_doubles)
from work import FEW, GET, IDLE, KINDS, LOOKING, ROWS, rows_work

KB_PER_MB = 1024
WHY_WIDTH = 40


# --- cells -------------------------------------------------------------------

def rounded(value):
    step = 100 if value >= 10000 else 10 if value >= 1000 else 1
    return f"{round(value / step) * step:,}"


def short(value):
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def spread(low, middle, high):
    """Half of what lies between the least and the most, in percent; nothing
    where there was one round."""
    if low == high:
        return ""
    return f" ±{(high - low) / 2 / middle * 100:.0f} %"


def doubts(row):
    """What makes a result hard to believe, or less than was asked for."""
    words = []
    if row["errors_max"] > 0:
        words.append(f"{row['errors_max']:,.0f} errors")
    if row["status_max"] != 0:
        words.append(f"exit status {row['status_max']:.0f}")
    # a tool may stop without waiting for what each user has under way, and
    # Locust's counts begin when all users are there
    gap = row["requests"] - row["served"]
    allowed = row["users"] + row["served"] * 0.01
    if gap > allowed or (-gap > allowed
                         and not tool_named(row["tool"]).ramp):
        words.append(f"counts {row['requests']:,.0f} of "
                     f"{row['served']:,.0f}")
    return words


def cell(rows, skipped, tool, work, users):
    """A rate with its spread and CPU time, or why there is none."""
    key = (work.name, users, tool.name)
    row = rows.get(key)
    if not row:
        why = why_not(tool, work, users) or skipped.get(key, "")
        return why if len(why) <= WHY_WIDTH else why[:WHY_WIDTH] + "..."
    words = [remark(tool, work)] if remark(tool, work) else []
    if work.name == "tls-resume" and row["resumed"] is not None:
        if row["resumed"] < 0.9:
            words.append("resumes none" if row["resumed"] < 0.1
                         else f"resumes {row['resumed'] * 100:.0f} %")
    words += doubts(row)
    if row["rps"] < 1:
        text = f"none in most rounds, {rounded(row['rps_max'])} at best"
    else:
        text = (f"{rounded(row['rps'])}"
                f"{spread(row['rps_min'], row['rps'], row['rps_max'])} "
                f"({short(row['cpu_us'])})")
    return "<br>".join([text] + words)


def ratio_cell(results, one, other, of=lambda r: r.rps):
    pairs = ratios(results, one, other, of)
    if not pairs:
        return ""
    text = f"{statistics.median(pairs):.2f}"
    if len(pairs) > 1:
        text += f" ({min(pairs):.2f}..{max(pairs):.2f})"
    return text


def table(head, lines):
    """Nothing where all cells are empty."""
    if not lines:
        return ""
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    out += ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join(out) + "\n"


# of loadgen to the bare loops
RATIOS = [
    ("loadgen to the bare loop, by rate", BASE, lambda r: r.rps),
    ("the same by CPU time", BASE, lambda r: 1 / r.cpu_us),
    ("loadgen to the one that fetches ahead, by rate", STRICT,
     lambda r: r.rps),
    ("to that one by CPU time", STRICT, lambda r: 1 / r.cpu_us),
]


# --- tables ------------------------------------------------------------------

def rates(results, skipped, tools, columns):
    """Columns are triples of title, work and users."""
    rows = summarize(results, BASE)
    lines = []
    for tool in tools:
        cells = [cell(rows, skipped, tool, work, users)
                 for _, work, users in columns]
        if any((work.name, users, tool.name) in rows
               for _, work, users in columns):
            lines.append([tool.label] + cells)
    for label, base, of in RATIOS:
        cells = [ratio_cell(results, (work.name, users, "loadgen"),
                            (work.name, users, base), of)
                 for _, work, users in columns]
        if any(cells):
            lines.append([label] + cells)
    return table([""] + [title for title, _, _ in columns], lines)


def get_table(found, skipped, tools, users):
    shown = [u for u in users
             if any(r.work == GET.name and r.users == u
                    for r in found.results)]
    columns = [(f"{u:,} user{'s' if u > 1 else ''}", GET, u) for u in shown]
    return columns and rates(found.results, skipped, tools, columns)


def kinds_table(found, skipped, tools):
    measured = {r.work for r in found.results}
    columns = [(k.title, k, FEW) for k in KINDS if k.name in measured]
    return columns and rates(found.results, skipped, without_doubles(tools),
                             columns)


def costs_table(found, skipped, tools):
    """Start, memory and rows: few tools can do all."""
    rows = summarize(found.results, BASE)
    works = [rows_work(n) for n in ROWS]
    lines = []
    for tool in without_doubles(tools):
        cells = [start_cell(found.start, skipped, tool),
                 idle_cell(found, skipped, tool)]
        cells += [cell(rows, skipped, tool, w, FEW) or "not run"
                  for w in works]
        lines.append([tool.label] + cells)
    head = (["", "first request, ms",
             f"KB a user, {found.idle_users:,} idle"]
            + [w.title for w in works])
    measured = [bool(found.start), bool(found.idle)] + [
        any(key[0] == w.name for key in rows) for w in works]
    keep = [0] + [i + 1 for i, has in enumerate(measured) if has]
    if len(keep) == 1:
        return ""
    return table([head[i] for i in keep],
                 [[line[i] for i in keep] for line in lines])


def start_cell(start, skipped, tool):
    values = start.get(tool.name)
    if not values:
        return skipped.get(("start", 1, tool.name), "not run")
    middle = statistics.median(values)
    return f"{middle:,.0f}{spread(min(values), middle, max(values))}"


def idle_cell(found, skipped, tool):
    if tool.name in found.idle:
        return f"{found.idle[tool.name][0]:.1f}"
    return (why_not(tool, IDLE, found.idle_users)
            or skipped.get((IDLE.name, found.idle_users, tool.name),
                           "not run"))


def looking_table(results):
    rows = summarize(results, BASE)
    lines = []
    for plain, checked in LOOKING:
        keys = [(w.name, FEW, "loadgen") for w in (plain, checked)]
        if not all(key in rows for key in keys):
            continue
        lines.append([plain.title] + [
            f"{rounded(rows[key]['rps'])} ({short(rows[key]['cpu_us'])})"
            for key in keys] + [ratio_cell(results, keys[1], keys[0])])
    return table(["1 KB answer", "only fetched", "check and capture",
                  "rate left"], lines)


def alone_lines(found):
    """What only loadgen was asked for."""
    out = []
    for t in found.timers:
        out.append(f"- {t.users:,} users {t.what} ({t.per_s:,.0f} requests/s): "
                   f"{t.core_percent:.1f} % of a core")
    if found.late:
        def middle(name):
            return statistics.median(getattr(f, name) for f in found.late)
        rate = found.late[0].rate
        out.append(
            f"- at {rate:,}/s, half of its rate: "
            f"timers {middle('timer_ms'):.2f} ms late at p99 "
            f"({min(f.timer_ms for f in found.late):.2f}.."
            f"{max(f.timer_ms for f in found.late):.2f}), tasks "
            f"{middle('task_ms'):.2f} ms; {middle('core_percent'):.0f} % "
            f"of a core")
    rows = summarize(found.results, BASE)
    for work in (rows_work(n) for n in ROWS):
        row = rows.get((work.name, FEW, "loadgen"))
        if row:
            out.append(f"- {work.title}: "
                       f"{row['peak_kb'] / KB_PER_MB:,.0f} MB in all")
    return "\n".join(out) + "\n" if out else ""


# --- around them -------------------------------------------------------------

def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        found = re.search(r"model name\s*:\s*(.*)", f.read())
    system = os.uname()
    release = ".".join(system.release.split(".")[:2])
    return (f"{found[1].strip() if found else system.machine}, "
            f"{system.sysname} {release}")


def head(bench, tools):
    o = bench.options
    versions = ", ".join(dict.fromkeys(
        v for v in (version_of(t) for t in tools) if v))
    where = ("each tool on one core, nginx with one worker on another "
             if bench.server_core != bench.client_core else
             "one core for the tools and nginx alike, whose part is in every "
             "figure ")
    return (
        f"{datetime.date.today():%d %B %Y}, {machine()}. Medians of "
        f"{o.rounds} round{'s' if o.rounds > 1 else ''} of "
        f"{o.seconds} s or more, all tools in turn in each; "
        f"{where}over loopback. Requests per second, half of the spread "
        f"between the rounds, and in brackets microseconds of CPU per "
        f"request. Each process may open {bench.files:,} files and each "
        f"address has {bench.ports:,} ports: {bench.top:,} users are the most "
        f"here, with as many files in nginx. TLS is not verified.\n\n"
        f"{versions}.\n")


def report(bench, found):
    """All tables, with only what was measured in them."""
    o = bench.options
    few = f"{FEW} users"
    parts = [
        ("", head(bench, o.tools)),
        ("**GET, 3 bytes**", get_table(found, bench.skipped, o.tools,
                                       found.users)),
        (f"**Other work, {few}**", kinds_table(found, bench.skipped,
                                               o.tools)),
        (f"**What else it costs** (rows: names that requests are counted "
         f"under, {few})", costs_table(found, bench.skipped, o.tools)),
        (f"**Looking into an answer**, loadgen, {few}",
         looking_table(found.results)),
        ("**loadgen alone**", alone_lines(found)),
    ]
    return "\n".join(f"{title}\n\n{text}" if title else text
                     for title, text in parts if text)
