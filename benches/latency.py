#!/usr/bin/env python3
"""How long a line takes from its newline on disk to being visible in the snapshot that queries get.

Runs `fillwatch watch` on a directory, writes lines into it at a steady rate, and now and then asks the
running watch for its snapshot over its socket, as `fillwatch sql` does. The age of the newest line in it is
the latency, counted to the moment at which the answer began: an upper bound.

Usage: benches/latency.py [--fillwatch target/release/fillwatch] [--rates 100,2000,20000] [--seconds 15]
Needs Python 3.9 and pyarrow.
"""

import argparse
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

FILES = 4


def write_lines(logs, rate, until):
    files = [open(logs / f"bot{at}.jsonl", "ab", buffering=0) for at in range(FILES)]
    began, written = time.time(), 0
    while (now := time.time()) < until:
        due = int((now - began) * rate) - written
        if due <= 0:
            time.sleep(min(0.002, 1 / rate))
            continue
        due = min(due, max(1, rate // 200))
        lines = "".join(
            f'{{"ts": {time.time():.6f}, "event": "order_placed", "market": "KXBTC-25DEC-T50000", "side": "yes", '
            f'"price": 0.42, "size": 10, "order_id": "ord_{written + at}", "model_fair": 0.44, "n": {written + at}}}\n'
            for at in range(due)
        )
        files[written % FILES].write(lines.encode())
        written += due
    return written


def visible(path):
    """The newest `n` that a query would see, when the answer began, and how many rows are in memory."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))
        with peer.makefile("rb") as answer:
            magic = answer.read(8)
            began = time.time()
            assert magic == b"FWSNAP02", magic
            part = lambda: answer.read(struct.unpack("<Q", answer.read(8))[0])
            header = json.loads(part())
            newest, rows = None, 0
            for _ in range(header["events"]):
                for batch in pa.ipc.open_stream(part()):
                    rows += batch.num_rows
                    ts = pc.max(batch.column("ts")).cast(pa.int64()).as_py() / 1e6
                    newest = ts if newest is None else max(newest, ts)
            return newest, began, rows


def measure(binary, rate, seconds):
    with tempfile.TemporaryDirectory() as place:
        logs, store = Path(place) / "logs", Path(place) / "store"
        logs.mkdir()
        watch = subprocess.Popen([binary, "-q", "watch", logs, "--store", store], stderr=subprocess.DEVNULL)
        while not (store / "fillwatch.sock").exists():
            time.sleep(0.05)
        until = time.time() + seconds
        done = []
        writer = threading.Thread(target=lambda: done.append(write_lines(logs, rate, until)))
        writer.start()
        ages, rows_max = [], 0
        time.sleep(1)
        while time.time() < until - 0.5:
            newest, began, rows = visible(store / "fillwatch.sock")
            # Just after a commit nothing may be in memory: then the newest line is not in this answer.
            if newest is not None:
                ages.append((began - newest) * 1000)
            rows_max = max(rows_max, rows)
            time.sleep(0.05)
        writer.join()
        watch.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(watch.pid, 0)
    ages.sort()
    at = lambda share: ages[min(len(ages) - 1, int(len(ages) * share))]
    cpu = usage.ru_utime + usage.ru_stime
    return [f"{rate:,}", f"{done[0]:,}", len(ages), f"{at(0.5):.1f}", f"{at(0.99):.1f}", f"{ages[-1]:.1f}",
            f"{cpu / done[0] * 1e6:.1f}", f"{usage.ru_maxrss / 1024:.0f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fillwatch", default="target/release/fillwatch")
    parser.add_argument("--rates", default="100,2000,20000")
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    print("| lines/s | lines | looks | p50 ms | p99 ms | max ms | CPU s per million lines | peak MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for rate in options.rates.split(","):
        print("|", " | ".join(map(str, measure(options.fillwatch, int(rate), options.seconds))), "|", flush=True)


if __name__ == "__main__":
    main()
