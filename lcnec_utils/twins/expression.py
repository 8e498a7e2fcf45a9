"""Transcriptomes of simulated tumours: cohort 2 with its SCLC, second biopsies, George et al., LUAD.

The genes that a print is about (four transcription factors, DLL3, FGL1, SPINK1, SFTPB) are drawn on their own, met to
the print, and kept through the scaling to a million. All else emerges from programmes (twins/transcriptome.py).
Laws: laws/expression.yaml, `expression`.
"""

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.twins.targets import Targets, stream
from lcnec_utils.twins.transcriptome import (
    CLUSTERS,
    FACTORS,
    MARKED,
    as_anndata,
    assumed,
    genes,
    keep,
    matrix,
    named_genes,
    symbols,
)

NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED, SCLC, LUAD = "NSCLC-like", "SCLC-like", "Unclassified", "SCLC", "LUAD"
SUBTYPES = (NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED)
KEY = {NSCLC_LIKE: "nsclc_like", SCLC_LIKE: "sclc_like", UNCLASSIFIED: "unclassified", SCLC: "sclc"}
# Programmes that rise and fall together with the leukocytes of a tumour
IMMUNE = ["t_cell", "cd8", "nk", "b_cell", "myeloid", "neutrophil", "interferon", "inflammation"]
MOST_TRIES = 5000


# --- transcription factors


def tf_subtype(log2_tpm: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Which of FACTORS lies highest in each tumour by z: the notebooks' rule. log2(TPM+1), tumours × 4."""
    return ((log2_tpm - mean) / sd).argmax(axis=1)


def _z(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(axis=0)) / values.std(axis=0)


def _draw_factors(rng: np.random.Generator, wanted: np.ndarray, targets: Targets) -> np.ndarray:
    """log2(TPM+1) of FACTORS, tumours × 4; wanted: the defining factor of each tumour, by number."""
    law = targets.assume("expression", "transcription_factors")
    values = np.column_stack([rng.normal(*law["elsewhere"][name], len(wanted)) for name in FACTORS])
    own = np.column_stack([rng.normal(*law["defining"][name], len(wanted)) for name in FACTORS])
    return np.maximum(np.where(np.arange(len(FACTORS)) == wanted[:, None], own, values), 0.0)


def _lift(rng: np.random.Generator, values: np.ndarray, wanted: np.ndarray, clear_by: float, mean, sd) -> np.ndarray:
    """The values with each tumour's wanted factor raised, where it is not yet the highest by z, just above the rest."""
    z = (values - mean) / sd
    rows = np.arange(len(z))
    rest = z.copy()
    rest[rows, wanted] = -np.inf
    short = z[rows, wanted] < rest.max(axis=1) + clear_by
    lifted = rest.max(axis=1) + clear_by + rng.exponential(0.3, len(z)) + 1e-6
    z[short, wanted[short]] = lifted[short]
    return np.where(np.arange(len(FACTORS)) == wanted[:, None], z * sd + mean, values)


def _meet_rule(rng: np.random.Generator, values: np.ndarray, wanted: np.ndarray, clear_by: float) -> np.ndarray:
    """The values, lifted until the rule over all of them together calls each tumour as wanted."""
    for _ in range(200):
        mean, sd = values.mean(axis=0), values.std(axis=0)
        z = (values - mean) / sd
        lead = z[np.arange(len(z)), wanted] - np.where(np.arange(4) == wanted[:, None], -np.inf, z).max(axis=1)
        if (lead > clear_by / 2).all():
            return values
        values = _lift(rng, values, wanted, clear_by, mean, sd)
    raise UserError("no transcription factors of these tumours meet the printed subtypes; give other group sizes")


def _by_shares(rng: np.random.Generator, shares: dict[str, float], n: int) -> np.ndarray:
    """n factors by number, shuffled, as near to the shares as whole numbers come."""
    return rng.permutation(
        np.repeat(np.arange(len(FACTORS)), largest_remainders([shares[name] for name in FACTORS], n))
    )


def largest_remainders(weights: list[float], n: int) -> np.ndarray:
    """Whole numbers that sum to n, as near to the weights as they come."""
    exact = np.array(weights) / sum(weights) * n
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: n - counts.sum()]] += 1
    return counts


