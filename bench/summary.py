"""From the results of all rounds to one row for each tool and piece of work."""

import csv
import statistics


def ratios(results, one, other, of=lambda r: r.rps):
    """For each round the one's value to the other's in it. Both are triples
    of work, users and tool."""
    values = {((r.work, r.users, r.tool), r.round): of(r) for r in results}
    return [value / values[other, n] for (key, n), value in values.items()
            if key == one and values.get((other, n))]


def ratio(results, one, other, of=lambda r: r.rps):
    """The median of the rounds' ratios, None without any."""
    pairs = ratios(results, one, other, of)
    return statistics.median(pairs) if pairs else None


def summarize(results, base):
    """One dict for each work, number of users and tool, by these three, in
    the order of the run."""
    rows = {}
    for key in dict.fromkeys((r.work, r.users, r.tool) for r in results):
        work, users, tool = key
        mine = [r for r in results if (r.work, r.users, r.tool) == key]
        row = {"work": work, "users": users, "tool": tool,
               "rounds": len(mine)}
        for name in ("rps", "cpu_us", "peak_kb", "requests", "served",
                     "errors", "status"):
            values = [getattr(r, name) for r in mine]
            row[name] = statistics.median(values)
            row[name + "_min"] = min(values)
            row[name + "_max"] = max(values)
        resumed = [r.resumed for r in mine if r.resumed is not None]
        row["resumed"] = statistics.median(resumed) if resumed else None
        row["to_" + base] = ratio(results, key, (work, users, base))
        # steadier where something else wants the same core
        row["cpu_to_" + base] = ratio(results, key, (work, users, base),
                                      lambda r: 1 / r.cpu_us)
        rows[key] = row
    return rows


def write_csv(path, rows):
    if not rows:
        return
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.DictWriter(f, fieldnames=list(rows[0]))
        out.writeheader()
        for row in rows:
            out.writerow({k: round(v, 3) if isinstance(v, float) else v
                          for k, v in row.items()})
