"""Terms that describe the patient and the disease before the hypomethylating agent."""

from .term import Term

ELN_2017 = "ELN 2017 (Döhner et al., Blood 2017;129:424)"
WHO_2016 = "WHO 2016 (Arber et al., Blood 2016;127:2391)"
STUDY = "study convention"

DATE_PRECISION = (
    Term("day", "The whole date is known.", STUDY, ("day", "full date"), ("giorno",)),
    Term("month", "Month and year are known.", STUDY, ("month", "month and year"), ("mese",)),
    Term("year", "Only the year is known.", STUDY, ("year", "year only"), ("anno", "solo anno")),
)

SEX = (
    Term("male", "Male.", STUDY, ("M", "male", "man"), ("maschio", "uomo", "maschile")),
    Term("female", "Female.", STUDY, ("F", "female", "woman"), ("femmina", "donna", "femminile")),
)

# A prior neoplasm that never saw chemotherapy or radiotherapy leaves the AML de novo here: it is
# neither therapy-related nor does it follow a blood disorder.
AML_TYPE = (
    Term(
        "de_novo",
        "No antecedent hematological disorder and no leukemogenic exposure.",
        "Anticancer Res 2020;40:2917",
        ("de novo", "primary", "de-novo AML"),
        ("de novo", "primitiva", "LAM de novo"),
    ),
    Term(
        "secondary",
        "After an antecedent MDS, MPN or MDS/MPN.",
        "Blood Adv 2017;1:1312",
        ("secondary", "sAML", "secondary AML", "AML post MDS", "post MPN"),
        ("secondaria", "LAM secondaria", "secondaria a SMD", "post SMD", "post MPN", "LAMs"),
    ),
    Term(
        "therapy_related",
        "After cytotoxic drugs or radiotherapy for another disease.",
        "Blood 2011;117:2137",
        ("therapy-related", "t-AML", "tAML", "treatment related"),
        ("t-LAM", "post-chemioterapia", "post CT", "correlata a terapia", "post radioterapia"),
    ),
)

# AML-MRC is a WHO class by cytogenetics, dysplasia or history; it is not the same as secondary AML.
WHO_CATEGORY = (
    Term(
        "recurrent_genetic",
        "AML with a recurrent genetic abnormality.",
        WHO_2016,
        ("recurrent genetic abnormalities", "AML with recurrent genetics", "RGA"),
        ("anomalie genetiche ricorrenti", "LAM con anomalie genetiche ricorrenti", "AGR"),
    ),
    Term(
        "mrc",
        "AML with myelodysplasia-related changes.",
        WHO_2016,
        ("AML-MRC", "MRC", "myelodysplasia-related changes"),
        ("LAM-MRC", "alterazioni correlate a mielodisplasia", "correlata a mielodisplasia"),
    ),
    Term(
        "therapy_related",
        "Therapy-related myeloid neoplasm.",
        WHO_2016,
        ("therapy-related", "t-AML", "t-MN", "therapy-related myeloid neoplasm"),
        ("correlata a terapia", "t-LAM", "neoplasia mieloide correlata a terapia"),
    ),
    Term(
        "nos",
        "AML, not otherwise specified.",
        WHO_2016,
        ("NOS", "AML NOS", "not otherwise specified"),
        ("NAS", "LAM NAS", "non altrimenti specificata"),
    ),
)

# ELN 2017, ELN 2022 and MRC classes are not interchangeable: a center that has another system
# declares this field unavailable.
ELN2017_RISK = (
    Term(
        "favorable",
        "t(8;21); inv(16) or t(16;16); NPM1 mutated without FLT3-ITD or with a low ratio (< 0.5); "
        "biallelic CEBPA.",
        ELN_2017,
        ("favorable", "favourable", "low risk", "good"),
        ("favorevole", "basso rischio", "basso"),
    ),
    Term(
        "intermediate",
        "NPM1 mutated with a high FLT3-ITD ratio (>= 0.5); NPM1 wild type without FLT3-ITD or with "
        "a low ratio; t(9;11); cytogenetics neither favorable nor adverse.",
        ELN_2017,
        ("intermediate", "intermediate risk", "int"),
        ("intermedio", "rischio intermedio"),
    ),
    Term(
        "adverse",
        "t(6;9); KMT2A rearranged; BCR-ABL1; inv(3) or t(3;3); -5 or del(5q); -7; -17 or abn(17p); "
        "complex or monosomal karyotype; NPM1 wild type with a high FLT3-ITD ratio; RUNX1, ASXL1 "
        "or TP53 mutated.",
        ELN_2017,
        ("adverse", "high risk", "poor", "unfavorable", "unfavourable", "adv"),
        ("sfavorevole", "avverso", "alto rischio", "alto"),
    ),
)

DISEASE_STATUS = (
    Term(
        "relapsed",
        "Marrow blasts >= 5 %, blasts in blood or extramedullary disease after CR or CRi.",
        ELN_2017,
        ("relapsed", "relapse", "REL"),
        ("recidivata", "recidiva", "ricaduta", "in recidiva"),
    ),
    Term(
        "refractory",
        "No CR or CRi after two courses of intensive induction.",
        ELN_2017,
        ("refractory", "primary refractory", "REF", "induction failure"),
        ("refrattaria", "refrattario", "resistente", "refrattaria primaria"),
    ),
)