def _printed_factors(rng: np.random.Generator, group: np.ndarray, targets: Targets, sclc_targets: Targets):
    """The defining factor of each tumour: the printed shares of ASCL1 and YAP1 in LCNEC, the assumed ones elsewhere."""
    wanted = np.zeros(len(group), int)
    for name in SUBTYPES:
        here = group == name
        ascl1, yap1 = (
            float(targets.take(f"fig4b.{factor}.{KEY[name]}", f"tumors of the {factor.upper()} subtype").value) / 100
            for factor in ("ascl1", "yap1")
        )
        first, last = round(ascl1 * here.sum()), round(yap1 * here.sum())
        rest = here.sum() - first - last
        neurod1 = round(rest * targets.assume("expression", "transcription_factors", "neurod1_of_the_rest", name))
        wanted[here] = rng.permutation(np.repeat(np.arange(4), [first, neurod1, rest - neurod1, last]))
    for other in ("nsclc_like", "unclassified"):
        targets.take(f"fig4b.ascl1.sclc_like_vs_{other}", "follows from the counts")
    shares = sclc_targets.assume("expression", "transcription_factors", "shares", SCLC)
    wanted[group == SCLC] = _by_shares(rng, shares, (group == SCLC).sum())
    return wanted


# --- DLL3


def _draw_dll3(rng: np.random.Generator, group: np.ndarray, ascl1: np.ndarray, targets: Targets) -> np.ndarray:
    """log2 TPM of DLL3 about zero, wider or narrower by group and rising with ASCL1 (z)."""
    law = targets.assume("expression", "dll3")
    sd, tie = np.array([law["sd"][name] for name in group]), law["with_ascl1"]
    return sd * (tie * ascl1 + np.sqrt(1 - tie**2) * rng.standard_normal(len(group)))


def _printed_dll3(rng, group: np.ndarray, ascl1: np.ndarray, targets: Targets, sclc_targets: Targets) -> np.ndarray:
    """TPM of DLL3 with the printed medians; at the printed group sizes redrawn until the printed tests come out."""
    there = [name for name in (*SUBTYPES, SCLC) if (group == name).any()]
    medians = {
        name: (sclc_targets if name == SCLC else targets).number(f"fig4e.dll3.median.{KEY[name]}", "median DLL3, TPM")
        for name in there
    }
    as_printed = all((group == name).sum() == targets.count(f"fig4e.n.{KEY[name]}", "tumors") for name in KEY)
    below, between = "two-sided Wilcoxon p at most", "two-sided Wilcoxon p above .05"
    # Results print <.05 where the legend prints <.0001, and the legend alone prints .04: both are met
    strict = targets.p("fig4e.dll3.sclc_like_vs_unclassified.legend", below)
    weak = targets.p("fig4e.dll3.nsclc_like_vs_unclassified.legend", "two-sided Wilcoxon p, within a factor of 3")
    limits = [
        (SCLC, UNCLASSIFIED, 0.0, targets.p("fig4e.dll3.sclc_vs_unclassified", below)),
        (SCLC_LIKE, UNCLASSIFIED, 0.0, min(strict, targets.p("fig4e.dll3.sclc_like_vs_unclassified", below))),
        (NSCLC_LIKE, UNCLASSIFIED, weak / 3, 0.05),
        (SCLC, NSCLC_LIKE, 0.0, targets.p("fig4e.dll3.sclc_vs_nsclc_like", below)),
        (NSCLC_LIKE, SCLC_LIKE, 0.05, 1.0),
    ]
    targets.take("fig4e.dll3.sclc_like_vs_nsclc_like", between)
    for id in ("sclc_like.discussion", "nsclc_like.discussion"):
        targets.take(f"fig4e.dll3.{id}", "follows from the medians")
    for other in ("unclassified", "nsclc_like"):
        sclc_targets.p(f"fig4e.dll3.sclc_vs_{other}", below)
    for _ in range(MOST_TRIES):
        tpm = 2 ** _draw_dll3(rng, group, ascl1, targets)
        for name in there:
            tpm[group == name] *= medians[name] / np.median(tpm[group == name])
        if not as_printed or all(low < _wilcoxon(tpm, group, a, b) < high for a, b, low, high in limits):
            return tpm
    raise UserError("no DLL3 expression of these tumours meets the printed medians and tests")


