"""Abbreviations and synonyms of clinical headings, as they stand in exports: Italian and English, and the
commonest of German and French, by which a neighbour's export finds its fields.

Each line: the canonical words, then what else is written for them. A phrase of several words is
recognised before its parts. The table speaks of headings in general, not of any one study; what a
study calls its own fields stands in the synonyms of its schema.
"""

_HEADINGS = """
age: eta, aa, anni
alive: vivo, viva, vivente, living
allogeneic: allo, allogenico
absolute: abs, assoluto, assoluta, assoluti
absolute neutrophil count: anc, neutrofili assoluti
acute myeloid leukemia: aml, lam, lma, leucemia mieloide acuta, leucemia acuta mieloide
additional: addl, ulteriori, aggiuntivi
albumin: alb, albumina
alcohol: alcol, alcool, alc, drinking, drinker
alkaline phosphatase: alp, fosfatasi alcalina
quantity: amount, qty, quantita
antecedent: pregressa, pregresso
assessment: assess, valutazione, rivalutazione
azacitidine: aza, azacitidina, vidaza
baseline: basale, bl
best: migliore, miglior
bilirubin: bili, bilirubina, bil
biopsy: biopsia, bx
birth: nascita, nato, nata, born
blast: blasti, blasts, blastica
blood: sangue
blood pressure: bp, pressione arteriosa
body mass index: bmi, imc, indice massa corporea
body surface area: bsa, superficie corporea
bone marrow: bm, midollo, midollari, midollare, midollo osseo, marrow
cause: causa
center: centre, centro, ctr, hospital, ospedale, institution, istituto
chemotherapy: chemo, chemioterapia, chemioterapico
clinical: clin, clinic, clinico, clinica
code: cod, codice
comorbidity: comorb, comorbidita, comorbidities, medical condition
complete: compl, completa, completo
consumption: consum, consumo, intake
number: count, conta, num, numero, nr, nro, no, n
country: paese, nazione, stato, nation
creatinine: crea, creat, creatinina
cycle: cicli, ciclo, cycles, course, courses
cytogenetic: cyto, citogenetica, citogenetico, karyotype, cariotipo, karyo
date: data, dt, giorno
date birth: dob, ddn, data nascita
date death: dod, data decesso, data morte, data exitus
day: giorni, gg
dead: deceduto, deceduta, morto, morta, deceased
death: decesso, morte, exitus, died
decitabine: decitabina, dacogen
degree: deg
diabetes: diabete
diagnosis: diag, dx, diagnosi, dgn
diagnosis histology: histologic type, histology type, histological type, tipo istologico, histotype
diameter: diametro, diam
dimension: dim, dimensione, dimensioni, size
discharge: dimissione
discontinuation: sospensione, interruzione, discontinued, withdrawal
disease: malattia, dis
distant: dist
dose: dosaggio, dosage
drug: farmaco, medicinale, medication, agent
duration: durata
eastern cooperative oncology group: ecog
education: istruzione
end: fine, termine, stop, stopped, quit, cessation, smesso
estrogen receptor: er
ethnicity: etnia, ethnic, ethnic group
examined: esaminati, tested
extramedullary: extramidollare
ferritin: ferritina
first: primo, prima, 1st
fixed: fisso
focality: focalita
follow up: followup, fu, fup, f u
gamma glutamyl transferase: ggt
sex: gender, sesso, genere
grade: grado, grading, gr
height: altezza, statura, hgt, ht
hematocrit: hct, ematocrito
hemoglobin: hb, hgb, emoglobina, haemoglobin
histologic: histo, hist, istologico, istologica, histological, histology
history: hx, anamnesi, storia
hospital stay: degenza, ricovero
hypertension: ipertensione, htn
hypomethylating agent: hma, ipometilante, ipometilanti
identifier: id, identificativo, ident
induction: induzione
infection: infezione, infezioni
inflammation: infiammazione, inflam
initial: iniziale
international normalized ratio: inr
invasion: invasione, inv
lactate dehydrogenase: ldh
last: ultimo, ultima
last contact: last seen, ultimo contatto, ultimo controllo, last follow up, ultimo follow up
last contact: last known alive
last contact date: data ultima notizia, data ultimo contatto, data ultimo fu
last name: cognome, surname, family name
leukocyte: leucociti, leukocytes, white cell, gb, wbc, white blood cell, white blood cells, globuli bianchi
line: linea, linee
lost: perso, persa
lower: inferiore
lymph node: ln, linfonodo, linfonodi, nodal, nodes
lymphatic: linfatica, lymph
lymphatic vascular invasion: lvi, lvsi, lymphovascular space invasion, lymphovascular invasion
lymphocyte: linfociti, lymphocytes
margin: margine, margini
maximum: max, massimo, massima, maximal, largest, greatest
measurement: misura, misurazione, meas
medical record number: mrn, cartella, numero cartella
menopause: menopausa
metastasis: mets, met, metas, metastasi, metastases, metastatic
minimum: min, minimo, minima
molecular: mol, molecolare
month: mesi, mese, months, mo
mortality: mortalita
mutation: mut, mutazione, mutations
myelodysplastic syndrome: mds, smd, mielodisplasia, sindrome mielodisplastica
name: nome, nominativo
necrosis: necrosi
negative: neg, negativo, negativa
neutrophil: neutrofili, neutro, neutrophils
normal: normale, norm
note: notes, comment, comments, commento, osservazioni, remarks
operation: intervento, surgery, chirurgia, surg
origin: origine, provenienza, orig
other: altro, altra, altri, oth
outcome: esito
overall survival: os, sopravvivenza globale
partial: parziale, part
partial thromboplastin time: ptt, aptt
participant: partecipante, subject, soggetto
pathologic t: pt, ypt
pathologic n: pn, ypn
pathologic m: pm, ypm
pathologic: path, patho, pathological, patologico, patologica
patient: pz, paz, paziente
per: al
percent: pct, perc, percentuale, percentage, fraction, frazione
performance status: ps, ecog, ecog ps, karnofsky, zubrod
peripheral blood: pb, sp, sangue periferico, periferici
platelet: plt, piastrine, trombociti, thrombocyte, platelets, pltc
positive: pos, positivo, positiva
postoperative: postop
pregnancy: pregnancies, gravidanza, gravidanze
preoperative: preop
previous: prior, precedente, precedenti, prev, pregresso
primary: primario, primaria, prim
progesterone receptor: pgr
progression: progressione, prog
race: razza
radiotherapy: rt, radioterapia, radiation, xrt
reason: motivo
recurrence: recidiva, recur, recurrent
refractory: refrattaria, refrattario, refr
regional: reg, regionale
relapse: ricaduta, relapsed, recidivata
remission: remissione, rem
residence: residenza
residual: residuo, residua
response: risposta, resp
result: risultato, esito, res
risk: rischio
sample: campione, campioni, specimen
score: punteggio, index, indice, idx
secondary: secondaria, secondario, sec
secondhand: second hand, passive, passivo, passiva, environmental tobacco
sequence: seq
site: sede, location, localization, posizione
smoking: smoke, smoked, smoker, fumo, fumatore, cigarette, cigarettes, sigarette, tobacco, tabacco
stage: stadio, staging, stadiazione, stg
start: inizio, begin, beginning, avvio, onset, esordio, insorgenza
status: stato, stat
stem cell transplantation: hsct, allo hsct, tcse, tmo, sct, bmt, trapianto, transplant, transplantation
stromal: stroma, stromale
subtype: sottotipo
surgical: chirurgico, chirurgica
survival: sopravvivenza, surv
systolic: sistolica, sist
diastolic: diastolica, diast
temperature: temperatura, temp
therapy: terapia, ther, treatment, trattamento, tx, trt, treat
time: tempo
toxicity: tossicita, tox
transfusion: trasfusione, trasfusioni, trasf
tumor: tumore, tumour, neoplasm, neoplasia, neopl, cancer, carcinoma, tum
type: tipo, typ, tipologia
unit: unita, um
uric acid: acido urico, uricemia
value: valore, val
vascular: vascolare, vasc
visit: visita
vital: vitale, life
weight: peso, wgt, wt
year: anno, yr, yrs, years
"""

