"""The front door of the notebook: read a survey, ask it questions, write its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csat.chain import Chain
from csat.errors import BadInput, CannotCompute
from csat.instrument.instrument import Instrument
from csat.language import Language, Text
from csat.responses.asked import Asked
from csat.responses.binding import ad_hoc_instrument, bind
from csat.responses.cleaning import CARELESS, Rules, clean, rules_of, without
from csat.responses.drawn import Drawn
from csat.responses.readers import read_table

if TYPE_CHECKING:
    from csat.numerics.replication import Given, Kind
    from csat.report.write import Report
    from csat.responses.responses import Responses


class Survey(Chain):
    """A survey that was read: `csat.read` makes it."""

    asked: Asked | None = None
    """How it was read; None for responses that were made otherwise."""

    def report(
        self,
        folder: str | Path,
        *,
        language: Language = "en",
        issued: int | None = None,
        returned: int | None = None,
        seed: int = 0,
        step: Callable[[int, int, str], None] | None = None,
    ) -> Report:
        """Write report.html, report.pdf, report.xlsx and result.json into a folder: all of them or none.

        step : called with (done, total, words) as the work goes on.
        """
        from csat.report.write import write

        return write(
            self,
            folder,
            language=language,
            issued=issued,
            returned=returned,
            seed=seed,
            asked=self.asked,
            step=step,
        )

    def __repr__(self) -> str:
        responses = self.responses
        size = f"{responses.rows} respondents x {len(responses.items)} items"
        return f"<Survey {responses.report.source}: {size}, {responses.instrument.label}>"


def read(
    source: Any,
    instrument: str | Path | Instrument | None = None,
    *,
    items: Sequence[str] | None = None,
    scale: tuple[int, int] | None = None,
    constructs: Mapping[str, Sequence[str]] | None = None,
    weight: str | None = None,
    segments: Sequence[str] = (),
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    query: str | None = None,
    layout: str | None = None,
    keep_rows: Sequence[str] = (),
    drop: Sequence[str] | str = (),
    margins: Mapping[str, Mapping[str, float]] | None = None,
    strata: str = "",
    clusters: str = "",
    population: str = "",
    resampling: Kind = "bootstrap",
    replicate_weights: str = "",
    replicate_type: Given | None = None,
    replicate_scale: Sequence[float] | float | None = None,
) -> Survey:
    """Read answers from a file or a data frame and bind them to an instrument.

    Parameters
    ----------
    source : path of a csv, tsv, xlsx, xls, ods, sav, dta or parquet file, a pandas, polars, pyarrow or
        DuckDB frame, or the SQLAlchemy address of a database (`sqlite:///survey.db`) with its query.
    instrument : a shipped one by name (`csat instruments list`), a path to a .toml file, or an `Instrument`.
    items, scale, constructs : without an instrument: the columns that are items (default: all columns of
    numbers),
        their (lowest, highest) answer, and which items measure what. Without a scale items are measured
        quantities.
    weight : column of case weights; the instrument's own is used unless this is 'none'.
    segments : columns that group respondents, besides those the instrument declares.
    query : the SELECT statement whose answer is the table, where the source is a database.
    encoding, delimiter, sheet, layout : found from the file unless named. The layouts are qualtrics,
        qualtrics_legacy, surveymonkey, limesurvey, google_forms, wenjuanxing and plain.
    keep_rows : reasons for which rows are left out by default and shall stay: preview, test, spam,
        unfinished, empty, 'blank row', 'total row'.
    drop : rules by which rows are left out, each counted in the reading: speeders=SECONDS, repeats,
        duplicates, straightliners[=ANSWERS], careless[=SIGNS]. By default every answered row stays.
    margins : column of groups to the shares (of any sum) of its categories in the population; `a*b` is one
        margin of two columns. The respondents are weighted to agree with them (raking), from the weights the
        file has, and every analysis uses the result.
    strata, clusters : columns by which respondents were drawn; population : how many there are in each
        stratum (clusters, where there are clusters), a number or a column, for sampling without replacement;
        resampling : `bootstrap`, `bayesian` or
        `jackknife`: how replicates are made for the intervals of indices, NPS, priorities, what-if and PLS.
    replicate_weights : what the columns of replicate weights begin with, where the file has its own;
        replicate_type : `JK1`, `JK2`, `JKn`, `BRR`, `Fay`, `SDR`, `bootstrap`, `other`; replicate_scale : the
        multiplier of squared deviations (one, or one for each) for types without one.

    Raises
    ------
    BadInput, UnknownName : the file, the instrument or an option is wrong; the text says what to do.
    """
    rules = rules_of(drop)
    drawn = Drawn(
        strata, clusters, population, resampling, replicate_weights, replicate_type, replicate_scale
    )
    questionnaire = None
    if instrument is not None:
        if items is not None or scale is not None or constructs is not None:
            raise BadInput(
                "items, scale and constructs are for data without an instrument",
                do="Leave them out, or leave the instrument out",
            )
        questionnaire = load_instrument(instrument)
    if margins and replicate_weights:
        raise BadInput(
            "replicate weights stand for the weights of the file, not for weights raked to margins",
            do="Leave the margins out, or have replicate weights made of the raked weights",
        )
    crossed = tuple(dict.fromkeys(c.strip() for name in margins or () for c in name.split("*")))
    segments = tuple(dict.fromkeys((*segments, *crossed)))
    asked = [*segments, *([weight] if weight else []), *drawn.columns]
    table = read_table(
        source,
        query=query,
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        layout=layout,
        keep_rows=keep_rows,
        instrument=questionnaire,
        columns=asked,
    )
    if questionnaire is None:
        questionnaire = ad_hoc_instrument(table, items=items, scale=scale, constructs=constructs)
    taken = drawn.taken(table)
    # the table is this function's own: letting go of its columns holds a large file once, not twice
    responses = bind(table, questionnaire, weight=weight, segments=segments, release=True)
    responses = _raked(_cleaned(taken.replicated(responses), rules), margins)
    survey = Survey(responses)
    survey.asked = Asked.of(
        source,
        instrument,
        items=items,
        scale=scale,
        constructs=constructs,
        weight=weight,
        segments=segments,
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        query=query,
        layout=layout,
        keep_rows=keep_rows,
        drop=drop,
        margins=margins,
        strata=strata,
        clusters=clusters,
        population=population,
        resampling=resampling,
        replicate_weights=replicate_weights,
        replicate_type=replicate_type,
        replicate_scale=replicate_scale,
    )
    return survey


def _raked(responses: Responses, margins: Mapping[str, Mapping[str, float]] | None) -> Responses:
    """Under weights that agree with the margins.

    Raises
    ------
    BadInput, CannotCompute : the margins do not fit the answers, or no weights agree with them.
    """
    if not margins:
        return responses
    from csat.analyses.weighting import weighting

    found = weighting(responses, margins)
    if found.verdict.failed:
        raise CannotCompute(
            found.verdict.text.en.rstrip("."),
            where="margins",
            do="See what stands against it: csat weights with the same margins",
        )
    return found.apply(responses)


def _cleaned(responses: Responses, rules: Rules) -> Responses:
    """Without the rows that break the rules asked for."""
    if rules == Rules():
        return responses
    kept = clean(
        responses,
        faster_than=rules.faster_than,
        same_answers=rules.same_answers,
        first_only=rules.first_only,
        no_duplicates=rules.no_duplicates,
    )
    if rules.careless is None:
        return kept
    signs = Chain(kept).quality().scores.n_flags
    words = Text(
        f"signs of careless answering: {rules.careless} or more",
        f"至少出现 {rules.careless} 种不认真作答的迹象",
    )
    return without(kept, {CARELESS: signs >= rules.careless}, {CARELESS: words})


def load_instrument(instrument: str | Path | Instrument) -> Instrument:
    """A shipped instrument by name, or one from a .toml file."""
    if isinstance(instrument, Instrument):
        return instrument
    from csat.instrument.toml import load

    return load(instrument)
