"""Statements of the review on checkpoint blockade, put to treated patients; notebook 13, section 3.

A statement on who does better on blockade is prognostic: it compares patients who all had it. A statement on what
blockade adds to chemotherapy needs both arms of a randomised trial: the hazard ratio of the arms within a stratum, and,
for whether that depends on a marker, the interaction of arm and marker. Each statement asks a cohort only for what it
needs, and is asked only of the people whom it names.
"""

import contextlib
import dataclasses
from collections.abc import Callable

import pandas as pd
from scipy import stats

from lcnec_utils.cohort import blockade, histology
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.treatment import column_or_none
from lcnec_utils.core import formats, units
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_hazard, of_median, of_share
from lcnec_utils.omics import genomics
from lcnec_utils.stats import cox
from lcnec_utils.stats.comparison import rests_on
from lcnec_utils.stats.fragility import TwoGroups
from lcnec_utils.stats.paired import paired_difference
from lcnec_utils.stats.proportions import share_difference, wilson
from lcnec_utils.stats.ranks import mean_difference
from lcnec_utils.stats.survival import medians, restricted_mean, survival_table

# Protein changes (HGVSp_Short) that are quoted; exon 19 of EGFR codes residues 729 to 761, exons 18 to 21 residues 688
# to 875, outside which the source's "mutations" of EGFR are none
ALLELES = {
    "EGFR exon 19 deletion": ("EGFR", r"^p\.\D(?:729|7[345]\d|76[01])(?:_|del).*del"),
    "EGFR L858R": ("EGFR", r"^p\.L858R$"),
    "EGFR exons 18–21": ("EGFR", r"^p\.[A-Z](?:68[89]|69\d|7\d\d|8[0-6]\d|87[0-5])"),
    **{f"KRAS {allele}": ("KRAS", rf"^p\.{allele}$") for allele in ("G12C", "G12D", "G12V", "G12A", "G13D", "Q61H")},
}
NON_SQUAMOUS = [histology.LUAD, histology.LCNEC]  # an NSCLC that is not specified further may be squamous
PROGNOSTIC, MODIFIER, TREATMENT, INTERACTION = "prognostic", "interaction of markers", "treatment", "interaction"
MONTHS_PER_YEAR = 12
LEAST_IN_SWEEP = 10  # patients on either side of a cut-off of the sweep


@dataclasses.dataclass(frozen=True)
class Mark:
    """Who has a mark (booleans by patient, missing where not known), and what those with and without it are called."""

    values: pd.Series
    name: str
    opposite: str = ""

    def among(self, subset: "Mark", words: str = "") -> "Mark":
        """The mark in the patients of a subset alone: the others are missing, on neither side of a comparison."""
        kept = self.values.mask(~subset.values.fillna(False).astype(bool))
        return Mark(kept, f"{self.name}, {words or f'of {subset.name}'}", self.opposite)

    def __invert__(self) -> "Mark":
        return Mark(~self.values, self.opposite, self.name)

    def called(self, name: str) -> "Mark":
        """The same mark under another name."""
        return dataclasses.replace(self, name=name)


