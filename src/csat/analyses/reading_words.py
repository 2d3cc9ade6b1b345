"""What is said of rows, columns and cells that were read: reasons and roles."""

from __future__ import annotations

from csat.language import Text

DROPPED = {
    "no answer to any item": Text("no answer to any item", "所有题项均未作答"),
    "no weight": Text("no weight", "没有权重"),
    "preview": Text("preview", "预览"),
    "test": Text("test", "测试"),
    "spam": Text("spam", "垃圾答卷"),
    "unfinished": Text("unfinished", "未完成"),
    "empty": Text("empty", "空白答卷"),
    "blank row": Text("blank row", "空行"),
    "total row": Text("total row", "合计行"),
    "too fast": Text("too fast", "答题过快"),
    "straight line": Text("straight line", "全部选同一答案"),
    "repeated respondent": Text("repeated respondent", "重复的受访者"),
    "same answers as an earlier row": Text("same answers as an earlier row", "与之前答卷完全相同"),
    "signs of careless answering": Text("signs of careless answering", "有不认真作答的迹象"),
}
ROLES = {
    "weight": Text("weight", "权重"),
    "segment": Text("segment", "分群"),
    "wave": Text("wave", "调查期"),
    "stratum": Text("stratum", "抽样层"),
    "cluster": Text("cluster", "整群"),
    "replicate weights": Text("replicate weights", "复制权重"),
    "respondent": Text("respondent", "受访者编号"),
    "time": Text("time", "时间"),
    "submitted": Text("time of submission", "提交时间"),
    "started": Text("time of start", "开始时间"),
    "duration": Text("time taken", "答题用时"),
    "status": Text("status", "状态"),
    "progress": Text("progress", "进度"),
    "finished": Text("finished", "是否完成"),
    "private": Text("says who answered: left out", "涉及个人身份，已剔除"),
    "timer": Text("page timer", "页面计时"),
    "order": Text("order of display", "显示顺序"),
    "group": Text("group", "分组"),
    "score": Text("score of the platform", "平台评分"),
    "write-in": Text("written answer", "填写内容"),
    "language": Text("language", "语言"),
    "meta": Text("of the platform", "平台信息"),
    "embedded": Text("given data", "嵌入数据"),
}
REASONS = {
    "NO_ANSWER": Text("no answer", "未作答"),
    "NOT_APPLICABLE": Text("not applicable", "不适用"),
    "INVALID": Text("invalid", "无效"),
}
EMPTY_CELL = Text("(empty cell)", "（空白）")
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
