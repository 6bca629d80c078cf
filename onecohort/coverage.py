"""Whether mapping and tables speak of the same things: columns that are gone, new, or corrected in vain."""

from collections.abc import Collection, Mapping, Sequence

from onecohort.errors import ExportError
from onecohort.exports.table import Table
from onecohort.findings import Severity
from onecohort.mapping.language import ROW_NUMBER, Correction
from onecohort.mapping.load import LoadedMapping, did_you_mean
from onecohort.mapping.references import Plan
from onecohort.rule_on_rows import Context


def check_layout(loaded: LoadedMapping, tables: Mapping[str, Table], plan: Plan) -> None:
    """Raise ExportError where a mapped column is not in its table: the center changed its layout."""
    for name, wanted in plan.in_file.items():
        table = tables[name]
        absent = [name for name in wanted if name not in table.columns and name != ROW_NUMBER]
        if absent:
            # A column that the mapping knows cannot be the one that it misses.
            new = [column for column in table.columns if column not in plan.spoken_for(name)]
            near = "; ".join(f"{column!r}: {did_you_mean(column, new)}" for column in absent)
            if not new:
                near = "the export has no column that is new"
            sheet = f" [{table.sheet}]" if table.sheet else ""
            raise ExportError(
                f"{table.export}{sheet}",
                f"the layout has changed: no column {', '.join(map(repr, absent))}, "
                f"which {loaded.source.name} reads",
                f"{near}; mend the mapping, or ask the center for the old layout",
            )


def report_unmapped(tables: Mapping[str, Table], plan: Plan, context: Context) -> None:
    """Columns that nobody speaks for."""
    for name, table in tables.items():
        if plan.sharing[name][0] != name:  # told of once
            continue
        spoken = plan.spoken_for(name)
        for column in table.columns:
            if column in spoken:
                continue
            context.findings.add(
                check="column.unmapped",
                severity=context.severity("column.unmapped", Severity.WARNING),
                rows=[None],
                export=table.export,
                sheet=table.sheet,
                column=column,
                message="is neither mapped nor ignored",
                hint="map it to a field, or list it under ignore with the reason",
            )


def report_unused_corrections(
    tables: Mapping[str, Table],
    corrections: Sequence[Correction],
    plan: Plan,
    seen: Collection[int],
    context: Context,
) -> None:
    """Corrections that met nothing: the source may have been mended.

    seen    numbers of those that found their cell
    """
    for number, correction in enumerate(corrections):
        if number in seen:
            continue
        table = tables[correction.table or plan.first]
        context.findings.add(
            check="correction.unused",
            severity=context.severity("correction.unused", Severity.WARNING),
            rows=[correction.row],
            export=table.export,
            sheet=table.sheet,
            column=correction.column,
            raw=[correction.was],
            rule=f"corrections[{number}]",
            message="the correction found no cell that holds what it corrects",
            hint="the source may have been mended: take the correction out",
        )
