"""Model syntax: lavaan's, from text to a `Model`.

One statement a line or between semicolons; a line that ends in an operator, or whose next line begins with
one, goes on. `#` and `!` open a comment. Names may hold letters of any script; any other name stands in
backticks or quotation marks. Every error points to line and column and shows the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NoReturn

from csat.errors import BadInput, UnknownName, closest
from csat.instrument.statements import (
    ABOVE,
    BELOW,
    DEFINED,
    EQUAL,
    FUNCTIONS,
    INTERCEPT,
    MEASURES,
    REGRESSED_ON,
    THRESHOLD,
    Expression,
    Model,
    Rule,
    Statement,
    Tree,
    is_plain,
)
from csat.instrument.tokens import MAIN, ModelError, Source, Token, chunks, place, tokens

MODIFIERS = ("c", "start", "lower", "upper", "label", "equal")

DEEPEST = 100
"""How deep an expression may nest: far more than anyone writes, less than Python's stack holds."""

_SPECIAL = {
    "<~": "csat does not estimate composites (<~) here",
    "~*~": "csat does not set the scale of an answer (~*~) in the model",
    "<=": "a constraint is written < or >, not <=",
    ">=": "a constraint is written < or >, not >=",
    "~=": "the operator is written =~, not ~=",
    "=": "a single = says nothing",
    **dict.fromkeys(("->", "<-", "<->", "~>", "<=>"), "an arrow is not an operator of a model"),
    **{
        wrong: f"{wrong} is no operator of a model"
        for wrong in ("==~", "=~~", "~~~", "===", "=<", "=>", "=:")
    },
}
_INSTEAD = {
    "<=": "Write a < 2",
    ">=": "Write a > 2",
    "~=": "Write F =~ x1 + x2",
    "=": "Write =~ for what measures a construct, := for a number made of others, == for what must be equal",
    "->": "For A -> B write B ~ A",
    "<-": "For B <- A write B ~ A",
    "~>": "For A ~> B write B ~ A",
    "<->": "For A <-> B write A ~~ B",
    "<=>": "For A <=> B write A ~~ B",
    "==~": "Write F =~ x1 + x2",
    "=~~": "Write F =~ x1 + x2 for what measures F, x1 ~~ x2 for a covariance",
    "~~~": "Write x1 ~~ x2",
    "===": "Write a == b",
    "=<": "Write a < 2",
    "=>": "Write a > 2",
    "=:": "Write total := a + b",
}
"""What to write for what is no operator of a model."""
_WORDS = {"by": "F =~ x1 + x2", "on": "Y ~ X", "with": "X ~~ Y", "measures": "F =~ x1 + x2"}
"""Words that stand between names in other programs, and how a model says it."""
_KNOWN_OPERATORS = (
    "The operators are =~ (measured by), ~ (explained by), ~~ (covaries with), := (defined as), ==, < and >"
)


REMEMBERED = 64
"""Models kept for when they are asked again."""


def parse_model(text: str, *, where: str = "", first_line: int = 1) -> Model:
    """The model a text in lavaan syntax says.

    Read are: `=~ ~ ~~ | := == < >`, `~ 1`, several names on the left (`f + g =~ x`), and before a name fixed
    values (`1*x`), `NA*x`, labels (`a*x`, `"a"*x`), `start(0.5)*x` or `0.5?x`, `lower()`, `upper()`,
    `label()`, `equal("f=~x")*y`, and one of each per group (`c(a, b)*x`). A term may be repeated to carry a
    second modifier. Not read: products (`x:z`), composites (`<~`), blocks (`group:`).

    Parameters
    ----------
    text : the model.
    where : the file it stands in, for messages.
    first_line : the line of that file on which the text begins.

    Raises
    ------
    ModelError : where the text is no model: with line, column, the line itself and what would be right.
    UnknownName : a rule names a label no statement gives.
    """
    return _parsed(text, where, first_line)