@dataclasses.dataclass(frozen=True)
class Treated:
    """A cohort's patients as the statements ask for them; what the cohort does not hold raises MissingData.

    The cut-offs are the run's: from tmb_high_per_mb on, above tmb_very_high_per_mb, from pdl1_positive_percent on.
    """

    cohort: Cohort
    tmb_high_per_mb: float = 10.0
    tmb_very_high_per_mb: float = 19.0
    pdl1_positive_percent: float = 1.0

    # --- who they are

    def on_blockade(self) -> Mark:
        """Who had checkpoint blockade."""
        had = blockade.treated(self.cohort).astype("boolean")
        return Mark(had, "checkpoint blockade", "no checkpoint blockade")

    def arm(self) -> Mark:
        """Who was randomised to blockade, against chemotherapy."""
        return Mark(blockade.arms(self.cohort), *blockade.arm_names(self.cohort))

    def of_histology(self, kinds: list[str], words: str) -> Mark:
        """Whose tumour is of one of these kinds of histology; missing where it is an NSCLC not specified further."""
        stated = genomics.by_patient(self.cohort, histology.stated(self.cohort)["kind"])
        stated = stated.reindex(self.cohort.patients.index).fillna("")
        if not stated.isin(kinds).any():
            said = ", ".join(f"{kind or 'not stated'} {n}" for kind, n in stated.value_counts().items())
            raise MissingData(f"no tumour of {self.cohort.name} is known to be {words} (histologies: {said})")
        known = ~stated.isin(["", histology.NSCLC])
        return Mark(stated.isin(kinds).astype("boolean").mask(~known), words)

    def adenocarcinoma(self) -> Mark:
        """Whose tumour is an adenocarcinoma."""
        return self.of_histology([histology.LUAD], "adenocarcinoma")

    # --- marks

    def sequenced(self, gene: str, what: str = "") -> Mark:
        """Whose gene is altered by sequencing of the tumour (or, for a comparison of outcomes, of DNA in blood).

        what: of something that blood cannot say, such as a share, for which MissingData is raised there.
        """
        if what and blockade.burden_is_in_blood(self.cohort):
            lacking = "hold substitutions alone and miss tumours that shed no DNA"
            raise MissingData(f"the mutations of {self.cohort.name} are those of blood, which {lacking}: no {what}")
        hit = genomics.by_patient(self.cohort, genomics.altered(self.cohort, genes=[gene]))[gene]
        return Mark(hit.reindex(self.cohort.patients.index), f"{gene} mutated", f"{gene} wild type")

    def driver(self, gene: str) -> Mark:
        """Whose gene is mutated by a test of the tumour where the cohort has one, else by sequencing of the tumour."""
        if column_or_none(self.cohort, f"{gene}_STATUS") is None:
            return self.sequenced(gene, f"reliable status of {gene}")
        found = blockade.mutated_by_test(self.cohort, gene=gene)
        return Mark(found, f"{gene} mutated (tissue)", f"{gene} wild type (tissue)")

    def allele(self, name: str) -> Mark:
        """Who carries a protein change of ALLELES."""
        gene = ALLELES[name][0]
        self.sequenced(gene, f"allele of {gene}")  # which blood cannot give
        carried = genomics.by_patient(self.cohort, genomics.protein_changes(self.cohort, alleles={name: ALLELES[name]}))
        if carried[name].isna().all():
            raise MissingData(f"the mutations of {self.cohort.name} have no protein change (HGVSp_Short)")
        return Mark(carried[name].reindex(self.cohort.patients.index), name)

    def common_egfr(self) -> Mark:
        """Who carries an exon 19 deletion or L858R of EGFR."""
        deletion, point = (self.allele(name).values for name in ("EGFR exon 19 deletion", "EGFR L858R"))
        return Mark(deletion | point, "EGFR exon 19 deletion or L858R")

    def tmb(self, very: bool = False) -> Mark:
        """Whose tumour mutational burden is high, by the run's cut-off or (very) by its higher one."""
        if very and blockade.burden_is_in_blood(self.cohort):
            raise MissingData(f"a burden in blood has one cut-off, {blockade.HIGH_IN_BLOOD}, and no higher one")
        cut = self.tmb_very_high_per_mb if very else self.tmb_high_per_mb
        high = blockade.burden_high(self.cohort, per_mb=cut, above=very)
        lower = high.name.translate(str.maketrans({"≥": "<", ">": "≤"}))
        return Mark(high, high.name, lower)

    def pdl1(self) -> Mark:
        """Whose PD-L1 is positive by the run's cut-off."""
        positive = blockade.pdl1_at_least(self.cohort, percent=self.pdl1_positive_percent)
        return Mark(positive, positive.name, positive.name.replace("≥", "<"))

    def loss_of_9p21(self) -> Mark:
        """Whose tumour has a deep deletion of CDKN2A, which stands for 9p21."""
        lost = genomics.by_patient(self.cohort, genomics.deleted(self.cohort, gene="CDKN2A"))
        if lost.isna().all():
            raise MissingData(f"{self.cohort.name} has no copy number of CDKN2A, which stands for 9p21")
        return Mark(lost.reindex(self.cohort.patients.index), "9p21 deleted")

    def with_ctla4(self) -> Mark:
        """Who had anti-CTLA-4 beside anti-PD-(L)1: TREATMENT_TYPE says Combination (Rizvi et al. 2018 combined no other
        drug)."""
        kind = self.cohort.column("TREATMENT_TYPE", "anti-CTLA-4 recorded").astype("string").str.lower()
        return Mark(
            kind.map({"combination": True, "monotherapy": False}).astype("boolean"), "combination", "monotherapy"
        )

    def later_line(self) -> Mark:
        """Who had blockade in the second or a later line."""
        line = self.cohort.column("LINES_OF_TX", "line of therapy").astype(float)
        return Mark((line >= 2).astype("boolean").mask(line.isna()), "second or later line", "first line")

    # --- outcomes of those on blockade

    def response(self) -> pd.Series:
        """Who of those on blockade responded."""
        return blockade.objective_response(self.cohort).mask(~self.on_blockade().values)

    def benefit(self) -> pd.Series:
        """Who of those on blockade had durable clinical benefit."""
        return blockade.durable_benefit(self.cohort).mask(~self.on_blockade().values)

    def no_benefit(self) -> pd.Series:
        """Who of those on blockade had no durable clinical benefit, which stands for primary resistance."""
        return ~self.benefit()

    def pdl1_values(self) -> pd.Series:
        """Whose PD-L1 is positive, as booleans."""
        return self.pdl1().values

    def response_or_benefit(self) -> pd.Series:
        """Who responded; where that is not recorded, who had durable clinical benefit."""
        try:
            return self.response()
        except MissingData:
            return self.benefit()


