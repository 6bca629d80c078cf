"""Write the export that docs/add-a-center.md begins with: a small workbook, every patient invented.

python docs/tenth-center/make.py FOLDER
"""

import sys
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font

HEAD = (
    "ID", "Sex", "Born", "Diagnosed", "AML type", "ECOG PS", "Previous lines", "Drug", "First dose",
    "Last dose", "Cycles", "Hb g/L", "WBC x10^9/L", "Blasts BM %", "Best response", "Assessed",
    "Status", "Died", "Last seen", "Remarks",
)  # fmt: skip
PATIENTS = (
    ("S01", "m", "17.03.1944", "02.11.2015", "de novo", 1, 1, "Vidaza", "11.04.2016", "22.08.2016",
     5, 94, "3,1", 34, "SD", "29.08.2016", "dead", "14.02.2017", "14.02.2017", None),
    ("S02", "f", "30.08.1951", "19.06.2017", "after MDS", 1, 1, "Vidaza", "05.02.2018", "11.03.2019",
     12, 88, "2,4", 22, "CR", "02.07.2018", "alive", None, "07.04.2021", "seen at the outpatient clinic"),
    ("S03", "m", "09.12.1939", "25.01.2016", "de novo", 2, 2, "Dacogen", "19.09.2016", "14.11.2016",
     3, 79, "14,8", 61, "PD", "21.11.2016", "dead", "30.12.2016", "30.12.2016", None),
    ("S04", "f", "21.05.1947", "08.10.2018", "after chemo", 1, 1, "Vidaza", "25.02.2019", "20.05.2019",
     4, 101, "1,9", 28, "PD", "27.05.2019", "dead", "11.09.2019", "11.09.2019", None),
    ("S05", "f", "02.02.1956", "14.03.2018", "de novo", 0, 1, "Dacogen", "12.11.2018", "08.07.2019",
     9, 97, "4,0", 31, "PR", "18.03.2019", "dead", "03.01.2020", "03.01.2020", None),
    ("S06", "m", "26.07.1942", "05.05.2014", "after MDS", 2, 3, "Vidaza", "13.10.2014", "15.12.2014",
     3, 83, "22,5", 55, "SD", "22.12.2014", "dead", "29.06.2015", "29.06.2015", "transfusions every week"),
    ("S07", "m", "11.11.1949", "30.09.2019", "de novo", 1, 2, "Vidaza", "17.02.2020", "06.04.2020",
     2, 90, "8,7", 44, "PD", "14.04.2020", "dead", "24.05.2020", "24.05.2020", None),
    ("S08", "f", "04.06.1953", "12.02.2020", "de novo", 1, 1, "5-Aza", "21.09.2020", "01.03.2021",
     6, 105, "2,2", 19, "SD", "25.01.2021", "alive", None, "31.05.2021", None),
)  # fmt: skip


def make(folder: Path) -> Path:
    """Write sesia/RR-AML_sesia_2021-06.xlsx below a folder."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Patients"
    sheet.append(["RR-AML, hypomethylating agents – synthetic patients, for practice only"])
    sheet["A1"].font = Font(bold=True)
    sheet.append([])
    sheet.append(HEAD)
    for patient in PATIENTS:
        sheet.append(patient)
    path = folder / "sesia" / "RR-AML_sesia_2021-06.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
