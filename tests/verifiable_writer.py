#!/usr/bin/env python3
"""Writes numbered, hashed log lines as a bot would, and rotates, until its standard input closes.

Each line can be checked by itself (see check_store.py), so that one that is lost, doubled or torn
is found by a program that knows nothing of fillwatch. Lines are written in pieces, flushed at odd
places; files are rotated by rename, several of them shifting at once, and some rotated ones are
compressed afterwards. Nothing that was written is deleted, so every line must be found.

Usage: verifiable_writer.py LOGS WRITTEN [--writers N] [--rate LINES_PER_SECOND] [--seed S]
Writes {writer: highest number written} to WRITTEN when it ends.
"""

import argparse
import gzip
import hashlib
import json
import random
import select
import shutil
import sys
import time
from pathlib import Path

KINDS = ["order_placed", "fill_received", "heartbeat", "order_cancelled"]


class Writer:
    def __init__(self, logs, name, rng):
        self.path = logs / name / "bot.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.rng = rng
        self.seq = -1
        self.file = open(self.path, "ab", buffering=0)

    def line(self):
        self.seq += 1
        pad = "x" * self.rng.choice([0, 10, 80, 80, 200, 2000])
        text = f"{self.name}|{self.seq}|{pad}"
        return json.dumps({
            "ts": time.time(),
            "event": self.rng.choice(KINDS),
            "writer": self.name,
            "seq": self.seq,
            "pad": pad,
            "sha": hashlib.sha256(text.encode()).hexdigest(),
        }).encode() + b"\n"

    def write(self, lines):
        data = b"".join(self.line() for _ in range(lines))
        if self.rng.random() < 0.3:
            at = self.rng.randrange(1, len(data))
            self.file.write(data[:at])
            time.sleep(self.rng.random() * 0.02)
            self.file.write(data[at:])
        else:
            self.file.write(data)

    def rotate(self):
        rotated = sorted(
            (int(path.name.removeprefix("bot.jsonl.").removesuffix(".gz")), path)
            for path in self.path.parent.glob("bot.jsonl.*")
            if not path.name.endswith(".part")
        )
        for number, path in reversed(rotated):
            suffix = ".gz" if path.name.endswith(".gz") else ""
            path.rename(path.with_name(f"bot.jsonl.{number + 1}{suffix}"))
        self.path.rename(self.path.with_name("bot.jsonl.1"))
        self.file.close()
        self.file = open(self.path, "ab", buffering=0)
        if rotated and self.rng.random() < 0.5:
            self.compress()

    def compress(self):
        """gzip as logrotate does: into a new file under a name that is no log's, then in place."""
        plain = sorted(self.path.parent.glob("bot.jsonl.*"), key=lambda path: path.name)
        plain = [path for path in plain if path.suffix not in (".gz", ".part") and not path.name.endswith(".1")]
        if not plain:
            return
        victim = self.rng.choice(plain)
        part = victim.with_name(victim.name + ".gz.part")
        with open(victim, "rb") as source, gzip.open(part, "wb") as target:
            shutil.copyfileobj(source, target)
        part.rename(victim.with_name(victim.name + ".gz"))
        victim.unlink()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("logs", type=Path)
    parser.add_argument("written", type=Path)
    parser.add_argument("--writers", type=int, default=3)
    parser.add_argument("--rate", type=float, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    writers = [Writer(options.logs, f"w{at}", random.Random(options.seed * 1000 + at)) for at in range(options.writers)]
    began, lines = time.monotonic(), 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        writer = rng.choice(writers)
        count = rng.randrange(1, 40)
        writer.write(count)
        lines += count
        if rng.random() < 0.01:
            writer.rotate()
        ahead = lines / options.rate - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)
    options.written.write_text(json.dumps({writer.name: writer.seq for writer in writers}))


if __name__ == "__main__":
    main()