# --- comparisons of survival -------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Effect:
    """A comparison of survival: what it asks, the marked patients, the endpoint, and the claims that it answers.

    asks: PROGNOSTIC, patients on blockade with the mark against those without; MODIFIER, whether that ratio depends on
    a second mark (other); TREATMENT, blockade against chemotherapy among the marked; INTERACTION, whether that depends
    on the mark. endpoint: OS, PFS, or "" for OS where the cohort has it and else PFS.
    """

    asks: str
    endpoint: str
    mark: Callable[[Treated], Mark]
    claims: tuple[str, ...] = ()
    other: Callable[[Treated], Mark] | None = None


Which = Callable[[Treated], Mark]


def _sequenced(gene: str) -> Which:
    return lambda patients: patients.sequenced(gene)


def _driver(gene: str) -> Which:
    return lambda patients: patients.driver(gene)


def _allele(name: str) -> Which:
    return lambda patients: patients.allele(name)


def _without(mark: Which) -> Which:
    return lambda patients: ~mark(patients)


def _among(mark: Which, subset: Which, words: str = "") -> Which:
    return lambda patients: mark(patients).among(subset(patients), words)


def _in_adenocarcinoma(gene: str) -> Which:
    among = _among(_sequenced(gene), Treated.adenocarcinoma)
    return lambda patients: among(patients).called(f"{gene} in adenocarcinoma")


def _in_stratum(gene: str, stratum: Which, name: str) -> Which:
    """A gene in the adenocarcinomas of a stratum."""
    among = _among(_in_adenocarcinoma(gene), stratum)
    return lambda patients: among(patients).called(f"{gene} in {name}")


def _by_kras(gene: str, mutated: bool) -> Which:
    """A gene in adenocarcinomas with, or without, a mutation of KRAS."""
    kras = _driver("KRAS") if mutated else _without(_driver("KRAS"))
    return _in_stratum(gene, kras, f"KRAS-{'mutated' if mutated else 'wild-type'} adenocarcinoma")


def _very_high_tmb(patients: Treated) -> Mark:
    return patients.tmb(very=True)


def _non_squamous(patients: Treated) -> Mark:
    return patients.of_histology(NON_SQUAMOUS, "non-squamous")


def _common_egfr(patients: Treated) -> Mark:
    """The two common mutations against wild type: who carries another mutation of EGFR is on neither side."""
    common, mutated = patients.common_egfr(), patients.sequenced("EGFR", "allele of EGFR")
    return Mark(common.values.mask(mutated.values & ~common.values), "EGFR, common mutations against wild type")


def _other_egfr(patients: Treated) -> Mark:
    """The rarer mutations of exons 18 to 21 against the two common ones."""
    common, kinase = patients.common_egfr(), patients.allele("EGFR exons 18–21")
    carriers = Mark(common.values | kinase.values, "")
    return Mark(~common.values, "").among(carriers).called("EGFR, rarer mutations against common ones")


def _deletion_or_wild_type(patients: Treated) -> Mark:
    """Exon 19 deletions of EGFR against its wild type."""
    deletion, mutated = patients.allele("EGFR exon 19 deletion"), patients.sequenced("EGFR", "allele of EGFR")
    return Mark(deletion.values.mask(mutated.values & ~deletion.values), f"{deletion.name}, against wild type")


def _l858r(patients: Treated) -> Mark:
    common = patients.common_egfr()
    return patients.allele("EGFR L858R").among(common).called("EGFR, L858R against exon 19 deletion")


