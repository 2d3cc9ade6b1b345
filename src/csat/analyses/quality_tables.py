"""Tables on the quality of answers: the signs, the most suspicious rows, what was not answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from csat.analyses.guidelines import FLAGS_SUSPICIOUS
from csat.analyses.quality_indices import COUNTED, INDEX_WORDS, INDICES, SOURCES
from csat.analyses.wording import wording_column
from csat.display.table import Table
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.quality_result import Quality

SILENCE_WORDS: Mapping[str, Text] = {
    "NO_ANSWER": Text("with a question not answered", "有未作答题项"),
    "NOT_APPLICABLE": Text("with a question that does not apply", "有不适用题项"),
    "INVALID": Text("with an answer outside the scale", "有超出量表范围的回答"),
}
UNCOUNTED = Text(
    "Halves of scales and like items are shown and do not count: where all items of a survey hang together, "
    "many careful respondents pass these limits.",
    "奇偶一致性与相近题项仅作展示、不计入：题项整体高度相关时，认真作答者也常超过这些界限。",
)


def tables_of(result: Quality) -> dict[str, Table]:
    """`indices`, `rows` (the most suspicious), `items`, `missing`."""
    return {
        "indices": _indices(result),
        "rows": _rows(result),
        "items": _items(result),
        "missing": _missing(result),
    }


def _indices(result: Quality) -> Table:
    computed = [i for i in INDICES if i in result.flagged]
    counts = [result.flagged[i] if result.flagged[i] >= 0 else None for i in computed]
    combined = Text(f"At least {result.at_least} of those that count", f"至少 {result.at_least} 项（计入者）")
    return Table(
        {
            "check": [*(INDEX_WORDS[i] for i in computed), combined],
            "flagged": [*counts, result.suspicious],
            "share": [
                *(None if c is None else c / result.n_rows for c in counts),
                result.suspicious / result.n_rows,
            ],
            "counts": [*(COUNTED[INDICES.index(i)] for i in computed), None],
            "threshold": [*(result.thresholds.get(i, Text("")) for i in computed), Text("")],
            "source": [*(SOURCES[i].source for i in computed), FLAGS_SUSPICIOUS.source],
        },
        title=Text("Signs of careless answering", "不认真作答的迹象"),
        notes=[
            Text(
                "A flag is a reason to look at the answers, not to delete them; nothing was deleted.",
                "标记只提示需要查看该答卷，并不意味着应当删除；本分析未删除任何答卷。",
            ),
            *([UNCOUNTED] if {"even_odd", "synonyms"} & set(computed) else []),
        ],
        labels={"counts": Text("Counts", "计入")},
        formats={"share": "share", "flagged": "integer"},
    )


def _rows(result: Quality) -> Table:
    columns: dict[str, Any] = {"row": result.worst["row"]}
    if "respondent" in result.worst:
        columns["respondent"] = result.worst["respondent"]
    columns |= {k: v for k, v in result.worst.items() if k not in ("row", "respondent")}
    return Table(
        columns,
        title=Text("The most suspicious rows", "最可疑的答卷"),
        notes=[Text("Rows are counted as in the file, from 1.", "行号为数据文件中的行，从 1 起。")],
        labels={
            "n_flags": Text("Flags", "标记数"),
            "n_silent": Text("Unanswered", "未答数"),
            "longstring": Text("Longest run", "最长相同串"),
            "variability": Text("Own spread", "个体内变异"),
            "even_odd": Text("Even-odd", "奇偶一致性"),
            "synonyms": Text("Synonyms", "同义题一致性"),
            "seconds": Text("Seconds an item", "每题秒数"),
        },
        formats={"p": "p", "mahalanobis": "score", "duplicate_of": "integer"}
        | ({"seconds": "score"} if "seconds" in columns else {}),
    )


def _items(result: Quality) -> Table:
    total = result.silent_by_item()
    return Table(
        {
            "item": result.items,
            **wording_column(result.items, [result.title_of(i) for i in result.items]),
            "n_answered": result.n_rows - total,
            **{reason.lower(): n for reason, n in result.item_silence.items()},
            "share_missing": total / result.n_rows,
        },
        title=Text("Missing answers by item", "各题项缺失情况"),
        formats={"share_missing": "share"},
    )


def _missing(result: Quality) -> Table:
    what = [
        Text("complete", "完整"),
        *(SILENCE_WORDS[r] for r in result.rows_by_silence),
        Text("more than half unanswered", "超过一半未作答"),
    ]
    n = [result.complete_rows, *result.rows_by_silence.values(), result.sparse_rows]
    return Table(
        {"what": what, "rows": n, "share": np.array(n) / result.n_rows},
        title=Text("Missing answers by respondent", "各受访者缺失情况"),
        labels={"what": Text("Rows that are", "答卷类别")},
        formats={"share": "share"},
    )
