#!/usr/bin/env python3
"""What rules cost.

many     1,000 rules with 100 alerts each, every 10 s: CPU and how long after its tick each is done.
history  the same ten minutes evaluated in a store of one day and in one of a year: the ratio.
change   from a line's newline on disk to the page of a rule that is evaluated on change.

Usage: benches/rules.py [--fillwatch target/release/fillwatch] [many] [history] [change]
Needs Python 3.9, a release build, and a few minutes. All of it lies in a folder that goes afterwards.
"""

import argparse
import datetime as dt
import json
import os
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

RULES, BOTS, SECONDS = 1_000, 100, 60
DAYS, LINES_A_DAY = 365, 3_000
CHANGES = 100

HEADER = """--- severity = "warning"
--- every = "{every}"
--- window = "{window}"
--- key = ["bot"]
--- value = "n"
--- summary = "{{{{ bot }}}} has {{{{ n }}}}"
--- doc = "A benchmark."
"""


def world(folder, config=""):
    for name in ("logs", "rules"):
        (folder / name).mkdir()
    (folder / "fillwatch.toml").write_text(
        'store = "store"\n[[source]]\npath = "logs"\n[rules]\nshipped = false\ndirectory = "rules"\n' + config
    )


def state(folder):
    return sqlite3.connect(f"file:{folder}/store/state.db?mode=ro", uri=True, timeout=30)


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(fillwatch, folder):
    return subprocess.Popen([fillwatch, "watch"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def many(fillwatch, folder):
    world(folder)
    for at in range(RULES):
        sql = HEADER.format(every="10s", window="1h") + (
            f"select bot, count(*) + {at} as n from events where kind = 'heartbeat' group by bot\n"
        )
        (folder / "rules" / f"rule_{at:04}.sql").write_text(sql)
    logs = [open(folder / "logs" / f"bot{at:03}.jsonl", "a", buffering=1) for at in range(BOTS)]
    process = watch(fillwatch, folder)
    late, took, began, before = [], [], None, None
    try:
        end = None
        while end is None or time.time() < end:
            for log in logs:
                log.write(json.dumps({"ts": time.time(), "event": "heartbeat"}) + "\n")
            time.sleep(1)
            if not (folder / "store" / "state.db").exists():
                continue
            try:
                rows = state(folder).execute("select late_us, took_us, evaluations from rule_state where rule like 'rule_%'").fetchall()
            except sqlite3.OperationalError:
                continue
            # Two rounds to plan and settle, then the measure begins.
            if end is None and len(rows) == RULES and min(row[2] for row in rows) >= 2:
                end, began, before = time.time() + SECONDS, time.time(), cpu_seconds(process.pid)
            if end is not None:
                late += [row[0] / 1e6 for row in rows]
                took += [row[1] / 1e3 for row in rows]
        cpu = (cpu_seconds(process.pid) - before) / (time.time() - began)
        alerts = state(folder).execute("select count(*) from alert_state where phase = 'firing'").fetchone()[0]
        memory = int(next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if line.startswith("VmRSS")).split()[1]) >> 10
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    print(f"many: {RULES} rules, {alerts} alerts firing, every 10 s: {cpu:.2f} cores, {memory} MiB resident")
    print(f"  an evaluation: p50 {quantile(took, 0.5):.1f} ms, p99 {quantile(took, 0.99):.1f} ms")
    print(f"  done after its tick: p50 {quantile(late, 0.5):.2f} s, p99 {quantile(late, 0.99):.2f} s, worst {max(late):.2f} s")


def history(fillwatch, folder):
    first = dt.datetime(2025, 1, 5, tzinfo=dt.timezone.utc)
    for days in (1, DAYS):
        place = folder / f"{days}"
        place.mkdir()
        for at in range(DAYS - days, DAYS):
            start = (first + dt.timedelta(days=at)).strftime("%Y-%m-%dT00:00:00Z")
            logs = place / "logs" / f"{at:03}"
            rate = ["--duration", "1d", "--rate", str(LINES_A_DAY / 86_400)]
            subprocess.run([fillwatch, "simulate", logs, "--system", "kalshi", "--seed", str(at + 1), "--start", start, *rate], check=True, capture_output=True)
        subprocess.run([fillwatch, "--store", place / "store", "ingest", place / "logs"], check=True, capture_output=True)
    end = first + dt.timedelta(days=DAYS - 1, hours=20)
    span = [(end - dt.timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:%SZ"), end.strftime("%Y-%m-%dT%H:%M:%SZ")]
    rules = ["api_latency_p99", "rejection_rate", "error_rate", "heartbeat_lost", "unrealized_loss"]
    took = {}
    for turn in range(3):
        for days in (1, DAYS):
            command = [fillwatch, "--store", folder / f"{days}" / "store", "rules", "backtest", "--from", span[0], "--to", span[1]]
            for rule in rules:
                command += ["--rule", rule]
            began = time.time()
            subprocess.run(command, check=True, capture_output=True)
            took.setdefault(days, []).append(time.time() - began)
    day, year = (quantile(took[days], 0.5) for days in (1, DAYS))
    print(f"history: twenty minutes of {len(rules)} rules, the process with it: {day:.2f} s in a day, {year:.2f} s in a year: ratio {year / day:.2f}")


def change(fillwatch, folder):
    world(folder)
    sql = HEADER.format(every="on_change", window="5m").replace("--- key", '--- kinds = ["halt"]\n--- key').replace('["bot"]', '["bot", "reason"]')
    (folder / "rules" / "halted.sql").write_text(sql + "select bot, message as reason, 1 as n from events where kind = 'halt'\n")
    log = open(folder / "logs" / "mm1.jsonl", "a", buffering=1)
    process = watch(fillwatch, folder)
    written = {}
    try:
        time.sleep(5)
        for at in range(CHANGES):
            now = time.time()
            log.write(json.dumps({"ts": now, "event": "halt", "message": f"r{at}"}) + "\n")
            written[f"r{at}"] = now
            time.sleep(0.3)
        time.sleep(2)
        rows = state(folder).execute("select key, told_at from transition where turn = 'firing'").fetchall()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    took = [told / 1e6 - written[json.loads(key)["reason"]] for key, told in rows]
    print(f"change: {len(took)} of {CHANGES} lines paged, p50 {quantile(took, 0.5) * 1e3:.0f} ms, p99 {quantile(took, 0.99) * 1e3:.0f} ms after their newline")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fillwatch", default="target/release/fillwatch")
    parser.add_argument("what", nargs="*", default=["many", "history", "change"])
    arguments = parser.parse_args()
    fillwatch = str(Path(arguments.fillwatch).resolve())
    for what in arguments.what:
        with tempfile.TemporaryDirectory() as folder:
            {"many": many, "history": history, "change": change}[what](fillwatch, Path(folder))


if __name__ == "__main__":
    main()
