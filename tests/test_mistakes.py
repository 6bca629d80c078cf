"""The likeliest mistakes of a mapping's author: each is told where it stands, with its way out.

A row breaks a good mapping (tests/desk/panaro.yaml) in one place. The sign ‸ in the new text is where the
mistake must be told, and nothing else may be told of; the words must all stand in what is said.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from desk_study import MAPPING, make_study
from slips import MARK, Slip, correction, edited, expect_told, places_of, slip, told_of

from onecohort.cli.check import check_center
from onecohort.study import Study, load_study

SLIPS = (
    # --- not YAML -------------------------------------------------------------------------------
    slip("a tab", "    key: Codice\n    dates", f"{MARK}\tkey: Codice\n    dates",
         "tab", "indent with blanks"),
    slip("a colon without quotes", "  ecog: not recorded",
         f"  ecog: not recorded{MARK}: ask them", "second ': '", "quotes"),
    slip("a per cent sign without quotes", 'dates: "%d/%m/%Y"\n    missing',
         f"dates: {MARK}%d/%m/%Y\n    missing", "'%'", "in quotes"),
    slip("a brace that is not closed", "values: { M: male, F: female } }",
         "values: { M: male, F: female }", "not closed before line 21", "close it with '}'"),
    slip("quotes that are not closed", 'Hb (g/L): "98" }', f'Hb (g/L): {MARK}"98 }}',
         "quotes that open here are never closed", "close them"),
    slip("a line indented too far", "  birth_date:", f"   {MARK}birth_date:",
         "indented otherwise", "column 3, as line 20 does"),
    slip("a line indented too little", "    key: Codice\n    dates", f"  key: Codice\n    dates{MARK}",
         "indented otherwise than its block"),
    slip("a colon forgotten", "  ecog: not recorded\n", f"  {MARK}ecog not recorded\n",
         "':' is missing", "`name: value`"),
    slip("a field twice", "  hma_line:", f"  {MARK}sex: {{ from: Sesso }}\n  hma_line:",
         "'sex' stands here a second time (first in line 20)", "keep one"),
    slip("a text twice under values", "M: male, F: female", f"M: male, {MARK}M: female",
         "'M' stands here a second time", "keep one"),
    slip("a no-break space", "    key: Codice\n    dates", f"{MARK}\u00a0   key: Codice\n    dates",
         "a no-break space stands", "plain blanks"),
    slip("typographic quotes", 'dates: "%d/%m/%Y"\n    missing', f"dates: {MARK}“%d/%m/%Y”\n    missing",
         "typographic quotes", "straight quotes"),
    slip("a question mark alone", "M: male", f"M: {MARK}?", "'?' stands here alone", "write the term"),
    slip("a second document", "\nunavailable:", f"\n{MARK}---\nunavailable:",
         "'---' begins a second document", "take the line out"),
    slip("a sign of no text", "title: Panaro", f"title: {MARK}\x00Panaro", "U+0000", "take it out"),
    slip("a name that stands for nothing", "{ from: Sesso, values: { M: male, F: female } }",
         f"{MARK}*same", "undefined alias", "needs quotes"),
    slip("brackets without end", "title: Panaro", "title: " + "[" * 3000, "nested too deep", "close"),
    # --- not the language -----------------------------------------------------------------------
    slip("a misspelt word of a table", "rows: many", f"{MARK}row: many",
         "'row' is not a word of the language", "did you mean 'rows'?"),
    slip("no blank after a colon", "{ from: Sesso,", f"{{ {MARK}from:Sesso,",
         "no blank follows the ':'", "write `from: Sesso`"),
    slip("several columns in from", "from: Sesso", f"from: {MARK}[Sesso, Genere]",
         "from must be one text", "`filled_from`"),
    slip("several files", "files: panaro/esami_*.csv", f"files: {MARK}[panaro/esami_*.csv]",
         "files must be one text", "another file is another table"),
    slip("a table without the name of its key", "    key: Codice\n    dates", f"    {MARK}key:\n    dates",
         "tables.pazienti.key is empty", "write `key: …`"),
    correction("a correction confirmed on no day", "reason: typing error",
               f"reason: typing error, confirmed: {MARK}soon",
               "must be a day, and is 'soon'", "2021-06-30"),
    slip("a misspelt word of a rule", "values: { M", f"{MARK}value: {{ M",
         "'value' is not a word of the language", "did you mean 'values'?"),
    slip("a word that may not stand here", "rows: many", f"rows: {MARK}multiple",
         "one of one, many, and is 'multiple'"),
    slip("a misspelt take", "take: nearest", f"take: {MARK}neerest", "did you mean 'nearest'?"),
    slip("a list in place of a block", "ignore:\n  Note: free text, not in the protocol",
         f"{MARK}ignore:\n  - Note", "ignore must be a block", "`Column: reason`", "without a dash"),
    slip("a column in place of a rule", "sex: { from: Sesso, values: { M: male, F: female } }",
         f"{MARK}sex: Sesso", "fields.sex must be a block", "write `sex: { from: Sesso }`"),
    slip("a block in place of a list", "best_response: { first_of: [CR, CRi, PR, SD, PD], marked: x }",
         f"best_response: {{ {MARK}first_of: {{ CR: x, CRi: x, PR: x, SD: x, PD: x }} }}",
         "first_of must be a list", "dash"),
    slip("no reason to ignore", "  Note: free text, not in the protocol", f"  {MARK}Note:",
         "ignore.Note is empty", "write the reason"),
    slip("no reason for what is unavailable", "  ecog: not recorded", f"  {MARK}ecog:",
         "unavailable.ecog is empty", "write the reason"),
    slip("a table without a key", "  esami:\n    files: panaro/esami_*.csv\n    key: Codice\n",
         f"  {MARK}esami:\n    files: panaro/esami_*.csv\n", "tables.esami.key is missing", "`key: …`"),
    slip("a number that is none", "    key: Codice\n    dates",
         f"    header_row: {MARK}first\n    key: Codice\n    dates", "whole number, and is 'first'"),
    slip("a row before the first", "    key: Codice\n    dates",
         f"    header_row: {MARK}0\n    key: Codice\n    dates", "greater than or equal to 1"),
    slip("a day that is none", "on: 2021-06-25", f"on: {MARK}25/06/2021",
         "must be a day, and is '25/06/2021'", "2021-06-30"),
    slip("a center in capitals", "center: panaro", f"center: {MARK}Panaro",
         "'Panaro' cannot name a center", "small letters"),
    slip("a center with another name than its file", "center: panaro", f"center: {MARK}pannaro",
         "its file 'panaro.yaml'", "write `center: panaro`"),
    # --- not the schema -------------------------------------------------------------------------
    slip("a misspelt field", "  hemoglobin_g_dl: {", f"  {MARK}haemoglobin_g_dl: {{",
         "no field 'haemoglobin_g_dl'", "did you mean 'hemoglobin_g_dl'?"),
    slip("a translated field", "  sex: {", f"  {MARK}sesso: {{", "did you mean 'sex'?"),
    Slip("a field that is nothing like any", "fields:\n  sex: {", f"{MARK}fields:\n  {MARK}zzz: {{",
         (("mistake", "sex is neither mapped nor unavailable"),
          ("mistake", "no field 'zzz'", "`onecohort fields`"))),
    slip("a misspelt field under unavailable", "  person_key:", f"  {MARK}persons_key:",
         "did you mean 'person_key'?"),
    slip("a field that the engine makes", "  sex: {",
         f"  {MARK}patient_id: {{ from: Codice }}\n  sex: {{", "made by the engine", "take the line out"),
    slip("a field both mapped and unavailable", "  ecog: not",
         f"  {MARK}sex: not recorded\n  ecog: not", "mapped and also unavailable", "keep one"),
    slip("a field neither mapped nor unavailable", "  person_key: not handed out\n", "",
         "person_key is neither mapped nor unavailable", "`person_key: <reason>` under unavailable"),
    slip("a misspelt term", "M: male", f"M: {MARK}mail",
         "'mail' is no term of sex", "did you mean 'male'?", "permitted: male, female"),
    slip("a term in capitals", "M: male", f"M: {MARK}Male", "did you mean 'male'?"),
    slip("a translated term", "Vidaza: azacitidine", f"Vidaza: {MARK}azacitidina",
         "did you mean 'azacitidine'?", "permitted: azacitidine, decitabine"),
    slip("a misspelt term in a case", "then: secondary", f"then: {MARK}secondery",
         "no term of aml_type", "did you mean 'secondary'?"),
    slip("a marked column that is no term", "[CR, CRi, PR, SD, PD]", f"[CR, CRi, PR, SD, PD, {MARK}Stato]",
         "'Stato' is no term of best_response", "`values: { Stato:"),
    Slip("yes in Italian", "  birth_date:",
         f"  prior_allo_hsct: {{ from: MDS pregressa, values: {{ sì: {MARK}si, no: no }} }}\n"
         "  birth_date:",
         (("mistake", "'si' is neither yes nor no", "write yes or no"),),
         (("  prior_allo_hsct: not recorded\n", ""),)),
    slip("a number in words", "{ from: Linea }", f"{{ from: Linea, values: {{ 2: {MARK}due }} }}",
         "'due' is not a whole number", "write the number"),
    slip("the same text for two things", "M: male, F: female", f"M: male, {MARK}m: female, F: female",
         "the same but for case", "keep one"),
    slip("a case that is never reached", "      - { when: { Eziologia: de novo }",
         f"      - {MARK}{{ when: {{ MDS pregressa: sì, Linea: 2 }}, then: secondary }}\n"
         "      - { when: { Eziologia: de novo }", "never reached", "move it up"),
    slip("a date format of a number", "{ from: Linea }", f'{{ from: Linea, {MARK}dates: "%d/%m/%Y" }}',
         "`dates` is about dates, and hma_line holds none", "take it out"),
    slip("a decimal sign of a date", "{ from: Nascita }", f'{{ from: Nascita, {MARK}decimal: "," }}',
         "`decimal` is about numbers, and birth_date holds none", "take it out"),
    slip("a misspelt unit", "unit: g/L", f"unit: {MARK}gr/lt",
         "'gr/lt' is not known", "did you mean 'g/L'?"),
    slip("a unit of another quantity", "unit: g/L", f"unit: {MARK}U/L",
         "cannot be converted into g/dL", "one of: g/L, g/dL"),
    slip("a unit where none belongs", "{ from: Linea }", f"{{ from: Linea, {MARK}unit: g/L }}",
         "hma_line has no unit", "take the unit out"),
    slip("a date format spelled out", 'dates: "%d/%m/%Y"\n    missing',
         f"dates: {MARK}gg/mm/aaaa\n    missing", "not a date format", "did you mean '%d/%m/%Y'?"),
    slip("a date format that is none", "{ from: Nascita }", f"{{ from: Nascita, dates: {MARK}usual }}",
         "not a date format", "such as %d/%m/%Y"),
    slip("two-digit years without a pivot", "{ from: Nascita }",
         f'{{ from: Nascita, dates: ["%d/%m/%Y", {MARK}"%d/%m/%y"] }}',
         "no pivot_year says which century", "`pivot_year: 1925`"),
    slip("two sources", "  birth_date: { from: Nascita }",
         f"  {MARK}birth_date: {{ from: Nascita, constant: 1950-01-01 }}",
         "here it is from and constant", "exactly one"),
    slip("take where rows are one", "{ from: Linea }", f"{{ from: Linea, {MARK}take: max }}",
         "`take` is for tables with `rows: many`", "take it out"),
    slip("near without by", ", by: esami.Data }\n  ldh", " }\n  ldh", "needs the column with the date",
         "write `by: <date column>`"),
    slip("near without take", "take: nearest, near", f"{MARK}near", "belong together", "`take: nearest`"),
    slip("earliest without by", "take: earliest, by: esami.Data", f"{MARK}take: earliest",
         "needs the column with the date", "write `by: <date column>`"),
    slip("near a field that is no date", "near: hma_start_date", f"near: {MARK}hma_start",
         "no date field", "did you mean 'hma_start_date'?"),
    slip("near a field that is not mapped", "near: hma_start_date", f"near: {MARK}allo_hsct_date",
         "allo_hsct_date is not mapped", "map allo_hsct_date"),
    slip("a pattern that is none", "{ from: Linea }", f"{{ from: Linea, pattern: {MARK}'([0-9' }}",
         "not a regular expression", "mend it"),
    slip("a comparison with no number", "{ when: { Eziologia: t-LAM }",
         f'{{ when: {{ Eziologia: t-LAM, Cicli: {MARK}">= four" }}', "compares with no number", "`>= 5`"),
    slip("a table misspelt before its column", "from: esami.LDH", f"from: {MARK}esame.LDH",
         "no table 'esame'", "did you mean 'esami'?"),
    slip("a table of many rows joined", "  birth_date: { from: Nascita }",
         f"  {MARK}birth_date: {{ filled_from: [Nascita, esami.Data] }}",
         "many rows per patient", "`take`"),
    slip("a table from nowhere", "  esami:\n    files: panaro/esami_*.csv\n", f"  {MARK}esami:\n",
         "comes from nowhere", "write `files:`"),
    slip("ignored but used", "  Note: free", f"  {MARK}Sesso: free text\n  Note: free",
         "'Sesso' is ignored, but sex is made from it", "take it out of ignore"),
    correction("a correction that corrects nothing", "now: 21", f"now: {MARK}20",
               "was and now are the same", "take the correction out"),
    correction("a correction of nobody", "{ patient: P-01, ", f"{MARK}{{ ",
               "either a patient or a row", "`patient:`"),
    correction("a correction without a reason", "{ patient: P-01, column: Decesso, was: 20/12/2016, "
               "now: 21/12/2016, reason: typing error }", f"{MARK}{{ patient: P-01, column: Decesso, "
               "was: 20/12/2016, now: 21/12/2016 }", "corrections.reason is missing", "`reason: …`"),
    correction("a correction in no table", "column: Decesso", f"table: {MARK}pazzi, column: Decesso",
               "no table 'pazzi'", "did you mean 'pazienti'?"),
    slip("an example of no table", "      esami: { Codice: P-77", f"      {MARK}esame: {{ Codice: P-77",
         "no table 'esame'", "did you mean 'esami'?"),
    slip("an example of no field", "expect: { sex", f"expect: {{ {MARK}sesso",
         "no field 'sesso'", "did you mean 'sex'?"),
    slip("an example with a misspelt column", "Sesso: F, MDS", f"{MARK}Seso: F, MDS",
         "nothing of a column 'Seso'", "did you mean 'Sesso'?"),
    slip("a date that counts from itself", "{ from: Nascita }", "{ from: Nascita, days_from: birth_date }",
         "count from each other: birth_date", "from another date"),
    # --- not the export -------------------------------------------------------------------------
    slip("a file that is not there", "files: panaro/esami_*.csv", f"files: {MARK}panaro/labs_*.csv",
         "panaro/labs_*.csv matches no file", "esami_2021-06.csv"),
    slip("a sheet of a text", "    key: Codice\n    dates",
         f"    {MARK}sheet: Dati\n    key: Codice\n    dates",
         "has no sheets, so `sheet` says nothing", "take it out"),
    slip("another sign between columns", "    key: Codice\n    dates",
         f"    delimiter: {MARK}\",\"\n    key: Codice\n    dates",
         "has one column only, 'Codice;Sesso;", '`delimiter: ";"`'),
    slip("a header row among the patients", "    key: Codice\n    dates",
         f"    header_row: {MARK}3\n    key: Codice\n    dates", "0 of the 21 columns that are named",
         "its header was read as P-02, F, 21/11/1951", "look at header_row"),
    slip("an encoding that is none", "    key: Codice\n    dates",
         f"    encoding: {MARK}klingon\n    key: Codice\n    dates", "no encoding 'klingon'", "cp1252"),
    slip("a format that is none", "    key: Codice\n    dates",
         f"    format: {MARK}exel\n    key: Codice\n    dates", "no format 'exel'", "xlsx"),
    slip("a header row beyond the end", "    key: Codice\n    dates",
         "    header_row: 99\n    key: Codice\n    dates", "before the header row 99",
         "correct header_row"),
    slip("a misspelt column", "from: Sesso", f"from: {MARK}Seso",
         "panaro/pazienti_2021-06.csv has no column 'Seso'", "did you mean 'Sesso'?"),
    slip("a misspelt column in a case", "{ Eziologia: t-LAM }", f"{{ {MARK}Etiologia: t-LAM }}",
         "no column 'Etiologia'", "did you mean 'Eziologia'?"),
    slip("a column of the other table", "{ from: esami.LDH, unit: U/L, take: earliest, by: esami.Data }",
         f"{{ from: {MARK}LDH, unit: U/L }}", "no column 'LDH'", "did you mean 'esami.LDH'?"),
    slip("a misspelt key column", "    key: Codice\n    rows", f"    key: {MARK}Codici\n    rows",
         "esami_2021-06.csv has no column 'Codici'", "did you mean 'Codice'?"),
    slip("a misspelt column under ignore", "  Note: free", f"  {MARK}Notes: free",
         "no column 'Notes'", "did you mean 'Note'?", level="warning"),
    correction("a correction of a misspelt column", "column: Decesso", f"column: {MARK}Deceso",
               "no column 'Deceso'", "did you mean 'Decesso'?"),
    correction("a correction that finds nothing", "{ patient: P-01", f"{MARK}{{ patient: P-99",
               "found no cell", "'20/12/2016' in 'Decesso'", "take the correction out", level="warning"),
    slip("a column neither mapped nor ignored", "ignore:\n  Note: free text, not in the protocol\n", "",
         "'Note' of panaro/pazienti_2021-06.csv is neither mapped nor ignored",
         "`Note: <reason>` under ignore", level="warning"),
    slip("a text seen but not listed",
         "    values:\n      Vidaza: azacitidine\n      Dacogen: decitabine\n",
         f"    {MARK}values:\n      Vidaza: azacitidine\n", "'Dacogen' in 'Farmaco' is not listed",
         "(2 cells, first in row 4)", "add it to values", "decitabine", level="warning"),
    slip("a text listed but never seen", "M: male, F", f"{MARK}Maschio: male, M: male, F",
         "'Maschio' is listed, and no cell of the export holds it", "take it out", level="note"),
    Slip("a condition that no row meets", "{ from: Decesso }",
         f"{{ from: Decesso, where: {{ {MARK}Stato: decedutto }} }}",
         (("warning", "in a row that no rule of the mapping takes"),
          ("warning", "no cell of 'Stato' holds 'decedutto', so no row meets this", "'deceduto'?")),
         (("  pazienti:\n", f"  {MARK}pazienti:\n"),)),
    Slip("a case that no row meets", "Eziologia: t-LAM", f"{MARK}Eziologia: t-LMA",
         (("warning", "no case covers what stands here"),
          ("note", "no cell of 'Eziologia' holds 't-LMA'", "did you mean 't-LAM'?")),
         (("  aml_type:\n", f"  {MARK}aml_type:\n"),)),
    Slip("rows left out, all of them", "    rows: many\n",
         "    rows: many\n    leave_out: [{ when: { Data: present }, reason: doubtful }]\n",
         (("warning", "all 7 rows of 'esami' are left out", "look at `leave_out`"),
          ("mistake", "example 1 expects hemoglobin_g_dl 9.8, and gets nothing"))),
    slip("dates in another order", "  birth_date: { from: Nascita }",
         f'  {MARK}birth_date: {{ from: Nascita, dates: "%m/%d/%Y" }}', "'21/11/1951' in 'Nascita'",
         "(3 such texts, 3 cells, first in row 3)", "fits '%d/%m/%Y'", level="warning"),
    slip("rows that disagree", "{ from: esami.LDH, unit: U/L, take: earliest, by: esami.Data }",
         "{ from: esami.LDH, unit: U/L }", "differs between the rows of one patient", "`take`",
         level="warning"),
    Slip("a unit forgotten", ", unit: g/L", "",
         (("warning", "'92' in 'Hb (g/L)' is outside what is possible", "would be usual in g/L"),
          ("mistake", "example 1 expects hemoglobin_g_dl 9.8, and gets nothing"))),
    slip("a wrong expectation", "hemoglobin_g_dl: 9.8", f"{MARK}hemoglobin_g_dl: 98",
         "example 1 expects hemoglobin_g_dl 98, and gets 9.8", "mend the rule, or the example"),
)  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Study:
    return load_study(make_study(tmp_path_factory.mktemp("desk"), project))


def test_a_good_mapping_has_no_mistake(study: Study) -> None:
    assert told_of(study, MAPPING) == []


def test_names_are_not_given_twice() -> None:
    assert len({slip.name for slip in SLIPS}) == len(SLIPS) >= 40


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name.replace(" ", "-"))
def test_a_mistake_is_told_at_its_place_with_its_way_out(study: Study, slip: Slip) -> None:
    expect_told(study, slip)


def test_all_mistakes_of_language_schema_and_export_are_told_at_once(study: Study) -> None:
    text = edited(
        "    dates: \"%d/%m/%Y\"\n    missing: n.d.\n  esami", "    missing: n.d.\n  esami",
        ("M: male", f"M: {MARK}mail"),
        ("birth_date: { from: Nascita }", f"{MARK}birth_date: Nascita"),
        ("{ from: Diagnosi }", f'{{ from: {MARK}Diagnos, dates: "%d/%m/%Y" }}'),
        ("    values:\n      Vidaza: azacitidine\n      Dacogen", f"    {MARK}values:\n      Dacogen"),
        ("hma_start_date: { from: Inizio }", 'hma_start_date: { from: Inizio, dates: "%d/%m/%Y" }'),
        ("hma_end_date: { from: Fine }", 'hma_end_date: { from: Fine, dates: "%d/%m/%Y" }'),
        ("{ from: Data valutazione }", '{ from: Data valutazione, dates: "%d/%m/%Y" }'),
        ("death_date: { from: Decesso }", f"{MARK}death_date: {{ from: Decesso }}"),
        ("{ from: Ultimo contatto }", '{ from: Ultimo contatto, dates: "%d/%m/%Y" }'),
    )  # fmt: skip
    told = told_of(study, text.replace(MARK, ""))
    assert [each.mistake.where for each in told] == places_of(text)
    said = [each.mistake.what for each in told]
    assert said[0] == "'mail' is no term of sex"
    assert said[1] == "fields.birth_date must be a block of keys"
    assert said[2] == "panaro/pazienti_2021-06.csv has no column 'Diagnos'"
    assert said[3].startswith("'Vidaza' in 'Farmaco' is not listed")
    assert said[4].startswith("'20/12/2016' in 'Decesso' is not a date")


def test_a_rule_that_counts_from_a_broken_rule_is_not_blamed(study: Study) -> None:
    text = edited("hma_start_date: { from: Inizio }", f"hma_start_date: {{ from: {MARK}Inizo }}")
    told = told_of(study, text.replace(MARK, ""))
    assert [each.mistake.where for each in told] == places_of(text)


def test_fields_that_count_from_each_other_are_a_mistake(study: Study) -> None:
    text = edited(
        "hma_start_date: { from: Inizio }",
        f"{MARK}hma_start_date: {{ from: Inizio, days_from: hma_end_date }}",
        ("hma_end_date: { from: Fine }", "hma_end_date: { from: Fine, days_from: hma_start_date }"),
    )
    (told,) = told_of(study, text.replace(MARK, ""))
    assert told.mistake.where == places_of(text)[0]
    assert "count from each other" in told.mistake.what


def test_a_marked_guess_is_a_warning_and_keeps_a_mapping_from_being_reviewed(study: Study) -> None:
    guess = ("{ from: Linea }", f"{{ from: Linea }} {MARK}# ?")
    text = edited(*guess, ("reviewed: { by: data manager, on: 2021-06-25 }\n", ""))
    (told,) = told_of(study, text.replace(MARK, ""))
    assert (told.level, told.mistake.where) == ("warning", places_of(text)[0])
    many = edited("\n  Note: free", "\n  # ?" * 10 + "\n  Note: free")
    (mistake, warning) = told_of(study, many)
    assert mistake.mistake.what == "called reviewed, but 10 guesses are still marked `# ?`"
    assert warning.mistake.what == (
        "10 guesses that nobody has confirmed: lines 67, 68, 69, 70, 71, 72, 73, 74 and 2 more"
    )
    reviewed = told_of(study, edited(*guess).replace(MARK, ""))
    assert [each.level for each in reviewed] == ["mistake", "warning"]
    assert reviewed[0].mistake.what == "called reviewed, but 1 guess is still marked `# ?`"


def test_a_file_of_nothing_and_a_file_of_no_text_are_mistakes(study: Study) -> None:
    path = study.root / "center_mappings" / "panaro.yaml"
    for text in ("", "# a comment\n"):
        (told,) = told_of(study, text)
        assert told.mistake.where == "center_mappings/panaro.yaml:1:1"
        assert told.mistake.what == "nothing stands in this file"
        assert "onecohort draft" in told.mistake.fix
    path.write_bytes(b"center: panaro\ntitle: caff\xe8\n")
    (told,) = check_center(study, "panaro")
    assert told.mistake.where == "center_mappings/panaro.yaml:2:1"
    assert told.mistake.fix == "save the file as UTF-8"


def test_many_unlisted_texts_of_a_column_are_summed_up(study: Study, tmp_path: Path) -> None:
    export = (study.exports / "panaro" / "pazienti_2021-06.csv").read_text(encoding="utf-8")
    head, *rows = export.splitlines()
    more = [rows[0].replace("P-01", f"P-{n}").replace(";M;", f";sesso {n};") for n in range(50, 60)]
    folder = tmp_path / "panaro"
    folder.mkdir()
    (folder / "pazienti_2021-06.csv").write_text("\n".join([head, *rows, *more]), encoding="utf-8")
    labs = (study.exports / "panaro" / "esami_2021-06.csv").read_text(encoding="utf-8")
    (folder / "esami_2021-06.csv").write_text(labs, encoding="utf-8")
    told = told_of(replace(study, exports=tmp_path), MAPPING)
    assert len(told) == 9
    assert told[-1].mistake.what == "sex: 2 more texts like these (values.unlisted)"
    assert "onecohort preview panaro --field sex" in told[-1].mistake.fix


def test_a_key_that_many_rows_lack_is_doubted_and_one_row_without_is_not(
    study: Study, tmp_path: Path
) -> None:
    folder = tmp_path / "panaro"
    folder.mkdir()
    labs = (study.exports / "panaro" / "esami_2021-06.csv").read_text(encoding="utf-8")
    (folder / "esami_2021-06.csv").write_text(labs, encoding="utf-8")
    export = (study.exports / "panaro" / "pazienti_2021-06.csv").read_text(encoding="utf-8")
    extra = "".join(
        export.splitlines()[4].replace("P-04", f"P-{number}") + "\n" for number in range(20, 30)
    )
    for keyless, level in ((1, "note"), (4, "warning")):
        text = export + extra
        for number in range(20, 20 + keyless):
            text = text.replace(f"P-{number}", "")
        (folder / "pazienti_2021-06.csv").write_text(text, encoding="utf-8")
        (told,) = told_of(replace(study, exports=tmp_path), MAPPING)
        assert told.level == level
        assert told.mistake.where == "center_mappings/panaro.yaml:9:5"
        assert "a blank in 'Codice' has no key" in told.mistake.what
