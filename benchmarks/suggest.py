"""How often the suggested field is the right one, on a folder of labelled studies.

    python benchmarks/suggest.py FOLDER

FOLDER holds target.csv (one column per target attribute, its cells the permitted values) and, per
study, input-tables/<study>.csv and ground-truth/<study>.csv (source column, target attribute, n to m).

Per study, then averaged: MRR (mean over labelled columns of 1 / rank of the first right target, 0
beyond rank 20), hit@k, and R@GT (share of the labelled pairs among as many best-scored rows of the
whole study). Once without memory, once with the other studies' labelled pairs as memory.
"""

import csv
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import fmean

from onecohort.suggest import (
    NO_MEMORY,
    Accepted,
    Memory,
    SourceColumn,
    TargetField,
    TargetTerm,
    rank_fields,
)

Pairs = frozenset[tuple[str, str]]
Ranked = list[tuple[float, str, str]]


def main(folder: Path) -> None:
    fields = [
        TargetField(
            name=column.name, terms=tuple(TargetTerm(code=text) for text, _ in column.texts)
        )
        for column in read_columns(folder / "target.csv")
    ]
    truth = {
        path.stem: read_pairs(path) for path in sorted((folder / "ground-truth").glob("*.csv"))
    }
    tables = {study: read_columns(folder / "input-tables" / f"{study}.csv") for study in truth}
    for title in ("without memory", "with the other studies as memory"):
        print(f"\n{title}")
        figures = {}
        for study, columns in tables.items():
            others = {other: pairs for other, pairs in truth.items() if other != study}
            memory = NO_MEMORY if title == "without memory" else remember(others, tables)
            started = time.perf_counter()
            rankings = rank_fields(columns, fields, memory)
            seconds = time.perf_counter() - started
            ranked = [
                (guess.score, column.name, guess.field)
                for column, guesses in zip(columns, rankings, strict=True)
                for guess in guesses
            ]
            figures[study] = {**score(truth[study], ranked), "seconds": seconds}
        show(figures)


def read_columns(path: Path) -> list[SourceColumn]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        header, *rows = csv.reader(file)
    counts = [
        Counter(row[place].strip() for row in rows if place < len(row) and row[place].strip())
        for place in range(len(header))
    ]
    return [
        SourceColumn(name=name, texts=tuple(count.most_common()))
        for name, count in zip(header, counts, strict=True)
    ]


def read_pairs(path: Path) -> Pairs:
    with path.open(newline="", encoding="utf-8") as file:
        _, *rows = csv.reader(file)
    return frozenset(
        (row[0].strip(), row[1].strip())
        for row in rows
        if len(row) > 1 and row[0].strip() and row[1].strip()
    )


def remember(truth: dict[str, Pairs], tables: dict[str, list[SourceColumn]]) -> Memory:
    accepted: list[Accepted] = []
    ignored: list[tuple[str, str]] = []
    for study, pairs in truth.items():
        for column in tables[study]:
            targets = sorted(target for source, target in pairs if source == column.name)
            accepted.extend(
                Accepted(center=study, field=target, column=column.name, texts=column.texts)
                for target in targets
            )
            if not targets:
                ignored.append((study, column.name))
    return Memory(accepted=tuple(accepted), ignored=tuple(ignored))


def score(pairs: Pairs, ranked: Ranked) -> dict[str, float]:
    best_first = sorted(ranked, key=lambda row: -row[0])
    ranks: list[int | None] = []
    for source in sorted({source for source, _ in pairs}):
        targets = [target for _, name, target in best_first if name == source][:20]
        ranks.append(next((i for i, t in enumerate(targets, 1) if (source, t) in pairs), None))
    found = {(source, target) for _, source, target in best_first[: len(pairs)]} & pairs
    return {
        "MRR": fmean(1 / rank if rank else 0.0 for rank in ranks),
        **{f"hit@{k}": fmean(bool(rank and rank <= k) for rank in ranks) for k in (1, 3, 5, 10)},
        "R@GT": len(found) / len(pairs),
    }


def show(figures: dict[str, dict[str, float]]) -> None:
    names = list(next(iter(figures.values())))
    mean = {name: fmean(study[name] for study in figures.values()) for name in names}
    print("study".ljust(12), *(name.rjust(8) for name in names))
    for study, values in {**figures, "mean": mean}.items():
        print(study.ljust(12), *(f"{values[name]:8.3f}" for name in names))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
