"""What every question needs: the items that were answered, their tallies, the outcome, scores on 0-100."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, CannotCompute, UnknownName, listed
from csat.instrument.instrument import Instrument
from csat.instrument.model import (
    check_names,
    completed,
    model_of,
    parse_model,
    restricted_to,
)
from csat.instrument.statements import Model
from csat.language import Text
from csat.responses.ad_hoc import AD_HOC, EVERY_ITEM
from csat.responses.responses import Responses
from csat.tally.tally import Tally, count

if TYPE_CHECKING:
    from csat.analyses.result import Base
    from csat.numerics.replication import Replication

Missing = Literal["auto", "listwise", "pairwise"]
LEAST_COMPLETE = 0.5
"""`missing="auto"` turns from listwise to pairwise when fewer rows than this share are complete (ours)."""


class Ground:
    """One survey bound to its instrument."""

    def __init__(self, responses: Responses) -> None:
        self.responses = responses
        self._tallies: dict[tuple[tuple[str, ...], bool], Tally] = {}

    @functools.cached_property
    def instrument(self) -> Instrument:
        """The instrument as far as the data answer it: items without any answer are left out."""
        empty = set(self.responses.report.empty)
        return restricted_to(self.responses.instrument, [i for i in self.responses.items if i not in empty])

    @functools.cached_property
    def items(self) -> tuple[str, ...]:
        """Items with answers, instrument order."""
        return tuple(i.id for i in self.instrument.items)

    def tally(self, items: Sequence[str] | None = None, *, complete: bool = False) -> Tally:
        """The tally of some items (default: all); `complete` counts only rows that answered all of them."""
        key = (tuple(items) if items is not None else self.items, complete)
        if key not in self._tallies:
            self._tallies[key] = count(self.responses, key[0], complete=complete)
        return self._tallies[key]

    def titles(self) -> dict[str, Text]:
        """Construct and item ids to the words a reader sees."""
        return {c.id: c.title for c in self.instrument.constructs} | {
            i.id: i.text for i in self.instrument.items
        }

    def _driver_items(self) -> tuple[str, ...]:
        """The items a factor analysis is about: those of drivers; all where no roles are declared."""
        drivers = [i for c in self.instrument.by_role("driver") for i in c.items]
        return tuple(dict.fromkeys(drivers)) if len(drivers) >= 3 else self._construct_items()

    def _construct_items(self) -> tuple[str, ...]:
        used = [i for c in self.instrument.constructs if c.role != "descriptive" for i in c.items]
        return tuple(dict.fromkeys(used)) or self.items

    def _correlated(self, items: Sequence[str], missing: Missing) -> Tally:
        """The tally a correlation analysis rests on, by the missing-answer policy."""
        listwise = self.tally(items, complete=True)
        if missing == "listwise":
            return listwise
        if missing == "pairwise" or listwise.rows < LEAST_COMPLETE * listwise.rows_offered:
            return self.tally(items)
        return listwise

    def _base(self, missing: str) -> Base:
        """All respondents, under a policy for silence that the analysis applies itself."""
        from csat.analyses.result import Base

        responses = self.responses
        return Base(
            respondents=responses.rows,
            effective_n=responses.effective_n,
            missing=missing,
            rows=responses.rows,
            weighted=responses.weights is not None,
            instrument=responses.instrument.label,
        )

    def _whole(self, *, drawn: bool = True) -> Responses:
        """The responses under the instrument restricted to what was answered, and their replication."""
        made = self._replication(drawn=drawn)
        return replace(self.responses, instrument=self.instrument, items=self.items, replication=made)

    def _replication(self, *, drawn: bool = True) -> Replication | None:
        """How replicates are made: as the respondents were drawn; of very many, by random groups.

        drawn : a jackknife and replicate weights become draws of their variance, whose shares and quantiles
        mean something.
        """
        from csat.numerics.replication import MANY_UNITS, random_groups

        made = self.responses.replication
        if made is not None:
            return made.as_draws() if drawn else made
        many = self.responses.rows > MANY_UNITS
        return random_groups(self.responses.row_numbers) if many and drawn else None

    def _errors_of_means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p,) standard errors of the means of columns (n, p), by how the respondents were drawn."""
        from csat.numerics.design import means
        from csat.numerics.replication import replicate_variance
        from csat.numerics.resampling import bootstrap_weighted_means
        from csat.numerics.scores import linearised_se, mean_influence

        responses = self.responses
        made = responses.replication
        if made is not None and not made.is_drawn:
            drawn = bootstrap_weighted_means(
                values, responses.weights, rows=responses.row_numbers, replication=made
            )
            return np.sqrt(replicate_variance(drawn.T, made.variance_coefficients()))
        if responses.design is not None:
            return means(values, responses.design).se
        influence = mean_influence(values, responses.weights)
        n = np.count_nonzero(~np.isnan(values), axis=0)
        return np.array([linearised_se(u, n=int(k)) for u, k in zip(influence.T, n, strict=True)])

    def _index_construct(self) -> str:
        """The construct that is the index: declared, else the first outcome, else the only construct."""
        instrument = self.instrument
        if instrument.index and any(c.id == instrument.index for c in instrument.constructs):
            return instrument.index
        for construct in instrument.by_role("outcome"):
            return construct.id
        if len(instrument.constructs) == 1:
            return instrument.constructs[0].id
        whole = self.responses.instrument
        absent = [c for c in whole.constructs if c.id == whole.index or c.role == "outcome"]
        if absent:
            raise CannotCompute(
                f"the data hold no item of the outcome '{absent[0].id}' ({', '.join(absent[0].items)})",
                where=self.responses.report.source,
                do="Add these columns, or name another construct",
            )
        if not instrument.constructs:
            raise CannotCompute(
                "the data hold no answered item of any construct, so there is no index",
                where=self.responses.report.source,
                do="Check that these are the answers the instrument is for",
            )
        raise BadInput(
            "no construct is named as the index",
            where=whole.path or whole.id,
            right=f"The constructs are: {', '.join(c.id for c in instrument.constructs)}",
            do="Name one (--construct or --outcome)",
        )

    def _block(self, name: str) -> tuple[Text, tuple[str, ...]]:
        """A construct or an item by name: its title and its items."""
        for construct in self.instrument.constructs:
            if construct.id == name:
                return construct.title, construct.items
        if name in self.items:
            return self.instrument.item(name).text, (name,)
        known = [*(c.id for c in self.instrument.constructs), *self.items]
        raise UnknownName("construct or item", name, known, where=self.responses.report.source)

    def _regression(
        self, outcome: str | None, drivers: Sequence[str] | None, scores: Literal["mean", "sum"]
    ) -> tuple[str, list[str], list[tuple[str, ...]], NDArray[np.float64]]:
        """Outcome, drivers, their items (the outcome's last), and the (n, p + 1) scores, the outcome last."""
        from csat.numerics.scores import construct_scores

        target = outcome or self._index_construct()
        names = list(drivers) if drivers is not None else [c.id for c in self.instrument.by_role("driver")]
        names = [n for n in names if n != target]
        if not names:
            raise CannotCompute(
                f"nothing is declared that may drive '{target}'",
                where=self.instrument.path or self.instrument.id,
                do="Give constructs the role 'driver', or name drivers (--drivers A,B)",
            )
        blocks = [self._block(name)[1] for name in [*names, target]]
        items = list(dict.fromkeys(i for block in blocks for i in block))
        answers = self.responses.answers(items)
        values = construct_scores(answers, [[items.index(i) for i in b] for b in blocks], how=scores)
        return target, names, blocks, values

    def _scores_0_100(self, blocks: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """(n, c) scores of blocks of items, every item on 0-100 of its own declared scale."""
        from csat.numerics.scores import construct_scores, rescale_0_100

        items = list(dict.fromkeys(i for block in blocks for i in block))
        answers = self.responses.answers(items)
        for at, name in enumerate(items):
            scale = self.instrument.item(name).scale
            if scale is None:
                raise CannotCompute(
                    f"item '{name}' has no declared scale, so its answers have no place between 0 and 100",
                    where=self.instrument.path or self.instrument.id,
                    do="Declare its scale",
                )
            answers[:, at] = rescale_0_100(answers[:, at], minimum=scale.minimum, maximum=scale.maximum)
        return construct_scores(answers, [[items.index(i) for i in block] for block in blocks])

    def _placed(
        self, level: Literal["item", "construct"], items: Sequence[str] | None
    ) -> dict[str, tuple[str, ...]]:
        """What priorities are about: name to its items."""
        if items is not None:
            return {name: self._block(name)[1] for name in items}
        constructs = self.instrument.by_role("driver")
        if not constructs:
            raise CannotCompute(
                "nothing is declared that may drive the index, so there is nothing to set priorities among",
                where=self.instrument.path or self.instrument.id,
                do="Give constructs the role 'driver', or name items",
            )
        if level == "construct":
            return {c.id: c.items for c in constructs}
        return {i: (i,) for i in dict.fromkeys(i for c in constructs for i in c.items)}

    def _stated(self, blocks: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        """Item or construct to the item that asks how important it is, where there is one with answers."""
        asked = {i.id: i.importance for i in self.instrument.items} | {
            c.id: c.importance for c in self.instrument.constructs
        }
        return {name: asked[name] for name in blocks if asked.get(name)}

    def _has_outcome_beside(self, blocks: Mapping[str, tuple[str, ...]], outcome: str | None) -> bool:
        """Whether there is an outcome that none of the items is part of."""
        try:
            own = self._block(outcome or self._index_construct())[1]
        except (BadInput, CannotCompute):
            return False
        return not any(set(block) & set(own) for block in blocks.values())

    @property
    def declares_paths(self) -> bool:
        """Whether the instrument has a path model at all; without one there is nothing to withhold."""
        text = self.responses.instrument.model
        return bool(text.strip() and parse_model(text).paths)

    def _model(self, text: str, *, where: str = "the model") -> Model:
        """A model text: what it names must be known; a construct it does not measure is the instrument's."""
        written = parse_model(text, where=where)
        constructs = [
            c
            for c in self.instrument.constructs
            # all items of a bare table are no construct
            if c.id not in written.latents and not (self.instrument.id == AD_HOC and c.id == EVERY_ITEM)
        ]
        declared = [c.id for c in constructs]
        own = [name for name in written.latents if name not in self.items]
        for name in written.observed:
            if name not in self.items and name not in declared:
                self._check_column(name, where)
        check_names(
            written, items=self.items, constructs=[*declared, *own] if declared else None, where=where
        )
        return completed(written, constructs)

    def _check_column(self, name: str, where: str) -> None:
        """That a column of the data that is no item here was not meant by the name of one."""
        report = self.responses.report
        if name in report.empty_columns or name in report.empty:
            raise CannotCompute(
                f"nobody answered {name}",
                where=where,
                do="Leave it out of the model, or check how its column was read",
            )
        if name in report.unmatched_columns or name in self.responses.segments:
            raise BadInput(
                f"'{name}' is a column of the data, and no item: its answers are not read as numbers",
                where=where,
                right="A model takes items, and columns of numbers",
                do="Make a 0/1 column of each answer, or fit the groups of the column (--group)",
            )

    def _path_model(self) -> Model:
        whole = self.responses.instrument
        model = model_of(self.instrument) if self.instrument.model.strip() else None
        if whole.id == AD_HOC:
            raise BadInput(
                "no model is given", do="Write one in lavaan syntax and name its file (--model FILE)"
            )
        if model is None or not model.paths:
            absent = [i.id for i in whole.items if i.id not in self.items]
            raise CannotCompute(
                "no path is left to estimate" if whole.model.strip() else "the instrument declares no paths",
                where=whole.path or whole.id,
                do=f"The data lack {listed(absent)}: add these columns, or give a model (--model FILE)"
                if whole.model.strip() and absent
                else "Write a model in lavaan syntax into it, or give one (--model FILE)",
            )
        return model

    def _named_by(self, model: Model) -> tuple[str, ...]:
        latents = set(model.latents)
        return tuple(name for name in model.observed if name not in latents)
