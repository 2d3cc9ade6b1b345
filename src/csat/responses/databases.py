"""Answers that lie in a database: a SQLAlchemy address and a query, read and never written.

SQLAlchemy is the optional part `csat[sql]`; the driver of the database is the user's to install.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from csat.errors import BadInput
from csat.responses.raw import RawColumn

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine

BATCH = 20_000
"""Rows fetched at a time."""
MOST_CELLS = 500_000_000
"""Cells of an answer to a query; more would not fit a usual machine's memory."""
READS = re.compile(
    r"\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*\(*\s*(select|with|values|table|from|show)\b", re.I | re.S
)
"""A query that reads begins so, after comments."""


def is_address(source: object) -> bool:
    """Whether the source is the address of a database, such as sqlite:///survey.db."""
    return isinstance(source, str) and re.match(r"[a-z][a-z0-9+_]*://", source, re.I) is not None


def read_query(address: str, query: str | None) -> tuple[str, list[str], list[RawColumn]]:
    """The answer to a query, as column names and columns, with the address as it may be shown.

    Parameters
    ----------
    address : `dialect[+driver]://user:password@host/database`; a password is never shown.
    query : one reading statement (SELECT). It runs in a transaction that is rolled back; a SQLite file is
        opened for reading only.

    Raises
    ------
    BadInput : SQLAlchemy or the driver is not installed, the address or the query is wrong, the database does
        not answer, or its answer is too large.
    """
    url = _url(address)
    shown = url.render_as_string(hide_password=True)
    if not query or not query.strip():
        raise BadInput(
            "a database needs a query that says which answers to read",
            where=shown,
            do='Add --query "SELECT * FROM answers"',
        )
    if not READS.match(query):
        raise BadInput(
            f"the query begins with '{query.split()[0][:30]}'",
            where="query",
            right="It should read: SELECT ... or WITH ... SELECT",
            do="csat never writes to a database",
        )
    engine = _engine(url, shown)
    try:
        names, columns = _fetched(engine, query, shown)
    finally:
        engine.dispose()
    return shown, names, columns


def _url(address: str) -> URL:
    try:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise BadInput(
            "reading a database needs SQLAlchemy, which is not installed",
            where=_without_password(address),
            do='Install it with: pip install "csat[sql]"',
        ) from error
    try:
        return make_url(address)
    except (ArgumentError, ValueError) as error:
        raise BadInput(
            "this is not the address of a database",
            where=_without_password(address),
            right="It should read dialect://user:password@host/database, or sqlite:///file.db",
        ) from error


def _without_password(address: str) -> str:
    """An address that could not be read, without what may be a password in it."""
    return re.sub(r"//([^:/@]*):[^/]*", r"//\1:***", address)


def _engine(url: URL, shown: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        if not url.database or not file.is_file():
            raise BadInput(
                "there is no such database file",
                where=shown,
                right=(
                    "sqlite:///survey.db is a file in this folder; "
                    "sqlite:////data/survey.db one from the root"
                ),
            )
        # a connection to a missing or writable file would create or could change it
        # a ? in the name of the file must not become an option of the connection
        url = url.set(database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})
    try:
        return create_engine(url, poolclass=NullPool)
    except (SQLAlchemyError, ImportError) as error:
        raise BadInput(
            f"there is no driver for this database: {_first_line(error)}",
            where=shown,
            do=f"Install the driver for {url.get_backend_name()}, or name another in the address",
        ) from error


def _fetched(engine: Engine, query: str, shown: str) -> tuple[list[str], list[RawColumn]]:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        # a colon in a query, as in a time, is no parameter
        statement = text(query.replace(":", r"\:"))
        with engine.connect() as connection:
            result = connection.execution_options(stream_results=True).execute(statement)
            if not result.returns_rows:
                connection.rollback()
                raise BadInput("the query returns no rows of answers", where=shown, do="Begin it with SELECT")
            names = [str(n) for n in tuple(result.keys())]
            cells: list[list[object]] = [[] for _ in names]
            for rows in result.partitions(BATCH):
                if (len(cells[0]) + len(rows)) * len(names) > MOST_CELLS:
                    raise BadInput(
                        f"the answer to the query has more than {MOST_CELLS:,} cells",
                        where=shown,
                        do="Select fewer columns or rows",
                    )
                for column, values in zip(cells, zip(*rows, strict=True), strict=True):
                    column.extend(map(_plain, values))
            connection.rollback()
    except SQLAlchemyError as error:
        raise BadInput(
            f"the database does not answer the query: {_first_line(error)}",
            where=shown,
            do="Check the names of the table and its columns, and that the database can be reached",
        ) from error
    return names, [RawColumn.of(column) for column in cells]


def _plain(value: Any) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return value


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:200]
