import subprocess
import sys

import csat

HEAVY = (
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "matplotlib",
    "statsmodels",
    "semopy",
    "pydantic",
    "typst",
    "rich",
)


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(','.join(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(
        filter(None, done.stdout.strip().splitlines()[-1:][0].split(",") if done.stdout.strip() else [])
    )


def test_importing_csat_loads_nothing_heavy():
    assert loaded_after("import csat; dir(csat)") == set()


def test_help_loads_nothing_heavy():
    code = (
        "import io, contextlib\nfrom csat.cli import run\n"
        "with contextlib.redirect_stdout(io.StringIO()): run(['--help'])"
    )
    assert loaded_after(code) == set()


def test_every_public_name_can_be_had():
    for name in csat.__all__:
        assert getattr(csat, name) is not None, name


def test_an_unknown_public_name_is_an_attribute_error():
    assert not hasattr(csat, "no_such_thing")


def test_waves_of_two_frames_are_compared_in_one_call():
    import pandas as pd

    from csat.instrument.instrument import Construct, Instrument, Item, Scale
    from csat.language import Text

    scale = Scale("s", 1, 5)
    items = tuple(Item(name, Text(name), scale) for name in ("a", "b"))
    instrument = Instrument(
        "two", "1", Text("Two"), items, (Construct("C", Text("C"), ("a", "b"), "outcome"),), (scale,)
    )
    before = pd.DataFrame({"a": [1, 2, 3, 2] * 30, "b": [2, 2, 3, 1] * 30})
    found = csat.waves({"before": before, "after": before + 1}, instrument)
    assert "+1.00" in found.headline()[0].en
