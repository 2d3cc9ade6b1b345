"""Regenerate the example report: python reports/make.py

The answers are simulated (`csat simulate bank_efa --describe`); the report is what `csat demo` writes, in
both languages. What is left out keeps the repository small.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import csat
from csat import demo
from csat.language import LANGUAGES

HERE = Path(__file__).parent
KEPT = {"en": ("report.html", "report.pdf"), "zh": ("report.html",)}


def main() -> None:
    for language in LANGUAGES:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "simulated_bank_survey.csv"
            data.write_bytes(demo.as_csv(demo.bank_columns()))
            survey = csat.read(data, instrument="bank_corporate")
            survey.report(folder, language=language, issued=demo.ISSUED, returned=demo.RETURNED)
            for name in KEPT[language]:
                shutil.copy(Path(folder) / name, HERE / f"bank-{language}{Path(name).suffix}")


if __name__ == "__main__":
    main()
