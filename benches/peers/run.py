#!/usr/bin/env python3
"""fillwatch beside DuckDB, chDB and Polars: the same log files into Parquet, as whole processes.

    benches/peers/run.py                    # builds, generates, measures, prints a Markdown table
    benches/peers/run.py --runs 5 --lines 3000000
    benches/peers/run.py --no-fillwatch     # the peers alone

Needs Python 3.9 with venv, cargo, and the package registries the first time; no root. Everything it
makes is below --work (target/peers). Each contender runs in a fresh process, bound to two cores;
CPU seconds, wall time and peak memory are what the kernel says of that process when it is waited
for. Contenders take turns, so that a noisy minute meets all of them. The files are read once
before, so that all find them in the page cache.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED, BOTS = 1, 4
PEERS = ["duckdb", "chdb", "polars"]


def main():
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    python = virtual_environment(options.work)
    fillwatch = None if options.no_fillwatch else build_fillwatch()
    logs, truth = generate(options, fillwatch)
    truth["fields"] = read_all(logs)
    contenders = jobs(python, fillwatch, logs, options)
    results = {name: [] for name, _, _ in contenders}
    counted = {}
    for turn in range(options.runs):
        for name, command, form in contenders:
            output = options.work / "out"
            shutil.rmtree(output, ignore_errors=True)
            output.mkdir()
            measured = measure(name, command(output), options.work / "log.txt")
            results[name].append(measured)
            counted[name] = count(python, form, output)
            verify(name, counted[name], truth)
            cpu, wall, memory = measured
            print(f"run {turn + 1}: {name}: {cpu:.2f} CPU s, {wall:.2f} s, {memory:.0f} MiB", file=sys.stderr)
    text = table(results, counted, truth, options)
    (options.work / "table.md").write_text(text)
    print(text)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=3_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "peers")
    parser.add_argument("--no-fillwatch", action="store_true", help="measure the peers alone")
    parser.add_argument("--only", action="append", help="measure only these contenders, by name")
    options = parser.parse_args()
    options.work = options.work.resolve()
    return options


def virtual_environment(work):
    """An environment with the pinned peers; made once for each list of versions."""
    requirements = HERE / "requirements.txt"
    folder = work / "venv"
    python, made_from = folder / "bin" / "python", folder / "made-from.txt"
    if not made_from.exists() or made_from.read_text() != requirements.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, "-m", "venv", folder])
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements])
        made_from.write_text(requirements.read_text())
    return python


def target_directory():
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version=1", "--no-deps", "--offline"],
        cwd=ROOT, check=True, capture_output=True,
    )
    return Path(json.loads(metadata.stdout)["target_directory"])


def build_fillwatch():
    run(["cargo", "build", "--release", "--locked", "--bin", "fillwatch"])
    return target_directory() / "release" / "fillwatch"


def generate(options, fillwatch):
    """The logs, unless those that are there are them already."""
    logs = options.work / "logs"
    truth_file = options.work / "truth.json"
    if truth_file.exists() and logs.is_dir():
        truth = json.loads(truth_file.read_text())
        if truth["lines"] == options.lines and truth["seed"] == SEED:
            return logs, truth
    shutil.rmtree(logs, ignore_errors=True)
    if fillwatch:
        run([fillwatch, "simulate", logs, "--system", "kalshi", "--bots", BOTS, "--lines", options.lines,
             "--seed", SEED, "--truth", truth_file])
    else:
        run(["cargo", "run", "--release", "--locked", "--quiet", "-p", "fillwatch-simulate", "--example",
             "write_logs", "--", logs, BOTS, options.lines, SEED, truth_file])
    return logs, json.loads(truth_file.read_text())


def read_all(logs):
    """Reads every line, so that it is in the page cache, and counts the different fields."""
    fields = set()
    for path in sorted(logs.rglob("*.jsonl")):
        with path.open("rb") as file:
            fields.update(*(re.findall(rb'"(\w+)": ', line) for line in file))
    return len(fields)


def jobs(python, fillwatch, logs, options):
    """Name, command given the output folder, and what the output is."""
    source = f"{logs}/kalshi/*/*.jsonl"
    contenders = []
    if fillwatch:
        contenders.append(("fillwatch ingest", lambda out: [fillwatch, "ingest", logs, "--store", out / "store"], "store"))
    for work in ["sorted", "plain"]:
        for peer in PEERS:
            def command(out, peer=peer, work=work):
                return [python, HERE / "jobs.py", peer, work, source, out]
            contenders.append((f"{peer}, {work}", command, "parquet"))
    return [c for c in contenders if not options.only or c[0] in options.only]


def measure(name, command, log):
    """Runs a command on two cores; CPU seconds, wall seconds, peak MiB of it and its children."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    with log.open("w") as output:
        start = time.monotonic()
        child = subprocess.Popen(
            [str(part) for part in command], stdout=output, stderr=output, cwd=log.parent,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{name} failed with {child.returncode}:\n{log.read_text()[-2000:]}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def count(python, form, output):
    folder = output / "store" if form == "store" else output
    done = subprocess.run([str(python), str(HERE / "count.py"), form, str(folder)], check=True, capture_output=True)
    return json.loads(done.stdout)


def verify(name, counted, truth):
    """A row too few, or a field that no sample showed, and the figures are of something else."""
    if counted["rows"] != truth["lines"] or counted.get("rejects"):
        sys.exit(f"{name} wrote {counted['rows']} rows of {truth['lines']} lines, {counted.get('rejects', 0)} rejects")
    if counted["columns"] < truth["fields"]:
        sys.exit(f"{name} wrote {counted['columns']} columns, the logs have {truth['fields']} fields")


def table(results, counted, truth, options):
    cell = lambda values, digits: f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"
    lines = [
        f"{truth['lines']:,} lines, {truth['bytes'] / 1e6:.0f} MB in {len(truth['files'])} files; "
        f"{options.runs} runs, median (least–most).",
        "",
        "| contender | CPU s | wall s | peak MiB | MB out | rows | columns |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, runs in results.items():
        cpu, wall, memory = zip(*runs)
        c = counted[name]
        lines.append(
            f"| {name} | {cell(cpu, 2)} | {cell(wall, 1)} | {cell(memory, 0)} "
            f"| {c['bytes'] / 1e6:.1f} | {c['rows']:,} | {c['columns']} |"
        )
    return "\n".join(lines) + "\n"


def run(command):
    print("+", " ".join(map(str, command)), file=sys.stderr)
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
