"""Which rows of which exports stand behind each patient of the cohort."""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("center", pa.string()),
        ("patient_id", pa.string()),
        ("table", pa.string()),
        ("export", pa.string()),
        ("sheet", pa.string()),
        ("row", pa.int64()),
    ]
)


def lineage_rows(
    center: str, ids: pa.Array, table: str, export: str, sheet: str | None, rows: pa.Array
) -> pa.Table:
    """Lineage of some patients' rows in one table."""
    count = len(ids)
    constant = [
        pa.repeat(pa.scalar(text, pa.string()), count) for text in (center, table, export, sheet)
    ]
    return pa.Table.from_arrays(
        [constant[0], ids, constant[1], constant[2], constant[3], rows.cast(pa.int64())],
        schema=SCHEMA,
    )
