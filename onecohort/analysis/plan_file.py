"""From `schemas/analysis.yaml` to a checked plan, with every mistake of the file at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError

from onecohort.analysis.plan import Plan
from onecohort.errors import Mistake, StudyError
from onecohort.mapping.load import did_you_mean
from onecohort.mapping.source import YamlSource, parse_yaml, read_yaml


@dataclass(frozen=True)
class LoadedPlan:
    """A plan together with the file it was read from, so that messages have an address."""

    plan: Plan
    source: YamlSource


def load_plan(path: Path, name: str = "schemas/analysis.yaml") -> LoadedPlan:
    """Read a plan; raises StudyError with all that is wrong with the file.

    name    the path as messages show it
    """
    return understand_plan(read_yaml(path, name))


def parse_plan(text: str, name: str = "schemas/analysis.yaml") -> LoadedPlan:
    """Read a plan from a text, as a test or an editor holds it; raises StudyError."""
    return understand_plan(parse_yaml(text, name))


def understand_plan(source: YamlSource) -> LoadedPlan:
    """Check a YAML file against the model of a plan; raises StudyError with every mistake in it."""
    try:
        plan = Plan.model_validate(source.tree)
    except ValidationError as error:
        raise StudyError(
            *(
                _mistake(source, problem["loc"], problem["type"], str(problem["msg"]))
                for problem in error.errors(include_url=False)
            )
        ) from None
    mistakes = [*_broken_references(plan, source), *_broken_figures(plan, source)]
    if mistakes:
        raise StudyError(*mistakes)
    return LoadedPlan(plan, source)


def check_fields(loaded: LoadedPlan, columns: Sequence[str]) -> None:
    """Raise StudyError if the plan names fields that are not among the cohort's `columns`."""
    mistakes = [
        Mistake(
            loaded.source.where(*path),
            f"{_dotted(path)}: {field!r} is no field of the cohort",
            did_you_mean(field, columns),
        )
        for path, field in loaded.plan.fields()
        if field not in columns
    ]
    if mistakes:
        raise StudyError(*mistakes)


def _mistake(source: YamlSource, path: tuple[str | int, ...], kind: str, message: str) -> Mistake:
    where, name = source.where(*path), _dotted(path)
    if kind == "extra_forbidden":
        hint = did_you_mean(str(path[-1]), _words(path[:-1]))
        return Mistake(where, f"{name}: {path[-1]!r} is not a word of the plan", hint)
    if kind == "missing":
        return Mistake(where, f"{name} is missing", f"write `{path[-1]}: …`")
    return Mistake(where, f"{name}: {message[0].lower()}{message[1:]}")


def _words(path: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand in the block at `path`."""
    annotation: object = Plan
    for step in path:
        annotation = _inside(annotation, step)
    model = next(_models_in(annotation), None)
    return list(model.model_fields) if model else []


def _inside(annotation: object, step: str | int) -> object:
    """The annotation of what stands at `step` of a block, a list or a dict; None if nothing may."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(step))
        return field.annotation if field else None
    parts = get_args(annotation)
    if get_origin(annotation) in (dict, tuple):
        return parts[1] if get_origin(annotation) is dict else parts[0]
    found = (_inside(part, step) for part in parts)
    return next((part for part in found if part is not None), None)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The models that an annotation such as `dict[str, Factor]` or `Odds | None` holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _broken_references(plan: Plan, source: YamlSource) -> Iterator[Mistake]:
    terms = {*plan.factors, *plan.numbers}
    for path, name in plan.factor_references():
        if name not in plan.factors:
            yield Mistake(
                source.where(*path),
                f"{_dotted(path)}: {name!r} is not declared under factors",
                did_you_mean(name, list(plan.factors)),
            )
    for path, name in plan.term_references():
        if name not in terms:
            yield Mistake(
                source.where(*path),
                f"{_dotted(path)}: {name!r} is declared neither under factors nor numbers",
                did_you_mean(name, sorted(terms)),
            )
    for name in {*plan.factors} & {*plan.numbers}:
        yield Mistake(
            source.where("numbers", name), f"numbers.{name}: the name is also that of a factor"
        )
    outcome = plan.factors.get(plan.odds.outcome) if plan.odds else None
    if outcome and len(outcome.levels) != 2:
        yield Mistake(
            source.where("odds", "outcome"),
            f"odds.outcome: the factor has {len(outcome.levels)} levels and needs two",
            "the second level is the outcome whose odds are modelled",
        )


NEEDED = {
    "patients": (),
    "levels": ("factor",),
    "percent": ("factor", "level"),
    "median": (),
    "log_rank_p": ("factor",),
    "cox_p": ("model", "factor"),
}


def _broken_figures(plan: Plan, source: YamlSource) -> Iterator[Mistake]:
    models = {model.id: model for model in plan.cox.models}
    for figure, wanted in plan.figures.items():
        where = ("figures", figure)
        for key in NEEDED[wanted.statistic]:
            if getattr(wanted, key) is None:
                yield Mistake(
                    source.where(*where), f"figures.{figure}: {wanted.statistic} needs a {key}"
                )
        factor = plan.factors.get(wanted.factor or "")
        if wanted.level is not None and (factor is None or wanted.level not in factor.levels):
            yield Mistake(
                source.where(*where, "level"),
                f"figures.{figure}.level: {wanted.level!r} is no level of the factor",
                did_you_mean(wanted.level, list(factor.levels) if factor else []),
            )
        curves = wanted.statistic in ("median", "log_rank_p")
        if curves and factor is not None and wanted.factor not in plan.survival.by:
            yield Mistake(
                source.where(*where, "factor"),
                f"figures.{figure}.factor: {wanted.factor!r} is not under survival.by",
                "add it there, so that its curves are computed",
            )
        if wanted.statistic == "cox_p" and wanted.model is not None:
            model = models.get(wanted.model)
            if model is None or (wanted.factor and wanted.factor not in model.terms):
                yield Mistake(
                    source.where(*where, "model"),
                    f"figures.{figure}: there is no model {wanted.model!r} with that term",
                    did_you_mean(wanted.model, list(models)),
                )


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(step) for step in path)
