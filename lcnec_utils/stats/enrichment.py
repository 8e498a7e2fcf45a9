"""Gene set enrichment analysis of a ranked list of genes (Subramanian 2005, doi 10.1073/pnas.0506580102), by gseapy.

gseapy permutes; own code reads strictly, sets the order of ties (gseapy leaves it to the order of the input), draws
the running sum, and gives scores limits by resampling tumours, which gseapy does not. Symbols are matched as written,
upper and lower case apart.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats.differential import bootstrap_moderated_t, finite_values, moderated_t

# with 500 the false discovery rate changes with the seed
LEAST_PERMUTATIONS = 1000
LIMITS = {"nes_lower": 2.5, "nes_upper": 97.5, "nes_lower_90": 5, "nes_upper_90": 95}  # column → percentile
SCORES = ["set", "size", "matched", "es", "nes", "p", "fdr", "leading_edge"]
# gseapy's columns → ours
GSEAPY = {"Term": "set", "ES": "es", "NES": "nes", "NOM p-val": "p", "FDR q-val": "fdr", "Lead_genes": "leading_edge"}


def read_gmt(path: str | Path) -> dict[str, list[str]]:
    """The gene sets of a GMT file: name → sorted genes, each once.

    A row holds name, description and genes, separated by tabs. Raises UserError for a row that does not (gseapy skips
    it) and for a name that comes twice (gseapy takes the last).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "own.gmt")
    ...     _ = file.write_text("CELL_CYCLE\\tof my own\\tTP53\\tRB1\\n")
    ...     read_gmt(file)
    {'CELL_CYCLE': ['RB1', 'TP53']}
    """
    from gseapy.parser import read_gmt as parse

    path = Path(path)
    if path.suffix.lower() != ".gmt" or not _is_file(path):
        raise UserError(f"{path}: no .gmt file of gene sets; name one, as downloaded from MSigDB")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        if any("\0" in line for line in lines):
            raise UserError(f"{path}: holds a null byte; save it as plain text")
    except UnicodeDecodeError:
        raise UserError(f"{path}: not a text in UTF-8; unpack it, or save it as one") from None
    rows: dict[str, int] = {}
    for row, line in enumerate(lines, start=1):
        name, *rest = line.rstrip().split("\t")
        if not line.strip():
            continue
        if not name.strip() or len(rest) < 2:
            raise UserError(f"{path}: row {row}: no gene set; give name, description and genes, separated by tabs")
        if name in rows:
            raise UserError(f"{path}: row {row}: set '{name}' is in row {rows[name]} too; rename or remove one")
        rows[name] = row
    if not rows:
        raise UserError(f"{path}: holds no gene set; give name, description and genes, separated by tabs")
    return {name: sorted({gene.strip() for gene in genes} - {""}) for name, genes in parse(str(path)).items()}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or holds a null byte
        return False


def rank_genes(scores: pd.Series) -> pd.Series:
    """Scores by gene in decreasing order, ties by symbol: the same list whatever the order of the input.

    scores: by gene symbol. Missing scores are left out and counted in `attrs["missing"]`. Raises UserError where a gene
    stands twice, has no symbol, or a score is no number or infinite (as −log10 of p = 0 is).

    >>> rank_genes(pd.Series({"RB1": -2.0, "TP53": 1.5, "FGL1": 1.5})).to_dict()
    {'FGL1': 1.5, 'TP53': 1.5, 'RB1': -2.0}
    """
    if scores.index.hasnans:
        raise UserError("ranked genes: a score has no gene symbol; remove it")
    if scores.index.has_duplicates:
        raise UserError(f"ranked genes: {scores.index[scores.index.duplicated()][0]} is there twice; keep one score")
    numbers = pd.to_numeric(scores, errors="coerce").astype(float)
    if (strange := numbers.isna() & scores.notna()).any():
        gene = scores.index[strange][0]
        raise UserError(f"ranked genes: {gene}: '{scores[gene]}' is no number; correct it or leave the gene out")
    known = numbers.dropna()
    if np.isinf(known).any():
        raise UserError(f"ranked genes: {known.index[np.isinf(known)][0]} has an infinite score; rank by a finite one")
    # symbols matter among ties alone, and to sort them takes longer than all the rest
    ordered = known if known.is_unique else known.sort_index(kind="stable")
    ranked = ordered.sort_values(ascending=False, kind="stable")
    ranked.attrs = {"missing": len(scores) - len(known) + scores.attrs.get("missing", 0)}
    return ranked.rename_axis("gene")


def running_sum(ranked: pd.Series, genes: Collection[str], *, weight: float = 1) -> pd.DataFrame:
    """The running sum of one set down the ranked list, as GSEA's plot shows it; one row per gene of the list.

    ranked: scores by gene, in any order. Columns: position (from 1), score, hit, running_sum, which rises at a hit by
    its share of the hits' |score|^weight and falls elsewhere by 1 / (genes outside the set). The enrichment score is
    its value farthest from 0. Raises UserError as rank_genes, and MissingData where the set has no gene in the list,
    none outside, or only scores of 0.

    >>> running_sum(pd.Series({"A": 3.0, "B": 2.0, "C": 1.0, "D": -1.0}), ["A", "C"])["running_sum"].round(2).tolist()
    [0.75, 0.25, 0.5, 0.0]
    """
    ranked = rank_genes(ranked)
    _refuse_letters({"the gene set": genes})
    hit = ranked.index.isin(list(genes))
    weights = np.where(hit, np.abs(ranked.to_numpy()) ** weight, 0)
    if not weights.any() or hit.all():
        raise MissingData(f"{hit.sum()} of {len(genes)} genes in a ranked list of {len(ranked)}: no running sum")
    running = np.cumsum(weights / weights.sum() - ~hit / (~hit).sum())
    columns = {"position": np.arange(1, len(ranked) + 1), "score": ranked, "hit": hit, "running_sum": running}
    return pd.DataFrame(columns, index=ranked.index)


def enrichment_scores(
    ranked: pd.Series,
    sets: Mapping[str, Collection[str]],
    *,
    permutations: int = LEAST_PERMUTATIONS,
    seed: int = 1,
    threads: int = 1,
    min_size: int = 15,
    max_size: int = 500,
) -> pd.DataFrame:
    """Enrichment of each set in a ranked list, by gseapy's permutation of genes; one row per set, largest |NES| first.

    ranked: scores by gene, in any order. sets: name → symbols. Columns: set, size (its genes in the list), matched
    (size as a fraction of the set), es, nes, p (of the permutations of its sign; never under 1 / permutations), fdr (0
    where no permutation of any set is as far out), leading_edge (symbols from the list's near end, joined by ";"). The
    same seed gives the same table whatever the threads and the order of sets and genes; gseapy never uses more threads
    than processors less one.

    `attrs["dropped"]` counts the sets left out: unmatched (no gene in the list), too_small, too_large (by genes in the
    list), no_contrast (no gene outside, or only scores of 0). Raises UserError as rank_genes and under 1,000
    permutations, MissingData where no set is left.

    >>> scores = pd.Series(np.linspace(2, -2, 200), index=[f"GENE{i}" for i in range(200)])
    >>> table = enrichment_scores(scores, {"TOP": [f"GENE{i}" for i in range(20)], "SMALL": ["GENE1"]})
    >>> table[["set", "size", "es"]].values.tolist(), table.attrs["dropped"]["too_small"]
    ([['TOP', 20, 1.0]], 1)
    """
    if permutations < LEAST_PERMUTATIONS:
        raise UserError(
            f"{permutations} permutations: the result changes with the seed; use {LEAST_PERMUTATIONS} or more"
        )
    _refuse_letters(sets)
    ranked = rank_genes(ranked)
    members, dropped = _testable(ranked, sets, min_size=min_size, max_size=max_size)
    if not members:
        reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in dropped.items() if count)
        raise MissingData(f"no gene set is left to test in {len(ranked)} ranked genes: {reasons or 'none given'}")
    table = _prerank(ranked, members, permutations=permutations, seed=seed, threads=threads, sizes=(min_size, max_size))
    table["size"] = table["set"].map({name: len(genes) for name, genes in members.items()})
    table["matched"] = table["size"] / table["set"].map(lambda name: len(set(sets[name])))
    table["p"] = table["p"].clip(lower=1 / permutations)
    table = table.sort_values("set").sort_values("nes", key=abs, ascending=False, kind="stable", ignore_index=True)
    table = table[SCORES]
    table.attrs = {"dropped": dropped, "missing": ranked.attrs["missing"], "permutations": permutations, "seed": seed}
    return table


def _refuse_letters(sets: Mapping[str, Collection[str]]) -> None:
    """Refuses a set given as one text, of which each letter would count as a gene."""
    for name, genes in sets.items():
        if isinstance(genes, str):
            raise UserError(f"{name}: '{genes}' is one text; give the set's symbols as a list")


def _testable(
    ranked: pd.Series, sets: Mapping[str, Collection[str]], *, min_size: int, max_size: int
) -> tuple[dict[str, set[str]], dict[str, int]]:
    """The sets that can be tested, each with its genes in the list, and how many are left out by reason."""
    dropped = dict.fromkeys(["unmatched", "too_small", "too_large", "no_contrast"], 0)
    listed, scored = set(ranked.index), set(ranked.index[ranked != 0])
    members = {}
    for name in sorted(sets):
        inside = listed.intersection(sets[name])
        if not inside:
            dropped["unmatched"] += 1
        elif len(inside) < min_size:
            dropped["too_small"] += 1
        elif len(inside) > max_size:
            dropped["too_large"] += 1
        elif len(inside) == len(ranked) or not inside & scored:
            dropped["no_contrast"] += 1  # gseapy gives the latter a score nonetheless
        else:
            members[name] = inside
    return members, dropped


def _prerank(
    ranked: pd.Series,
    members: dict[str, set[str]],
    *,
    permutations: int,
    seed: int,
    threads: int,
    sizes: tuple[int, int],
) -> pd.DataFrame:
    """gseapy's preranked enrichment of sets: set, es, nes, p, fdr, leading_edge."""
    import gseapy

    # gseapy puts symbols in upper case and renames doubles: it gets places in the list, and these it leaves alone, for
    # it takes numbers for Entrez's
    place = {gene: str(i) for i, gene in enumerate(ranked.index)}
    # it warns that ties come in any order: here they do not, as ascending=None keeps ours
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        table = gseapy.prerank(
            rnk=pd.Series(ranked.to_numpy(), index=list(place.values()), name="score"),
            gene_sets={name: [place[gene] for gene in genes] for name, genes in members.items()},
            min_size=sizes[0],
            max_size=sizes[1],
            permutation_num=permutations,
            seed=seed,
            threads=threads,
            ascending=None,
            no_plot=True,
        ).res2d.rename(columns=GSEAPY)
    finally:
        logging.disable(before)
    symbols = list(map(str, ranked.index))
    table["leading_edge"] = [
        ";".join([symbols[int(label)] for label in places.split(";") if label]) for places in table["leading_edge"]
    ]
    return table


def spread_over_seeds(
    ranked: pd.Series,
    sets: Mapping[str, Collection[str]],
    *,
    seeds: Sequence[int],
    known: Mapping[int, pd.DataFrame] | None = None,
    **options: int,
) -> pd.DataFrame:
    """How far NES and FDR vary with the seed: `enrichment_scores` over several; one row per set, largest |NES| first.

    Columns: set, size, es, and min, median and max of NES and FDR as nes_min … fdr_max. known: the scores of seeds for
    which they are there already. options: of `enrichment_scores`. Raises UserError for fewer than two seeds.

    >>> scores = pd.Series(np.linspace(2, -2, 200), index=[f"GENE{i}" for i in range(200)])
    >>> table = spread_over_seeds(scores, {"TOP": [f"GENE{i}" for i in range(20)]}, seeds=[1, 2])
    >>> bool(table.at[0, "nes_min"] < table.at[0, "nes_max"])
    True
    """
    if len(set(seeds)) < 2:
        raise UserError(f"{len(set(seeds))} seed: a spread needs two different ones or more")
    known = known or {}
    tables = [
        known[seed] if seed in known else enrichment_scores(ranked, sets, seed=seed, **options)
        for seed in dict.fromkeys(seeds)
    ]
    table = tables[0][["set", "size", "es"]].copy()
    by_set = pd.concat(tables).groupby("set")
    for column in ("nes", "fdr"):
        for name in ("min", "median", "max"):
            table[f"{column}_{name}"] = table["set"].map(by_set[column].agg(name))
    order = table["nes_median"].abs().sort_values(ascending=False, kind="stable").index
    table = table.loc[order].reset_index(drop=True)
    table.attrs = {**tables[0].attrs, "seed": list(dict.fromkeys(seeds))}
    return table


def scores_of_rankings(statistics: np.ndarray, members: np.ndarray) -> np.ndarray:
    """The enrichment score of one set in each of many rankings of the same genes, with weight 1.

    statistics: rankings × genes, ranked from the highest down, ties in the order of the columns. members: booleans by
    gene, some but not all True. The score is that of `running_sum`; of two as far from 0 the positive one. It is 0
    where all genes of the set have the statistic 0.

    >>> scores_of_rankings(np.array([[3.0, 2, 1, -1], [-3.0, 2, 1, -1]]), np.array([True, False, True, False])).round(2)
    array([ 0.75, -0.75])
    """
    order = np.argsort(-statistics, axis=1, kind="stable")
    hits = np.asarray(members)[order]
    places = np.nonzero(hits)[1].reshape(len(statistics), -1)
    ranked = np.take_along_axis(statistics, order, axis=1)
    return _scores(places, np.take_along_axis(ranked, places, axis=1), statistics.shape[1])


def _scores(places: np.ndarray, statistics: np.ndarray, genes: int) -> np.ndarray:
    """Enrichment scores from the places (from 0, rising) and statistics of the hits alone, rankings × hits: between two
    hits the running sum only falls, so that it is highest at a hit and lowest right before one."""
    weights = np.abs(statistics)
    total = weights.sum(axis=1, keepdims=True)
    at = np.cumsum(weights, axis=1) / np.where(total > 0, total, 1)
    missed = (places - np.arange(places.shape[1])) / (genes - places.shape[1])
    high = (at - missed).max(axis=1)
    low = (np.hstack([np.zeros((len(at), 1)), at[:, :-1]]) - missed).min(axis=1)
    return np.where(total[:, 0] > 0, np.where(high >= -low, high, low), 0.0)


def score_limits(
    log2: pd.DataFrame,
    marked: pd.Series,
    sets: Mapping[str, Collection[str]],
    table: pd.DataFrame,
    *,
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Limits of the normalised enrichment scores of a table, by resampling tumours; index set, columns of LIMITS.

    log2: tumours × genes; marked: booleans by tumour, those without one are left out. sets: name → symbols, of which
    those in the table (of `enrichment_scores`, of the ranking by moderated t) get limits. Tumours are drawn with
    replacement within each group, genes ranked and sets scored anew, and each score divided by the mean of random sets
    of its sign in the cohort's own ranking, which is not drawn again.

    A resample carries a cohort's noise twice, so that strong scores come out nearer to 0 than the observed one. The
    limits are therefore the wider of the percentiles (2.5 and 97.5; 5 and 95) and of these moved so that their median
    is the observed score. In simulated cohorts of 24 and 60 tumours (2,000 genes, a set of 60, independent or
    correlated at 0.1 to 0.3) the 95% limits held the mean score of such cohorts in 90% to 98%, and without any effect
    lay to one side of 0 in 5% to 10%; the percentiles alone held a strong score in as few as 23%.

    Raises as `bootstrap_moderated_t`.

    >>> rng = np.random.default_rng(1)
    >>> log2 = pd.DataFrame(rng.normal(6, 1, (20, 300)), columns=[f"G{i}" for i in range(300)])
    >>> log2.iloc[:10, :20] += 1
    >>> marked = pd.Series([True] * 10 + [False] * 10, dtype="boolean")
    >>> table = pd.DataFrame({"set": ["UP"], "es": [0.9], "nes": [3.0]})
    >>> limits = score_limits(log2, marked, {"UP": [f"G{i}" for i in range(20)]}, table, resamples=50, seed=1)
    >>> bool(limits.at["UP", "nes_lower"] > 0)
    True
    """
    known = marked.reindex(log2.index)
    sides = [log2[(known == side).fillna(False).to_numpy(bool)] for side in (True, False)]
    both = finite_values(pd.concat(sides))
    genes = log2.columns[both.max(axis=0) > both.min(axis=0)].sort_values()
    one, other = (side[genes] for side in sides)
    statistics = bootstrap_moderated_t(one, other, resamples=resamples, seed=seed)
    ranked = pd.Series(moderated_t(one, other)["t"].to_numpy(), index=genes)
    return limits_of_rankings(statistics, ranked, sets, table, seed=seed)


def limits_of_rankings(
    statistics: np.ndarray, ranked: pd.Series, sets: Mapping[str, Collection[str]], table: pd.DataFrame, *, seed: int
) -> pd.DataFrame:
    """Limits of normalised enrichment scores from resampled rankings, as `score_limits` takes them.

    statistics: resamples × genes, the genes in the order of `ranked`, which is the cohort's own. sets, table: as
    `score_limits` takes them. Index set, columns of LIMITS.

    >>> rng = np.random.default_rng(1)
    >>> ranked = pd.Series(np.linspace(2, -2, 200), index=[f"G{i}" for i in range(200)])
    >>> table = enrichment_scores(ranked, {"TOP": [f"G{i}" for i in range(20)]})
    >>> drawn = ranked.to_numpy() + rng.normal(0, 0.5, (50, 200))
    >>> limits = limits_of_rankings(drawn, ranked, {"TOP": list(ranked.index[:20])}, table, seed=1)
    >>> bool(limits.at["TOP", "nes_lower"] > 0)
    True
    """
    rows, genes = {}, ranked.index
    for row in table[table["set"].isin(list(sets))].itertuples():
        members = genes.isin(list(sets[row.set]))
        low, high = null_means(ranked, int(members.sum()), seed=seed)
        # gseapy's own divisor for the sign of the observed score
        low, high = (low, row.es / row.nes) if row.es > 0 else (-row.es / row.nes, high)
        scores = scores_of_rankings(statistics, members)
        normalised = np.where(scores > 0, scores / high, -scores / low)
        moved = normalised - np.median(normalised) + row.nes
        widest = {True: min, False: max}
        rows[row.set] = {
            column: float(widest[percent < 50](np.percentile(normalised, percent), np.percentile(moved, percent)))
            for column, percent in LIMITS.items()
        }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(LIMITS)).rename_axis("set")


def null_means(ranked: pd.Series, size: int, *, sets: int = LEAST_PERMUTATIONS, seed: int = 1) -> tuple[float, float]:
    """The mean enrichment score of random sets of this size, of the negative scores and of the positive ones.

    ranked: scores by gene. The divisor that makes an enrichment score a normalised one; NaN where no set has that sign.

    >>> low, high = null_means(pd.Series(np.linspace(2, -2, 200), index=[f"G{i}" for i in range(200)]), 20)
    >>> bool(-0.5 < low < 0 < high < 0.5)
    True
    """
    statistics = rank_genes(ranked).to_numpy()
    rng = np.random.default_rng(seed)
    places = np.sort([rng.choice(len(statistics), size, replace=False, shuffle=False) for _ in range(sets)], axis=1)
    scores = _scores(places, statistics[places], len(statistics))
    return tuple(float(part.mean()) if len(part) else float("nan") for part in (scores[scores < 0], scores[scores > 0]))
