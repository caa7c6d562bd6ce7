"""The run report as one page for a person: static, nothing from elsewhere, both languages, no script.

Here: HTML of the plain values of run_report.py, everything escaped.  Not here: the values.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from flows.run_drift import about, change_text, figure_text

_STYLE = """
body{font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:76rem;
padding:0 1rem;color:#1a1a1a}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse;margin:.5rem 0}
th,td{border:1px solid #ddd;padding:.2rem .6rem;text-align:left;vertical-align:top}
th{background:#f3f3f3}td.n{text-align:right;font-variant-numeric:tabular-nums}
tr.alert td{background:#fff3cd}.bad{color:#a40000;font-weight:600}.good{color:#1b5e20;font-weight:600}
code{font-size:.85em;overflow-wrap:anywhere}details{margin:.4rem 0}summary{cursor:pointer}
"""
_HOWS = ("made", "resumed", "linked", "failed")
Report = Mapping[str, Any]


def report_page(report: Report) -> str:
    """Return the whole page."""
    title = f"运行报告 Run report · 批次 {report['batch_id']} v{report['version']}"
    parts = [
        _head(report, title),
        _alerts(report["drift"]),
        _gate(report["gate"]),
        _account(report),
        _counts(report["counts"]),
        _durations(report["durations"]),
        _drift(report["drift"]),
        _origins(report),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _head(report: Report, title: str) -> str:
    status = {
        "published": "published 已发布",
        "gated": "passed its gate, not yet published 已过质量门，尚未发布",
        "blocked": "blocked by the gate, not published 未通过质量门，未发布",
    }[report["status"]]
    rows = [
        ("运行 run", report["run_id"]),
        ("基准日 as of", report["as_of"]),
        ("范围 scope", f"{report['scope']}, {', '.join(report['cities']) or '全省 whole province'}"),
        ("起止 from, to (UTC)", f"{report['began_at']} – {report['ended_at']}"),
        *((f"版本 version: {name}", value) for name, value in report["versions"].items()),
    ]
    tone = "good" if report["status"] == "published" else "bad"
    return f'<h1>{escape(title)}</h1>\n<p class="{tone}">{status}</p>\n' + _table(
        ("", ""), [(name, _Code(value)) for name, value in rows]
    )


def _alerts(drift: Report) -> str:
    heading = "<h2>预警 Alerts</h2>\n"
    if drift["before"] is None:
        return heading + "<p>无可比的上一批 No earlier batch of the same scope and cities.</p>"
    against = escape(f"{drift['before']['batch_id']} v{drift['before']['version']}")
    if not drift["alerts"]:
        told = "无预警 nothing passes its limit"
        return f'{heading}<p class="good">与上批 {against} 相比 against the batch before: {told}</p>'
    rows = [(alert["text"], alert["remedy"]) for alert in drift["alerts"]]
    note = "预警不阻止发布 Alerts never block; somebody should know why."
    table = _table(("变化 change", "处理 what to look at"), rows)
    return f"{heading}<p>与上批 {against} 相比 against the batch before. {note}</p>\n{table}"


def _gate(gate: Report) -> str:
    heading = "<h2>质量门 Quality gate</h2>\n"
    tone = "good" if gate["verdict"] in ("passed", "warned") else "bad"
    told = f"{gate['verdict']}: {gate['passed']:,} / {gate['expectations']:,} passed 通过"
    heads = ("检查 check", "对象 of", "程度 severity", "实测 measured", "含义 meaning", "处理 to do")
    rows = [
        (
            f"{one['zh'] or ''} {one['expectation']}",
            f"{one['suite']} {one['column'] or ''}",
            one["severity"] if one["outcome"] == "failed" else one["outcome"],
            one["measured"],
            one["means"],
            one["remedy"],
        )
        for one in gate["not_passed"]
    ]
    return f'{heading}<p class="{tone}">{escape(told)}</p>\n' + (_table(heads, rows) if rows else "")


def _account(report: Report) -> str:
    heads = ("来源 source", "收到 rows in", "采用 used", "被替代 superseded", "不在范围 out of scope",
             "剔除 excluded", "隔离 quarantined")  # fmt: skip
    rejects = [(row["source"], row["reason"], row["column_name"], row["rows"]) for row in report["rejects"]]
    return (
        "<h2>行数平衡 Row account</h2>\n"
        + _table(heads, [tuple(row.values()) for row in report["account"]])
        + "<h2>隔离原因 Rejects by reason</h2>\n"
        + _table(("来源 source", "原因 reason", "列 column", "行数 rows"), rejects)
    )


def _counts(counts: Report) -> str:
    titles = {"dispositions": "清单处置 dispositions", "place_levels": "目标落图层级 levels of place"}
    tables = [
        f"<p>{title}</p>" + _table(("", "户数 firms"), list(counts[name].items()))
        for name, title in titles.items()
    ]
    return "<h2>户数 Counts</h2>\n" + "\n".join(tables)


def _durations(spent: Report) -> str:
    told = (
        f"{spent['wall_seconds']:,.1f} s, 处理器 processors {spent['cpu_seconds']:,.1f} s, "
        f"内存峰值 peak memory {spent['peak_rss_mb']:,} MB. "
        "步骤并行，故合计可大于总时长 Steps run side by side: their sum may pass the whole."
    )
    seconds = ("时长 s", "处理器 processor s")
    hows = ("新做 made", "续用 resumed", "沿用 linked", "失败 failed")
    steps = [
        (one["step"], one["began_seconds"], one["wall_seconds"], one["cpu_seconds"], one["how"])
        for one in spent["steps"]
    ]
    return "\n".join([
        f"<h2>用时 Durations</h2>\n<p>{escape(told)}</p>",
        *(
            _table((title, "步骤 steps", *hows, *seconds),
                   [(row[key], row["steps"], *(row[how] for how in _HOWS), row["wall_seconds"],
                     row["cpu_seconds"]) for row in spent[f"by_{key}"]])
            for key, title in (("stage", "阶段 stage"), ("city", "地市 city"))
        ),
        _folded("全部步骤 every step",
                _table(("步骤 step", "开始 began s", *seconds, "如何 how"), steps)),
    ])  # fmt: skip


def _drift(drift: Report) -> str:
    if drift["before"] is None:
        return ""
    parts = ["<h2>与上批相比 Against the batch before</h2>"]
    for limit in drift["limits"]:
        rows = [row for row in drift["changes"] if row["measure"] == limit["id"]]
        alerts = sum(row["is_alert"] for row in rows)
        title = f"{limit['zh']} {limit['en']} ({len(rows)} 项 figures, {alerts} 预警 alerts)"
        basis = f"<p>依据 basis: {escape(limit['basis'])}</p>"
        parts.append(_folded(title, basis + _changes(rows, limit["kind"])))
    return "\n".join(parts)


def _changes(rows: Sequence[Report], kind: str) -> str:
    heads = ("对象 of", "上批 before", "本批 after", "变化 change")
    cells = [
        (about(row), _Number(figure_text(row["before"], kind)), _Number(figure_text(row["after"], kind)),
         _Number(change_text(row, kind)))
        for row in rows
    ]  # fmt: skip
    return _table(heads, cells, [bool(row["is_alert"]) for row in rows])


def _origins(report: Report) -> str:
    inputs = [
        (one["source"], one["file"], one["rows_in"], one["quarantined"], _Code(one["sha256"]))
        for one in report["inputs"]
    ]
    outputs = [(one["path"], _Code(one["sha256"])) for one in report["outputs"]]
    heads = ("来源 source", "文件 file", "行数 rows", "隔离 quarantined", "SHA-256")
    return (
        "<h2>来源与结果 Files</h2>\n"
        + _folded(f"收到的文件 files read ({len(inputs)})", _table(heads, inputs))
        + _folded(f"写出的文件 files written ({len(outputs)})", _table(("文件 file", "SHA-256"), outputs))
    )


class _Code(str):
    """Text shown in a fixed pitch."""


class _Number(str):
    """A figure already written as text."""


def _folded(title: str, inner: str) -> str:
    return f"<details><summary>{escape(title)}</summary>\n{inner}</details>\n"


def _table(heads: Iterable[str], rows: Sequence[Iterable[Any]], marked: Sequence[bool] = ()) -> str:
    """Return a table, every cell escaped; the marked rows stand out."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    classes = [' class="alert"' if mark else "" for mark in marked] or [""] * len(rows)
    body = "\n".join(
        f"<tr{own}>{''.join(map(_cell, row))}</tr>" for row, own in zip(rows, classes, strict=True)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>\n"


def _cell(value: object) -> str:
    text = escape("–" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value))
    if isinstance(value, _Code):
        return f"<td><code>{text}</code></td>"
    return f'<td class="n">{text}</td>' if isinstance(value, int | float | _Number) else f"<td>{text}</td>"
