"""Reads one statistical file in a process of its own: damaged SPSS files can crash the C library.

Run as a script by `spss_stata_sas`, never imported: it takes a request from its standard input and
writes what it read, or why it could not, to its standard output, both pickled.
"""

import pickle
import sys

import pyreadstat

KEPT = (
    "column_names",
    "column_names_to_labels",
    "variable_value_labels",
    "variable_to_label",
    "readstat_variable_types",
    "original_variable_types",
    "missing_ranges",
    "missing_user_values",
    "file_encoding",
    "file_label",
)


def main() -> None:
    """Answer one request: (function, path, options, most cells, path of a catalog or None)."""
    function, path, options, most, catalog = pickle.load(sys.stdin.buffer)
    try:
        read = getattr(pyreadstat, function)
        _, outline = read(path, **(options | {"metadataonly": True}))
        extent = (outline.number_rows or 0, outline.number_columns or 0)
        if extent[0] * extent[1] > most:
            answer: tuple[object, ...] = ("too large", *extent)
        else:
            data, meta = read(path, **options)
            labels = None
            if catalog is not None:
                labels = pyreadstat.read_sas7bcat(catalog, output_format="dict")[1].value_labels
            answer = ("read", data, {name: getattr(meta, name) for name in KEPT}, labels)
    except Exception as error:  # every failure of the library is an answer
        answer = ("refused", f"{type(error).__name__}: {error}")
    pickle.dump(answer, sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main()