_NEIGHBOURS = """
age: alter, lebensalter
alive: lebt, lebend, lebendig, vivant, vivante, en vie
acute myeloid leukemia: akute myeloische leukamie, leucemie aigue myeloide
azacitidine: azacitidin
best: bestes, beste, bester, meilleur, meilleure
birth: geburt, naissance, geboren
blast: blasten, blastes
blood: blut, sang, sanguin, sanguins
bone marrow: knochenmark, km, moelle, moelle osseuse, medullaire, medullaires
cause death: todesursache, cause deces, cause du deces
chemotherapy: chemotherapie, chimiotherapie
creatinine: kreatinin
number: anzahl, zahl, nombre, nbre
cycle: zyklus, zyklen
date: datum
date birth: geburtsdatum, geb datum, gebdatum, date naissance
date death: todesdatum, sterbedatum, verstorben am, gestorben am, date deces
dead: verstorben, gestorben, decede, decedee
death: tod, deces
decitabine: decitabin
date diagnosis: date diagnostic
diagnosis: diagnose, erstdiagnose
drug: substanz, medikament, wirkstoff, medicament
end: ende, arret
end therapy: therapieende, behandlungsende, ende therapie
female: femmina, donna, weiblich, frau, femme, feminin
hemoglobin: hamoglobin
hypomethylating agent: hypomethylant, hypomethylants, hypomethylierende substanz
infection: infektion
last contact: letzter kontakt, letzte kontrolle, letzte vorstellung, derniere nouvelle, derniere visite
last contact date: date derniere nouvelle
leukocyte: leukozyten, leukos, leucocyte
line: ligne, therapielinie
male: maschio, uomo, mannlich, mann, homme, masculin
neutrophil: neutrophile, neutrophiles, pnn
number cycle: zyklenzahl, nombre cure, nb cure
performance status: oms score, score oms, score de performance, allgemeinzustand
platelet: thrombozyten, thrombos, plaquette, plaq, plaquettes
previous: vorherige, fruhere, anterieur, anterieure, precedent, precedente, zustand nach, z n
previous therapy: vortherapien, vortherapie, traitement anterieur
progression: progress, progress am, progredient, evolutive
related: assoziiert, induite
remission: vollremission
response: ansprechen, remissionsstatus, reponse
secondary: sekundar, sekundare, secondaire
sex: geschlecht, sexe
stable disease: stabile erkrankung, maladie stable
start: beginn, debut
start therapy: therapiebeginn, behandlungsbeginn, beginn therapie
stem cell transplantation: szt, sct, stammzelltransplantation, allogreffe, greffe, transplantation
therapy: therapie, behandlung, traitement
therapy related: therapieassoziiert, therapieassoziierte, post chimiotherapie, post chemioterapia
vital status: lebensstatus, statut vital, etat aux dernieres nouvelles
"""


def singular(word: str) -> str:
    """The word without an English plural s: `nodes` is `node`, `status` stays."""
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "is", "us"))
    return word[:-1] if plural else word


def _read() -> dict[tuple[str, ...], tuple[str, ...]]:
    phrases: dict[tuple[str, ...], tuple[str, ...]] = {}
    for line in (*_HEADINGS.strip().splitlines(), *_NEIGHBOURS.strip().splitlines()):
        canonical, _, others = line.partition(":")
        for other in (canonical, *others.split(",")):
            phrase = tuple(map(singular, other.split()))
            phrases.setdefault(phrase, tuple(map(singular, canonical.split())))
    return phrases


PHRASES = _read()
LONGEST_PHRASE = max(map(len, PHRASES))