def _wilcoxon(values: np.ndarray, group: np.ndarray, a: str, b: str) -> float:
    return float(stats.mannwhitneyu(values[group == a], values[group == b], method="asymptotic").pvalue)


# --- programmes


def _draw_marked(rng: np.random.Generator, group: np.ndarray, liver: np.ndarray, targets: Targets) -> pd.DataFrame:
    """TPM of FGL1, SPINK1 and SFTPB, by group and with the liver-like programme."""
    tpm = {}
    for gene in MARKED:
        law = targets.assume("expression", "marked_genes", gene)
        middle, sd = np.array([law[name] for name in group]).T
        own = rng.standard_normal(len(group))
        tpm[gene] = 2 ** (middle + sd * (law["liver"] * liver + np.sqrt(1 - law["liver"] ** 2) * own))
    return pd.DataFrame(tpm)


def _axis_and_clusters(rng: np.random.Generator, group: np.ndarray, targets: Targets):
    """Place on the subtype axis and cluster ("" outside LCNEC) of each tumour."""
    axis = targets.assume("expression", "subtype_axis")
    near = targets.planted("expression", "unclassified_near_sclc_like")
    clusters = targets.planted("expression", "clusters")
    n, mixed = len(group), group == UNCLASSIFIED
    side = np.where(rng.random(n) < near, -1.0, 1.0) * axis["unclassified"]["center"]
    middle = np.where(mixed, side, [axis["center"].get(name, 0.0) for name in group])
    place = middle + rng.standard_normal(n) * [axis["sd"].get(name, axis["unclassified"]["sd"]) for name in group]
    kinds = np.where(place < 0, "sclc_side", np.where(mixed, "unclassified_nsclc_side", "nsclc_side"))
    chances = np.array([[clusters[kind][cluster] for cluster in CLUSTERS] for kind in kinds])
    chosen = (rng.random(n)[:, None] > chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return place, np.where(np.isin(group, SUBTYPES), np.array(CLUSTERS)[chosen], "")


def _tumours(rng, group, wanted, factors, targets: Targets, inflamed=0.0, neuroendocrine=0.0):
    """Programmes, TPM of the genes drawn on their own (DLL3 not yet), and truth of each tumour.

    group: SUBTYPES, SCLC or LUAD; wanted: defining factor by number; factors: log2(TPM+1), tumours × 4; inflamed and
    neuroendocrine: added to these programmes.
    """
    n, draw = len(group), rng.standard_normal
    for key in ("baseline", "background"):
        targets.assume("expression", key)
    for name in assumed()["programmes"]:
        targets.assume("expression", "programmes", name, "size")
    place, cluster = _axis_and_clusters(rng, group, targets)
    clusters, added = targets.planted("expression", "clusters"), targets.planted("expression", "inflamed")
    purity_law, ne = targets.assume("expression", "purity"), targets.assume("expression", "neuroendocrine")
    z = _z(factors)
    purity = np.clip(rng.normal(purity_law["mean"], purity_law["sd"], n), purity_law["least"], purity_law["most"])
    pure = (purity - purity_law["mean"]) / purity_law["sd"]
    held = pd.DataFrame({"subtype": place})
    held["neuroendocrine"] = (
        z @ [ne[name] for name in FACTORS]
        + ne["sclc"] * (group == SCLC)
        + ne["luad"] * (group == LUAD)
        + ne["own"] * draw(n)
        + neuroendocrine
    )
    for i, name in enumerate(("ascl1", "neurod1", "tuft", "yap1")):
        held[name] = 0.8 * z[:, i] + 0.6 * draw(n)
    held["proliferation"] = 0.4 * np.isin(group, [SCLC, SCLC_LIKE]) - 1.0 * (group == LUAD) + draw(n)
    law = targets.assume("expression", "infiltration")
    common = law["with_purity"] * pure + law["with_neuroendocrine"] * held["neuroendocrine"] + law["own"] * draw(n)
    yap1 = targets.planted("expression", "yap1_cd8") * ((wanted == FACTORS.index("YAP1")) & np.isin(group, SUBTYPES))
    for name in IMMUNE:
        held[name] = law["shared"] * common + np.sqrt(1 - law["shared"] ** 2) * draw(n)
        held[name] += added.get(name, 0.0) * inflamed + (yap1 if name == "cd8" else 0.0)
    held["stroma"] = -0.6 * pure + 0.8 * draw(n) + clusters["stroma_in_c"] * (cluster == "C")
    held["liver"] = draw(n) + clusters["liver_in_a"] * (cluster == "A")
    marked = _draw_marked(rng, group, held["liver"].to_numpy(), targets)
    held["mapk"] = draw(n)
    here = group == NSCLC_LIKE
    if here.sum() > 2:
        tie = targets.planted("expression", "kras_with_fgl1")
        fgl1 = np.log2(marked["FGL1"][here] + 1)
        held.loc[here, "mapk"] *= np.sqrt(1 - tie**2)
        held.loc[here, "mapk"] += tie * (fgl1 - fgl1.mean()) / fgl1.std()
    for name in CLUSTERS:
        held[f"cluster_{name}"] = (cluster == name).astype(float)
    for name in genes().loadings.index.difference(held.columns):
        held[name] = draw(n)
    fixed = pd.concat([pd.DataFrame(2**factors - 1, columns=FACTORS), marked], axis=1)
    truth = pd.DataFrame(
        {
            "truth_tf_subtype": np.array(FACTORS)[wanted],
            "truth_purity": purity,
            "truth_infiltration": common.to_numpy(),
            "truth_cluster": cluster,
        }
    )
    return held, fixed, truth


# --- cohorts


def lcnec_and_sclc(
    seed: int, subtype: pd.Series, sclc: pd.Index, inflamed: pd.Series, targets: Targets, sclc_targets: Targets
) -> tuple[AnnData, AnnData]:
    """Expression of LCNEC and SCLC, each tumours × 22,948 genes, TPM; obs holds what was simulated, as truth_…

    subtype: SUBTYPES by LCNEC sample; sclc: SCLC samples; inflamed: ≥ 0 by LCNEC sample, 0 for none.
    At other group sizes than the printed ones, shares and medians hold and the printed tests are not sought.
    """
    strange = sorted(set(subtype) - set(SUBTYPES))
    if strange or not inflamed.index.equals(subtype.index):
        raise UserError(f"subtype holds {', '.join(SUBTYPES)} and inflamed has its index; found {strange or 'another'}")
    rng = stream(seed, "expression", "cohort 2 and sclc")
    group = np.array([*subtype, *[SCLC] * len(sclc)])
    targets.count("fig5a.n.dataset_genes", "genes")
    wanted = _printed_factors(rng, group, targets, sclc_targets)
    clear_by = targets.assume("expression", "transcription_factors", "clear_by")
    factors = _meet_rule(rng, _draw_factors(rng, wanted, targets), wanted, clear_by)
    more = np.concatenate([inflamed.to_numpy(float), np.zeros(len(sclc))])
    held, fixed, truth = _tumours(rng, group, wanted, factors, targets, inflamed=more)
    fixed["DLL3"] = _printed_dll3(rng, group, _z(factors)[:, 0], targets, sclc_targets)
    _plant(targets)
    parts = []
    for name, part, index in (
        ("lcnec", slice(0, len(subtype)), subtype.index),
        ("sclc", slice(len(subtype), None), sclc),
    ):
        noise = stream(seed, "expression", name, "noise")
        parts.append(as_anndata(matrix(noise, held[part], fixed[part]), truth[part].set_axis(index)))
    return parts[0], parts[1]


def _plant(targets: Targets) -> None:
    """Record the effects that cohort 2 was given because they are reported, their sizes in the laws."""
    reported = {
        "the subtype axis parts NSCLC-like from SCLC-like": ["fig3a.auc", "fig3b.accuracy"],
        "unclassified tumors drawn about the SCLC-like side": [
            "refined_share.to_sclc_like",
            "refined_share.to_nsclc_like",
        ],
        "KRAS programme rises with FGL1 in NSCLC-like": ["fig5f.kras_signaling"],
        "CD8 programme of the YAP1 subtype": ["figs9.yap1_cd8"],
        "interferon and inflammation of inflamed tumors": ["figs3.gsea_inflammatory"],
        "four programmes, B and D frequent": ["figs10.n.clusters", "figs10.largest.b_vs_a", "figs10.largest.d_vs_c"],
        "liver-like programme in cluster A": ["figs10.fgl1.cluster_a", "figs10.spink1.cluster_a"],
        "level by subtype": [
            *(f"fig5a.{gene}" for gene in ("fgl1", "spink1", "sftpb.nsclc_like", "sftpb.unclassified")),
            *(f"fig5b.{gene}.{other}" for gene in ("fgl1", "spink1") for other in ("other_lcnec", "sclc_subtypes")),
        ],
    }
    for knob, ids in reported.items():
        for id in ids:
            targets.plant(id, knob)


def second_biopsies(
    seed: int, first: AnnData, reference: tuple[AnnData, AnnData], ids: list[str], targets: Targets
) -> AnnData:
    """Expression of second biopsies, one per row of `first`: as the first, with noise, but for the TF subtype.

    reference: LCNEC and SCLC, over which the factors are z-scored. ids: the new samples. As many tumours as printed
    (the share, at other numbers) change their TF subtype.
    """
    rng = stream(seed, "expression", "second biopsies")
    claim = targets.take("fig2c.tf_shift", "pairs whose TF subtype changes")
    for id in ("tf_shift.abstract", "tf_more_than_genome"):
        targets.take(f"fig2c.{id}", "follows from the pairs that change")
    n = first.n_obs
    changing = rng.permutation(n) < round(int(claim.k) / int(claim.n[0]) * n)
    levels = np.log2(np.vstack([part[:, FACTORS].X for part in reference]).astype(float) + 1)
    mean, sd = levels.mean(axis=0), levels.std(axis=0)
    old = np.log2(first[:, FACTORS].X.astype(float) + 1)
    before = tf_subtype(old, mean, sd)
    wanted = np.where(changing, (before + rng.integers(1, len(FACTORS), n)) % len(FACTORS), before)
    spread = targets.assume("expression", "second_biopsy_sd")
    drawn = np.where(changing[:, None], _draw_factors(rng, wanted, targets), old + rng.normal(0, spread, old.shape))
    clear_by = targets.assume("expression", "transcription_factors", "clear_by")
    factors = _lift(rng, np.maximum(drawn, 0.0), wanted, clear_by, mean, sd)
    tpm = first.X * np.exp2(rng.normal(0, spread, first.shape)).astype("f4")
    keep(tpm, [symbols().index(name) for name in FACTORS], 2**factors - 1)
    truth = first.obs.assign(truth_tf_subtype=np.array(FACTORS)[wanted]).set_axis(pd.Index(ids))
    return as_anndata(tpm, truth)


def george(seed: int, targets: Targets) -> tuple[pd.Series, AnnData]:
    """Genomic subtype and expression (the laws' named genes, TPM) of tumours like those of George et al.

    FGL1 and SPINK1 are redrawn until every Wilcoxon p lies within a factor of 3 of the printed one.
    """
    rng = stream(seed, "expression", "george")
    counts = [targets.count(f"fig5c.n.{KEY[name]}", "tumors") for name in SUBTYPES]
    group = np.repeat(SUBTYPES, counts)
    ascl1 = targets.planted("expression", "george_ascl1")
    shares = targets.assume("expression", "transcription_factors", "shares", "george")
    rest = {name: value / (1 - shares["ASCL1"]) for name, value in shares.items()}
    wanted = np.zeros(len(group), int)
    for name in SUBTYPES:
        first = ascl1.get(name, shares["ASCL1"])
        mine = {factor: (1 - first) * share for factor, share in rest.items()} | {"ASCL1": first}
        wanted[group == name] = _by_shares(rng, mine, (group == name).sum())
    shift = targets.planted("expression", "george_neuroendocrine")
    more = np.array([shift.get(name, 0.0) for name in group])
    factors = _draw_factors(rng, wanted, targets)
    held, fixed, truth = _tumours(rng, group, wanted, factors, targets, neuroendocrine=more)
    middle = targets.number("fig4e.dll3.median.sclc_like", "median DLL3, TPM, of all types alike")
    fixed["DLL3"] = middle * 2 ** _draw_dll3(rng, group, _z(factors)[:, 0], targets)
    for id, knob in (("ascl1", "ASCL1 subtype"), ("neuroendocrine", "neuroendocrine programme")):
        targets.plant(f"george_types.{id}", f"{knob} by type")
    for gene in ("FGL1", "SPINK1"):
        fixed[gene] = _george_gene(rng, gene, group, targets)
    index = pd.Index([f"George-{i + 1:02d}" for i in range(len(group))])
    expression = as_anndata(matrix(rng, held, fixed), truth.set_axis(index), named_genes())
    return pd.Series(group, index, name="subtype"), expression


def _george_gene(rng: np.random.Generator, gene: str, group: np.ndarray, targets: Targets) -> np.ndarray:
    law = targets.assume("expression", "george")
    middle = dict(zip((SCLC_LIKE, UNCLASSIFIED, NSCLC_LIKE), law[gene], strict=True))
    pairs = [(NSCLC_LIKE, SCLC_LIKE), (NSCLC_LIKE, UNCLASSIFIED), (UNCLASSIFIED, SCLC_LIKE)]
    printed = [
        targets.p(f"fig5c.{gene.lower()}.{KEY[a]}_vs_{KEY[b]}.legend", "two-sided Wilcoxon p, within a factor of 3")
        for a, b in pairs
    ]
    sd = law["sd"][("FGL1", "SPINK1").index(gene)]
    for _ in range(MOST_TRIES):
        tpm = 2 ** (np.array([middle[name] for name in group]) + sd * rng.standard_normal(len(group)))
        if all(1 / 3 < _wilcoxon(tpm, group, *pair) / p < 3 for pair, p in zip(pairs, printed, strict=True)):
            return tpm
    raise UserError(f"no {gene} expression of these tumours meets the printed tests")


def luad(seed: int, targets: Targets) -> AnnData:
    """Expression (the laws' named genes, TPM) of lung adenocarcinomas and a few NSCLC-like LCNEC; obs: cohort, truth_…

    Redrawn until FGL1 is higher in LCNEC by a two-sided Wilcoxon p below .05, exact or asymptotic.
    """
    rng = stream(seed, "expression", "luad")
    counts = [targets.count(f"figs11.n.{name}", "tumors") for name in ("luad", "nsclc_like")]
    group = np.repeat([LUAD, NSCLC_LIKE], counts)
    shares = targets.assume("expression", "transcription_factors", "shares", LUAD)
    wanted = np.concatenate([_by_shares(rng, shares, n) for n in counts])
    targets.plant("figs11.fgl1", "level by cohort; Wilcoxon p below .05")
    for _ in range(MOST_TRIES):
        factors = _draw_factors(rng, wanted, targets)
        held, fixed, truth = _tumours(rng, group, wanted, factors, targets)
        fgl1 = [fixed["FGL1"][group == name] for name in (NSCLC_LIKE, LUAD)]
        tests = (stats.mannwhitneyu(*fgl1, method=method).pvalue for method in ("auto", "asymptotic"))
        if fgl1[0].median() > fgl1[1].median() and all(p < 0.05 for p in tests):
            break
    else:
        raise UserError("no FGL1 expression of these tumours is higher in LCNEC")
    middle = targets.assume("expression", "dll3", "elsewhere", LUAD)
    printed = targets.number("fig4e.dll3.median.nsclc_like", "median DLL3, TPM")
    fixed["DLL3"] = np.where(group == LUAD, middle, printed) * 2 ** _draw_dll3(rng, group, _z(factors)[:, 0], targets)
    index = pd.Index([f"LUAD-{i + 1:03d}" if name == LUAD else f"LCNEC-{i + 1:03d}" for i, name in enumerate(group)])
    truth["cohort"] = np.where(group == LUAD, LUAD, "NSCLC-like LCNEC")
    return as_anndata(matrix(rng, held, fixed), truth.set_axis(index), named_genes())
