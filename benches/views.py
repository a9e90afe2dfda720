#!/usr/bin/env python3
"""Every view over a day of 5 million events and over an hour of it, beside the same SQL in DuckDB.

    benches/views.py                       # builds, generates, ingests, measures, prints a Markdown table
    benches/views.py --only fills --only bots --runs 5
    benches/views.py --no-duckdb

Needs what benches/peers/run.py needs. Everything it makes is below --work (target/views). fillwatch is
timed as a user meets it: a fresh process from start to end. DuckDB is timed without its start, in a process
that has read the files' footers before. Both read the same Parquet files from the page cache and compute all
columns of all rows, and give none of them out (`explain analyze`).

DuckDB has no fold of an order's lines and none of our window functions. `order_book` and `executions` are so
given to it ready made, as Parquet files that fillwatch wrote: for the views that read them it does
less. A view that it cannot plan has no figure.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE / "peers"), str(ROOT / "tests")]
import run as peers  # noqa: E402

BOTS, SEED, RATE = 2, 5, 57.87
DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
HOUR = ("2026-01-05T13:00:00Z", "2026-01-05T14:00:00Z")
# What DuckDB is given ready made.
OURS = ["order_book", "executions"]


def main():
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    fillwatch = peers.build_fillwatch()
    store = ingest(options, fillwatch)
    views = sorted(path.stem for path in (ROOT / "sql" / "views").glob("*.sql"))
    views = [view for view in views if not options.only or view in options.only]
    ours = {view: {} for view in views}
    for turn in range(options.runs):
        for view in views:
            for name, window in [("day", DAY), ("hour", HOUR)]:
                ours[view].setdefault(name, []).append(ask(fillwatch, store, view, window))
        print(f"run {turn + 1} of fillwatch", file=sys.stderr)
    start = statistics.median(ask(fillwatch, store, None, HOUR)[1] for _ in range(5))
    theirs = {} if options.no_duckdb else duckdb(options, fillwatch, store, views)
    text = table(ours, theirs, start)
    (options.work / "table.md").write_text(text)
    print(text)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "views")
    parser.add_argument("--only", action="append", help="measure only these views, by name")
    parser.add_argument("--no-duckdb", action="store_true")
    options = parser.parse_args()
    options.work = options.work.resolve()
    return options


def ingest(options, fillwatch):
    """A store with the day, unless it is there already."""
    store, made = options.work / "store", options.work / "made.txt"
    wanted = f"{options.lines} {BOTS} {SEED} {RATE} {DAY[0]}"
    if made.exists() and made.read_text() == wanted:
        return store
    for folder in [store, options.work / "logs"]:
        shutil.rmtree(folder, ignore_errors=True)
    peers.run([fillwatch, "simulate", options.work / "logs", "--system", "kalshi", "--bots", BOTS, "--rate", RATE,
               "--lines", options.lines, "--seed", SEED, "--start", DAY[0]])
    peers.run([fillwatch, "ingest", options.work / "logs", "--store", store])
    made.write_text(wanted)
    return store


def ask(fillwatch, store, view, window):
    """CPU seconds, wall seconds and peak MiB of one process that computes the view."""
    sql = f"explain analyze select * from {view}" if view else "select 1"
    # What needs more memory than a query has by default has no figure, and that is said.
    command = [fillwatch, "sql", "--store", store, "--from", window[0], "--to", window[1], sql]
    try:
        return peers.measure(view or "start", command, store.parent / "log.txt")
    except SystemExit as failure:
        print(failure, file=sys.stderr)
        return float("nan"), float("nan"), float("nan")


def duckdb(options, fillwatch, store, views):
    """Seconds by view and window, of the views that DuckDB can plan."""
    python = peers.virtual_environment(options.work)
    for table in OURS:
        peers.run([fillwatch, "sql", "--store", store, "--to", DAY[1], "--timeout", "10m",
                   "-o", options.work / f"{table}.parquet", f"select * from {table}"])
    command = [str(python), str(HERE / "views_duckdb.py"), str(ROOT / "sql" / "views"), str(store / "events"),
               str(options.work), str(options.runs), *DAY, *HOUR, *views]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    theirs = {}
    for line in lines:
        view, window, seconds = line.split("\t")
        theirs.setdefault(view, {})[window] = float(seconds) if re.match(r"^[\d.]+$", seconds) else None
    return theirs


def table(ours, theirs, start):
    lines = [
        f"Of each figure of fillwatch, {start * 1000:.0f} ms are the start of the process and the opening of the store.",
        "",
        "| view | day s | DuckDB | ratio | hour ms | DuckDB | ratio | peak MiB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    ratios = []
    for view, windows in ours.items():
        day, hour = (statistics.median(wall for _, wall, _ in windows[name]) for name in ["day", "hour"])
        peak = max(memory for runs in windows.values() for _, _, memory in runs)
        other = theirs.get(view, {})
        cells = []
        for ours_s, theirs_s, scale, digits in [(day, other.get("day"), 1, 2), (hour, other.get("hour"), 1000, 0)]:
            cells.append(f"{ours_s * scale:.{digits}f}")
            if theirs_s:
                if not reads_ours(view):
                    ratios.append(ours_s / theirs_s)
                cells += [f"{theirs_s * scale:.{digits}f}", f"{ours_s / theirs_s:.2f}"]
            else:
                cells += ["–", ""]
        mark = " †" if other and reads_ours(view) else ""
        lines.append(f"| {view}{mark} | {' | '.join(cells)} | {peak:.0f} |")
    if ratios:
        lines += ["", "† DuckDB was given the orders and fills ready made.", "",
                  f"Median ratio of the {len(ratios)} others that both have: {statistics.median(ratios):.2f}."]
    return "\n".join(lines) + "\n"


def reads_ours(view):
    """Whether the view, or one that it reads, reads what is given to DuckDB ready made."""
    text = re.sub(r"--.*", "", (ROOT / "sql" / "views" / f"{view}.sql").read_text())
    read = set(re.findall(r"\b(?:from|join)\s+(\w+)", text))
    return any(name in OURS or (ROOT / "sql" / "views" / f"{name}.sql").exists() and name != view and reads_ours(name)
               for name in read)


if __name__ == "__main__":
    main()
