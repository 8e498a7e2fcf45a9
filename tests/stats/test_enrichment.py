"""Gene set enrichment: against a running sum in plain Python, permutations in numpy, and gseapy called directly."""

import importlib
import os

import gseapy
import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats import differential, enrichment


def walked(scores: dict[str, float], members: set[str], weight: float = 1) -> list[tuple[str, bool, float]]:
    """Subramanian's running sum, gene by gene: symbol, whether a hit, and the sum after it."""
    order = sorted(scores, key=lambda gene: (-scores[gene], gene))
    total = sum(abs(scores[gene]) ** weight for gene in order if gene in members)
    missed = sum(gene not in members for gene in order)
    steps, at = [], 0.0
    for gene in order:
        at += abs(scores[gene]) ** weight / total if gene in members else -1 / missed
        steps.append((gene, gene in members, at))
    return steps


def score_of(steps: list[tuple[str, bool, float]]) -> float:
    """The farthest value from 0; the lists here have no draw."""
    high, low = max(step[2] for step in steps), min(step[2] for step in steps)
    assert abs(high + low) > 1e-9
    return high if high > -low else low


def edge_of(steps: list[tuple[str, bool, float]]) -> set[str]:
    """The hits up to the peak, or from the trough on."""
    sums = [step[2] for step in steps]
    if score_of(steps) > 0:
        return {gene for gene, hit, _ in steps[: sums.index(max(sums)) + 1] if hit}
    return {gene for gene, hit, _ in steps[sums.index(min(sums)) :] if hit}


def random_list(digits: int, genes: int = 400, seed: int = 1) -> pd.Series:
    """Scores in no order; one digit or none makes ties."""
    rng = np.random.default_rng(seed)
    symbols = [f"GENE{i}" for i in rng.permutation(genes)]
    return pd.Series(np.round(rng.normal(0.1, 1, genes), digits), index=symbols)