EFFECTS = [
    Effect(PROGNOSTIC, "OS", Treated.tmb, ("os.tmb_high",)),
    Effect(PROGNOSTIC, "OS", _very_high_tmb),
    Effect(PROGNOSTIC, "PFS", Treated.tmb, ("pfs.tmb_high",)),
    Effect(PROGNOSTIC, "PFS", _very_high_tmb),
    Effect(PROGNOSTIC, "OS", Treated.pdl1),
    Effect(PROGNOSTIC, "PFS", Treated.pdl1),
    Effect(PROGNOSTIC, "", _among(Treated.pdl1, Treated.tmb, "TMB high")),
    Effect(PROGNOSTIC, "", _among(Treated.pdl1, Treated.with_ctla4, "with anti-CTLA-4"), ("efficacy.ctla4.pdl1",)),
    *(Effect(PROGNOSTIC, endpoint, _in_adenocarcinoma(gene), (f"{endpoint.lower()}.{gene.lower()}",))
      for gene in ("STK11", "KEAP1") for endpoint in ("OS", "PFS")),
    *(Effect(PROGNOSTIC, "", _by_kras(gene, mutated)) for gene in ("STK11", "KEAP1") for mutated in (True, False)),
    Effect(PROGNOSTIC, "PFS", _common_egfr, ("pfs.egfr_exon19_l858r",)),
    Effect(PROGNOSTIC, "", _l858r, ("ici_outcome.l858r_exon19",)),
    Effect(PROGNOSTIC, "", _other_egfr, ("prognosis.egfr_rare",)),
    Effect(PROGNOSTIC, "PFS", _among(_allele("KRAS G12D"), _driver("KRAS")), ("pfs.kras_g12d",)),
    Effect(PROGNOSTIC, "OS", Treated.loss_of_9p21, ("os.9p21",)),
    Effect(PROGNOSTIC, "", _among(Treated.loss_of_9p21, _non_squamous), ("prognosis.9p_nonsquamous",)),
    *(Effect(MODIFIER, "", _in_adenocarcinoma(gene), other=_driver("KRAS")) for gene in ("STK11", "KEAP1")),
    Effect(TREATMENT, "OS", _driver("EGFR"),
           ("os.ici_vs_chemo.egfr_mutant.meta1", "os.ici_vs_chemo.egfr_mutant.meta2")),
    Effect(TREATMENT, "OS", _without(_driver("EGFR")), ("os.ici_vs_chemo.egfr_wild_type.meta2",)),
    Effect(TREATMENT, "OS", _driver("KRAS"), ("os.ici_vs_chemo.kras_mutant.meta2",)),
    Effect(TREATMENT, "OS", _without(_driver("KRAS")), ("os.ici_vs_chemo.kras_wild_type.meta2",)),
    *(Effect(TREATMENT, "OS", mark) for mark in (
        Treated.tmb, _without(Treated.tmb), Treated.pdl1, _without(Treated.pdl1),
        _among(Treated.pdl1, Treated.tmb, "TMB high"),
        _among(_without(Treated.pdl1), Treated.tmb, "TMB high"))),
    Effect(INTERACTION, "OS", _driver("EGFR"), ("efficacy.egfr",)),
    Effect(INTERACTION, "OS", _driver("KRAS")),
    Effect(INTERACTION, "OS", Treated.tmb),
    Effect(INTERACTION, "OS", Treated.pdl1),
    Effect(INTERACTION, "OS", _among(Treated.pdl1, Treated.tmb, "TMB high"), ("efficacy.pdl1_in_tmb_high",)),
]  # fmt: skip

# STK11 and KEAP1 in adenocarcinoma by what the patients were treated with: nothing is claimed of these
STRATA = [
    effect
    for gene in ("STK11", "KEAP1")
    for stratum, with_it, without in (
        (Treated.later_line, "second or later line, adenocarcinoma", "first line, adenocarcinoma"),
        (Treated.with_ctla4, "combination, adenocarcinoma", "monotherapy, adenocarcinoma"),
    )
    for effect in (
        Effect(PROGNOSTIC, "", _in_stratum(gene, stratum, with_it)),
        Effect(PROGNOSTIC, "", _in_stratum(gene, _without(stratum), without)),
        Effect(MODIFIER, "", _in_adenocarcinoma(gene), other=stratum),
    )
]


def _survival(patients: Treated, endpoint: str) -> tuple[str, pd.DataFrame]:
    """The endpoint asked for, or the first that the cohort has, with its survival table."""
    try:
        return endpoint or "OS", patients.cohort.survival(endpoint or "OS")
    except MissingData:
        if endpoint:
            raise
        return "PFS", patients.cohort.survival("PFS")


def _estimate(patients: Treated, effect: Effect, min_group: int) -> tuple[dict, TwoGroups | None]:
    """The row of `effects` that one comparison gives, and the patients behind it where it is of two groups alone.
    Raises MissingData for what the cohort lacks."""
    arm = patients.arm().values.rename("arm") if effect.asks in (TREATMENT, INTERACTION) else None
    mark = effect.mark(patients)
    endpoint, table = _survival(patients, effect.endpoint)
    table = table.join(mark.values.rename("mark"))
    if arm is None:
        table = table[patients.on_blockade().values.reindex(table.index).fillna(False)]
    else:
        table = table.join(arm)
    term, behind = mark.name, None
    if effect.asks == PROGNOSTIC:
        row = cox.univariable_cox(table, markers=["mark"], min_group=min_group).iloc[0]
        behind = _two_groups(table, "mark", survival=True)
    elif effect.asks == MODIFIER:
        second = effect.other(patients)
        table = table.join(second.values.rename("second"))
        row = cox.interaction(table, treatment="mark", marker="second", min_group=min_group).iloc[0]
        term = mark.name.replace(" in ", f" × {second.name.removesuffix(' mutated')} in ")
    elif effect.asks == TREATMENT:
        marked = table[table["mark"].fillna(False).astype(bool)].drop(columns="mark")
        row = cox.univariable_cox(marked, markers=["arm"], min_group=min_group).iloc[0]
        behind = _two_groups(marked, "arm", survival=False)
    else:
        row = cox.interaction(table, treatment="arm", marker="mark", min_group=min_group).iloc[0]
    counts = f"{row['n_with']} of {row['n']}" if effect.asks != TREATMENT else f"n = {row['n']}"
    said = {"asks": effect.asks, "endpoint": endpoint, "counts": f"{counts}, {formats.count(row['events'], 'event')}"}
    return {
        **row.drop("events_with").to_dict(),
        **said,
        "term": f"{endpoint}: {term}",
        "claims": "; ".join(effect.claims),
    }, behind


