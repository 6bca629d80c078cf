"""A study: a folder with `schemas/`, `center_mappings/` and exports, and nothing of the engine's.

The study's own Python (its pandera model, its vocabulary) is loaded from that folder under a name of its
own, so that two studies can be open in one process.
"""

import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from onecohort.errors import Mistake, StudyError
from onecohort.mapping.load import LoadedMapping, did_you_mean, load_mapping
from onecohort.mapping.source import YamlSource, read_yaml
from onecohort.schema import CohortSchema, Override, Policy, read_schema

MAPPINGS = "center_mappings"
SCHEMAS = "schemas"


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    exports: str = "exports"
    as_of: date | None = None
    synthetic: bool = False
    anchor: str | None = None


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    category: str
    context: str
    severity: str
    fields: tuple[str, ...]
    costs: str | tuple[str, ...]
    threshold_pct: float

    @field_validator("severity")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in ("error", "warning", "note"):
            raise ValueError(f"{value!r} is none of error, warning, note")
        return value


class _Override(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    threshold_pct: float | None = None
    severity: Literal["error", "warning", "note"] | None = None
    reason: str


@dataclass(frozen=True)
class Study:
    """An opened study.

    as_of           the day of the data; no date may lie after it, and nothing looks at today's date
    anchor          the date field from which a released cohort counts its days
    schema_sha256   hash over the files of `schemas/` that decide what a cell becomes
    """

    root: Path
    title: str
    exports: Path
    as_of: date
    synthetic: bool
    anchor: str | None
    schema: CohortSchema
    schema_sha256: str

    @property
    def centers(self) -> tuple[str, ...]:
        """The centers that have a mapping, in alphabetical order."""
        folder = self.root / MAPPINGS
        return tuple(sorted(path.stem for path in folder.glob("*.yaml")))

    def mapping_path(self, center: str) -> Path:
        """A center's mapping; raises StudyError where there is none of that name."""
        if center not in self.centers:
            what = f"there is no mapping for a center {center!r}"
            raise StudyError(Mistake(MAPPINGS, what, did_you_mean(center, self.centers)))
        return self.root / MAPPINGS / f"{center}.yaml"

    def load_mapping(self, center: str) -> LoadedMapping:
        """Read a center's mapping; raises StudyError with every mistake in it."""
        return load_mapping(self.mapping_path(center), f"{MAPPINGS}/{center}.yaml")


def no_mapping() -> Mistake:
    """What is wrong with a study that knows no center yet."""
    fix = "write one with `onecohort draft CENTER FILE…`"
    return Mistake(MAPPINGS, "there is no mapping", fix)


def load_study(root: Path, *, exports: Path | None = None, as_of: date | None = None) -> Study:
    """Open the study in a folder.

    exports, as_of    in place of what `schemas/study.yaml` says

    Raises StudyError where the folder is no study or its schema cannot be read.
    """
    root = root.resolve()
    if not (root / SCHEMAS / "cohort.py").is_file():
        fix = "a study holds schemas/cohort.py and center_mappings/; name its folder with --study"
        raise StudyError(Mistake(str(root), "is not a study: there is no schemas/cohort.py", fix))
    settings = _settings(root)
    cohort, vocabulary = _load(root, "cohort"), _load(root, "vocabulary")
    policies = _policies(root)
    schema = read_schema(cohort, vocabulary, policies, _overrides(root, policies))
    return Study(
        root=root,
        title=settings.title,
        exports=(exports or root / settings.exports).resolve(),
        as_of=as_of or settings.as_of or date.today(),
        synthetic=settings.synthetic,
        anchor=_anchor(settings, schema),
        schema=schema,
        schema_sha256=hash_schema(root),
    )


def hash_schema(root: Path) -> str:
    """Hash over the Python and the check policies of a study's schema."""
    digest = hashlib.sha256()
    folder = root / SCHEMAS
    for path in sorted([*folder.glob("*.py"), folder / "checks.yaml"]):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _settings(root: Path) -> _Settings:
    path = root / SCHEMAS / "study.yaml"
    if not path.is_file():
        return _Settings(title=root.name)
    source = read_yaml(path, f"{SCHEMAS}/study.yaml")
    try:
        return _Settings.model_validate(source.tree)
    except ValidationError as error:
        raise _as_mistakes(error, source) from None


def _anchor(settings: _Settings, schema: CohortSchema) -> str | None:
    dates = [field.name for field in schema.published if field.kind == "date"]
    if settings.anchor is not None and settings.anchor not in dates:
        what = f"anchor: {settings.anchor!r} is no published date of the cohort"
        fix = did_you_mean(settings.anchor, dates)
        raise StudyError(Mistake(f"{SCHEMAS}/study.yaml", what, fix))
    return settings.anchor


def _policies(root: Path) -> list[Policy]:
    path = root / SCHEMAS / "checks.yaml"
    if not path.is_file():
        return []
    source = read_yaml(path, f"{SCHEMAS}/checks.yaml")
    listed = _named_parts(source, "checks")
    found: list[Policy] = []
    mistakes: list[Mistake] = []
    for check, tree in listed.items():
        try:
            policy = _Policy.model_validate(tree)
        except ValidationError as error:
            mistakes += _as_mistakes(error, source, "checks", check).mistakes
        else:
            found.append(Policy(check=check, **policy.model_dump()))
    if mistakes:
        raise StudyError(*mistakes)
    return found


def _overrides(root: Path, policies: list[Policy]) -> list[Override]:
    """What `overrides:` of the checks' file says: center -> check -> threshold, severity, reason."""
    path = root / SCHEMAS / "checks.yaml"
    if not path.is_file():
        return []
    source = read_yaml(path, f"{SCHEMAS}/checks.yaml")
    listed = _named_parts(source, "overrides")
    known = [policy.check for policy in policies]
    found: list[Override] = []
    mistakes: list[Mistake] = []
    for center in listed:
        for check, tree in _named_parts(source, "overrides", center).items():
            where = source.where("overrides", center, check)
            if check not in known:
                what = f"overrides a check {check!r} that is not above"
                mistakes.append(Mistake(where, what, did_you_mean(check, known)))
                continue
            try:
                override = _Override.model_validate(tree)
            except ValidationError as error:
                mistakes += _as_mistakes(error, source, "overrides", center, check).mistakes
            else:
                found.append(Override(center=center, check=check, **override.model_dump()))
    if mistakes:
        raise StudyError(*mistakes)
    return found


def _named_parts(source: YamlSource, *path: str) -> dict[str, object]:
    """What stands under a name, part by part; nothing where the name is missing or empty."""
    tree: object = source.tree
    for at, name in enumerate(("", *path)):
        if name:
            assert isinstance(tree, dict)
            tree = tree.get(name)
        if tree in (None, ""):
            return {}
        if not isinstance(tree, dict):
            what = "holds no names with what belongs to them"
            raise StudyError(Mistake(source.where(*path[:at]), what, "write `name: …`, indented"))
    assert isinstance(tree, dict)
    return tree


def _as_mistakes(error: ValidationError, source: YamlSource, *path: str) -> StudyError:
    return StudyError(
        *(
            Mistake(source.where(*path, *problem["loc"]), f"{problem['loc'][-1]}: {problem['msg']}")
            for problem in error.errors()
        )
    )


def _load(root: Path, module: str) -> ModuleType:
    """Load `schemas.<module>` of the study under a name that no other study has."""
    package = f"onecohort_study_{hashlib.sha256(str(root).encode()).hexdigest()[:12]}"
    try:
        if package not in sys.modules:
            init = root / SCHEMAS / "__init__.py"
            spec = importlib.util.spec_from_file_location(
                package,
                init if init.is_file() else None,
                submodule_search_locations=[str(root / SCHEMAS)],
            )
            assert spec is not None
            loaded = importlib.util.module_from_spec(spec)
            sys.modules[package] = loaded
            if spec.loader is not None:
                spec.loader.exec_module(loaded)
        return import_module(f"{package}.{module}")
    except Exception as error:
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]
        what = f"cannot be loaded: {type(error).__name__}: {error}"
        raise StudyError(Mistake(f"{SCHEMAS}/{module}.py", what)) from error