def random_sets(values: pd.Series, count: int = 12, seed: int = 2) -> dict[str, list[str]]:
    """Sets of 15 to 59 genes, the first of the upper half, the second of the lower; a tenth is not in the list."""
    rng = np.random.default_rng(seed)
    order = sorted(values.index, key=lambda gene: -values[gene])
    half = len(order) // 2
    pools = [order[:half], order[half:]] + [order] * (count - 2)
    sets = {}
    for i, pool in enumerate(pools):
        size = rng.integers(15, 60)
        sets[f"SET_{i}"] = [*rng.choice(pool, size, replace=False), *(f"ABSENT{j}" for j in range(size // 10))]
    return sets


LIST = random_list(8)
SETS = random_sets(LIST)


# ---- scores ----


@pytest.mark.parametrize("digits", [8, 1, 0])
def test_enrichment_scores_and_leading_edges_are_those_of_a_plain_running_sum(digits):
    values = random_list(digits)
    sets = random_sets(values)
    table = enrichment.enrichment_scores(values, sets).set_index("set")
    assert set(table.index) == set(sets)
    for name, genes in sets.items():
        steps = walked(values.to_dict(), set(genes))
        row = table.loc[name]
        assert row["es"] == pytest.approx(score_of(steps), abs=1e-9)
        assert set(row["leading_edge"].split(";")) == edge_of(steps)
        inside = set(genes) & set(values.index)
        assert row["size"] == len(inside) and row["matched"] == pytest.approx(len(inside) / len(genes))
    assert table.loc["SET_0", "nes"] > 1.5 and table.loc["SET_1", "nes"] < -1.5


@pytest.mark.parametrize("weight", [0, 1, 2])
@pytest.mark.parametrize("digits", [8, 1, 0])
def test_the_running_sum_is_that_of_plain_python_at_every_gene(digits, weight):
    values = random_list(digits)
    for genes in random_sets(values, 4).values():
        steps = walked(values.to_dict(), set(genes), weight)
        found = enrichment.running_sum(values, genes, weight=weight)
        assert list(found.index) == [gene for gene, _, _ in steps]
        assert list(found["hit"]) == [hit for _, hit, _ in steps]
        np.testing.assert_allclose(found["running_sum"], [at for _, _, at in steps], rtol=0, atol=1e-9)
        assert list(found["position"]) == list(range(1, len(values) + 1))
        assert found["running_sum"].iloc[-1] == pytest.approx(0, abs=1e-9)


def test_a_known_running_sum():
    ranked = pd.Series({"A": 3, "B": 2, "C": 1, "D": 0, "E": -1})
    found = enrichment.running_sum(ranked, ["A", "C", "X"])
    np.testing.assert_allclose(found["running_sum"], [3 / 4, 3 / 4 - 1 / 3, 1 - 1 / 3, 1 / 3, 0], atol=1e-15)


def test_without_ties_the_table_is_gseapys_own():
    direct = gseapy.prerank(LIST, SETS, permutation_num=1000, seed=7, threads=1, no_plot=True).res2d.set_index("Term")
    table = enrichment.enrichment_scores(LIST, SETS, seed=7).set_index("set")
    assert list(table["nes"].abs()) == sorted(table["nes"].abs(), reverse=True)
    direct = direct.loc[table.index]
    for ours, theirs in (("es", "ES"), ("nes", "NES"), ("fdr", "FDR q-val")):
        np.testing.assert_array_equal(table[ours], direct[theirs])
    np.testing.assert_array_equal(table["p"], np.maximum(direct["NOM p-val"].astype(float), 0.001))
    assert list(table["leading_edge"]) == list(direct["Lead_genes"])


def test_nes_and_p_are_those_of_permutations_in_numpy():
    """Against a null drawn otherwise, so within its noise: 4% for a mean of about 1,000, .03 for a share of them."""
    table = enrichment.enrichment_scores(LIST, SETS, permutations=2000).set_index("set")
    scores = np.sort(LIST.to_numpy())[::-1]
    rng = np.random.default_rng(11)
    for name in list(SETS)[:6]:
        size, es = table.loc[name, "size"], table.loc[name, "es"]
        hits = np.argsort(rng.random((2000, len(scores))), axis=1) < size
        weights = hits * np.abs(scores)
        sums = np.cumsum(weights / weights.sum(axis=1, keepdims=True) - ~hits / (len(scores) - size), axis=1)
        high, low = sums.max(axis=1), sums.min(axis=1)
        null = np.where(high > -low, high, low)
        null = np.abs(null[np.sign(null) == np.sign(es)])
        assert table.loc[name, "nes"] == pytest.approx(es / null.mean(), rel=0.04)
        assert table.loc[name, "p"] == pytest.approx((null >= abs(es)).mean(), abs=0.03)


# ---- limits of scores ----


@pytest.mark.parametrize("digits", [8, 0])
def test_scores_of_many_rankings_are_those_of_a_plain_running_sum(digits):
    rng = np.random.default_rng(4)
    values = np.round(rng.normal(0.1, 1, (6, 120)), digits)
    names = [f"GENE{i:03}" for i in range(120)]
    members = rng.random(120) < 0.2
    scores = enrichment.scores_of_rankings(values, members)
    inside = {name for name, member in zip(names, members, strict=True) if member}
    for row, score in zip(values, scores, strict=True):
        assert score == pytest.approx(score_of(walked(dict(zip(names, row, strict=True)), inside)))
    assert enrichment.scores_of_rankings(np.array([[2.0, 0, 1]]), np.array([False, True, False])).tolist() == [0]


def test_null_means_are_those_of_permutations_in_numpy():
    """Within the noise of 1,000 sets of either way: 4%."""
    low, high = enrichment.null_means(LIST, 30, seed=3)
    scores, rng = LIST.to_dict(), np.random.default_rng(8)
    drawn = [score_of(walked(scores, set(rng.choice(LIST.index, 30, replace=False)))) for _ in range(600)]
    assert high == pytest.approx(np.mean([score for score in drawn if score > 0]), rel=0.06)
    assert low == pytest.approx(np.mean([score for score in drawn if score < 0]), rel=0.06)


def two_groups(seed: int, *, effect: float = 0.0, shared: float = 0.0, genes: int = 300) -> tuple:
    """30 tumours with the first 12 marked, and of 300 genes a set of 40, correlated and raised in the marked."""
    rng = np.random.default_rng(seed)
    values = rng.normal(6, 1, (30, genes))
    values[:, :40] += np.sqrt(shared) * rng.normal(size=(30, 1)) + effect * (np.arange(30) < 12)[:, None]
    log2 = pd.DataFrame(values, [f"S{i}" for i in range(30)], [f"G{i:03}" for i in range(genes)])
    return log2, pd.Series(np.arange(30) < 12, log2.index, dtype="boolean"), {"SET": list(log2.columns[:40])}


def test_limits_are_those_of_plainly_resampled_tumours():
    """Tumours repeated as often as they were drawn, ranked by moderated_t, and walked down gene by gene; .5 s."""
    log2, marked, sets = two_groups(3, effect=0.4, shared=0.2, genes=120)
    ranked = enrichment.rank_genes(differential.compare_genes(log2, marked)["moderated_t"])
    table = enrichment.enrichment_scores(ranked, sets)
    found = enrichment.score_limits(log2.iloc[::-1], marked, sets, table, resamples=30, seed=7).loc["SET"]
    rng = np.random.default_rng(7)
    # in score_limits the tumours come from the table's end, so the draws count from there
    groups = [log2[marked.to_numpy(bool) == side].iloc[::-1] for side in (True, False)]
    draws = [rng.multinomial(len(group), np.full(len(group), 1 / len(group)), 30) for group in groups]
    low, high = enrichment.null_means(ranked, 40, seed=7)
    row = table.iloc[0]
    high = row.es / row.nes if row.es > 0 else high
    scores = []
    for counts in zip(*draws, strict=True):
        one, other = (group.iloc[np.repeat(range(len(group)), n)] for group, n in zip(groups, counts, strict=True))
        score = score_of(walked(differential.moderated_t(one, other)["t"].to_dict(), set(sets["SET"])))
        scores.append(score / high if score > 0 else -score / low)
    for column, percent in (("nes_lower", 2.5), ("nes_upper", 97.5), ("nes_lower_90", 5), ("nes_upper_90", 95)):
        both = [np.percentile(scores, percent), np.percentile(scores, percent) - np.median(scores) + row.nes]
        assert found[column] == pytest.approx(min(both) if percent < 50 else max(both), rel=1e-6)
    assert found["nes_lower"] <= row.nes <= found["nes_upper"]


def test_limits_include_no_enrichment_where_there_is_none_and_the_mean_score_where_there_is():
    """40 cohorts of each kind, 4 s: what the docstring states of more and larger ones, within the noise of 40."""
    for kind, effect, shared in (("none", 0.0, 0.1), ("some", 0.4, 0.2)):
        limits, values = [], []
        for seed in range(40):
            log2, marked, sets = two_groups(seed, effect=effect, shared=shared)
            one, other = log2[marked.to_numpy(bool)], log2[~marked.to_numpy(bool)]
            ranked = differential.moderated_t(one, other)["t"]
            score = score_of(walked(ranked.to_dict(), set(sets["SET"])))
            low, high = enrichment.null_means(ranked, 40, sets=200)
            table = pd.DataFrame({"set": ["SET"], "es": [score], "nes": [score / (high if score > 0 else -low)]})
            values.append(table["nes"][0])
            limits.append(enrichment.score_limits(log2, marked, sets, table, resamples=60, seed=seed).loc["SET"])
        truth = 0 if kind == "none" else np.mean(values)
        held = np.mean([row.nes_lower <= truth <= row.nes_upper for row in limits])
        assert held >= 0.8, (kind, held)


def test_limits_of_one_seed_are_the_same_and_a_set_without_a_score_has_none():
    log2, marked, sets = two_groups(1)
    table = pd.DataFrame({"set": ["SET", "OTHER"], "es": [0.3, 0.2], "nes": [1.0, 0.8]})
    one, other = (enrichment.score_limits(log2, marked, sets, table, resamples=20, seed=2) for _ in range(2))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert list(one.index) == ["SET"] and list(one) == list(enrichment.LIMITS)
    assert enrichment.score_limits(log2, marked, {}, table, resamples=20, seed=2).empty


# ---- seeds, threads, order ----


def test_one_seed_gives_one_table_at_one_thread_and_at_two(monkeypatch):
    used = []
    module = importlib.import_module("gseapy.gsea")  # gseapy.gsea is a function of that name
    run = module.prerank_rs
    monkeypatch.setattr(module, "prerank_rs", lambda *given: used.append(given[-2]) or run(*given))
    # gseapy leaves one processor alone: on a machine of two it would run both with one thread
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    one, two = (enrichment.enrichment_scores(LIST, SETS, seed=5, threads=threads) for threads in (1, 2))
    assert used == [1, 2]
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_another_seed_gives_other_nes_and_the_same_es():
    one, other = (enrichment.enrichment_scores(LIST, SETS, seed=seed).set_index("set") for seed in (1, 2))
    other = other.loc[one.index]
    np.testing.assert_array_equal(one["es"], other["es"])
    assert (one["nes"] != other["nes"]).all()
    np.testing.assert_allclose(one["nes"], other["nes"], rtol=0.1)


def test_the_order_of_genes_and_of_sets_and_doubled_members_change_nothing():
    values = random_list(0)
    sets = random_sets(values)
    before = enrichment.enrichment_scores(values, sets)
    turned = {name: [*reversed(genes), genes[0]] for name, genes in reversed(sets.items())}
    after = enrichment.enrichment_scores(values.sample(frac=1, random_state=4), turned)
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_spread_is_over_gseapys_own_results_by_seed():
    seeds = [1, 2, 3, 4]
    found = enrichment.spread_over_seeds(LIST, SETS, seeds=seeds).set_index("set")
    direct = pd.concat(
        gseapy.prerank(LIST, SETS, permutation_num=1000, seed=seed, threads=1, no_plot=True).res2d for seed in seeds
    )
    for ours, theirs in (("nes", "NES"), ("fdr", "FDR q-val")):
        each = direct[theirs].astype(float).groupby(direct["Term"])
        for name in ("min", "median", "max"):
            np.testing.assert_allclose(found[f"{ours}_{name}"], each.agg(name).loc[found.index], rtol=1e-12)
    assert (found["nes_min"] < found["nes_max"]).all()
    assert list(found["nes_median"].abs()) == sorted(found["nes_median"].abs(), reverse=True)
    with pytest.raises(UserError, match="two different"):
        enrichment.spread_over_seeds(LIST, SETS, seeds=[3, 3])


def test_ties_leave_nothing_on_the_error_stream(capfd):
    values = random_list(0)
    enrichment.enrichment_scores(values, random_sets(values))
    assert capfd.readouterr() == ("", "")


# ---- what is left out, and what is refused ----


def test_sets_left_out_are_counted_by_reason():
    values = LIST.copy()
    values.iloc[:20] = 0
    sets = {
        **SETS,
        "STRANGE": [f"X{i}" for i in range(30)],
        "EMPTY": [],
        "SMALL": list(LIST.index[100:114]),
        "LARGE": list(LIST.index[:300]),
        "ZERO": list(values.index[:20]),
    }
    table = enrichment.enrichment_scores(values, sets, max_size=299)
    assert set(table["set"]) == set(SETS)
    assert table.attrs["dropped"] == {"unmatched": 2, "too_small": 1, "too_large": 1, "no_contrast": 1}
    everything = enrichment.enrichment_scores(LIST, {**SETS, "ALL": list(LIST.index)})
    assert everything.attrs["dropped"]["no_contrast"] == 1
    with pytest.raises(MissingData, match="1 unmatched, 1 too small"):
        enrichment.enrichment_scores(values, {name: sets[name] for name in ("STRANGE", "SMALL")})
    with pytest.raises(MissingData, match="none given"):
        enrichment.enrichment_scores(values, {})


def test_symbols_match_as_they_are_written():
    """gseapy by itself puts symbols of mice in upper case, and finds them in human sets."""
    mouse = LIST.rename(index=str.capitalize)
    with pytest.raises(MissingData, match=f"{len(SETS)} unmatched"):
        enrichment.enrichment_scores(mouse, SETS)
    both = enrichment.enrichment_scores(mouse, {name: map(str.capitalize, genes) for name, genes in SETS.items()})
    np.testing.assert_array_equal(both["nes"], enrichment.enrichment_scores(LIST, SETS)["nes"])


def test_fewer_than_a_thousand_permutations_are_refused():
    with pytest.raises(UserError, match="999 permutations"):
        enrichment.enrichment_scores(LIST, SETS, permutations=999)


def test_no_p_is_smaller_than_permutations_can_show():
    table = enrichment.enrichment_scores(LIST, {"TOP": list(enrichment.rank_genes(LIST).index[:40]), **SETS})
    assert table["set"][0] == "TOP" and table["p"][0] == 0.001


def test_rank_is_decreasing_with_ties_by_symbol_whatever_the_input_order():
    values = random_list(0)
    values.iloc[[3, 8]] = np.nan
    ranked = enrichment.rank_genes(values)
    known = values.dropna().to_dict()
    assert list(ranked.index) == sorted(known, key=lambda gene: (-known[gene], gene))
    assert ranked.attrs["missing"] == 2 and enrichment.rank_genes(ranked).attrs["missing"] == 2
    pd.testing.assert_series_equal(ranked, enrichment.rank_genes(values.iloc[::-1]))


def test_rank_refuses_what_has_no_one_place():
    with pytest.raises(UserError, match="TP53 is there twice"):
        enrichment.rank_genes(pd.Series([1.0, 2, 3], index=["TP53", "RB1", "TP53"]))
    with pytest.raises(UserError, match="RB1 has an infinite score"):
        enrichment.rank_genes(pd.Series([1.0, np.inf], index=["TP53", "RB1"]))
    with pytest.raises(UserError, match="RB1: 'high' is no number"):
        enrichment.rank_genes(pd.Series([1.0, "high"], index=["TP53", "RB1"]))
    with pytest.raises(UserError, match="no gene symbol"):
        enrichment.rank_genes(pd.Series([1.0, 2], index=["TP53", None]))


def test_a_set_without_a_running_sum_says_so():
    ranked = pd.Series({"A": 2.0, "B": 0.0, "C": -1.0})
    for genes in (["X"], ["B"], ["A", "B", "C"]):
        with pytest.raises(MissingData, match="no running sum"):
            enrichment.running_sum(ranked, genes)


def test_a_set_given_as_one_text_is_refused():
    for refused in (
        lambda: enrichment.running_sum(LIST, "TP53"),
        lambda: enrichment.enrichment_scores(LIST, {"MINE": "TP53"}),
    ):
        with pytest.raises(UserError, match="'TP53' is one text"):
            refused()


# ---- files ----


def test_read_gmt_gives_sorted_genes_once(tmp_path):
    file = tmp_path / "own.gmt"
    file.write_text("ONE\thttp://x\tTP53\tRB1\tTP53\t\n\nTWO\t\tASCL1\n")
    assert enrichment.read_gmt(file) == {"ONE": ["RB1", "TP53"], "TWO": ["ASCL1"]}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ONE\tx\tTP53\nTWO RB1 ASCL1\n", "row 2: no gene set"),
        ("ONE\tx\n", "row 1: no gene set"),
        ("\tx\tTP53\tRB1\n", "row 1: no gene set"),
        ("ONE\tx\tTP53\nTWO\tx\tRB1\nONE\tx\tRB1\n", "row 3: set 'ONE' is in row 1 too"),
        ("\n\n", "holds no gene set"),
    ],
)
def test_a_malformed_gmt_is_refused_with_its_row(tmp_path, text, line):
    file = tmp_path / "own.gmt"
    file.write_text(text)
    with pytest.raises(UserError, match=line) as error:
        enrichment.read_gmt(file)
    assert str(file) in str(error.value) and "\n" not in str(error.value)


def test_what_is_no_gmt_is_refused(tmp_path):
    with pytest.raises(UserError, match="no .gmt file"):
        enrichment.read_gmt(tmp_path / "none.gmt")
    (tmp_path / "sets.txt").write_text("ONE\tx\tTP53\n")
    with pytest.raises(UserError, match="no .gmt file"):
        enrichment.read_gmt(tmp_path / "sets.txt")
    (tmp_path / "packed.gmt").write_bytes(b"\x1f\x8b\x08\xff\xfe")
    with pytest.raises(UserError, match="UTF-8"):
        enrichment.read_gmt(tmp_path / "packed.gmt")


def test_msigdb_files_hold_their_published_sets(data_dir):
    hallmark = enrichment.read_gmt(data_dir / "genesets" / "h.all.v7.5.1.symbols.gmt")
    assert len(hallmark) == 50 and len(hallmark["HALLMARK_E2F_TARGETS"]) == 200
    assert "MYC" not in hallmark["HALLMARK_NOTCH_SIGNALING"] and "HES1" in hallmark["HALLMARK_NOTCH_SIGNALING"]
    assert len(enrichment.read_gmt(data_dir / "genesets" / "c2.cp.kegg.v7.5.1.symbols.gmt")) == 186


def test_a_shifted_hallmark_set_comes_first_with_the_score_of_plain_python(data_dir):
    hallmark = enrichment.read_gmt(data_dir / "genesets" / "h.all.v7.5.1.symbols.gmt")
    symbols = sorted(set().union(*hallmark.values()))
    values = pd.Series(np.round(np.random.default_rng(3).normal(size=len(symbols)), 1), index=symbols)
    values[hallmark["HALLMARK_E2F_TARGETS"]] += 1
    table = enrichment.enrichment_scores(values, hallmark)
    assert table["set"][0] == "HALLMARK_E2F_TARGETS" and table["fdr"][0] < 0.01
    assert (table["matched"] == 1).all() and len(table) == 50
    for row in table.itertuples():
        assert row.es == pytest.approx(score_of(walked(values.to_dict(), set(hallmark[row.set]))), abs=1e-9)