@lru_cache(maxsize=REMEMBERED)
def _parsed(text: str, where: str, first_line: int) -> Model:
    source = Source(text, where, first_line)
    written = chunks(tokens(source))
    statements: list[Statement] = []
    rules: list[Rule] = []
    wishes: list[tuple[int, str, Token]] = []
    for chunk in written:
        at = _main_operator(chunk, source)
        operator = chunk[at].text
        left, right = chunk[:at], chunk[at + 1 :]
        if operator in (DEFINED, EQUAL, BELOW, ABOVE):
            rules.append(_rule(left, chunk[at], right, source))
            continue
        for statement, wish in _formula(left, chunk[at], right, source):
            if wish:
                wishes.append((len(statements), wish.text, wish))
            statements.append(statement)
    if not written:
        raise BadInput(
            "the model is empty",
            where=where if where != "the model" else "",
            right="A model says, for example, Image =~ x1 + x2",
        )
    _check_repeats(statements, source)
    _check_groups(statements, source)
    statements = _equal_labels(statements, wishes, source)
    model = Model(tuple(statements), tuple(rules), text)
    _check_rules(model, source)
    return model


# Tokens to statements


def _main_operator(chunk: Sequence[Token], source: Source) -> int:
    for i, token in enumerate(chunk):
        if token.kind != "operator":
            continue
        if token.text in _SPECIAL:
            raise _no_operator(token, source)
        if token.text == ":" and i == 1 and chunk[0].text in ("group", "level", "block", "class"):
            raise source.error(
                f"blocks ({chunk[0].text}:) are not read here",
                chunk[0],
                do="Name the column of the groups in the call instead",
            )
        if token.text in MAIN:
            return i
    first = chunk[0]
    word = next((t for t in chunk if t.kind == "name" and t.text.lower() in _WORDS), None)
    if word is not None:
        raise source.error(
            f"'{word.text}' is no operator of a model",
            word,
            right=_KNOWN_OPERATORS,
            do=f"Write it as in {_WORDS[word.text.lower()]}",
        )
    raise source.error(
        f"'{first.text}' begins a line that says nothing",
        first,
        right=_KNOWN_OPERATORS,
        do="If it goes on from the line before, begin it with +",
    )


def _no_operator(token: Token, source: Source) -> ModelError:
    do = _INSTEAD.get(token.text, "")
    return source.error(_SPECIAL[token.text], token, right=_KNOWN_OPERATORS, do=do)


def _formula(
    left: Sequence[Token], operator: Token, right: Sequence[Token], source: Source
) -> list[tuple[Statement, Token | None]]:
    """The statements of `left operator right`, each with the parameter it must equal, if any."""
    names = _left_names(left, operator, source)
    found: dict[tuple[str, str], tuple[Statement, Token | None]] = {}
    for term in _Terms(right, operator, source).read():
        for name in names:
            statement = replace(term.statement, left=name.text)
            _check_self(statement, source)
            key = (name.text, statement.operator + statement.right)
            if key not in found:
                found[key] = (statement, term.equal)
                continue
            before, wish = found[key]
            found[key] = (_merged(before, statement, source), term.equal or wish)
    return list(found.values())


def _left_names(left: Sequence[Token], operator: Token, source: Source) -> list[Token]:
    if not left:
        raise source.error(f"there is no name before '{operator.text}'", operator)
    for i, token in enumerate(left):
        if i % 2 == 0 and token.kind not in ("name", "text"):
            raise source.error(f"'{token.text}' stands where a name belongs", token)
        if i % 2 == 1 and token.text != "+":
            _raise_left(token, operator, source)
    if len(left) % 2 == 0:
        raise source.error(f"there is no name between '+' and '{operator.text}'", left[-1])
    return list(left[::2])


def _raise_left(token: Token, operator: Token, source: Source) -> NoReturn:
    if token.text == "*":
        raise source.error(
            "a label or a value stands on the left side",
            token,
            right=f"Labels and values go before names on the right of '{operator.text}'",
        )
    raise source.error(
        f"'{token.text}' stands between names on the left of '{operator.text}'",
        token,
        right="Several names on the left are joined by +",
        do="Put a name with spaces or marks in backticks",
    )


