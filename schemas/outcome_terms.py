"""Terms that describe the hypomethylating agent and what came of it."""

from .term import Term

ELN_2017 = "ELN 2017 (Döhner et al., Blood 2017;129:424)"
ATC = "WHO Collaborating Centre for Drug Statistics, ATC index"
STUDY = "study convention"

# "DEC" is decitabine here and must never be read as "deceduto".
HMA_DRUG = (
    Term(
        "azacitidine",
        "Azacitidine, ATC L01BC07.",
        ATC,
        ("azacitidine", "azacytidine", "5-azacytidine", "5-aza", "AZA", "Vidaza", "L01BC07"),
        ("azacitidina", "5-azacitidina", "azacitidina generico"),
    ),
    Term(
        "decitabine",
        "Decitabine, ATC L01BC08.",
        ATC,
        ("decitabine", "DEC", "DAC", "Dacogen", "5-aza-2'-deoxycytidine", "L01BC08"),
        ("decitabina", "5-aza-2'-deossicitidina"),
    ),
)

# In the order from best to worst. Left out on purpose, since they mean several things: "NR" (no
# response, not reached, "non rilevato"), "risposta" alone, "resistente".
BEST_RESPONSE = (
    Term(
        "CR",
        "Marrow blasts < 5 %, none in blood, no extramedullary disease, ANC >= 1.0 and platelets "
        ">= 100 x10^9/L.",
        ELN_2017,
        ("CR", "complete remission", "complete response"),
        ("RC", "remissione completa", "risposta completa"),
    ),
    Term(
        "CRi",
        "All criteria of CR but ANC < 1.0 or platelets < 100 x10^9/L.",
        ELN_2017,
        ("CRi", "complete remission with incomplete recovery", "CR incomplete"),
        ("RCi", "remissione completa con recupero incompleto", "risposta completa incompleta"),
    ),
    Term(
        "MLFS",
        "Marrow blasts < 5 %, no extramedullary disease, no recovery of blood counts required.",
        ELN_2017,
        ("MLFS", "morphologic leukemia-free state", "marrow CR"),
        ("stato morfologico libero da leucemia", "remissione midollare"),
    ),
    Term(
        "PR",
        "Blood counts of CR, marrow blasts 5-25 % and down by at least half.",
        ELN_2017,
        ("PR", "partial remission", "partial response"),
        ("RP", "remissione parziale", "risposta parziale"),
    ),
    Term(
        "SD",
        "None of CR, CRi, MLFS, PR, and no progression for at least three months.",
        ELN_2017,
        ("SD", "stable disease"),
        ("MS", "malattia stabile", "stabilità di malattia"),
    ),
    Term(
        "PD",
        "Blasts in marrow or blood up by more than half, or new extramedullary disease.",
        ELN_2017,
        ("PD", "progressive disease", "progression"),
        ("progressione", "progressione di malattia", "malattia in progressione"),
    ),
    Term(
        "NE",
        "Response never assessed, for example early death or an inadequate marrow.",
        ELN_2017,
        ("NE", "not evaluable", "not assessed"),
        ("NV", "non valutabile", "non valutata"),
    ),
)

VITAL_STATUS = (
    Term("alive", "Alive at last contact.", STUDY, ("alive", "living"), ("vivo", "viva")),
    Term(
        "dead",
        "Died of any cause.",
        STUDY,
        ("dead", "died", "deceased", "exitus"),
        ("deceduto", "deceduta", "morto", "morta", "decesso"),
    ),
    Term(
        "lost",
        "Lost to follow-up: alive at last contact, nothing known since.",
        STUDY,
        ("lost", "lost to follow-up", "LTFU"),
        ("perso al follow-up", "persa al follow-up", "PFU"),
    ),
)

CAUSE_OF_DEATH = (
    Term(
        "leukemia",
        "Progression or relapse of the leukemia.",
        STUDY,
        ("leukemia", "disease", "disease progression", "AML"),
        ("leucemia", "malattia", "progressione di malattia", "LAM"),
    ),
    Term(
        "infection",
        "Infection without progression as the leading cause.",
        STUDY,
        ("infection", "sepsis", "pneumonia"),
        ("infezione", "sepsi", "polmonite", "shock settico"),
    ),
    Term(
        "hemorrhage",
        "Bleeding as the leading cause.",
        STUDY,
        ("hemorrhage", "haemorrhage", "bleeding"),
        ("emorragia", "sanguinamento", "emorragia cerebrale"),
    ),
    Term(
        "transplant",
        "Complication of an allogeneic transplant without relapse.",
        STUDY,
        ("transplant", "transplant-related", "TRM", "GVHD"),
        ("trapianto", "correlata a trapianto", "mortalità da trapianto"),
    ),
    Term(
        "treatment",
        "Toxicity of a treatment other than transplant.",
        STUDY,
        ("treatment", "toxicity", "treatment-related"),
        ("tossicità", "tossicità da trattamento"),
    ),
    Term("other", "Another known cause.", STUDY, ("other",), ("altro", "altra causa")),
    Term(
        "unknown",
        "The center states that the cause is not known.",
        STUDY,
        ("unknown", "not known"),
        ("sconosciuta", "non nota", "ignota", "causa ignota"),
    ),
)
