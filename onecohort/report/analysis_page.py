"""`analysis.html`: the statistics of a run in one self-contained file, without script or network."""

from collections.abc import Mapping, Sequence
from datetime import date

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from onecohort.analysis.analyze import Analysis
from onecohort.analysis.plan import Plan
from onecohort.report.analysis_svg import draw
from onecohort.report.figure_data import Figure
from onecohort.report.flow_chart import FlowStep, draw_flow
from onecohort.report.journal import in_sentence
from onecohort.report.table_data import Table

# A mark beside the word, so that the verdict is read without color.
VERDICTS = {"agrees": "✓", "differs": "✗", "not computed": "–"}
SYNTHETIC = (
    "The sample was built to have the published statistics: that the computed figures agree with "
    "the printed ones proves that harmonisation and arithmetic lose nothing between the exports and "
    "this page; it proves nothing about the drug."
)


def render_analysis(
    analysis: Analysis,
    figures: Mapping[str, Figure],
    tables: Mapping[str, Table],
    flow: Sequence[FlowStep],
    *,
    as_of: date,
    synthetic: str = "",
) -> str:
    """The page.

    synthetic  what has to be said of data that were not observed, such as `SYNTHETIC`; "" for real
               data
    """
    environment = Environment(
        loader=PackageLoader("onecohort.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["in_sentence"] = in_sentence
    return environment.get_template("analysis.html.j2").render(
        analysis=analysis,
        plan=analysis.plan,
        figures={name: Markup(draw(figure)) for name, figure in figures.items()},
        tables=tables,
        flow=Markup(draw_flow(flow)),
        as_of=as_of.isoformat(),
        synthetic=synthetic,
        verdicts=VERDICTS,
        known_later=_known_later(analysis.plan),
    )


def _known_later(plan: Plan) -> str:
    """The factor of the landmark, where a model of survival has it as a term from the start."""
    landmark = plan.survival.landmark
    terms = {*plan.cox.univariate, *(term for model in plan.cox.models for term in model.terms)}
    return plan.factors[landmark.factor].title if landmark and landmark.factor in terms else ""
