"""The statistics of a study, from the cohort to the report.

How a run calls it:

    plan = load_plan(study / "schemas" / "analysis.yaml")
    published = load_published(study / "schemas" / "published.yaml")
    analysis = analyze(pyarrow.parquet.read_table(run / "cohort.parquet"), plan, published)
    write_analysis(run, analysis, as_of=as_of, balance=balance, synthetic=SYNTHETIC or "")

`figures=("svg", "png")` draws each figure as PNG too; matplotlib is imported only then.

`analysis.excluded` says which rows of the cohort could not be analysed and why; `exclusion_findings`
makes each a finding of the run. `balance` is the run's rows (delivered, merged, left_out, quarantined)
summed over centers;
`ineligible=count_ineligible(quarantine, titles)` tells patients outside the protocol from other rows.
"""

from onecohort.analysis.analyze import Analysis, analyze
from onecohort.analysis.exclusions import exclusion_findings
from onecohort.analysis.plan_file import LoadedPlan, load_plan
from onecohort.analysis.published import Published, load_published
from onecohort.analysis.write import FigureFormat, write_analysis, write_png
from onecohort.report.analysis_page import SYNTHETIC
from onecohort.report.flow_chart import count_ineligible

__all__ = [
    "SYNTHETIC",
    "Analysis",
    "FigureFormat",
    "LoadedPlan",
    "Published",
    "analyze",
    "count_ineligible",
    "exclusion_findings",
    "load_plan",
    "load_published",
    "write_analysis",
    "write_png",
]
