"""How the respondents were drawn, where the file says it: strata, clusters, replicate weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, NumericsError, UnknownName
from csat.instrument.labels import fold
from csat.numerics.design import Design, design
from csat.numerics.replication import KINDS, Given, Kind, Replication, given_replicates, replication
from csat.responses.matching import find_column
from csat.responses.raw import RawTable, number_of
from csat.responses.responses import Responses

Array = NDArray[np.float64]
TYPES: tuple[Given, ...] = get_args(Given)


@dataclass(frozen=True)
class Drawn:
    """The columns that say how respondents were drawn, as keywords of `csat.read`.

    strata, clusters : columns. population : how many there are in each respondent's stratum (clusters, where
    there are clusters): a number, or the column that holds it. resampling : how replicates of the respondents
    are made. replicate_weights : what the names of the columns of replicate weights begin with.
    replicate_type : `JK1`, `BRR`, .. (needed with them). replicate_scale : multiplier of the squared
    deviations, where the type has none or another is meant: one number, or one for each.
    """

    strata: str = ""
    clusters: str = ""
    population: str = ""
    resampling: Kind = "bootstrap"
    replicate_weights: str = ""
    replicate_type: Given | None = None
    replicate_scale: Sequence[float] | float | None = None

    def __post_init__(self) -> None:
        if self.resampling not in KINDS:
            raise UnknownName("way of resampling", self.resampling, KINDS)
        if self.replicate_type is not None and self.replicate_type not in TYPES:
            raise UnknownName("type of replicate weights", self.replicate_type, TYPES)
        if not self.replicate_weights:
            if self.replicate_type is not None or self.replicate_scale is not None:
                raise BadInput(
                    "a type or scale of replicate weights is given, and no replicate weights",
                    do="Name what their columns begin with (--replicate-weights PREFIX)",
                )
            return
        if self.replicate_type is None:
            raise BadInput(
                "the type of the replicate weights is not said",
                right=f"It is one of {', '.join(TYPES)}; the makers of the file say which",
                do="Name it (--replicate-type JK1)",
            )
        if self.strata or self.clusters or self.population or self.resampling != "bootstrap":
            raise BadInput(
                "replicate weights and strata, clusters or a way of resampling are two designs",
                right="Replicate weights hold the strata and clusters already",
                do="Give one or the other",
            )

    @property
    def is_plain(self) -> bool:
        """Whether each respondent was drawn by itself."""
        named = self.strata or self.clusters or self.population or self.replicate_weights
        return not named and self.resampling == "bootstrap"

    @property
    def columns(self) -> tuple[str, ...]:
        """What a reader must keep; a name that ends in * is the beginning of several."""
        return tuple(
            c
            for c in (
                self.strata,
                self.clusters,
                "" if _number(self.population) else self.population,
                f"{self.replicate_weights}*" if self.replicate_weights else "",
            )
            if c
        )

    def taken(self, table: RawTable) -> Taken:
        """The columns themselves; those of replicate weights leave the table.

        Raises
        ------
        UnknownName, BadInput : no such column; an empty stratum or cluster; a weight that is no number.
        """
        if self.is_plain:
            return Taken(self, table.numbers_of_rows())
        return Taken(
            self,
            table.numbers_of_rows(),
            self._labels(table, self.strata),
            self._labels(table, self.clusters),
            self._populations(table),
            self._replicate_weights(table),
        )

    def _populations(self, table: RawTable) -> Array | None:
        if not self.population:
            return None
        if known := _number(self.population):
            return np.full(table.rows, known)
        column = find_column(table, self.population)
        if column is None:
            raise UnknownName("column", self.population, table.columns, where=table.source)
        sizes, wrong = table.columns[column].numbers(table.decimal)
        bad = np.flatnonzero(wrong | np.isnan(sizes) | (sizes < 1))
        if bad.size:
            raise BadInput(
                f"row {table.numbers_of_rows()[bad[0]]} does not say how many there are in its stratum",
                where=f"{table.source}, column '{column}'",
                right="A number of at least 1 in every row, the same throughout a stratum",
            )
        return sizes

    def _labels(self, table: RawTable, name: str) -> NDArray[np.object_] | None:
        if not name:
            return None
        column = find_column(table, name)
        if column is None:
            raise UnknownName("column", name, table.columns, where=table.source)
        return np.array(table.columns[column].texts(), dtype=object)

    def _replicate_weights(self, table: RawTable) -> Array | None:
        if not self.replicate_weights:
            return None
        start = fold(self.replicate_weights)
        found = [c for c in table.columns if fold(c).startswith(start)]
        if len(found) < 2:
            raise BadInput(
                f"{len(found)} columns begin with '{self.replicate_weights}'",
                where=table.source,
                right="Replicate weights are many columns, such as rep_1, rep_2, ..",
                do="Name what their names begin with (--replicate-weights PREFIX)",
            )
        out = np.empty((table.rows, len(found)))
        for k, name in enumerate(found):
            out[:, k], wrong = table.columns[name].numbers(table.decimal)
            if wrong.any():
                row = int(table.numbers_of_rows()[np.flatnonzero(wrong)[0]])
                raise BadInput(
                    f"a replicate weight in row {row} is no number", where=f"{table.source}, '{name}'"
                )
        if isinstance(table.columns, dict):
            for name in found:
                del table.columns[name]
        return out


@dataclass(frozen=True, eq=False)
class Taken:
    """What `Drawn.taken` found, for the rows of the table, which `row_numbers` names."""

    drawn: Drawn
    row_numbers: NDArray[np.int32]
    strata: NDArray[np.object_] | None = None
    clusters: NDArray[np.object_] | None = None
    populations: Array | None = None
    weights: Array | None = None

    def replicated(self, responses: Responses) -> Responses:
        """The responses with their replication.

        Raises
        ------
        BadInput : a respondent without stratum or cluster, a stratum with one cluster, a scale is missing.
        """
        drawn = self.drawn
        if drawn.is_plain:
            return responses
        at = np.searchsorted(self.row_numbers, responses.row_numbers)
        where = responses.report.source
        said = ((drawn.strata, "stratum"), (drawn.clusters, "cluster"), (drawn.population, "population"))
        roles = {c: r for c, r in said if c and not _number(c)}
        if drawn.replicate_weights:
            roles[f"{drawn.replicate_weights}.."] = "replicate weights"
        report = responses.report
        unused = tuple(c for c in report.unmatched_columns if c not in roles)
        report = replace(report, roles={**report.roles, **roles}, unmatched_columns=unused)
        try:
            of = self._design(responses, at, where)
            made = self._made(responses, at, where, of)
            return replace(responses, replication=made, design=of, report=report)
        except NumericsError as error:
            names = sorted({str(s) for s in self.strata[at]}) if self.strata is not None else ()
            raise error.named(names, where=f"{where}, the design") from error

    def _made(self, responses: Responses, at: NDArray[np.intp], where: str, of: Design | None) -> Replication:
        drawn = self.drawn
        if self.weights is not None:
            assert drawn.replicate_type is not None  # checked when it was asked for
            return given_replicates(
                responses.weights,
                self.weights[at],
                type=drawn.replicate_type,
                scale=None
                if drawn.replicate_scale is None
                else np.asarray(drawn.replicate_scale, dtype=float),
            )
        strata, clusters = self._known(responses, at, where)
        return replication(
            drawn.resampling,
            n=responses.rows,
            strata=strata,
            clusters=clusters,
            population=None if of is None or self.populations is None else of.population,
        )

    def _known(
        self, responses: Responses, at: NDArray[np.intp], where: str
    ) -> tuple[NDArray[np.str_] | None, NDArray[np.str_] | None]:
        """Stratum and cluster of every respondent."""
        strata, clusters = (
            None if labels is None else _filled(labels[at], name, responses, where)
            for labels, name in ((self.strata, self.drawn.strata), (self.clusters, self.drawn.clusters))
        )
        return strata, clusters

    def _design(self, responses: Responses, at: NDArray[np.intp], where: str) -> Design | None:
        """For linearised errors, where strata, clusters or populations are known."""
        if self.strata is None and self.clusters is None and self.populations is None:
            return None
        strata, clusters = self._known(responses, at, where)
        sizes = None
        if self.populations is not None:
            own = self.populations[at]
            stratum = np.zeros(responses.rows, dtype=np.intp)
            names = np.array([""])
            if strata is not None:
                names, stratum = np.unique(strata, return_inverse=True)
            sizes = np.zeros(len(names))
            np.maximum.at(sizes, stratum, own)
            uneven = np.flatnonzero(own != sizes[stratum])
            if uneven.size:
                raise BadInput(
                    f"the population of stratum '{names[stratum[uneven[0]]]}' is both "
                    f"{own[uneven[0]]:g} and {sizes[stratum[uneven[0]]]:g}",
                    where=f"{where}, column '{self.drawn.population}'",
                    right="One number throughout a stratum",
                )
        return design(responses.weights, n=responses.rows, strata=strata, clusters=clusters, population=sizes)


def _number(text: str) -> float | None:
    """The number a text writes, None for the name of a column."""
    return number_of(text) or None


def _filled(labels: NDArray[np.object_], name: str, responses: Responses, where: str) -> NDArray[np.str_]:
    empty = [k for k, v in enumerate(labels) if v is None]
    if empty:
        raise BadInput(
            f"{len(empty)} respondents have an empty cell, the first row {responses.row_numbers[empty[0]]}",
            where=f"{where}, column '{name}'",
            right="Every respondent was drawn from a stratum and a cluster",
            do="Fill the cells in, or leave these rows out",
        )
    return np.array([str(v) for v in labels])
