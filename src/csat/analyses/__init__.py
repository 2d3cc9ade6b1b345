"""The catalogue of analyses that the command line, the notebook and the report walk."""

from __future__ import annotations

from dataclasses import dataclass

from csat.language import Text


@dataclass(frozen=True)
class Entry:
    """One analysis: its name as command and method, what it answers, and where the report shows it."""

    name: str
    title: Text
    question: Text


CATALOGUE: tuple[Entry, ...] = (
    Entry(
        "index", Text("Satisfaction index", "满意度指数"), Text("How satisfied are they?", "他们有多满意？")
    ),
    Entry(
        "priorities",
        Text("Priorities", "改进优先级"),
        Text("What should be improved first?", "应当先改进什么？"),
    ),
    Entry(
        "what_if",
        Text("What if it did better?", "如果做得更好，会怎样？"),
        Text("What would improvements bring?", "改进会带来什么？"),
    ),
    Entry(
        "drivers",
        Text("Drivers of satisfaction", "满意度驱动因素"),
        Text("What moves satisfaction?", "什么在影响满意度？"),
    ),
    Entry(
        "describe",
        Text("Answers", "回答分布"),
        Text("What did they answer?", "他们是怎样回答的？"),
    ),
    Entry(
        "quality",
        Text("Quality of the answers", "答卷质量"),
        Text("Were the questions answered with care?", "答卷是否认真填写？"),
    ),
    Entry(
        "sensitivity",
        Text("Would other treatments change it?", "换一种处理，结论会变吗？"),
        Text(
            "Do the conclusions hold when the answers are treated otherwise?",
            "换一种处理方式，结论是否成立？",
        ),
    ),
    Entry(
        "reliability",
        Text("Reliability", "信度"),
        Text("Do the items of a construct agree?", "同一构念的题项是否一致？"),
    ),
    Entry(
        "adequacy",
        Text("Factorability", "因子分析适合度"),
        Text("Is there enough common variance for factors?", "题项之间的共同变异是否足以提取因子？"),
    ),
    Entry(
        "efa",
        Text("Exploratory factors", "探索性因子分析"),
        Text("How many things do the items measure?", "这些题项实际测量了几件事？"),
    ),
    Entry(
        "cfa",
        Text("Measurement model", "测量模型"),
        Text("Does the questionnaire measure what it says?", "问卷是否测到了它要测的内容？"),
    ),
    Entry(
        "sem",
        Text("Path model", "路径模型"),
        Text("Do the declared paths hold?", "所设定的路径是否成立？"),
    ),
    Entry(
        "pls",
        Text("PLS path model", "PLS 路径模型"),
        Text("What is the index with weights from the model?", "以模型权重计算的指数是多少？"),
    ),
    Entry(
        "crosscheck",
        Text("Second opinion", "交叉验证"),
        Text("Do independent programs give the same numbers?", "独立程序是否给出相同的数字？"),
    ),
)
"""In the order of the report: the finding first, then the evidence."""


def entry(name: str) -> Entry:
    """The catalogue entry of that name."""
    return next(e for e in CATALOGUE if e.name == name)
