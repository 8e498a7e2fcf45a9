"""A small study folder with a file of every kind that is read, as text by path: what bad folders start from.

The base study of tests/cohort/odd (twenty patients) with copy number, structural variants, two panels, timelines,
lesions, stained cells, an nCounter matrix and raw lanes, expression, cohort.yaml and targets.csv. Forms that exclude
each other (CDISC's domains, a plain table of lesions, old fusions, long copy number) are sets of files of their own.
"""

import pandas as pd

from tests.cohort.odd.base import ALL, Study, case_list, names, patient, sample, tsv
from tests.cohort.xport import xport

GENES = ["TP53", "RB1", "KRAS", "STK11", "KEAP1", "CDKN2A", "KMT2D", "DLL3", "ASCL1", "FGL1"]
CODES = [("Positive", f"POS_{letter}({128 / 4**place:g})", 20_000 // 4**place) for place, letter in enumerate("ABCDEF")]
CODES += [("Negative", f"NEG_{letter}", 5 + place) for place, letter in enumerate("ABC")]
CODES += [("Housekeeping", "GUSB", 400), ("Housekeeping", "TBP", 250), ("Endogenous", "CD8A", 90)]
CODES += [("Endogenous", "CXCL9", 300)]
COHORT = """name: Odd study
simulated: false
os_origin: diagnosis
source: made up for a test
notes: [twenty patients]
caveats:
  variants: calls are not filtered for germline variants
"""
TARGETS = "claim,origin,answer\nlcnec.fig1a.median,calibrated,calibrated\nlcnec.fig1c.hr,planted,planted\n"
LESIONS = """patient,day,lesion,organ,kind,diameter_mm,axis,evaluable,state
P01,-3,L1,liver,target,30,long,,
P01,45,L1,liver,target,20,long,,
P01,-3,N1,lymph node,node,16,short,,
P01,45,N1,lymph node,node,9,short,,
P02,0,L1,lung,target,22,long,YES,
P02,50,L1,lung,target,not evaluable,long,,
P02,0,X1,bone,non-target,,long,,present
P02,50,X1,bone,non-target,,long,,progressed
"""


def rcc(identifier: str, codes=CODES, **lane) -> str:
    """The text of a raw nCounter file; lane: attributes of the lane that differ."""
    numbers = {"ID": "1", "FovCount": "280", "FovCounted": "275", "BindingDensity": "0.5"} | lane
    rows = "".join(f"{kind},{name},NM_{place:04},{count}\n" for place, (kind, name, count) in enumerate(codes))
    return (
        "<Header>\nFileVersion,1.7\n</Header>\n\n<Sample_Attributes>\n"
        f"ID,{identifier}\nGeneRLF,NS_IMMUNE\n</Sample_Attributes>\n\n<Lane_Attributes>\n"
        + "".join(f"{name},{value}\n" for name, value in numbers.items())
        + f"</Lane_Attributes>\n\n<Code_Summary>\nCodeClass,Name,Accession,Count\n{rows}</Code_Summary>\n"
    )


def cdisc() -> dict[str, pd.DataFrame]:
    """CDISC's domains TU, TR and RS of two patients: a liver lesion that shrinks by half, a node, a non-target."""
    tu = pd.DataFrame(
        [
            ("P01", "T01", "LIVER", "TARGET"),
            ("P01", "T02", "LYMPH NODE", "TARGET"),
            ("P02", "NT01", "BONE", "NON-TARGET"),
        ],
        columns=["USUBJID", "TULNKID", "TULOC", "TUSTRESC"],
    )
    rows = [("P01", "T01", "LDIAM", "40"), ("P01", "T02", "LPERP", "18"), ("P02", "NT01", "TUMSTATE", "PRESENT")]
    later = [("P01", "T01", "LDIAM", "20"), ("P01", "T02", "LPERP", "9"), ("P02", "NT01", "TUMSTATE", "ABSENT")]
    tr = pd.DataFrame(
        [
            (*row, "" if row[2] == "TUMSTATE" else "mm", visit, day)
            for visit, day, part in ((1, -2, rows), (2, 43, later))
            for row in part
        ],
        columns=["USUBJID", "TRLNKID", "TRTESTCD", "TRSTRESC", "TRSTRESU", "VISITNUM", "TRDY"],
    )
    rs = pd.DataFrame([("P01", "OVRLRESP", "PR", 2)], columns=["USUBJID", "RSTESTCD", "RSSTRESC", "VISITNUM"])
    return {"tu": tu, "tr": tr, "rs": rs}


def study() -> Study:
    """The base study with copy number, variants, panels and a timeline."""
    made = Study()
    made.samples["TMB_NONSYNONYMOUS"] = [str(i) for i in ALL]
    made.samples["PDL1_SCORE"] = [str(5 * (i - 1)) for i in ALL]
    made.samples["FIXATION"] = "FFPE"
    made.patients["FIRST_LINE_REGIMEN"] = ["chemotherapy" if i % 2 else "Carboplatin/Etoposide" for i in ALL]
    made.patients["FIRST_LINE_START"] = [f"2019-{1 + i % 12:02d}-{10 + i:02d}" for i in ALL]
    made.patients["ECOG"] = [str(i % 3) for i in ALL]
    made.copy_number([("RB1", {1: "-2", 12: "-2"}), ("CDKN2A", {3: "-2"}), ("KMT2D", {4: "2"}), ("MLL2", {5: "2"})])
    made.fused((3, "SOMATIC", "EML4", "ALK"), (4, "SOMATIC", "ETV6", "NTRK2"))
    made.two_panels()
    made.matrix({i: "PAN1" if i < 15 else "PAN2" for i in ALL})
    made.meta_mutations()
    made.meta("meta_cna.txt", "COPY_NUMBER_ALTERATION", "DISCRETE", "data_cna.txt", "cna")
    made.files["case_lists/cases_cna.txt"] = case_list(names(ALL), "x_cna")
    made.files["data_timeline_treatment.txt"] = tsv(
        [["PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE", "SUBTYPE", "LINE"]]
        + [[patient(i), 0, 30 * i, "TREATMENT", "chemotherapy", 1] for i in range(1, 6)]
    )
    made.files["data_timeline_toxicity.txt"] = tsv(
        [["PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE", "TOXICITY_TYPE", "GRADE"]]
        + [[patient(i), 10 + i, "", "TOXICITY", "nausea", 1 + i % 3] for i in range(1, 6)]
    )
    made.files["cohort.yaml"], made.files["targets.csv"] = COHORT, TARGETS
    return made


def assays() -> dict[str, str]:
    """Densities, cells by their markers, an nCounter matrix with its meta file, and expression in TPM."""
    some = names(range(1, 5))
    densities = [
        [name, "TL", population, 100 * place + 50]
        for place, name in enumerate(some)
        for population in ("CD3+", "CD3+ CD8+")
    ]
    cells = [[name, "TCE", 2, n, *signs] for name in some for n, signs in ((40, "++-"), (10, "+-+"), (950, "---"))]
    counts = [
        [gene, kind, 7.5, 8, 6 + place, 9]
        for place, (gene, kind) in enumerate(
            [("CD8A", "Endogenous"), ("CXCL9", "Endogenous"), ("GUSB", "Housekeeping")]
        )
    ]
    tpm = [[gene, *(round(1.5 * place + i, 2) for i in ALL)] for place, gene in enumerate(GENES)]
    return {
        "data_densities.txt": tsv([["SAMPLE_ID", "ASSAY", "POPULATION", "DENSITY_PER_MM2"], *densities]),
        "data_marker_positivity.txt": tsv([["SAMPLE_ID", "ASSAY", "AREA_MM2", "CELLS", "CD3", "CD8", "FOXP3"], *cells]),
        "data_ncounter_io360.txt": tsv([["Hugo_Symbol", "CLASS", *some], *counts]),
        "ncounter_io360.txt": "gene_panel: PanCancer IO 360\nscale: log2 normalised counts\n",
        "data_mrna_seq_tpm.txt": tsv([["Hugo_Symbol", *names(ALL)], *tpm]),
    }


def texts(made: Study | None = None) -> dict[str, bytes]:
    """Every file of the whole study, bytes by path."""
    made = study() if made is None else made
    files: dict[str, str | bytes] = dict(made.files) | assays()
    files["lesions.csv"] = LESIONS
    files |= {f"rcc_myeloid/{sample(i)}.RCC": rcc(sample(i)) for i in (1, 2)}
    files["ncounter_myeloid.txt"] = "gene_panel: Myeloid\n"
    for part, name in made.name.items():
        table = getattr(made, part)
        files[name] = tsv([list(table.columns), *table.to_numpy().tolist()])
    return {name: text if isinstance(text, bytes) else text.encode() for name, text in files.items()}


def other_forms() -> dict[str, dict[str, bytes]]:
    """Studies in forms that the whole one cannot hold beside its own, by name."""
    core = {
        name: text
        for name, text in texts().items()
        if name.startswith(("data_clinical", "meta_study", "case_lists/cases_seq"))
    }
    domains = cdisc()
    calls = [
        ["Hugo_Symbol", "Tumor_Sample_Barcode", "Fusion"],
        ["ALK", sample(1), "EML4-ALK fusion"],
        ["ROS1", sample(2), "ROS1-intragenic"],
    ]
    long = [
        ["Hugo_Symbol", "Sample_Id", "Value"],
        *([gene, sample(i), (i % 3) - 1] for gene in ("RB1", "MYC") for i in ALL),
    ]
    joint = study()
    both = joint.samples.merge(joint.patients, on="PATIENT_ID")
    view = tsv(
        [["Study ID", "Patient ID", "Sample ID", "Sex", "Overall Survival (Months)", "Overall Survival Status"]]
        + [["x", row.PATIENT_ID, row.SAMPLE_ID, row.SEX, row.OS_MONTHS, row.OS_STATUS] for row in both.itertuples()]
    )
    return {
        "cdisc csv": core | {f"{name}.csv": table.to_csv(index=False).encode() for name, table in domains.items()},
        "cdisc xpt": core | {f"{name}.xpt": xport(table, name.upper()) for name, table in domains.items()},
        "old fusions": core | {"data_fusions.txt": tsv(calls).encode()},
        "long copy number": core | {"data_cna_long.txt": tsv(long).encode()},
        "study view": {"x_clinical_data.tsv": view.encode()},
        "lesions alone": {"lesions.csv": LESIONS.encode()},
    }


def write(files: dict[str, bytes], folder) -> None:
    """Writes files, bytes by path, into a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
