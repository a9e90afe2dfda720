"""The views of a folder in DuckDB: views_duckdb.py VIEWS EVENTS WORK RUNS DAY_FROM DAY_TO HOUR_FROM HOUR_TO VIEW…

Prints one line for each view and window: view, `day` or `hour`, and the median of its seconds, or the
reason for which there are none. `benches/views.py` says what is measured.
"""

import re
import statistics
import sys
import time
from pathlib import Path

import duckdb

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from check_store import live_files  # noqa: E402

TYPES = {"text": "varchar", "float": "double", "int": "bigint", "bool": "boolean"}
EVENTS = {"events": "$from", "lead_events": None, "history": None}
CLOSE = ["close_at timestamptz", "part text", "bot text", "run_id text", "strategy text", "market text", "order_id text",
         "price double", "size double", "sign bigint", "fair double", "state text", "position double", "avg_price double",
         "realized_pnl double", "fees double", "opened_at timestamptz", "fills bigint", "equity double",
         "equity_at timestamptz", "peak double", "peak_at timestamptz", "max_drawdown double",
         "max_drawdown_at timestamptz", "first_equity double", "first_equity_at timestamptz", "observations bigint",
         "kind text", "first_at timestamptz", "last_at timestamptz", "events bigint", "fair_since timestamptz",
         "mid double", "last_fill_at timestamptz", "filled_size double", "avg_fill_price double", "closed_at timestamptz",
         "status text", "placed_at timestamptz"]


class Views:
    """The text of each view, and what it reads and asks for."""

    def __init__(self, folder):
        self.sql, self.fields = {}, {}
        for path in Path(folder).glob("*.sql"):
            text = path.read_text()
            self.fields[path.stem] = fields(text)
            self.sql[path.stem] = re.sub(r"^\s*--.*$", "", text, flags=re.M).strip().rstrip(";")

    def behind(self, name, seen=None):
        """The views that `name` reads, before those that read them."""
        seen = [] if seen is None else seen
        for other in self.sql:
            if other != name and other not in seen and re.search(rf"\b{other}\b(?!')", self.sql[name]) \
                    and re.search(rf"\b(from|join)\s+{other}\b", self.sql[name]):
                self.behind(other, seen)
        seen.append(name)
        return list(dict.fromkeys(seen))


def fields(text):
    header = re.findall(r"^-- ?(.*)$", text, flags=re.M)
    body, on = [], False
    for line in header:
        if line.startswith("Fields:"):
            on, line = True, line.removeprefix("Fields:")
        elif re.match(r"^[A-Z]\w+:", line):
            on = False
        if on:
            body.append(line)
    pairs = [field.split() for field in " ".join(body).split(",") if field.strip()]
    return {name: TYPES[of] for name, of in pairs}


def translated(sql, view, window):
    """In DuckDB's words."""
    for name, value in {"$from": window[0], "$to": window[1], "$now": window[1], "$opened": None}.items():
        sql = sql.replace(name, f"timestamptz '{value}'" if value else "cast(null as timestamptz)")
    sql = re.sub(r"cast\((timestamptz '[^']*'|[\w.]*(?:_at|ts|since)) as bigint\)", r"epoch_us(\1)", sql)
    for table in EVENTS:
        sql = re.sub(rf"\b(from|join)\s+{table}\b", rf"\1 {table}__{view}", sql)
    return sql


def prepare(connection, files, work, views, name, window):
    """Makes the views behind `name`, and gives the query for it."""
    columns = [row[0] for row in connection.execute(f"describe select * from read_parquet({files})").fetchall()]
    for view in views.behind(name):
        for table, start in EVENTS.items():
            wanted = views.fields[view]
            missing = [f"cast(null as {of}) as {field}" for field, of in wanted.items() if field not in columns]
            present = [f"try_cast({field} as {of}) as {field}" for field, of in wanted.items() if field in columns]
            replace = f"replace ({', '.join(present)})" if present else ""
            select = ", ".join([f"* {replace}", *missing])
            condition = [f"ts < timestamptz '{window[1]}'"] + ([f"ts >= timestamptz '{window[0]}'"] if start else [])
            connection.execute(f"create or replace temp view {table}__{view} as select {select} "
                               f"from read_parquet({files}) where {' and '.join(condition)}")
        sql = translated(views.sql[view], view, window)
        if view == name:
            return sql
        connection.execute(f"create or replace temp view {view} as {sql}")


def main():
    folder, events, work, runs, *rest = sys.argv[1:]
    windows, names = {"day": rest[:2], "hour": rest[2:4]}, rest[4:]
    files = [str(path) for path in live_files(Path(events))]
    views = Views(folder)
    for name in names:
        for label, window in windows.items():
            connection = duckdb.connect(config={"threads": 2})
            connection.execute("set timezone = 'UTC'")
            connection.execute("create macro finite(x) as case when isfinite(x) then x end")
            connection.execute(f"create temp table opening ({', '.join(CLOSE)})")
            connection.execute("create temp view daily_close as select * from opening")
            for table in ["order_book", "executions"]:
                connection.execute(f"create temp view {table} as select * from read_parquet('{work}/{table}.parquet')")
            try:
                sql = prepare(connection, files, work, views, name, window)
                seconds = []
                for _ in range(int(runs)):
                    start = time.monotonic()
                    connection.execute(f"explain analyze {sql}").fetchall()
                    seconds.append(time.monotonic() - start)
                print(name, label, f"{statistics.median(seconds):.4f}", sep="\t")
            except duckdb.Error as error:
                print(name, label, str(error).splitlines()[0].replace("\t", " "), sep="\t")


if __name__ == "__main__":
    main()
