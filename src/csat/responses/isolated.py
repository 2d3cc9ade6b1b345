"""Reading in a process of its own, for formats whose readers can crash on a damaged file.

The libraries behind workbooks and statistics files are native code: a damaged .xls makes one allocate
until the process dies, a damaged .sav makes another read outside its memory. Here that ends a child
process, and the user hears that the file is damaged. The child also has a bound on its memory and its time.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from csat.errors import BadInput

CHILD = Path(__file__).with_name("child.py")
MOST_MEMORY = 4 << 30
"""Bytes the child may use; a workbook of five million cells needs less than one GiB."""
SECONDS = 60.0
SECONDS_PER_MEBIBYTE = 6.0
"""A sound file takes about a tenth of this."""


def read_isolated(reader: str, path: Path, *options: object) -> Any:
    """What the reader of that name in `child.READERS` makes of a file, in a child process.

    Raises
    ------
    BadInput : what the reader refuses; a crash, a fault or too long a time of the reader.
    """
    where = str(path)
    if not sys.executable or getattr(sys, "frozen", False):  # there is no Python to run the child with
        from csat.responses.child import answer as answer_here

        return _taken(*answer_here(reader, (where, *options)), path)
    limit = SECONDS + SECONDS_PER_MEBIBYTE * path.stat().st_size / (1 << 20)
    request = pickle.dumps((list(sys.path), MOST_MEMORY, reader, (where, *options)))
    try:
        done = subprocess.run(
            # -P: the child's first path must not be this folder, whose names would hide those of Python
            [sys.executable, "-P", str(CHILD)],
            input=request,
            capture_output=True,
            timeout=limit,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "RUST_BACKTRACE": "0"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadInput(
            f"reading was given up after {limit:.0f} seconds",
            where=where,
            do="The file is damaged or far too large: save the answers as CSV",
        ) from error
    kind: str = "crashed"
    answer: Any = None
    with contextlib.suppress(Exception):  # half an answer of a child that died is no answer
        kind, answer = pickle.loads(done.stdout)
    return _taken(kind, answer, path)


def _taken(kind: str, answer: Any, path: Path) -> Any:
    """The answer of a reader, or the error it stands for."""
    if kind == "read":
        return answer
    if kind == "refused":
        raise BadInput(answer)
    raise BadInput(
        f"it cannot be read as {path.suffix.lstrip('.')}: {answer}"
        if kind == "failed"
        else "the file is damaged, or unpacks to more than the memory it may take: the reader stopped",
        where=str(path),
        do="Export it again, or save it as CSV (UTF-8)",
    )
