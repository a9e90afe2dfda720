"""Counts what a job has left behind: count.py parquet|store FOLDER prints JSON with rows, columns,
bytes. Rows are those of the Parquet footers; for a store, of the files that its log says are live."""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq

# The one import from outside of this folder; leave no bytecode in the source tree for it.
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from check_store import live_files  # noqa: E402


def count(files):
    metadata = [(pq.ParquetFile(path).metadata, path.stat().st_size) for path in files]
    names = {name for meta, _ in metadata for name in meta.schema.to_arrow_schema().names}
    return {
        "rows": sum(meta.num_rows for meta, _ in metadata),
        "columns": len(names),
        "bytes": sum(size for _, size in metadata),
        "files": len(metadata),
    }


if __name__ == "__main__":
    form, folder = sys.argv[1:]
    if form == "parquet":
        counted = count(sorted(Path(folder).rglob("*.parquet")))
    else:
        counted = count(live_files(Path(folder) / "events"))
        quarantine = Path(folder) / "quarantine"
        rejects = live_files(quarantine) if (quarantine / "_delta_log").is_dir() else []
        counted["rejects"] = count(rejects)["rows"]
    print(json.dumps(counted))
