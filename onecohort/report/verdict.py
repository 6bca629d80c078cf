"""Whether the cohort is fit to use: one sentence, and a light for each center."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from onecohort.disclosure import show_count
from onecohort.report.check_table import Judged
from onecohort.report.run_changes import Since
from onecohort.report.run_folder import CenterRun, RunFolder
from onecohort.sanity import TITLES, Sanity
from onecohort.schema import CohortSchema

Level = Literal["go", "look", "stop"]

WORDS: dict[Level, str] = {"go": "fit to use", "look": "needs a look", "stop": "not fit as it is"}
SIGNS: dict[Level, str] = {"go": "●", "look": "▲", "stop": "■"}
GRAVE = ("unit", "swap", "systematic")  # suspicions that make every figure of the field wrong
# What exactly was wrong may quote a file; it stands in the center's card.
CAUSES = {
    "mapping": "its mapping has a mistake",
    "export": "its delivery could not be read",
    "engine": "an error in onecohort itself stopped it",
}
MOST_QUARANTINED = 0.2  # of the delivered rows: the same limit as the gate of a run


@dataclass(frozen=True)
class Light:
    """One center's state with the reasons, the gravest first."""

    center: str
    title: str
    level: Level
    patients: str
    reasons: tuple[str, ...]

    @property
    def word(self) -> str:
        """The level in words."""
        return WORDS[self.level]

    @property
    def sign(self) -> str:
        """The level as a shape, so that colour is never alone."""
        return SIGNS[self.level]


@dataclass(frozen=True)
class Verdict:
    """The sentence, and the lights it sums up."""

    level: Level
    sentence: str
    lights: tuple[Light, ...]


def judge_run(
    run: RunFolder,
    schema: CohortSchema,
    checks: Mapping[str, Mapping[str, Judged]],
    sanity: Sanity,
    since: Since | None,
) -> Verdict:
    """Light each center and sum up."""
    lights = tuple(
        _light(center, schema, checks.get(center.name, {}), sanity, since)
        for center in run.centers.values()
    )
    stopped = [light.center for light in lights if light.level == "stop"]
    looked = [light.center for light in lights if light.level == "look"]
    patients = show_count(run.cohort.num_rows)
    present = sum(center.patients > 0 for center in run.centers.values())
    told = f"{patients} patients from {present} {'center' if present == 1 else 'centers'}"
    if run.state in ("held", "failed"):
        sentence = f"The cohort is not fit to use: this run was {run.state} and not published."
        return Verdict("stop", sentence, lights)
    if stopped:
        sentence = (
            f"The cohort ({told}) is not fit to use before {_names(stopped)} {_is(stopped)} mended."
        )
        return Verdict("stop", sentence, lights)
    if looked:
        sentence = f"The cohort ({told}) is fit to use; somebody should look at {_names(looked)}."
        return Verdict("look", sentence, lights)
    return Verdict("go", f"The cohort ({told}) is fit to use.", lights)


def _light(
    center: CenterRun,
    schema: CohortSchema,
    checks: Mapping[str, Judged],
    sanity: Sanity,
    since: Since | None,
) -> Light:
    stop: list[str] = []
    look: list[str] = []
    if center.state == "failed":
        stop.append(CAUSES.get(center.cause or "", "could not be read"))
    for suspicion in sanity.of(center.name):
        field = schema.fields.get(suspicion.field)
        title = f"{field.title}: " if field else ""
        words = f"{title}{TITLES[suspicion.kind].lower()}"
        (stop if suspicion.kind in GRAVE else look).append(words)
    delivered, lost = center.rows["delivered"], center.rows["quarantined"]
    if lost:
        words = f"rows in quarantine: {show_count(lost)}"
        (stop if lost > MOST_QUARANTINED * delivered else look).append(words)
    if since is not None:
        look += _changes(since.counts(center.name))
    failed = [name for name, judged in checks.items() if judged.state == "failed"]
    grave = [
        name
        for name in failed
        if name in schema.policies and schema.policies[name].severity != "note"
    ]
    if grave:
        look += [f"fails “{schema.policies[name].title}”" for name in grave]
    level: Level = "stop" if stop else "look" if look else "go"
    return Light(center.name, center.title, level, show_count(center.patients), (*stop, *look))


def _changes(counts: Mapping[str, int]) -> list[str]:
    words = {
        "gone": "patients of the last run are no longer in the cohort",
        "revived": "patients dead in the last run are not dead now",
        "backwards": "follow-up ends earlier than in the last run",
    }
    return [
        f"{text}: {show_count(counts[kind])}" for kind, text in words.items() if counts.get(kind)
    ]


def _names(centers: Sequence[str]) -> str:
    names = [center.capitalize() for center in centers]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _is(centers: Sequence[str]) -> str:
    return "is" if len(centers) == 1 else "are"
