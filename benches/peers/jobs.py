"""What each peer is asked to do. Runs in a process of its own: jobs.py PEER WORK INPUT OUTPUT

WORK is `sorted`, which is what fillwatch does: every field a column, a column that says which file
the row is from, rows sorted by time, one folder or file for each UTC day, zstd; or `plain`, which
is less: the rows as they come, into one file. Each is written as the peer's own documentation
would, with two threads.
"""

import glob
import os
import sys

THREADS = 2
os.environ["POLARS_MAX_THREADS"] = str(THREADS)


def duckdb(work, source, target):
    import duckdb

    db = duckdb.connect()
    db.execute(f"set threads = {THREADS}")
    # A sample of each file, which is its default, shows every field here; the caller checks that.
    rows = f"read_json_auto('{source}', format = 'newline_delimited', union_by_name = true, filename = true)"
    if work == "plain":
        db.execute(f"copy (select * from {rows}) to '{target}/all.parquet' (format parquet, compression zstd)")
        return
    db.execute(
        f"copy (select *, make_timestamp((ts * 1000000)::bigint)::date as date from {rows} order by ts)"
        f" to '{target}' (format parquet, compression zstd, partition_by (date), overwrite_or_ignore)"
    )


def chdb(work, source, target):
    import chdb

    rows = f"file('{source}', 'JSONEachRow')"
    settings = f"settings max_threads = {THREADS}, output_format_parquet_compression_method = 'zstd'"
    if work == "plain":
        sql = f"insert into function file('{target}/all.parquet', 'Parquet') select *, _path as filename from {rows} {settings}"
    else:
        sql = (
            f"insert into function file('{target}/{{_partition_id}}.parquet', 'Parquet') partition by date"
            f" select *, _path as filename, toDate(assumeNotNull(ts)) as date from {rows} order by ts {settings}"
        )
    chdb.query(sql)


def polars(work, source, target):
    import polars as pl

    rows = pl.scan_ndjson(sorted(glob.glob(source)), infer_schema_length=20_000, include_file_paths="filename")
    if work == "plain":
        rows.sink_parquet(f"{target}/all.parquet", compression="zstd")
        return
    day = pl.from_epoch((pl.col("ts") * 1e6).cast(pl.Int64), time_unit="us").dt.date()
    sink = pl.PartitionBy(target, key="date")
    rows.with_columns(date=day).sort("ts").sink_parquet(sink, compression="zstd", mkdir=True)


if __name__ == "__main__":
    peer, work, source, target = sys.argv[1:]
    {"duckdb": duckdb, "chdb": chdb, "polars": polars}[peer](work, source, target)
