#!/usr/bin/env python3
"""Checks a fillwatch store against what a verifiable writer says that it wrote.

Shares no code with fillwatch, nor with the library that it writes its tables through: the Delta log
is read here, from its published protocol, and Parquet through pyarrow.

A verifiable line is a JSON object

    {"writer": w, "seq": n, "pad": p, "sha": s}      s = hex(sha256(f"{w}|{n}|{p}"))

with other fields beside them if need be. WRITTEN is a JSON object {w: highest n written}; each
writer counts from --first-seq (0). Checked, over the tables `events` and `quarantine`:

    lost        a number up to the highest is in neither table
    doubled     it is there more than once
    torn        a line whose sha is not that of its fields, or a piece of one
    strange     a line that no writer has written
    misplaced   a whole, good line in quarantine
    collided    two lines have one (file_id, offset)

Usage:  check_store.py STORE WRITTEN [--first-seq N]
        check_store.py --self-test
Prints one line, then the first offenders. Exit code: 0 all is there once, 1 it is not, 2 the store
cannot be read. Needs Python 3.9 and pyarrow.
"""

import argparse
import hashlib
import json
import re
import sys
import tempfile
import urllib.parse
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SHOWN = 5


class Unreadable(Exception):
    """The table is not what the protocol says a table is."""


# The Delta log


def live_files(table):
    """The Parquet files of the newest version of a Delta table."""
    table = Path(table)
    log = table / "_delta_log"
    if not log.is_dir():
        raise Unreadable(f"{table} is no Delta table: it has no _delta_log")
    version, live = checkpoint(log)
    while (commit := log / f"{version + 1:020}.json").exists():
        apply(commit, live)
        version += 1
    newest = max((int(p.stem) for p in log.glob("*.json") if re.fullmatch(r"\d{20}", p.stem)), default=-1)
    if newest > version or version < 0:
        raise Unreadable(f"{log} has no commit {version + 1} although the newest is {newest}")
    return [table / urllib.parse.unquote(path) for path in sorted(live)]


def checkpoint(log):
    """The version and the live paths of the newest whole checkpoint; version -1 if there is none."""
    parts = {}
    for path in log.glob("*.checkpoint*.parquet"):
        found = re.fullmatch(r"(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet", path.name)
        if not found:
            raise Unreadable(f"{path} is a checkpoint of a form that is not known here")
        key = (int(found[1]), int(found[3] or 1))
        parts.setdefault(key, []).append(path)
    whole = [key for key, paths in parts.items() if len(paths) == key[1]]
    if not whole:
        return -1, set()
    newest = max(whole)
    live = set()
    for path in parts[newest]:
        for add in pq.read_table(path, columns=["add"])["add"].to_pylist():
            if add and add.get("path"):
                live.add(plain(add))
    return newest[0], live


def apply(commit, live):
    """Applies one commit's actions to the set of live paths."""
    removed, added = set(), set()
    for line in commit.read_text().splitlines():
        try:
            action = json.loads(line)
        except ValueError as error:
            raise Unreadable(f"{commit} is torn: {error}") from error
        if "add" in action:
            added.add(plain(action["add"]))
        elif "remove" in action:
            removed.add(action["remove"]["path"])
    live -= removed
    live |= added


def plain(add):
    if add.get("deletionVector"):
        raise Unreadable(f"{add['path']} has a deletion vector, which is not read here")
    return add["path"]


def rows(table, columns):
    """The named columns of every live row, None where a file lacks the column."""
    for path in live_files(table):
        if not path.exists():
            raise Unreadable(f"{path} is live in the log and not on disk")
        file = pq.ParquetFile(path)
        names = [name for name in columns if name in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=65536, columns=names):
            values = {name: batch.column(name).to_pylist() for name in names}
            missing = [None] * batch.num_rows
            yield from zip(*(values.get(name, missing) for name in columns))


# The check


def sha(writer, seq, pad):
    return hashlib.sha256(f"{writer}|{seq}|{pad}".encode()).hexdigest()


class Findings:
    """What is wrong, counted, with the first few of each kind."""

    def __init__(self):
        self.counts = Counter()
        self.shown = []

    def add(self, kind, what, count=1):
        self.counts[kind] += count
        if sum(1 for shown in self.shown if shown.startswith(kind)) < SHOWN:
            self.shown.append(f"{kind}: {what}")


