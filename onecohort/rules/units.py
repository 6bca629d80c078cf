"""Units and their exact factors, one table per quantity, UCUM spelling.

A factor is a fraction, applied as one multiplication and one division by whole numbers, so that 98 g/L
become 9.8 g/dL and not 9.799999. Between mass and amount of substance the analyte decides.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

# unit -> how many of the quantity's base unit it is
QUANTITIES: dict[str, dict[str, Fraction]] = {
    "number concentration (/L)": {
        "10*9/L": Fraction(10**9),
        "10*3/uL": Fraction(10**9),
        "10*6/L": Fraction(10**6),
        "/uL": Fraction(10**6),
        "10*6/uL": Fraction(10**12),
        "10*12/L": Fraction(10**12),
    },
    "mass concentration (g/L)": {
        "g/L": Fraction(1),
        "g/dL": Fraction(10),
        "mg/dL": Fraction(1, 100),
        "mg/L": Fraction(1, 1000),
        "ug/dL": Fraction(1, 10**5),
        "ug/L": Fraction(1, 10**6),
        "ng/mL": Fraction(1, 10**6),
        "ug/mL": Fraction(1, 1000),
    },
    "substance concentration (mol/L)": {
        "mol/L": Fraction(1),
        "mmol/L": Fraction(1, 10**3),
        "umol/L": Fraction(1, 10**6),
        "nmol/L": Fraction(1, 10**9),
    },
    "catalytic concentration (U/L)": {
        "U/L": Fraction(1),
        "ukat/L": Fraction(60),
        "nkat/L": Fraction(60, 1000),
    },
    "ratio (1)": {"1": Fraction(1), "%": Fraction(1, 100), "[ppth]": Fraction(1, 1000)},
    "length (m)": {
        "m": Fraction(1),
        "cm": Fraction(1, 100),
        "mm": Fraction(1, 1000),
        "[in_i]": Fraction(254, 10**4),
    },
    "mass (kg)": {
        "kg": Fraction(1),
        "g": Fraction(1, 1000),
        "mg": Fraction(1, 10**6),
        "[lb_av]": Fraction(45359237, 10**8),
    },
    "time (d)": {
        "d": Fraction(1),
        "wk": Fraction(7),
        "mo": Fraction(304375, 10**4),
        "a": Fraction(36525, 100),
        "h": Fraction(1, 24),
    },
    "surface dose (mg/m2)": {"mg/m2": Fraction(1)},
    "entitic mass (pg)": {"pg": Fraction(1)},
    "entitic volume (fL)": {"fL": Fraction(1)},
}

# grams per mole as clinical laboratories convert: creatinine mg/dL = umol/L / 88.42, bilirubin / 17.1,
# hemoglobin (one chain) g/dL = mmol/L x 1.611.
GRAMS_PER_MOLE: dict[str, Fraction] = {
    "creatinine": Fraction(10**6, 8842),
    "bilirubin": Fraction(10**5, 171),
    "hemoglobin": Fraction(16110),
    "glucose": Fraction(180156, 1000),
    "urea": Fraction(6006, 100),
    "calcium": Fraction(40078, 1000),
    "urate": Fraction(16811, 100),
    "cholesterol": Fraction(38665, 100),
}

GIGA = "10*9/L"

SPELLINGS: dict[str, tuple[str, ...]] = {
    "10*9/L": ("10^9/l", "10e9/l", "x10^9/l", "x10e9/l", "x10*9/l", "gpt/l", "109/l", "x109/l", "/nl"),
    "10*6/L": ("10^6/l", "x10^6/l", "10e6/l"),
    "10*3/uL": (
        "10^3/ul", "10e3/ul", "x10^3/ul", "x10e3/ul", "x10*3/ul", "103/ul", "k/ul", "mila/ul",
        "10^3/mmc", "10^3/mm3", "x10^3/mmc", "x10^3/mm3", "mila/mmc", "mila/mm3", "k/mm3", "10*3/mm3",
        "x103/ul", "103/mmc", "103/mm3", "x103/mmc", "x103/mm3",
        "migliaia/ul", "migliaia/mmc", "x1000/ul", "x1000/mmc", "x1000/mm3", "1000/ul", "1000/mmc",
        "*10^3/ul",
    ),
    "/uL": (
        "/mmc", "/mm3", "/mcl", "cell/ul", "cells/ul", "cell/mm3", "cells/mm3", "n/ul",
        "n/mmc", "cell/mmc", "1/ul",
    ),
    "10*6/uL": ("10^6/ul", "m/ul", "milioni/mmc", "x10^6/ul", "10^6/mmc"),
    "10*12/L": ("10^12/l", "10e12/l", "x10^12/l", "t/l", "1012/l", "x1012/l"),
    "g/dL": ("g%", "gr/dl", "g/100ml", "g/100 ml"),
    "g/L": ("gr/l",),
    "U/L": ("ui/l", "iu/l", "mu/ml", "mui/ml"),
    "%": ("percent", "per cento", "pct"),
    "[ppth]": ("‰",),
    "umol/L": ("micromol/l", "mcmol/l"),
    "ug/L": ("mcg/l",), "ug/dL": ("mcg/dl",), "ug/mL": ("mcg/ml",),
    "[in_i]": ("in", "inch", "inches"), "[lb_av]": ("lb", "lbs", "pound", "pounds"),
    "d": ("day", "days", "giorni", "giorno", "gg"),
    "wk": ("week", "weeks", "settimane"),
    "mo": ("month", "months", "mesi", "mese"),
    "a": ("year", "years", "anni", "anno", "y", "yr"),
    "mg/m2": ("mg/mq", "mg/m²", "mg/m^2"),
}  # fmt: skip


@dataclass(frozen=True)
class Factor:
    """An exact conversion: value · over / under."""

    over: int
    under: int

    def apply(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Convert an array of values; one multiplication, one division."""
        with np.errstate(over="ignore"):  # what becomes infinite is a finding of its range
            converted = values * float(self.over) if self.over != 1 else values
        return converted / float(self.under) if self.under != 1 else converted


