"""Cohorts that grow: time and memory of drawing them, reading them, and of the notebooks on them."""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lcnec_utils.core import params
from tests.bench.measure import LCNEC, Cost, command, environment, exponent, stated

SIZES = [590, 5_900, 59_000]
NOTEBOOKS = {"02_outcomes": "clinical", "04_genomic_landscape": "genomic", "14_claims": "claims"}
MOST_EXPONENT, MOST_GB = 1.1, 6.0


def steps(size: int, folder: Path) -> dict[str, Cost]:
    """The cost of drawing a cohort of this size, and of each notebook on it, read from its folder; the first two
    notebooks run beside each other, and the last reads what they found."""
    env = environment(LCNEC_OUTPUT_DIR=str(folder / "out"))
    cohort = folder / f"patients_{size}"
    drawn = command([*LCNEC, "twin", "--patients", str(size), "--out", str(cohort)], env)
    file = folder / f"growth_{size}.yaml"
    roles = {name: "" for name in params.ROLES} | {"cohort": str(cohort)}
    file.write_text(f"run: {file.stem}\n" + "".join(f"{role}: '{name}'\n" for role, name in roles.items()))

    def execute(name: str) -> Cost:
        return command([*LCNEC, "execute", name, "--params", str(file)], env)

    *first, last = NOTEBOOKS
    with ThreadPoolExecutor(len(first)) as two:
        costs = [*two.map(execute, first), execute(last)]
    shutil.rmtree(cohort)
    named = zip(NOTEBOOKS.items(), costs, strict=True)
    return {"lcnec twin": drawn} | {f"{what}: {name}": cost for (name, what), cost in named}


def rows(folder: Path) -> list[dict]:
    """Processor seconds and memory by size; the power of size by which the sum grows, over all sizes and from the last
    but one to the last, where what every start costs weighs least."""
    taken = {size: steps(size, folder) for size in SIZES}
    result = []
    for step in taken[SIZES[0]]:
        costs = [taken[size][step] for size in SIZES]
        own = f"exponent {exponent(SIZES, [cost.cpu for cost in costs]):.2f}"
        result += [
            cost.row(f"{step}, {size:,} patients", note=own if size == SIZES[-1] else "")
            for size, cost in zip(SIZES, costs, strict=True)
        ]
    sums = [sum(cost.cpu for cost in taken[size].values()) for size in SIZES]
    highest = max(cost.memory for cost in taken[SIZES[-1]].values())
    return [
        *result,
        stated("exponent of processor time", exponent(SIZES, sums), MOST_EXPONENT),
        stated("exponent over the last step", exponent(SIZES[-2:], sums[-2:]), MOST_EXPONENT),
        stated(f"GB of the largest process at {SIZES[-1]:,}", highest, MOST_GB),
    ]


def twins(folder: Path) -> list[dict]:
    """Time and memory of the default twins, and of free draws of growing size."""
    env = environment(LCNEC_COHORTS_DIR=str(folder / "cohorts"))
    build = command([*LCNEC, "cohort", "build", "twin_cohort_1"], env)
    result, least = [build.row("default twins of patients, all eight")], 0.0
    for n in (1, 12_500, 25_000, 50_000, 100_000):
        out = folder / f"twin_{n}"
        cost = command([*LCNEC, "twin", "--patients", str(n), "--out", str(out)], env)
        shutil.rmtree(out)
        least = least or cost.memory
        slope = f"{(cost.memory - least) / n * 100_000:.2f} GB per 100,000" if n > 1 else ""
        result.append(cost.row(f"lcnec twin --patients {n}", note=slope))
    return result


def reading(folder: Path) -> list[dict]:
    """Time and memory of reading a study of 2,300 patients and a million mutation rows, beside pandas' own reading of
    the same files."""
    import numpy as np
    import pandas as pd

    rng, patients, rows = np.random.default_rng(1), 2300, 1_000_000
    samples = np.array([f"P-{place:07d}-T01" for place in range(patients)])
    study = folder / "large_study"
    (study / "case_lists").mkdir(parents=True)
    people = pd.DataFrame({"PATIENT_ID": samples, "AGE": rng.integers(30, 90, patients)})
    people["OS_MONTHS"], people["OS_STATUS"] = rng.exponential(20, patients).round(2), "1:DECEASED"
    tumours = pd.DataFrame({"SAMPLE_ID": samples, "PATIENT_ID": samples, "ONCOTREE_CODE": "LUNE"})
    letters = np.array(list("ACGT"))
    gene = rng.integers(0, 18_000, rows)
    calls = pd.DataFrame({
        "Hugo_Symbol": np.char.add("GENE", gene.astype(str)), "Entrez_Gene_Id": gene + 1, "Center": "x",
        "NCBI_Build": "GRCh37", "Chromosome": rng.integers(1, 23, rows), "Start_Position": rng.integers(1, 2e8, rows),
        "Variant_Classification": rng.choice(["Missense_Mutation", "Silent", "Nonsense_Mutation", "Intron"], rows),
        "Reference_Allele": letters[rng.integers(0, 4, rows)], "Tumor_Seq_Allele2": letters[rng.integers(0, 4, rows)],
        "Tumor_Sample_Barcode": samples[rng.integers(0, patients, rows)], "Mutation_Status": "SOMATIC",
        "HGVSp_Short": np.char.add(np.char.add("p.G", rng.integers(1, 2000, rows).astype(str)), "C"),
        **{f"annotation_{place}": rng.integers(0, 1000, rows) for place in range(20)},
    })  # fmt: skip
    named = {"data_clinical_patient.txt": people, "data_clinical_sample.txt": tumours, "data_mutations.txt": calls}
    for name, table in named.items():
        table.to_csv(study / name, sep="\t", index=False)
    listed = "\t".join(samples)
    (study / "case_lists" / "cases_sequenced.txt").write_text(f"stable_id: large_sequenced\ncase_list_ids: {listed}\n")
    plain = f"import pandas\nfor name in {list(named)}: pandas.read_csv(f'{study}/{{name}}', sep='\\t', dtype=str)"
    ours = f"from lcnec_utils.cohort.read import read_study; read_study('{study}')"
    env = environment()
    our_cost, their_cost = (command([sys.executable, "-c", code], env) for code in (ours, plain))
    shutil.rmtree(study)
    against = "pandas.read_csv of the same files"
    return [
        our_cost.row("lcnec_utils.cohort.read.read_study", beside=their_cost, against=against),
        their_cost.row(against),
        stated("  memory, as a ratio", our_cost.memory / their_cost.memory),
    ]