class _Reader:
    """Walks over the tokens of one side of a statement."""

    def __init__(self, tokens: Sequence[Token], operator: Token, source: Source) -> None:
        self.tokens, self.operator, self.source, self.at = list(tokens), operator, source, 0

    def peek(self, ahead: int = 0) -> Token | None:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else None

    def is_next(self, text: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token is not None and token.kind == "operator" and token.text == text

    def take(self, expected: str) -> Token:
        token = self.peek()
        if token is None:
            last = self.tokens[-1] if self.tokens else self.operator
            after = replace(last, column=last.column + len(last.text) + (2 if last.kind == "text" else 0))
            raise self.source.error(f"the statement ends after '{last.text}' where {expected} belongs", after)
        self.at += 1
        return token

    def expect(self, text: str) -> None:
        token = self.take(f"'{text}'")
        if token.kind != "operator" or token.text != text:
            raise self.source.error(f"'{token.text}' stands where '{text}' belongs", token)

    def wrong_operator(self, token: Token) -> None:
        """Raise when the token is an operator that has no place here, whatever stands around it."""
        if token.kind != "operator":
            return
        if token.text in _SPECIAL:
            raise _no_operator(token, self.source)
        if token.text in MAIN:
            do = "Begin a new line for each statement"
            if token.line > self.operator.line:
                self.goes_on(token)
            elif token.text in (BELOW, ABOVE) and self.operator.text in (BELOW, ABOVE):
                do = "Write two rules, each on its line: a > 0 and a < 2"
            raise self.source.error(f"a second operator '{token.text}' in one statement", token, do=do)

    def goes_on(self, token: Token) -> NoReturn:
        """Raise for an operator on a later line: it begins that line, or a line before is unfinished."""
        earlier = [t for t in (self.operator, *self.tokens) if t.line < token.line]
        if not any(t.line == token.line and t.column < token.column for t in self.tokens):
            raise self.source.error(f"there is no name before '{token.text}'", token)
        last = earlier[-1]
        if last is self.operator:
            raise self.source.error(f"nothing stands after '{last.text}'", last)
        raise self.source.error(
            f"a second operator '{token.text}' in one statement",
            token,
            do=f"Take the {last.text} from the end of line {last.line}"
            if last.kind == "operator"
            else "Begin a new line for each statement",
        )


@dataclass(frozen=True)
class _Term:
    statement: Statement
    equal: Token | None


class _Terms(_Reader):
    """Reads the right side of a formula."""

    def read(self) -> list[_Term]:
        terms = [self.term()]
        while (token := self.peek()) is not None:
            if not self.is_next("+"):
                self.wrong_joint(token)
            self.at += 1
            terms.append(self.term())
        return terms

    def wrong_joint(self, token: Token) -> NoReturn:
        self.wrong_operator(token)
        if token.text == ":":
            raise self.source.error(
                "products of names (x:z) are not read here",
                token,
                do="Add the product to the data as a column",
            )
        right = "Names on the right are joined by +"
        before, after = self.peek(-1), self.peek(1)
        if token.text == "/" and after is not None and after.text == "/":
            raise self.source.error("'//' cannot join names", token, right="A comment begins with #")
        if token.text == "-" and before is not None and after is not None and after.kind != "text":
            name = f"{before.text}-{after.text}"
            right += f". A name with a minus in it stands in backticks: `{name}`"
        if token.text == ",":
            right += ", not by commas"
        if token.kind == "operator":
            raise self.source.error(f"'{token.text}' cannot join names", token, right=right)
        do = f"Write {before.text} + {token.text}" if before is not None and before.kind == "name" else ""
        raise self.source.error(f"'{token.text}' follows a name without +", token, right=right, do=do)

    def term(self) -> _Term:
        start = self.peek() or self.take("a name")
        statement = Statement("", self.operator.text, "", line=start.line, column=start.column)
        equal: Token | None = None
        while True:
            token = self.take("a name")
            if token.kind == "operator" and token.text in "+-":
                number = self.take("a number")
                if number.kind != "number":
                    raise self.source.error(f"'{token.text}' stands where a name belongs", token)
                value = -number.value if token.text == "-" else number.value
                statement = self.with_value(statement, value, token)
            elif token.kind == "number":
                if not self.is_next("*") and not self.is_next("?"):
                    return _Term(self.intercept(statement, token), equal)
                statement = self.with_value(statement, token.value, token)
            elif token.kind == "operator":
                self.wrong_operator(token)
                raise self.source.error(f"'{token.text}' stands where a name belongs", token)
            elif token.kind == "name" and self.is_next("("):
                statement, wish = self.call(statement, token)
                equal = wish or equal
                self.expect("*")
            elif self.is_next("*"):
                self.at += 1
                statement = self.with_label(statement, token)
            else:
                return _Term(self.finished(statement, token), equal)

    def with_value(self, statement: Statement, value: float, token: Token) -> Statement:
        if self.is_next("?"):
            self.at += 1
            return _set(statement, "start", (value,), token, self.source)
        self.expect("*")
        return _set(statement, "fixed", (value,), token, self.source)

    def with_label(self, statement: Statement, token: Token) -> Statement:
        if token.kind == "name" and token.text == "NA":
            return _set(statement, "fixed", (None,), token, self.source)
        if token.kind == "name" and not is_plain(token.text):
            self.bad_name(token)
        return _set(statement, "label", (token.text,), token, self.source)

    def intercept(self, statement: Statement, token: Token) -> Statement:
        if self.operator.text == REGRESSED_ON and token.value == 1:
            return replace(statement, operator=INTERCEPT)
        right = "A mean is written x ~ 1, and a mean fixed at zero x ~ 0*1"
        if self.operator.text == THRESHOLD:
            raise self.source.error(
                f"'{token.text}' is no threshold", token, right="They are called t1, t2, t3 ..."
            )
        if self.operator.text != REGRESSED_ON:
            right = f"A value is written before a name, as in {token.text}*x"
        raise self.source.error(f"the number {token.text} stands where a name belongs", token, right=right)

    def finished(self, statement: Statement, token: Token) -> Statement:
        if token.kind == "name" and not is_plain(token.text):
            self.bad_name(token)
        if self.operator.text == THRESHOLD and not re.fullmatch(r"t[1-9]\d*", token.text):
            raise self.source.error(
                f"'{token.text}' is no threshold", token, right="They are called t1, t2, t3 ..."
            )
        return replace(statement, right=token.text)

    def bad_name(self, token: Token) -> NoReturn:
        raise self.source.error(
            f"'{token.text}' cannot be a name", token, do="Put it in backticks if the data calls it so"
        )

    def call(self, statement: Statement, function: Token) -> tuple[Statement, Token | None]:
        """A modifier with brackets: c(), start(), lower(), upper(), label(), equal()."""
        self.expect("(")
        if function.text == "equal":
            wish = self.take("a parameter in quotation marks")
            if wish.kind != "text":
                raise self.source.error(
                    f"'{wish.text}' stands where a parameter in quotation marks belongs",
                    wish,
                    right='A parameter is named as in equal("Image=~x1")*x2',
                )
            self.expect(")")
            return statement, wish
        if function.text in ("start", "lower", "upper"):
            numbers = tuple(v for v, _ in self.arguments("number"))
            return _set(statement, function.text, numbers, function, self.source), None
        if function.text == "label":
            words = tuple(str(v) for v, _ in self.arguments("name"))
            return _set(statement, "label", words, function, self.source), None
        if function.text == "c":
            values = self.arguments("either")
            kinds = {"label" if isinstance(v, str) else "fixed" for v, _ in values}
            if len(kinds) > 1:
                raise self.source.error(
                    "labels and values are mixed in one c()",
                    function,
                    do="Write one c() for each: c(1, 1)*x + c(a, b)*x",
                )
            return _set(statement, kinds.pop(), tuple(v for v, _ in values), function, self.source), None
        near = closest(function.text, MODIFIERS)
        raise self.source.error(
            f"no modifier is called '{function.text}()'",
            function,
            right=f"The modifiers are: {', '.join(MODIFIERS)}",
            do=f"Did you mean {near}()?" if near else "",
        )

    def arguments(self, kind: Literal["number", "name", "either"]) -> list[tuple[float | str | None, Token]]:
        """Values up to the closing bracket; a c() may stand inside."""
        values: list[tuple[float | str | None, Token]] = []
        while True:
            token = self.take("a value")
            if token.kind == "name" and token.text == "c" and self.is_next("("):
                self.at += 1
                values += self.arguments(kind)
            else:
                values.append((self.argument(token, kind), token))
            if self.is_next(")"):
                self.at += 1
                return values
            token = self.take("',' or ')'")
            if token.text != ",":
                raise self.source.error(f"'{token.text}' stands where ',' or ')' belongs", token)

    def argument(self, token: Token, kind: Literal["number", "name", "either"]) -> float | str | None:
        sign = 1.0
        if token.kind == "operator" and token.text in "+-":
            sign = -1.0 if token.text == "-" else 1.0
            token = self.take("a number")
            if token.kind != "number":
                raise self.source.error(f"'{token.text}' stands where a number belongs", token)
        if token.kind == "number" and kind != "name":
            return sign * token.value
        if token.kind in ("name", "text") and kind != "number":
            if token.kind == "name" and token.text == "NA":
                if kind == "either":
                    return None
            elif token.kind == "text" or is_plain(token.text):
                return token.text
        wanted = {"number": "a number", "name": "a label", "either": "a label or a number"}[kind]
        raise self.source.error(f"'{token.text}' stands where {wanted} belongs", token)


def _set(statement: Statement, what: str, values: Sequence[object], at: Token, source: Source) -> Statement:
    if getattr(statement, what):
        kind = {"fixed": "value", "start": "starting value"}.get(what, what)
        raise source.error(f"a second {kind} for one parameter", at)
    return replace(statement, **{what: tuple(values)})  # type: ignore[arg-type]


def _merged(first: Statement, second: Statement, source: Source) -> Statement:
    """One parameter said twice in one formula, each time with another modifier."""
    added = {
        what: getattr(second, what)
        for what in ("fixed", "label", "start", "lower", "upper")
        if getattr(second, what)
    }
    if not added or any(getattr(first, what) for what in added):
        raise source.error(f"'{second.right or '1'}' is said twice", second)
    return replace(first, **added)


# What must hold


def _check_self(s: Statement, source: Source) -> None:
    if s.left == s.right and s.operator in (MEASURES, REGRESSED_ON):
        verb = "measure" if s.operator == MEASURES else "explain"
        raise source.error(f"'{s.left}' cannot {verb} itself", s)


def _check_repeats(statements: Sequence[Statement], source: Source) -> None:
    seen: dict[tuple[str, str, str], Statement] = {}
    for s in statements:
        if s.key in seen:
            said = f"{s.left} {s.operator} {s.right}".rstrip()
            raise source.error(f"'{said}' repeats line {seen[s.key].line}", s, do="Say each parameter once")
        seen[s.key] = s


def _check_groups(statements: Sequence[Statement], source: Source) -> None:
    several = [s for s in statements if s.groups > 1]
    for s in statements:
        sizes = {len(v) for v in (s.fixed, s.label, s.start, s.lower, s.upper)} - {0, 1}
        if len(sizes) > 1 or (several and s.groups not in (1, several[0].groups)):
            first = several[0]
            raise source.error(
                f"the modifiers speak of {max(sizes)} groups",
                s,
                right=f"Line {first.line} speaks of {first.groups}",
            )


def _equal_labels(
    statements: list[Statement], wishes: Sequence[tuple[int, str, Token]], source: Source
) -> list[Statement]:
    """`equal("f=~x")` as a label the two parameters share."""
    for position, wanted, token in wishes:
        said = {f"{s.left}{s.operator}{s.right}": i for i, s in enumerate(statements)}
        key = "".join(wanted.split())
        if key not in said:
            raise UnknownName("parameter", wanted, said, where=source.place(token))
        other, mine = statements[said[key]], statements[position]
        if said[key] == position:
            raise source.error("a parameter cannot be set equal to itself", token)
        label = other.label or mine.label or (f".{key}.",)
        if mine.label and other.label and mine.label != other.label:
            raise source.error(
                f"both parameters have a label already: {mine.label[0]}, {other.label[0]}", token
            )
        statements[said[key]] = replace(other, label=label)
        statements[position] = replace(mine, label=label)
    return statements


def _check_rules(model: Model, source: Source) -> None:
    known = list(dict.fromkeys(name for s in model.statements for name in s.label))
    # a constraint may stand before the definition it speaks of
    later = {str(r.left.tree) for r in model.rules if r.operator == DEFINED}
    for rule in model.rules:
        if rule.operator == DEFINED:
            name = rule.left.names[0]
            if name in known:
                raise ModelError(
                    f"'{name}' is a label or defined already",
                    line=rule.line,
                    column=rule.column,
                    shown=source.lines[rule.line - source.first_line],
                    where=source.where,
                )
        defined = () if rule.operator == DEFINED else later
        for name in rule.right.names if rule.operator == DEFINED else rule.left.names + rule.right.names:
            if name not in known and name not in defined:
                raise UnknownName(
                    "label",
                    name,
                    known,
                    where=_place_in(rule, name, source),
                    do=f"Label a parameter, as in {name}*x",
                )
        if rule.operator == DEFINED:
            known.append(rule.left.names[0])


def _place_in(rule: Rule, name: str, source: Source) -> str:
    """Where a rule uses a name: on its first line or one it goes on to; else where the rule begins."""
    token = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.])")
    first = rule.line - source.first_line
    for at, line in enumerate(source.lines[first:], start=first):
        begin = rule.column - 1 if at == first else 0
        if rule.operator == DEFINED and at == first:
            begin = line.index(DEFINED, begin) if DEFINED in line[begin:] else begin
        if found := token.search(line, begin):
            return place(at + source.first_line, found.start() + 1, line, source.where)
        if at > first and any(operator in line for operator in MAIN):
            break
    return source.place(rule)


