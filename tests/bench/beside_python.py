"""Our functions beside the same work done by hand with gseapy and scipy; each part is to take no longer."""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench.measure import Cost, by_turns

MOST = 1.0


def rows(_: Path) -> list[dict]:
    """Each part beside the hand-written one, the results held against each other."""
    return [*enrichment(), *differential(), *shares(), *rank_sums(), *deconvolution()]


def pair(what: str, ours: Cost, theirs: Cost, hand: str, apart: float) -> list[dict]:
    """Two rows: by hand, and ours as a ratio to it."""
    return [
        theirs.row(f"{what}: {hand}"),
        ours.row(
            f"{what}: ours",
            beside=theirs,
            by="cpu",
            against="by hand",
            bound=MOST,
            note=f"results differ by {apart:.0e}",
        ),
    ]


def enrichment() -> list[dict]:
    """Preranked gene-set enrichment of 50 sets in 10,000 genes, 1,000 permutations."""
    import gseapy

    from lcnec_utils.stats.enrichment import enrichment_scores

    rng = np.random.default_rng(0)
    genes = [f"GENE{i}" for i in range(10_000)]
    ranked = pd.Series(rng.normal(size=len(genes)), genes)
    sets = {f"SET{i}": sorted(rng.choice(genes, 150, replace=False)) for i in range(50)}
    kept = {}

    def by_hand():
        table = gseapy.prerank(
            rnk=ranked.sort_values(ascending=False), gene_sets=sets, min_size=15, max_size=500, permutation_num=1000,
            seed=1, threads=1, no_plot=True, outdir=None,
        ).res2d  # fmt: skip
        kept["hand"] = table.set_index("Term")["NES"].astype(float)

    def ours():
        kept["ours"] = enrichment_scores(ranked, sets, permutations=1000, seed=1).set_index("set")["nes"].astype(float)

    taken = by_turns({"hand": by_hand, "ours": ours}, 9)
    apart = (kept["ours"] - kept["hand"]).abs().max()
    return pair("50 gene sets", taken["ours"], taken["hand"], "gseapy.prerank", apart)


def differential() -> list[dict]:
    """The tests of 22,948 genes at once against a loop of scipy's: 84 + 134 tumours; the loop from 2,000 genes."""
    from scipy import stats

    from lcnec_utils.stats import differential

    rng = np.random.default_rng(0)
    values = np.maximum(rng.normal(3, 2, 22_948) + 2 * rng.normal(size=(218, 22_948)), 0)
    one, other, tried, result = values[:84], values[84:], 2_000, []
    loops = {
        differential.kolmogorov_smirnov: lambda x, y: stats.ks_2samp(x, y, method="exact"),
        differential.wilcoxon: lambda x, y: stats.mannwhitneyu(x, y, method="asymptotic"),
    }
    for test, single in loops.items():
        kept = {}

        def loop(single=single, kept=kept):
            kept["p"] = np.array([single(one[:, j], other[:, j]).pvalue for j in range(tried)])

        def ours(test=test, kept=kept):
            kept["ours"] = test(one, other)["p"].to_numpy()[:tried]

        taken = by_turns({"hand": loop, "ours": ours}, 3)
        known = np.isfinite(kept["ours"])
        apart = np.abs(kept["ours"] - kept["p"])[known].max()
        whole = Cost(*(getattr(taken["hand"], kind) * len(values[0]) / tried for kind in ("wall", "cpu")))
        result += pair(f"{test.__name__}, 22,948 genes", taken["ours"], whole, "scipy, gene by gene", apart)
    return result


