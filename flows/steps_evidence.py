"""Steps that bring evidence of other bureaus to the subjects it speaks of, one bucket of codes at a time.

Here: reading and writing the frames of transforms/evidence.py.
Not here: what counts as the same subject or the newest row (there), the files' split (split.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows.manifest import Body, fresh
from flows.settings import Settings
from flows.split import ROUTED, Split, pieces
from flows.step_files import in_order, write_by_city
from flows.steps_register import KEYS
from reference.contracts import load_contracts
from reference.register import load_register_codes
from transforms.evidence import LOOSE, code_bucket, with_outcomes, with_subject_key
from transforms.identifiers import is_valid_uscc

EVENT_DATES = {
    "abnormal_list": "in_date",
    "serious_violations": "in_date",
    "judgment_defaulters": "publish_date",
    "annual_reports": "submit_date",
    "liquidations": "accept_date",
    "simple_deregistrations": "ann_start",
    "forced_deregistrations": "ann_start",
    "suspensions": "from_date",
    "tax_filings": "filed_on",
    "tax_abnormal": "in_date",
    "tax_black": "in_date",
    "penalties": "decided_on",
    "onsite_checks": "checked_on",
    "electricity": "read_on",
    "overrides": "created_on",
}
"""The date column that says when a row of the source happened, where it has one."""
FOUND = "found"
"""Folder of loose rows whose subject was found: <source>/<bucket of the subject>.parquet."""


@dataclass(frozen=True)
class Evidence:
    """The split files of a run and its work folder."""

    splits: Sequence[Split]
    work: Path

    def pieces(self, source: str, bucket: str) -> list[Path]:
        """Return the files of one bucket of a source."""
        return pieces(self.splits, source, bucket)

    def keys(self, bucket: str = "*") -> list[Path]:
        """Return the files of subject keys of one bucket, of all by default."""
        return sorted((self.work / KEYS).glob(f"{bucket}-*.parquet"))


def find_step(evidence: Evidence) -> Body:
    """Find the subjects of loose rows in the whole province; return by source what names no subject.

    Codes are looked up once for all sources: the keys of the province are read once.
    """
    confusions = load_register_codes().confusions
    loose = {source: files for source in ROUTED if (files := evidence.pieces(source, LOOSE))}
    if not loose:
        return [], {"outcomes": {}}
    cities = pl.scan_parquet(evidence.keys())
    codes = pl.concat([pl.scan_parquet(files).select("uscc") for files in loose.values()]).unique()
    found = (
        with_subject_key(codes, cities, confusions)
        .join(cities, on="subject_key", how="semi", build_side="force_right")
        .with_columns(_bucket=code_bucket(pl.col("subject_key"), is_valid_uscc(pl.col("subject_key"))))
        .collect(engine="streaming")
    )
    paths, counts = [], {}
    for source, files in loose.items():
        rows = pl.scan_parquet(files).join(found.lazy(), on="uscc", how="left", validate="m:1").collect()
        lost = rows.filter(pl.col("_bucket").is_null())
        missing = lost["uscc"].null_count()
        counts[source] = {"missing_code": missing, "not_on_register": lost.height - missing}
        paths += _write_found(rows.drop_nulls("_bucket"), evidence.work / FOUND / source)
    return sorted(paths), {"outcomes": counts}


def route_step(evidence: Evidence, bucket: str, settings: Settings) -> Body:
    """Write every source's rows of one bucket by city of their subjects; return the counts by outcome."""
    keys = evidence.keys(bucket)
    cities = pl.scan_parquet(keys) if keys else pl.LazyFrame(schema=_CITIES)
    paths: list[Path] = []
    figures: dict[str, Any] = {"outcomes": {}, "years": []}
    for source in ROUTED:
        sources = _keyed(evidence, source, bucket)
        if not sources:
            continue
        key = load_contracts()[source].key
        routed = with_outcomes(
            pl.concat(sources), cities, key=key, as_of=settings.as_of, dated_by=EVENT_DATES.get(source)
        )
        # In their order at once: a bucket of a large city is a gigabyte, and each copy another.
        matched, counts = pl.collect_all(
            [in_order(routed.matched), routed.rows.group_by("outcome").len()], engine="streaming"
        )
        figures["outcomes"][source] = dict(counts.sort("outcome").iter_rows())
        paths += write_by_city(matched, evidence.work / source, suffix=f"-{bucket}", is_sorted=True)
        if source == "annual_reports":
            figures["years"] = sorted(matched["report_year"].unique().drop_nulls().to_list())
    return paths, figures


_CITIES = {"subject_key": pl.String, "register_city_code": pl.String}


def _keyed(evidence: Evidence, source: str, bucket: str) -> list[pl.LazyFrame]:
    """The source's rows whose subject, if there is one, has a key of the bucket."""
    own = evidence.pieces(source, bucket) if bucket != LOOSE else []
    found = evidence.work / FOUND / source / f"{bucket}.parquet"
    frames = [pl.scan_parquet(own).with_columns(subject_key="uscc")] if own else []
    return [*frames, pl.scan_parquet(found)] if found.exists() else frames


def _write_found(rows: pl.DataFrame, folder: Path) -> list[Path]:
    paths = []
    for (bucket,), part in rows.partition_by("_bucket", as_dict=True, include_key=False).items():
        path = fresh(folder / f"{bucket}.parquet")
        part.sort("source_file", "row_no").write_parquet(path, compression="zstd", compression_level=1)
        paths.append(path)
    return paths
