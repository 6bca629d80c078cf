"""The plan of analysis: the model of a study's `schemas/analysis.yaml`.

Everything the analysis needs to know of a study stands in that file. References inside it (a factor
named by a model) are checked here; whether the fields exist is checked against the cohort.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Texts = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
]
Digits = Annotated[int, Field(ge=0, le=6)]
Positive = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Endpoint(_Strict):
    """The time-to-event outcome: its fields, its unit, and how it is defined in words."""

    title: str
    time: str
    event: str
    unit: str
    start: str
    origin: str
    definition: str
    days_per_unit: Positive = 30.4375


class Response(_Strict):
    """The response outcome; `responders` are the values of `field` that count as one."""

    title: str
    field: str
    responders: tuple[str, ...]
    order: tuple[str, ...]
    date: str
    by: tuple[str, ...] = ()


class Factor(_Strict):
    """Groups of patients; a level lists values or compares (`>= 2`). The first is the reference."""

    title: str
    field: str
    levels: dict[str, Texts] = Field(default_factory=dict)


class Number(_Strict):
    """A field that enters a model as a number; ratios are per `per` units."""

    title: str
    field: str
    unit: str = ""
    per: Positive = 1.0


class Landmark(_Strict):
    """Landmark analyses: at which times, for the response of which factor."""

    at: tuple[Positive, ...]
    factor: str


class Survival(_Strict):
    """Which curves, at which times, and up to when the restricted mean."""

    by: tuple[str, ...] = ()
    at: tuple[Positive, ...] = ()
    restricted_mean: Positive
    stratified_by: str | None = None
    landmark: Landmark | None = None


class Model(_Strict):
    """One regression model; `strata` and `cluster` name factors."""

    id: str
    title: str
    terms: Annotated[tuple[str, ...], Field(min_length=1)]
    strata: str | None = None
    cluster: str | None = None


class Cox(_Strict):
    """Models of survival."""

    univariate: tuple[str, ...] = ()
    models: tuple[Model, ...] = ()


class Odds(_Strict):
    """Logistic models of a factor with two levels, of which the second is the outcome."""

    outcome: str
    univariate: tuple[str, ...] = ()
    models: tuple[Model, ...] = ()


class Centers(_Strict):
    """The comparison between centers."""

    factor: str
    restricted_mean: Positive


class TableOneRow(_Strict):
    """One variable of Table 1: its median and range, or the counts of its values.

    `values` gives the order of the values and what the report calls them.
    """

    title: str
    field: str
    show: Literal["median", "counts"]
    values: dict[str, str] = Field(default_factory=dict)


class TableOne(_Strict):
    """Table 1: its variables, and the factors by which it is split."""

    by: tuple[str, ...] = ()
    rows: tuple[TableOneRow, ...] = ()


class Rounding(_Strict):
    """Decimals in the report; analysis.json keeps all."""

    time: Digits = 1
    percent: Digits = 0
    ratio: Digits = 2
    number: Digits = 1


class FigureSource(_Strict):
    """The statistic that a printed figure should equal."""

    statistic: Literal["patients", "levels", "percent", "median", "log_rank_p", "cox_p"]
    factor: str | None = None
    level: str | None = None
    model: str | None = None


class Plan(_Strict):
    """A study's plan of analysis."""

    title: str
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    endpoint: Endpoint
    response: Response
    factors: dict[str, Factor]
    numbers: dict[str, Number] = Field(default_factory=dict)
    survival: Survival
    cox: Cox = Cox()
    odds: Odds | None = None
    centers: Centers | None = None
    table_one: TableOne = TableOne()
    rounding: Rounding = Rounding()
    figures: dict[str, FigureSource] = Field(default_factory=dict)

    def fields(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every field of the cohort that the plan names, with where it names it."""
        for key in ("time", "event", "start"):
            yield ("endpoint", key), getattr(self.endpoint, key)
        for key in ("field", "date"):
            yield ("response", key), getattr(self.response, key)
        for name, factor in self.factors.items():
            yield ("factors", name, "field"), factor.field
        for name, number in self.numbers.items():
            yield ("numbers", name, "field"), number.field
        for place, row in enumerate(self.table_one.rows):
            yield ("table_one", "rows", place, "field"), row.field

    def factor_references(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every use of a factor by its name, with where it is used."""
        for place, name in enumerate(self.response.by):
            yield ("response", "by", place), name
        for place, name in enumerate(self.survival.by):
            yield ("survival", "by", place), name
        if self.survival.stratified_by:
            yield ("survival", "stratified_by"), self.survival.stratified_by
        if self.survival.landmark:
            yield ("survival", "landmark", "factor"), self.survival.landmark.factor
        for block, models in self._models():
            for place, model in enumerate(models):
                for key in ("strata", "cluster"):
                    if getattr(model, key):
                        yield (block, "models", place, key), getattr(model, key)
        if self.odds:
            yield ("odds", "outcome"), self.odds.outcome
        if self.centers:
            yield ("centers", "factor"), self.centers.factor
        for place, name in enumerate(self.table_one.by):
            yield ("table_one", "by", place), name
        for figure, source in self.figures.items():
            if source.factor:
                yield ("figures", figure, "factor"), source.factor

    def term_references(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every use of a factor or number as a term of a model, with where it is used."""
        for block, models in self._models():
            for place, model in enumerate(models):
                for position, name in enumerate(model.terms):
                    yield (block, "models", place, "terms", position), name
        for block, names in (
            ("cox", self.cox.univariate),
            ("odds", self.odds.univariate if self.odds else ()),
        ):
            for place, name in enumerate(names):
                yield (block, "univariate", place), name

    def _models(self) -> Iterator[tuple[str, tuple[Model, ...]]]:
        yield "cox", self.cox.models
        yield "odds", self.odds.models if self.odds else ()