def _plain(spelling: str) -> str:
    text = unicodedata.normalize("NFKC", spelling.strip()).replace("μ", "u").replace("µ", "u")
    return text.casefold().replace("×", "x").replace("**", "^").replace(" ", "").replace(".", "")


_BY_SPELLING = {
    _plain(spelling): unit
    for quantity in QUANTITIES.values()
    for unit in quantity
    for spelling in (unit, *SPELLINGS.get(unit, ()))
}


def find_unit(spelling: str) -> str | None:
    """The UCUM unit that a spelling means, or None.

    >>> find_unit("mila/µL"), find_unit("UI/l"), find_unit("furlong")
    ('10*3/uL', 'U/L', None)
    """
    return _BY_SPELLING.get(_plain(spelling))


def known_units() -> list[str]:
    """All units of the table, in UCUM spelling."""
    return [unit for quantity in QUANTITIES.values() for unit in quantity]


def convertible_to(unit: str, field_name: str) -> list[str]:
    """The units from which values can be converted to `unit` for this field."""
    return [u for u in known_units() if factor_between(u, unit, field_name) is not None]


@lru_cache(maxsize=4096)
def factor_between(given: str, wanted: str, field_name: str) -> Factor | None:
    """The factor from one unit to another, or None where they measure different things.

    `G/L` of a count of cells (in any case but that of `g/L`) means giga per liter, as laboratories in
    France, Germany and Austria write it: nobody weighs cells. The analyte, for mass against amount of
    substance, is the beginning of the field's name.
    """
    source, target = find_unit(given) or given, find_unit(wanted) or wanted
    if source == target:
        return Factor(1, 1)
    here, there = _quantity(source), _quantity(target)
    if source == "g/L" != given.strip() and there == _quantity(GIGA):
        source, here = GIGA, there
    if here is None or there is None:
        return None
    ratio = QUANTITIES[here][source] / QUANTITIES[there][target]
    if here != there:
        grams = _grams_per_mole(field_name)
        kinds = (here.split(" ")[0], there.split(" ")[0])
        if grams is None or set(kinds) != {"mass", "substance"} or "mass (kg)" in (here, there):
            return None
        ratio = ratio / grams if kinds[0] == "mass" else ratio * grams
    return Factor(ratio.numerator, ratio.denominator)


def other_units(
    values: npt.NDArray[np.float64], unit: str, field_name: str
) -> list[tuple[str, npt.NDArray[np.float64]]]:
    """Each other unit that the values may be in, with the values converted from it."""
    found = []
    for given in convertible_to(unit, field_name):
        factor = factor_between(given, unit, field_name)
        if factor is not None and factor != Factor(1, 1):
            found.append((given, factor.apply(values)))
    return found


def plausible_under(
    values: npt.NDArray[np.float64], unit: str, field_name: str, window: tuple[float, float]
) -> list[str]:
    """Units under which most of the values would lie within a plausible window."""
    return [
        given
        for given, converted in other_units(values, unit, field_name)
        if ((converted >= window[0]) & (converted <= window[1])).mean() > 0.9
    ]


def _quantity(unit: str) -> str | None:
    return next((name for name, units in QUANTITIES.items() if unit in units), None)


def _grams_per_mole(field_name: str) -> Fraction | None:
    found: Iterable[Fraction] = (
        grams for name, grams in GRAMS_PER_MOLE.items() if field_name.startswith(name)
    )
    return next(iter(found), None)