# Rules


def _rule(left: Sequence[Token], operator: Token, right: Sequence[Token], source: Source) -> Rule:
    at = left[0] if left else operator
    if not left:
        raise source.error(f"nothing stands before '{operator.text}'", operator)
    if operator.text == DEFINED and (len(left) != 1 or left[0].kind not in ("name", "text")):
        raise source.error("one new name belongs before ':='", at)
    return Rule(
        _Arithmetic(left, operator, source).read(),
        operator.text,
        _Arithmetic(right, operator, source).read(),
        line=at.line,
        column=at.column,
    )


class _Arithmetic(_Reader):
    """Reads an expression; from loose to tight: + and -, * and /, sign, ^ (which goes from the right)."""

    depth = 0

    def read(self) -> Expression:
        tree = self.sum()
        token = self.peek()
        if token is not None:
            self.wrong_operator(token)
            raise self.source.error(f"'{token.text}' cannot follow here", token)
        return Expression(tree)

    def sum(self) -> Tree:
        return self.chain(("+", "-"), self.product)

    def product(self) -> Tree:
        return self.chain(("*", "/"), self.signed)

    def chain(self, operations: tuple[str, ...], part: Callable[[], Tree]) -> Tree:
        tree, length = part(), 0
        while any(map(self.is_next, operations)):
            operation = self.take("an operator")
            length += 1
            self.not_deeper(length, operation)
            tree = (operation.text, tree, part())
        return tree

    def signed(self) -> Tree:
        negative = False
        while self.is_next("+") or self.is_next("-"):
            negative ^= self.take("a sign").text == "-"
        power = self.power()
        return ("-", power) if negative else power

    def power(self) -> Tree:
        base = self.atom()
        if not self.is_next("^"):
            return base
        self.deeper(self.take("'^'"))
        tree = ("^", base, self.signed())
        self.depth -= 1
        return tree

    def atom(self) -> Tree:
        token = self.take("a label or a number")
        if token.kind == "number":
            return token.value
        if token.kind == "name" and self.is_next("("):
            if token.text not in FUNCTIONS:
                raise UnknownName("function", token.text, FUNCTIONS, where=self.source.place(token))
            return (token.text, self.brackets(self.take("'('")))
        if token.kind == "operator" and token.text == "(":
            return self.brackets(token)
        if token.kind == "text" or (token.kind == "name" and is_plain(token.text)):
            return token.text
        self.wrong_operator(token)
        raise self.source.error(f"'{token.text}' stands where a label or a number belongs", token)

    def brackets(self, opening: Token) -> Tree:
        self.deeper(opening)
        tree = self.sum()
        self.expect(")")
        self.depth -= 1
        return tree

    def deeper(self, token: Token) -> None:
        self.depth += 1
        self.not_deeper(self.depth, token)

    def not_deeper(self, depth: int, token: Token) -> None:
        if depth > DEEPEST:
            raise self.source.error(
                "the expression is too long", token, do="Define a part of it first with :="
            )
