"""Where things stand in a TOML text: tomllib gives values without lines, so a second walk finds the lines."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Positions:
    """Line of every table, key and array element of a TOML text, 1-based."""

    lines: dict[Location, int]
    contents: dict[Location, int]
    """For text values: the line on which their first character stands."""

    def line(self, location: Location) -> int:
        """The line of a location, or of the nearest enclosing one that is written."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


def positions(text: str) -> Positions:
    """The positions in a text that tomllib has read (so that nothing needs to be checked again)."""
    walk = _Walk(text)
    walk.document()
    return Positions(walk.lines, walk.contents)


class _Walk:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.ends = [i for i, ch in enumerate(text) if ch == "\n"]
        self.lines: dict[Location, int] = {}
        self.contents: dict[Location, int] = {}
        self.table: Location = ()
        self.arrays: dict[Location, int] = {}

    def document(self) -> None:
        while self.skip():
            if self.text[self.at] == "[":
                self.header()
            else:
                self.pair(self.table)

    def line(self) -> int:
        return bisect_right(self.ends, self.at - 1) + 1

    def skip(self, *, also: str = "") -> bool:
        """To the next thing that says something; False at the end of the text."""
        while self.at < len(self.text):
            ch = self.text[self.at]
            if ch == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif ch in " \t\r\n\ufeff" or ch in also:
                self.at += 1
            else:
                return True
        return False

    def header(self) -> None:
        line, several = self.line(), self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        location: Location = ()
        names = self.keys("]")
        self.at += 2 if several else 1
        for i, name in enumerate(names):
            location += (name,)
            last = i == len(names) - 1
            if several and last:
                self.arrays[location] = self.arrays.get(location, -1) + 1
                # the first one also places the array itself
                self.lines.setdefault(location, line)
            if location in self.arrays:
                location += (self.arrays[location],)
            # [a.b] also places the table a that it implies
            self.lines.setdefault(location, line)
        self.table = location

    def keys(self, end: str) -> list[str]:
        """A dotted key up to (not including) `end`."""
        names: list[str] = []
        while self.skip(also=".") and self.text[self.at] != end:
            if self.text[self.at] in "\"'":
                names.append(self.string())
            else:
                start = self.at
                while self.at < len(self.text) and self.text[self.at] not in f" \t.{end}":
                    self.at += 1
                names.append(self.text[start : self.at])
        return names

    def pair(self, table: Location) -> None:
        line = self.line()
        location = table
        for name in self.keys("="):
            location += (name,)
            self.lines.setdefault(location, line)
        self.at += 1
        self.skip()
        self.value(location)

    def value(self, location: Location) -> None:
        ch = self.text[self.at : self.at + 1]
        if ch in ("'", '"'):
            self.string(location)
        elif ch == "[":
            self.at += 1
            index = 0
            while self.skip(also=",") and self.text[self.at] != "]":
                self.lines[(*location, index)] = self.line()
                self.value((*location, index))
                index += 1
            self.at += 1
        elif ch == "{":
            self.at += 1
            while self.skip(also=",") and self.text[self.at] != "}":
                self.pair(location)
            self.at += 1
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1

    def string(self, location: Location | None = None) -> str:
        """Past a string; its raw text (a key's escapes are not needed to find a line)."""
        mark = self.text[self.at]
        several = self.text.startswith(mark * 3, self.at)
        start = self.at + (3 if several else 1)
        self.at = start
        if several and self.text.startswith(("\n", "\r\n"), start):
            # a line break right after the opening is not part of the text
            self.at = self.text.index("\n", start) + 1
        if location is not None:
            self.contents[location] = self.line()
        closing = mark * 3 if several else mark
        while self.at < len(self.text) and not self.text.startswith(closing, self.at):
            self.at += 2 if mark == '"' and self.text[self.at] == "\\" else 1
        raw = self.text[start : self.at]
        self.at += len(closing)
        while several and self.text.startswith(mark, self.at):
            # up to two quotation marks may stand right before the closing ones
            self.at += 1
        return raw
