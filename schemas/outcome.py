"""Fields of the cohort about what came of the treatment: response, transplant, survival."""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from .declaration import declare


class Outcome(pa.DataFrameModel):
    """Response to the hypomethylating agent (HMA), transplant after it, and survival."""

    best_response: Series[str] = declare(
        "term",
        "Best response",
        "Best response during the HMA.",
        en=("best response", "response", "BOR", "overall response"),
        it=("miglior risposta", "risposta", "migliore risposta"),
        vocabulary="best_response",
        presence="required",
    )
    best_response_date: Series[pd.Timestamp] = declare(
        "date",
        "Date of best response",
        "First assessment that showed the best response.",
        en=("response date", "date of best response", "date of response"),
        it=("data risposta", "data miglior risposta", "data rivalutazione"),
        privacy="quasi",
    )
    progression_date: Series[pd.Timestamp] = declare(
        "date",
        "Date of progression",
        "First progression or relapse after HMA start.",
        en=("progression date", "date of progression", "date of relapse"),
        it=("data progressione", "progressione il", "data recidiva"),
        privacy="quasi",
    )
    allo_hsct_after_hma: Series[pd.BooleanDtype] = declare(
        "boolean",
        "Allogeneic transplant after HMA",
        "Whether an allogeneic stem-cell transplant followed the HMA.",
        en=("allo-HSCT", "HSCT after HMA", "transplant", "allo after HMA"),
        it=("trapianto allogenico", "allo-TCSE", "TMO", "trapianto dopo HMA"),
    )
    allo_hsct_date: Series[pd.Timestamp] = declare(
        "date",
        "Date of transplant",
        "Day of the allogeneic transplant that followed the HMA.",
        en=("HSCT date", "transplant date", "date of allo-HSCT"),
        it=("data trapianto", "data allo-TCSE", "data TMO"),
        privacy="quasi",
    )
    vital_status: Series[str] = declare(
        "term",
        "Vital status",
        "Alive, dead or lost to follow-up at last contact.",
        en=("vital status", "status at last follow-up", "alive/dead"),
        it=("stato in vita", "stato vitale", "vivo/deceduto", "stato ultimo follow-up"),
        vocabulary="vital_status",
        presence="required",
    )
    death_date: Series[pd.Timestamp] = declare(
        "date",
        "Date of death",
        "Day of death of any cause.",
        en=("death date", "date of death"),
        it=("data decesso", "data di morte", "data exitus", "deceduto il"),
        privacy="quasi",
    )
    cause_of_death: Series[str] = declare(
        "term",
        "Cause of death",
        "The leading cause as judged by the center.",
        en=("cause of death", "reason of death"),
        it=("causa decesso", "causa di morte", "causa del decesso"),
        vocabulary="cause_of_death",
    )
    last_contact_date: Series[pd.Timestamp] = declare(
        "date",
        "Last contact",
        "Last day on which the patient was known to be alive, or the day of death.",
        en=("last contact", "last follow-up", "date last seen", "last follow-up date"),
        it=("ultimo contatto", "data ultimo follow-up", "ultimo follow-up", "data ultimo contatto"),
        privacy="quasi",
    )
    os_months_given: Series[float] = declare(
        "number",
        "Overall survival as the center gives it",
        "Months from HMA start; compared with the derived one, not published.",
        en=("OS", "OS months", "overall survival", "survival (months)"),
        it=("OS", "OS mesi", "sopravvivenza globale", "sopravvivenza (mesi)"),
        unit="mo",
        plausible=(0, 180),
        possible=(0, 600),
        audience="internal",
    )
    os_months: Series[float] = declare(
        "number",
        "Overall survival",
        "Months of 30.4375 days from HMA start to death, else to last contact.",
        unit="mo",
        plausible=(0, 180),
        origin="derived",
    )
    is_dead: Series[pd.BooleanDtype] = declare(
        "boolean",
        "Died",
        "The event of overall survival; false where the patient is censored.",
        origin="derived",
    )
    is_responder: Series[pd.BooleanDtype] = declare(
        "boolean",
        "Responder",
        "Best response CR, CRi or PR; a response never assessed counts as none.",
        origin="derived",
    )