def _two_groups(table: pd.DataFrame, marker: str, *, survival: bool) -> TwoGroups | None:
    known = table.dropna(subset=[marker, "months", "event"])
    if known.empty:
        return None
    known = survival_table(known)
    return rests_on(known, known[marker].astype(bool), survival=survival)


COLUMNS = ["asks", "endpoint", "term", "counts", "n_with", *cox.COX_COLUMNS[1:], "claims"]


def effects(patients: Treated, *, min_group: int = 5, asked: list[Effect] = EFFECTS) -> pd.DataFrame:
    """Every comparison of EFFECTS (or those asked) that a cohort can make, a row each; none where it can make none.

    Columns: asks, endpoint, term, counts (in words), n_with (with the mark; of TREATMENT, on blockade), those of
    `cox.cox` from n on, and claims (by the tail of their ids). A side of fewer than min_group patients has no ratio,
    and its reason in note. `attrs["lacking"]`: what the cohort lacks, by claim that it cannot be asked.
    """
    rows, lacking, behind = [], {}, []
    for effect in asked:
        try:
            row, patients_of_row = _estimate(patients, effect, min_group)
            rows.append(row)
            behind.append(patients_of_row)
        except MissingData as reason:
            lacking |= dict.fromkeys(effect.claims, str(reason))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.attrs |= {"lacking": lacking, "rests_on": behind}
    return table


def effect_findings(table: pd.DataFrame) -> dict[str, Finding]:
    """The rows of `effects` as findings by the tail of a claim's id, and the reason of each claim that has none.

    Of two arms as a hazard ratio, which those claims speak of; else as a ratio of survival (above 1: longer, or
    prolonged more by blockade).
    """
    findings = {claim: Finding(None, note=reason) for claim, reason in table.attrs["lacking"].items()}
    behind = table.attrs.get("rests_on") or [None] * len(table)
    for row in table[table["claims"] != ""].itertuples():
        finding = of_hazard(row, survival=row.asks != TREATMENT)
        if finding.value is None:
            finding = Finding(None, n=int(row.n), note=f"{row.term}: {row.note}")
        else:
            finding = dataclasses.replace(finding, rests_on=behind[row.Index])
        findings |= dict.fromkeys(row.claims.split("; "), finding)
    return findings


def parts(table: pd.DataFrame, patients: Treated) -> list[dict]:
    """The rows of `effects` by question, each with the words that plots.forest takes: title, left, right, ratio.

    Raises MissingData, with the first thing that the cohort lacks, where it could make no comparison.
    """
    if table.empty:
        raise MissingData(next(iter(table.attrs["lacking"].values())))
    words = {
        PROGNOSTIC: ("On checkpoint blockade (prognostic)", "longer survival", "shorter survival", "Hazard ratio"),
        MODIFIER: (
            "Interaction of two markers (prognostic)",
            "better with both",
            "worse with both",
            "Ratio of hazard ratios",
        ),
    }
    if set(table["asks"]) & {TREATMENT, INTERACTION}:
        one, other = blockade.arm_names(patients.cohort)
        title = f"{one} against {other}, within strata"
        words[TREATMENT] = title[0].upper() + title[1:], f"favours {one}", f"favours {other}", "Hazard ratio"
        title = f"Interaction of {one} and marker (predictive)"
        words[INTERACTION] = title, "more effect with it", "less effect with it", "Ratio of hazard ratios"
    shown = [asks for asks in words if (table["asks"] == asks).any()]
    names = ("title", "left", "right", "ratio")
    return [{"table": table[table["asks"] == asks], **dict(zip(names, words[asks], strict=True))} for asks in shown]


