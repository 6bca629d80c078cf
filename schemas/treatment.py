"""Fields of the cohort about the hypomethylating agent and the laboratory when it was started."""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from .declaration import declare


class Treatment(pa.DataFrameModel):
    """The hypomethylating agent (HMA) and the last laboratory values before its first dose.

    Plausible ranges are those that published series of this disease reach (Stahl et al., Blood Adv
    2018;2:923, Table 1) and somewhat beyond. Possible ranges are wide enough for any patient and
    narrow enough that a value in another unit (g/L, per microliter, umol/L) mostly falls out.
    """

    hma_drug: Series[str] = declare(
        "term",
        "HMA",
        "The hypomethylating agent given as salvage.",
        en=("drug", "HMA", "hypomethylating agent", "agent"),
        it=("farmaco", "ipometilante", "HMA", "terapia"),
        vocabulary="hma_drug",
        presence="required",
    )
    hma_start_date: Series[pd.Timestamp] = declare(
        "date",
        "HMA start",
        "First dose of the HMA; time zero of overall survival.",
        en=("HMA start", "start date", "first dose", "treatment start"),
        it=("data inizio HMA", "inizio terapia", "data inizio", "inizio HMA"),
        presence="required",
        privacy="quasi",
    )
    hma_end_date: Series[pd.Timestamp] = declare(
        "date",
        "HMA end",
        "Last dose of the HMA; missing where it is still given.",
        en=("HMA end", "end date", "last dose", "treatment end"),
        it=("data fine HMA", "fine terapia", "data fine", "fine HMA"),
        privacy="quasi",
    )
    hma_cycles: Series[pd.Int64Dtype] = declare(
        "integer",
        "HMA cycles",
        "Cycles of the HMA that were started.",
        en=("cycles", "number of cycles", "HMA cycles"),
        it=("cicli", "n. cicli", "numero cicli", "cicli HMA"),
        plausible=(1, 60),
        possible=(1, 150),
    )
    hma_line: Series[pd.Int64Dtype] = declare(
        "integer",
        "Line of the HMA",
        "Which line of treatment the HMA was; 2 is the first salvage.",
        en=("line", "line of therapy", "HMA line", "treatment line"),
        it=("linea", "linea HMA", "linea di terapia"),
        plausible=(1, 7),
        possible=(1, 20),
    )
    has_venetoclax: Series[pd.BooleanDtype] = declare(
        "boolean",
        "Venetoclax together with the HMA",
        "Co-treatment makes a patient not eligible; not published.",
        en=("venetoclax", "VEN", "HMA + venetoclax", "Venclexta"),
        it=("venetoclax", "VEN", "Venclyxto", "associazione con venetoclax"),
        audience="internal",
    )
    wbc_10e9_l: Series[float] = declare(
        "number",
        "White cells",
        "White blood cells at HMA start.",
        en=("WBC", "white blood cells", "leukocytes"),
        it=("GB", "globuli bianchi", "leucociti"),
        unit="10*9/L",
        plausible=(0.05, 400),
        possible=(0, 1000),
    )
    anc_10e9_l: Series[float] = declare(
        "number",
        "Neutrophils",
        "Absolute neutrophil count at HMA start.",
        en=("ANC", "neutrophils", "absolute neutrophil count"),
        it=("neutrofili", "N assoluti", "granulociti neutrofili"),
        unit="10*9/L",
        plausible=(0, 100),
        possible=(0, 500),
    )
    hemoglobin_g_dl: Series[float] = declare(
        "number",
        "Hemoglobin",
        "Hemoglobin at HMA start.",
        en=("Hb", "Hgb", "hemoglobin", "haemoglobin"),
        it=("emoglobina", "Hb"),
        unit="g/dL",
        plausible=(3, 18),
        possible=(1, 25),
    )
    platelets_10e9_l: Series[float] = declare(
        "number",
        "Platelets",
        "Platelets at HMA start.",
        en=("PLT", "platelets", "thrombocytes"),
        it=("piastrine", "PLT"),
        unit="10*9/L",
        plausible=(1, 1500),
        possible=(0, 5000),
    )
    bm_blasts_pct: Series[float] = declare(
        "number",
        "Marrow blasts",
        "Blasts among nucleated marrow cells at HMA start.",
        en=("BM blasts", "marrow blasts", "bone marrow blasts"),
        it=("blasti midollari", "blasti BM", "blasti midollo"),
        unit="%",
        plausible=(0, 100),
        possible=(0, 100),
    )
    pb_blasts_pct: Series[float] = declare(
        "number",
        "Blood blasts",
        "Blasts among white cells of peripheral blood at HMA start.",
        en=("PB blasts", "peripheral blasts", "circulating blasts"),
        it=("blasti periferici", "blasti SP", "blasti circolanti"),
        unit="%",
        plausible=(0, 100),
        possible=(0, 100),
    )
    ldh_u_l: Series[float] = declare(
        "number",
        "LDH",
        "Lactate dehydrogenase at HMA start; its upper limit differs between laboratories.",
        en=("LDH", "lactate dehydrogenase"),
        it=("LDH", "lattato deidrogenasi", "latticodeidrogenasi"),
        unit="U/L",
        plausible=(50, 10000),
        possible=(10, 50000),
    )
    creatinine_mg_dl: Series[float] = declare(
        "number",
        "Creatinine",
        "Serum creatinine at HMA start.",
        en=("creatinine", "serum creatinine", "crea"),
        it=("creatinina", "creatininemia"),
        unit="mg/dL",
        plausible=(0.2, 12),
        possible=(0.05, 25),
    )