def check(store, written, first_seq=0):
    """Checks the store; returns the summary and the findings."""
    store = Path(store)
    findings = Findings()
    seen = Counter()
    places = Counter()
    counts = {"events": 0, "quarantine": 0}
    columns = ["file_id", "offset", "writer", "seq", "pad", "sha"]
    for file_id, offset, writer, seq, pad, digest in rows(store / "events", columns):
        counts["events"] += 1
        places[(file_id, offset)] += 1
        take(findings, seen, f"{file_id} at {offset}", writer, seq, pad, digest)
    if (store / "quarantine" / "_delta_log").is_dir():
        for file_id, offset, reason, raw in rows(store / "quarantine", ["file_id", "offset", "reason", "raw"]):
            counts["quarantine"] += 1
            places[(file_id, offset)] += 1
            quarantined(findings, seen, f"{file_id} at {offset}", reason, raw)
    for place, count in places.items():
        if count > 1:
            findings.add("collided", f"{count} lines at {place[0]}, offset {place[1]}", count - 1)
    numbers(findings, seen, written, first_seq)
    expected = sum(last - first_seq + 1 for last in written.values())
    summary = f"{expected} lines of {len(written)} writers written; {counts['events']} rows in events, {counts['quarantine']} in quarantine"
    return summary, findings


def take(findings, seen, where, writer, seq, pad, digest):
    """Counts a row if it is a whole line of a writer."""
    whole = writer is not None and isinstance(seq, (int, float)) and float(seq).is_integer()
    if not whole or digest != sha(writer, int(seq), pad):
        findings.add("torn", f"{where}: writer {writer!r} seq {seq!r}, sha does not match")
        return False
    seen[(writer, int(seq))] += 1
    return True


def quarantined(findings, seen, where, reason, raw):
    raw = raw.encode() if isinstance(raw, str) else bytes(raw or b"")
    try:
        line = json.loads(raw)
        whole = sha(line["writer"], line["seq"], line["pad"]) == line["sha"]
    except (ValueError, KeyError, TypeError):
        whole = False
    if whole:
        seen[(line["writer"], line["seq"])] += 1
        findings.add("misplaced", f"{where}: {line['writer']} {line['seq']} is whole, quarantined for {reason!r}")
    else:
        findings.add("torn", f"{where}: {raw[:60]!r} quarantined for {reason!r}")


def numbers(findings, seen, written, first_seq):
    """Compares the lines found with the lines written."""
    for writer, last in written.items():
        for seq in range(first_seq, last + 1):
            count = seen.pop((writer, seq), 0)
            if count == 0:
                findings.add("lost", f"{writer} {seq}")
            elif count > 1:
                findings.add("doubled", f"{writer} {seq} is there {count} times", count - 1)
    for (writer, seq), count in seen.items():
        findings.add("strange", f"{writer} {seq} was never written", count)


def report(summary, findings):
    """Prints the verdict; returns the exit code."""
    if not findings.counts:
        print(f"ok: {summary}; each once")
        return 0
    bad = ", ".join(f"{count} {kind}" for kind, count in sorted(findings.counts.items()))
    print(f"FAILED: {bad}; {summary}")
    for shown in findings.shown:
        print(f"  {shown}")
    return 1


# The self-test: a checker that cannot fail checks nothing


class Doctored:
    """A small store with known faults."""

    def __init__(self, folder):
        self.store = Path(folder)
        self.versions = Counter()
        self.offset = 0

    def commit(self, table, columns, removes=(), torn=False):
        """Writes one file of rows and the commit that adds it; returns its name."""
        log = self.store / table / "_delta_log"
        log.mkdir(parents=True, exist_ok=True)
        version = self.versions[table]
        self.versions[table] += 1
        name = f"date=2026-01-05/part {version}.parquet"
        path = self.store / table / name
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table(columns), path)
        quoted = urllib.parse.quote(name)
        actions = [{"add": {"path": quoted}}] + [{"remove": {"path": old}} for old in removes]
        text = "\n".join(json.dumps(action) for action in actions)
        (log / f"{version:020}.json").write_text(text[:-5] if torn else text)
        return quoted

    def lines(self, writer, seqs, spoil=()):
        """Rows of a writer; those in `spoil` have lost a piece."""
        columns = {name: [] for name in ["file_id", "offset", "writer", "seq", "pad", "sha"]}
        for seq in seqs:
            pad = "x" * (seq % 7)
            row = ["f1", self.offset, writer, float(seq), pad + "!" if seq in spoil else pad, sha(writer, seq, pad)]
            self.offset += 100
            for name, value in zip(columns, row):
                columns[name].append(value)
        return columns

    def quarantine(self, raw):
        columns = {"file_id": ["f1"], "offset": [self.offset], "reason": ["malformed"], "raw": [raw]}
        self.offset += 100
        self.commit("quarantine", columns)

    def checkpoint(self):
        """Folds the log into a checkpoint and deletes the commits in it."""
        log = self.store / "events" / "_delta_log"
        live = [urllib.parse.quote(str(p.relative_to(self.store / "events"))) for p in live_files(self.store / "events")]
        version = self.versions["events"] - 1
        adds = pa.array([None] + [{"path": path} for path in live], pa.struct([("path", pa.string())]))
        pq.write_table(pa.table({"add": adds}), log / f"{version:020}.checkpoint.parquet")
        for commit in log.glob("*.json"):
            commit.unlink()