def burden_sweep(patients: Treated, *, min_group: int = 5) -> pd.DataFrame:
    """Survival on blockade with the burden at or above each whole number against below it: `cox.cox_by_cut_off` with a
    column endpoint; no row where the cohort has no burden or no survival."""
    tables = {"": pd.DataFrame(columns=["cut_off", "counts", *cox.COX_COLUMNS[1:]])}
    for endpoint in ("OS", "PFS"):
        with contextlib.suppress(MissingData):
            values = blockade.burden(patients.cohort)
            table = patients.cohort.survival(endpoint).join(values.rename("burden"))
            table = table[patients.on_blockade().values.reindex(table.index).fillna(False)]
            cuts = list(range(1, int(values.max()) + 1))
            least = max(min_group, LEAST_IN_SWEEP)
            tables[endpoint] = cox.cox_by_cut_off(table, values="burden", cuts=cuts, min_group=least)
    filled = {name: table for name, table in tables.items() if len(table)} or tables
    return pd.concat(filled, names=["endpoint"]).reset_index(level=0).reset_index(drop=True)


def sweep_words(patients: Treated) -> dict:
    """What plots.hazard_sweep is told of `burden_sweep`: the cut-offs in use with their labels, the axis, the title."""
    cuts = {
        patients.tmb_high_per_mb: f"≥ {patients.tmb_high_per_mb:g}",
        patients.tmb_very_high_per_mb: f"> {patients.tmb_very_high_per_mb:g}",
    }
    unit = "mutations per Mb"
    if blockade.burden_is_in_blood(patients.cohort):
        cuts, unit = {float(blockade.HIGH_IN_BLOOD): f"≥ {blockade.HIGH_IN_BLOOD}"}, "mutations in blood"
    return {"cuts": cuts, "xlabel": f"Cut-off, {unit}", "title": "Every cut-off of TMB, on blockade"}


# --- shares and differences --------------------------------------------------------------------------------------


def _share(mark: Mark, what: str, min_group: int) -> Finding:
    """The share of True among the known values, in percent, where there are min_group."""
    known = mark.values.dropna()
    if len(known) < min_group:
        return Finding(None, n=len(known), note=_too_few_known(what, len(known), "a share", min_group))
    k, n = int(known.sum()), len(known)
    return of_share(k, n, *wilson(k, n))


def _too_few_known(what: str, n: int, statistic: str, min_group: int) -> str:
    return f"{what} is known of {formats.count(n, 'patient')} here, and {statistic} needs {min_group}"


def _mutated_share(gene: str, among: Callable[[Treated], Mark] | None = None) -> Callable[[Treated, int], Finding]:
    """The share of tumours with a mutated gene, of all NSCLC or of a subset, where tumours were sequenced."""

    def finding(patients: Treated, min_group: int) -> Finding:
        mark = patients.sequenced(gene, "share")
        mark = mark if among is None else mark.among(among(patients))
        return _share(mark, mark.name, min_group)

    return finding


def _difference(
    values: Callable[[Treated], pd.Series], mark: Callable[[Treated], Mark], what: str
) -> Callable[[Treated, int], Finding]:
    """The share of True among the marked less that among the others, as a finding in fractions."""

    def finding(patients: Treated, min_group: int) -> Finding:
        marked = mark(patients)
        return share_difference(values(patients), marked.values, what=f"{what} by {marked.name}", min_group=min_group)

    return finding


def _response_share(mark: Callable[[Treated], Mark] | None = None) -> Callable[[Treated, int], Finding]:
    """The share of responses on blockade, of all or of the marked."""

    def finding(patients: Treated, min_group: int) -> Finding:
        responses = Mark(patients.response(), "response")
        responses = responses if mark is None else responses.among(mark(patients))
        return _share(responses, responses.name, min_group)

    return finding


def _next_allele(patients: Treated, min_group: int) -> Finding:
    """By how much G12C's share of KRAS carriers exceeds the next most frequent allele's, of the same carriers."""
    carriers = patients.sequenced("KRAS", "allele of KRAS").values.fillna(False).astype(bool)
    names = [name for name in ALLELES if name.startswith("KRAS")]
    alleles = pd.DataFrame({name: patients.allele(name).values for name in names})[carriers].dropna()
    if len(alleles) < min_group:
        note = _too_few_known("a carrier's protein change", len(alleles), "a rank", min_group)
        return Finding(None, n=len(alleles), note=note)
    others = alleles.drop(columns="KRAS G12C")
    return paired_difference(alleles["KRAS G12C"], others[others.mean().idxmax()])


def _burden_by_allele(patients: Treated, min_group: int) -> Finding:
    deleted = patients.allele("EGFR exon 19 deletion").among(patients.common_egfr())
    return mean_difference(
        blockade.burden(patients.cohort), deleted.values, what="tumour mutational burden", min_group=min_group
    )


def _pdl1_share_of_kras(patients: Treated, min_group: int) -> Finding:
    positive = _among(_among(Treated.pdl1, _driver("KRAS")), Treated.adenocarcinoma)(patients)
    return _share(positive, "PD-L1 in KRAS-mutated adenocarcinoma", min_group)


