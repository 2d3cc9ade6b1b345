"""Google Forms: one header row, a localised time stamp first, the full wording of every question."""

from __future__ import annotations

import re

from csat.responses.exports.layout import (
    ANSWER,
    PRIVATE,
    SCORE,
    SEPARATED,
    SUBMITTED,
    Export,
    Found,
    Head,
    Heading,
    Layout,
    Multiple,
    Reading,
    cell,
    moments,
    squeeze,
)

TIMESTAMPS = {
    "timestamp",
    "时间戳记",
    "时间戳",
    "時間戳記",
    "タイムスタンプ",
    "타임스탬프",
    "zeitstempel",
    "horodateur",
    "marcatemporal",
    "informazionicronologiche",
    "carimbodedata/hora",
    "carimbodedatahora",
    "отметкавремени",
    "tijdstempel",
    "sygnaturaczasowa",
    "zamandamgası",
    "dấuthờigian",
    "tidsstempel",
    "tidstämpel",
    "aikaleima",
    "stempelwaktu",
    "capwaktu",
}
MAILS = {
    "username",
    "emailaddress",
    "email",
    "e-mail",
    "e-mailaddress",
    "电子邮件地址",
    "电子邮件",
    "用户名",
    "邮箱",
    "電子郵件地址",
    "電郵地址",
    "メールアドレス",
    "이메일주소",
    "e-mail-adresse",
    "adressee-mail",
    "nomd'utilisateur",
    "direccióndecorreoelectrónico",
    "nombredeusuario",
    "endereçodee-mail",
    "indirizzoemail",
    "адресэлектроннойпочты",
}
SCORES = {"score", "totalscore", "分数", "得分", "punktzahl", "puntuación", "pontuação", "スコア", "점수"}
WRITTEN_TIME = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[ T].*|\d{1,2}[/.]\d{1,2}[/.]\d{4}[ ,].*")
ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T.*|.*(?:Z|[+-]\d\d:?\d\d)")
GRID = re.compile(r"(.*\S)\s*\[([^\[\]]+)\]", re.DOTALL)
MOST_OPTIONS = 60


def signature(head: Head) -> Found | None:
    """A time stamp in the first column, by its localised name and by what stands below it."""
    first = cell(head, 0, 0)
    if squeeze(first) not in TIMESTAMPS:
        return None
    below = [c for row in range(1, len(head)) if (c := cell(head, row, 0))]
    if below and not all(WRITTEN_TIME.fullmatch(c) and not ISO_TIME.fullmatch(c) for c in below):
        return None
    return Found(1, f"'{first}' heads the first column, with dates below it")


def headings(head: Head, header_rows: int) -> list[Heading]:
    """Questions by their wording; the row of a grid stands in brackets."""
    found = []
    for at, header in enumerate(head[0]):
        name = squeeze(header)
        if at == 0:
            found.append(Heading(header, SUBMITTED))
        elif name in MAILS and at < 3:
            found.append(Heading(header, PRIVATE, option="e-mail"))
        elif (
            name in SCORES
            and at < 4
            and all(re.fullmatch(r"[\d.]+(?: */ *[\d.]+)?", c) for c in _below(head, at))
        ):
            found.append(Heading(header, SCORE))
        elif match := GRID.fullmatch(header):
            found.append(
                Heading(
                    header,
                    ANSWER,
                    question=match[1],
                    option=match[2],
                    stem=match[1],
                    part=match[2],
                    also=(match[2],),
                )
            )
        else:
            found.append(Heading(header, ANSWER, question=header, stem=header))
    return found


def _below(head: Head, column: int) -> list[str]:
    return [c for row in range(1, len(head)) if (c := cell(head, row, column))]


def study(export: Export, reading: Reading) -> None:
    """All rows are answers; checkboxes are one cell, joined by `;` in a download and by `, ` in the sheet."""
    submitted = export.of(SUBMITTED)
    reading.submitted = moments(submitted) if submitted is not None else None
    for question, names in export.questions().items():
        if len(names) == 1 and export.headings[names[0]].option == "":
            texts = export.columns[names[0]].few()
            for separator in (r";(?! )", ", "):
                if repeats(texts, export.columns[names[0]].counts(), separator):
                    reading.multiple[question] = Multiple(SEPARATED, (names[0],), separator=separator)
                    break


def repeats(texts: tuple[str, ...], counts: object, separator: str) -> bool:
    """Whether joined cells are made of a few pieces that come again: a list of options, not sentences."""
    if len(texts) > 5000 or not any(re.search(separator, t) for t in texts):
        return False
    pieces: dict[str, int] = {}
    for text, count in zip(texts, counts, strict=True):  # type: ignore[call-overload]
        for piece in re.split(separator, text):
            pieces[piece] = pieces.get(piece, 0) + int(count)
    if len(pieces) > MOST_OPTIONS:
        return False
    again = [p for p, n in pieces.items() if n > 1]
    return len(again) >= len(pieces) / 2 and all(len(p) <= 80 for p in pieces)


GOOGLE_FORMS = Layout("google_forms", "Google Forms", signature, headings, study)
