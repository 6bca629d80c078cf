"""Make the nine deliveries and the list of their defects from the committed truth.

    python -m sample_exports.make [FOLDER]    writes below sample_exports/, or below FOLDER

The same truth gives the same bytes each time.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sample_exports.centers import (
    adige,
    brenta,
    dora,
    garigliano,
    piave,
    tagliamento,
    tevere,
    ticino,
    volturno,
)
from sample_exports.conventions import CENTERS
from sample_exports.delivery import SINTETICO, SYNTHETIC, Defect, write_defects
from sample_exports.truth import Patient, read_truth

HERE = Path(__file__).parent


def main() -> None:
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)


def make(folder: Path) -> None:
    """Write everything below `folder`."""
    patients = read_truth(HERE / "truth.csv")
    defects = [
        defect for center, deliver in _deliveries(patients).items()
        for defect in _deliver(center, deliver, patients, folder)
    ]  # fmt: skip
    write_defects(defects, folder / "defects.csv")


def _deliver(
    center: str,
    deliver: Callable[..., list[Defect]],
    patients: list[Patient],
    folder: Path,
) -> list[Defect]:
    (folder / center).mkdir(parents=True, exist_ok=True)
    (folder / center / "README.txt").write_bytes(f"{SYNTHETIC}\n{SINTETICO}\n".encode())
    return deliver([patient for patient in patients if patient.center == center], folder=folder)


def _deliveries(patients: list[Patient]) -> dict[str, Callable[..., list[Defect]]]:
    """Center -> its program; two centers also saw a patient of another."""
    seen_at_adige = next(p for p in patients if p.center == "adige" and p.patient_id == "4")
    seen_at_garigliano = next(
        p for p in patients if p.center == "garigliano" and p.patient_id == "414"
    )
    programs: dict[str, Callable[..., list[Defect]]] = {
        "adige": adige.deliver,
        "brenta": brenta.deliver,
        "dora": partial(dora.deliver, referred=seen_at_adige),
        "garigliano": garigliano.deliver,
        "piave": piave.deliver,
        "tagliamento": tagliamento.deliver,
        "ticino": ticino.deliver,
        "volturno": volturno.deliver,
        "tevere": partial(tevere.deliver, referred=seen_at_garigliano),
    }
    assert list(programs) == list(CENTERS)
    return programs


if __name__ == "__main__":
    main()