def _mean_survival_on_chemotherapy(patients: Treated, min_group: int) -> Finding:
    """Mean overall survival of KRAS-mutated patients in the arm of chemotherapy, years; none where patients are still
    alive when follow-up ends, for what is missed then would make the mean too short."""
    carriers = (~patients.arm()).values & patients.driver("KRAS").values
    table = patients.cohort.survival("OS")
    table = table[carriers.reindex(table.index).fillna(False).astype(bool)]
    if len(table) < min_group:
        return Finding(
            None, n=len(table), note=_too_few_known("survival on chemotherapy", len(table), "a mean", min_group)
        )
    end = table["months"].max()
    if not table.loc[table["months"] == end, "event"].all():
        alive, months = int((~table["event"]).sum()), formats.months(end)
        words = f"{alive} of {len(table)} patients were alive when last seen, the last one at {months} months"
        return Finding(None, n=len(table), note=f"a mean needs follow-up until the last death; {words}")
    row = restricted_mean(table).iloc[0]
    years = {name: float(row[name]) / MONTHS_PER_YEAR for name in ("rmst", "lower", "upper")}
    return Finding(years["rmst"], years["lower"], years["upper"], n=int(row["n"]), events=int(row["events"]))


def _stopped_in_control(patients: Treated, min_group: int) -> pd.DataFrame:
    """Patients in tumour control (CR, PR or SD) who completed blockade, and stopped for neither toxicity nor
    progression: `stopped`, months on it, and from then on `months` to progression or the last scan with `event`."""
    of = {
        name: patients.cohort.column(name, "stop of blockade followed by scans")
        for name in ("BEST_RESPONSE", "ICB_STOP_REASON", "ICB_STOP_DAYS", "PROGRESSION_DAYS", "LAST_SCAN_DAYS")
    }
    in_control = of["BEST_RESPONSE"].isin(["CR", "PR", "SD"])
    reasons = of["ICB_STOP_REASON"].astype("string").str.lower()
    stop, progression, last = (
        pd.to_numeric(of[name]) / units.DAYS_PER_MONTH
        for name in ("ICB_STOP_DAYS", "PROGRESSION_DAYS", "LAST_SCAN_DAYS")
    )
    end = progression.fillna(last)
    table = pd.DataFrame({"stopped": stop, "months": end - stop, "event": progression.notna()})
    table = table[in_control & reasons.eq("completed").fillna(False) & (end >= stop)]
    if len(table) < min_group:
        raise MissingData(
            _too_few_known(
                "a completed course of blockade in tumour control", len(table), "a mean or median", min_group
            )
        )
    return table


def _months_before_stop(patients: Treated, min_group: int) -> Finding:
    months = _stopped_in_control(patients, min_group)["stopped"]
    lower, upper = stats.t.interval(0.95, len(months) - 1, months.mean(), months.sem())
    return Finding(float(months.mean()), float(lower), float(upper), n=len(months))


def _months_to_progression_after_stop(patients: Treated, min_group: int) -> Finding:
    table = _stopped_in_control(patients, min_group)[["months", "event"]]
    return of_median(next(medians(table).itertuples()))


# Findings that are no comparison of survival, by the tail of a claim's id
OTHERS: dict[str, Callable[[Treated, int], Finding]] = {
    "response_rate": _response_share(),
    "orr_os.exon19": _response_share(_allele("EGFR exon 19 deletion")),
    "orr_os.egfr_wild_type": _response_share(_without(_driver("EGFR"))),
    "orr_os.exon19.difference": _difference(Treated.response, _deletion_or_wild_type, "response"),
    "response.egfr_pd1": _difference(Treated.response_or_benefit, _driver("EGFR"), "response or benefit"),
    "orr.stk11": _difference(Treated.response, _in_adenocarcinoma("STK11"), "response"),
    "orr.keap1": _difference(Treated.response, _in_adenocarcinoma("KEAP1"), "response"),
    "primary_resistance.stk11": _difference(Treated.no_benefit, _sequenced("STK11"), "durable benefit"),
    "clinical_benefit.9p21": _difference(Treated.benefit, Treated.loss_of_9p21, "durable benefit"),
    "pdl1.stk11": _difference(Treated.pdl1_values, _in_adenocarcinoma("STK11"), "PD-L1"),
    "pdl1.keap1": _difference(Treated.pdl1_values, _in_adenocarcinoma("KEAP1"), "PD-L1"),
    "pdl1.kras_stk11": _difference(Treated.pdl1_values, _among(_sequenced("STK11"), _driver("KRAS")), "PD-L1"),
    "tmb.exon19_l858r": _burden_by_allele,
    "kras_g12c.most_prevalent": _next_allele,
    "kras_stk11.share": _mutated_share("STK11", _sequenced("KRAS")),
    "stk11.ricciuti": _mutated_share("STK11", Treated.adenocarcinoma),
    "keap1.ricciuti": _mutated_share("KEAP1", Treated.adenocarcinoma),
    **{f"mdacc.{gene.lower()}": _mutated_share(gene) for gene in ("TP53", "KRAS", "STK11", "AR")},
    "kras.luad": _mutated_share("KRAS", Treated.adenocarcinoma),
    "kras.luad.text": _mutated_share("KRAS", Treated.adenocarcinoma),
    "kras.lscc": _mutated_share("KRAS", lambda patients: patients.of_histology([histology.LUSC], "squamous")),
    "pdl1.kras_luad": _pdl1_share_of_kras,
    "os.kras_chemo": _mean_survival_on_chemotherapy,
    "treatment.secondary_study": _months_before_stop,
    "ttp_after_stop.secondary_study": _months_to_progression_after_stop,
}

