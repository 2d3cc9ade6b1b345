"""What runs in the process that `isolated.read_isolated` starts: one reader, one file, one answer.

This file is run by its path and imports csat only after it has taken over the paths of its parent.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
from typing import Any

READERS = {
    "workbook": ("csat.responses.workbooks", "read_workbook"),
    "statistics": ("csat.responses.dictionaries", "read_statistics"),
}


def main() -> None:
    """Answer the one request on standard input."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints must not mix with the answer
    path, memory, reader, arguments = pickle.load(sys.stdin.buffer)
    sys.path[:] = path
    limit_memory(memory)
    pickle.dump(answer(reader, arguments), answers, protocol=5)
    answers.close()


def answer(reader: str, arguments: tuple[object, ...]) -> tuple[str, Any]:
    """`read` and what was read, `refused` and why, or `failed` and what the library said."""
    from csat.errors import CsatError

    module, name = READERS[reader]
    try:
        return "read", getattr(importlib.import_module(module), name)(*arguments)
    except CsatError as error:
        return "refused", str(error)
    except BaseException as error:  # a panic of the native reader is no Exception
        lines = str(error).strip().splitlines()
        return "failed", lines[0][:200] if lines else type(error).__name__


def limit_memory(memory: int) -> None:
    """Bound the memory of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


if __name__ == "__main__":
    main()