def shares() -> list[dict]:
    """Shares of two groups compared for 400 genes, chi-squared or Fisher's, adjusted p; by hand with scipy's tests."""
    from scipy import stats

    from lcnec_utils.stats.proportions import compare_shares

    rng = np.random.default_rng(0)
    chance = rng.beta(0.5, 4, 400)
    counts = pd.DataFrame({"k_1": rng.binomial(84, chance), "n_1": 84, "k_2": rng.binomial(134, chance), "n_2": 134})
    counts.index = [f"GENE{i}" for i in range(len(counts))]
    kept = {}

    def by_hand():
        p = []
        for k_1, n_1, k_2, n_2 in counts.itertuples(index=False):
            grid = np.array([[k_1, n_1 - k_1], [k_2, n_2 - k_2]])
            if not 0 < k_1 + k_2 < n_1 + n_2:
                p.append(np.nan)
                continue
            if stats.contingency.expected_freq(grid).min() < 5:
                p.append(stats.fisher_exact(grid).pvalue)
            else:
                p.append(stats.chi2_contingency(grid, correction=False).pvalue)
            for k, n in ((k_1, n_1), (k_2, n_2)):
                stats.binomtest(int(k), int(n)).proportion_ci(method="wilson")
        kept["p"] = np.array(p)
        stats.false_discovery_control(kept["p"][np.isfinite(kept["p"])])

    def ours():
        kept["ours"] = compare_shares(counts)["p"].to_numpy()

    taken = by_turns({"hand": by_hand, "ours": ours})
    apart = np.nanmax(np.abs(kept["ours"] - kept["p"]))
    return pair("shares of 400 genes", taken["ours"], taken["hand"], "scipy, gene by gene", apart)


def rank_sums() -> list[dict]:
    """Eleven quantities of 218 tumours between every two of three groups; by hand with scipy's tests and medians."""
    import itertools

    from scipy import stats

    from lcnec_utils.stats.ranks import pairwise_rank_sums_by_column

    rng = np.random.default_rng(0)
    values = pd.DataFrame(rng.gamma(1, 5, (218, 11)), columns=[f"cell {i}" for i in range(11)])
    group = pd.Series(pd.Categorical(rng.choice(["A", "B", "C"], 218)))
    kept = {}

    def by_hand():
        p = []
        for name in values:
            for one, other in itertools.combinations("ABC", 2):
                a, b = values.loc[group == one, name], values.loc[group == other, name]
                a.median(), b.median()
                p.append(stats.mannwhitneyu(a, b, method="asymptotic").pvalue)
        kept["p"] = np.array(p)
        stats.false_discovery_control(kept["p"])

    def ours():
        kept["ours"] = pairwise_rank_sums_by_column(values, group)["p"].to_numpy()

    taken = by_turns({"hand": by_hand, "ours": ours}, 11)
    apart = np.abs(kept["ours"] - kept["p"]).max()
    return pair("rank sums, 33 tests", taken["ours"], taken["hand"], "scipy, pair by pair", apart)


def deconvolution() -> list[dict]:
    """quanTIseq's constrained least squares of 10,000 samples at once, against loops of one sample each."""
    from scipy import optimize

    from lcnec_utils.omics.deconvolution import least_squares

    rng = np.random.default_rng(0)
    genes, k, n, tried = 153, 10, 10_000, 500
    signature = rng.gamma(0.3, 300, (genes, k))
    shares = rng.dirichlet(np.full(k, 0.3), n) * rng.uniform(0, 2, (n, 1))
    norm = np.linalg.norm(signature, 2)
    a, b = signature / norm, (signature @ shares.T) * rng.lognormal(0, 0.5, (genes, n)) / norm

    def programme(y):
        return optimize.minimize(
            lambda x: 0.5 * ((a @ x - y) ** 2).sum(), np.full(k, 0.5 / k), jac=lambda x: a.T @ (a @ x - y),
            bounds=[(0, None)] * k, method="SLSQP", options={"ftol": 1e-16, "maxiter": 500},
            constraints=[{"type": "ineq", "fun": lambda x: 1 - x.sum(), "jac": lambda x: -np.ones(k)}],
        ).x  # fmt: skip

    def nearest(y):  # compiled: Lawson and Hanson's, on the simplex where the sum exceeds 1
        x = optimize.nnls(a, y)[0]
        if x.sum() <= 1:
            return x
        x = optimize.nnls(np.vstack([a - y[:, None], np.ones(k)]), np.append(np.zeros(genes), 1.0))[0]
        return x / x.sum()

    taken, kept, result = [], {}, []

    def ours():
        kept["ours"] = least_squares(a, b)

    loops = {"quadratic programmes (SLSQP)": programme, "compiled NNLS": nearest}
    for name, one in loops.items():

        def loop(one=one, name=name):
            kept[name] = np.array([one(y) for y in b.T[:tried]])

        taken = by_turns({"hand": loop, "ours": ours}, 2)
        whole = Cost(*(getattr(taken["hand"], kind) * n / tried for kind in ("wall", "cpu")))
        apart = np.abs(kept[name] - kept["ours"][:tried]).max()
        result += pair("10,000 samples", taken["ours"], whole, f"loop of {name}, from {tried}", apart)
    return result