_OF_TRIAL = "only its own patients, whom no cohort here holds, can say what {} found"
_OTHER_CANCERS = "a share over other cancers, and the patients here have lung cancer"
_PLATINUM = "nobody here has a recorded response to platinum-based chemotherapy"
# Why a statement is put to no cohort in the role of patients on blockade, by the tail of a claim's id
NOT_ASKED = {
    "dfs.impower010.difference": _OF_TRIAL.format("IMpower010"),
    "dfs.impower010.pdl1": _OF_TRIAL.format("IMpower010"),
    "dfs.keynote091.difference": _OF_TRIAL.format("KEYNOTE-091"),
    "efs.checkmate816.difference": _OF_TRIAL.format("CheckMate 816"),
    "mpr.checkmate816.difference": _OF_TRIAL.format("CheckMate 816"),
    "pfs_os.pacific": _OF_TRIAL.format("PACIFIC"),
    "pfs.checkmate227.difference.text": _OF_TRIAL.format("CheckMate 227"),
    "os.checkmate9la.difference.text": _OF_TRIAL.format("CheckMate 9LA"),
    "benefit.checkmate9la.pdl1": _OF_TRIAL.format("CheckMate 9LA"),
    "orr_pfs.coast": _OF_TRIAL.format("COAST"),
    "benefit.relativity104": _OF_TRIAL.format("RELATIVITY-104"),
    "benefit.relativity104.subgroups": _OF_TRIAL.format("RELATIVITY-104"),
    "egfr_expression": "the EGFR protein was not measured here",
    "pd1_cd8.l858r_exon19": "PD-1 on CD8+ T cells was not measured in tumours with a known EGFR allele",
    "tmb_pdl1.kras_g12d": "the statement is on mice",
    "kras.pancreatic": _OTHER_CANCERS,
    "kras.crc": _OTHER_CANCERS,
    "kras.all_cancers": _OTHER_CANCERS,
    "kras.lung": "a share over all lung cancers, and the patients here have NSCLC",
    "9p21.share": _OTHER_CANCERS,
    "9p21.cdkn2a_mtap": _OTHER_CANCERS,
    "platinum.stk11": _PLATINUM,
    "platinum.keap1": _PLATINUM,
}


def findings(patients: Treated, table: pd.DataFrame, *, min_group: int = 5) -> dict[str, list[Finding]]:
    """The findings on every statement, by the tail of a claim's id, each with its reason where it has no value.

    table: as `effects` gives it.
    """
    answers = {tail: Finding(None, note=reason) for tail, reason in NOT_ASKED.items()} | effect_findings(table)
    for tail, compute in OTHERS.items():
        try:
            answers[tail] = compute(patients, min_group)
        except MissingData as reason:
            answers[tail] = Finding(None, note=str(reason))
    return {tail: [finding] for tail, finding in answers.items()}


def sentence(table: pd.DataFrame) -> str:
    """Which rows of `effects` have an interval that excludes 1, question by question."""
    named = {PROGNOSTIC: "Prognostic", MODIFIER: "Interaction of markers", TREATMENT: "Blockade against chemotherapy",
             INTERACTION: "Interaction of arm and marker"}  # fmt: skip
    said = []
    for asks, words in named.items():
        rows = table[(table["asks"] == asks) & table["hr"].notna()]
        apart = rows[(rows["lower"] > 1) | (rows["upper"] < 1)]
        if len(rows):
            list_of = "; ".join(
                f"{row.term} {formats.hazard_ratio(row.hr, row.lower, row.upper)}" for row in apart.itertuples()
            )
            said.append(
                f"{words}: {len(apart)} of {len(rows)} intervals exclude 1{f' ({list_of})' if list_of else ''}."
            )
    return " ".join(said) or "No comparison has enough patients."