def self_test():
    """Doctors stores in every way that matters and checks that each is seen for what it is."""
    whole = {"a": 9, "b": 4}

    def base(s):
        s.commit("events", s.lines("a", range(10)))
        s.commit("events", s.lines("b", range(5)))

    def missing(s):
        s.commit("events", s.lines("a", [n for n in range(10) if n not in (3, 7)]))
        s.commit("events", s.lines("b", range(4)))

    def doubled(s):
        base(s)
        s.commit("events", s.lines("a", [4]))

    def collided(s):
        base(s)
        s.offset = 0
        s.commit("events", s.lines("a", [0]))

    def torn(s):
        s.commit("events", s.lines("a", range(10), spoil={6}))
        s.commit("events", s.lines("b", range(5)))

    def nulls(s):
        base(s)
        s.commit("events", {"file_id": ["f1"], "offset": [9_999], "message": ["no line of ours"]})

    def piece(s):
        base(s)
        s.quarantine(b'{"writer": "a", "se')

    def misplaced(s):
        s.commit("events", s.lines("a", range(10)))
        s.commit("events", s.lines("b", range(4)))
        s.quarantine(json.dumps({"writer": "b", "seq": 4, "pad": "p", "sha": sha("b", 4, "p")}).encode())

    def strange(s):
        base(s)
        s.commit("events", s.lines("b", [5]))

    def compacted(s):
        first = s.commit("events", s.lines("a", range(10)))
        second = s.commit("events", s.lines("b", range(5)))
        s.offset = 0
        both = [s.lines("a", range(10)), s.lines("b", range(5))]
        s.commit("events", {k: both[0][k] + both[1][k] for k in both[0]}, removes=[first, second])

    def checkpointed(s):
        compacted(s)
        s.checkpoint()

    def checkpointed_and_lost(s):
        missing(s)
        s.checkpoint()

    def after_checkpoint(s):
        s.commit("events", s.lines("a", range(10)))
        s.checkpoint()
        s.commit("events", s.lines("b", range(5)))

    def gone(s):
        base(s)
        live_files(s.store / "events")[0].unlink()

    def gap(s):
        base(s)
        (s.store / "events" / "_delta_log" / f"{0:020}.json").unlink()

    def torn_commit(s):
        base(s)
        s.commit("events", s.lines("a", [10]), torn=True)

    cases = [
        (base, {}), (compacted, {}), (checkpointed, {}), (after_checkpoint, {}),
        (missing, {"lost": 3}), (checkpointed_and_lost, {"lost": 3}),
        (doubled, {"doubled": 1}), (collided, {"collided": 1, "doubled": 1}),
        (torn, {"torn": 1, "lost": 1}), (nulls, {"torn": 1}), (piece, {"torn": 1}),
        (misplaced, {"misplaced": 1}), (strange, {"strange": 1}),
        (gone, None), (gap, None), (torn_commit, None),
    ]
    failures = 0
    for doctor, want in cases:
        with tempfile.TemporaryDirectory() as folder:
            doctor(Doctored(folder))
            try:
                got = dict(check(folder, whole)[1].counts)
            except Unreadable:
                got = None
        if got != want:
            failures += 1
            print(f"  {doctor.__name__}: found {got}, wanted {want}")
    print(f"{'FAILED' if failures else 'ok'}: self-test, {len(cases)} doctored stores, {failures} misjudged")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", nargs="?", help="folder of the store")
    parser.add_argument("written", nargs="?", help="JSON file {writer: highest seq written}")
    parser.add_argument("--first-seq", type=int, default=0, help="what each writer counts from")
    parser.add_argument("--self-test", action="store_true", help="check the checker")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    if not arguments.store or not arguments.written:
        parser.error("give STORE and WRITTEN, or --self-test")
    try:
        written = json.loads(Path(arguments.written).read_text())
        return report(*check(arguments.store, written, arguments.first_seq))
    except (Unreadable, OSError, ValueError, pa.ArrowException) as error:
        print(f"check_store: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
