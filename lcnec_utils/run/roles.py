"""Cohorts by role: where a cohort that a run names lies, a cohort read for its role, and what is said of it."""

from pathlib import Path

from lcnec_utils.cohort import histology, read
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats, params, paths, provenance
from lcnec_utils.core.errors import NotBuilt, UserError
from lcnec_utils.ledger.claims import Claim
from lcnec_utils.public import build as public
from lcnec_utils.twins import build as twins

# The source whose claims are on LCNEC, and put to no cohort that holds other tumours too
ON_LCNEC = "lcnec"
MOST_WORDS = 6  # so many words of a column are named in a note
# What is made of words that are not understood, by the end of their column's name; of any other column's, no answer
OWN_NAMES = ("REGIMEN", "SUBTYPE", "AGENT")


def find_cohort(name: str) -> Path:
    """The folder of a cohort named in a role: a built one, or the user's own, a study folder or one table of the study
    view.

    Raises NotBuilt, naming the command that builds it, where a known cohort is not built; UserError where the
    name is neither a known cohort nor a folder or file.
    """
    for maker, known in ((public, name in public.names()), (twins, twins.is_twin(name))):
        if known:
            if not (maker.folder_of(name) / maker.STAMP).exists():
                raise NotBuilt(f"cohort {name} is not built; `lcnec cohort build {name}` makes it")
            return maker.folder_of(name)
    own = paths.from_root(name)
    if own.is_dir() or own.is_file():
        return own
    raise UserError(
        f"cohort '{name}' is neither a known cohort{params.nearest(name, [*twins.names(), *public.names()])} nor a "
        "folder or file; paths are read from the project's top"
    )


def read_role(role: str, name: str, only: str = "") -> Cohort:
    """The cohort that a run names in a role: a study, or a plain table where the role is one of those.

    only: a histology (the run's parameter) to which the cohorts in the roles of LCNEC are restricted. Raises
    CohortError where the cohort holds none of it.
    """
    return provenance.once("cohort", (role, name, only), lambda key: _read_role(*key))


def _read_role(role: str, name: str, only: str) -> Cohort:
    folder = find_cohort(name)
    if role in params.TABLES:
        return read.read_table(folder, *params.TABLES[role])
    cohort = read.read_study(folder)
    return histology.restrict(cohort, only) if only and role in params.LCNEC_ROLES else cohort


def histology_fit(cohort: Cohort, role: str) -> histology.Fit | None:
    """How many of a cohort's tumours have the histology of its role; None where the role asks for none."""
    return histology.fit(cohort, *params.HISTOLOGIES[role]) if role in params.HISTOLOGIES else None


def disease_mismatch(cohort: Cohort, role: str, source: str) -> histology.Fit | None:
    """The histologies for which no claim of a source is put to a cohort in a role; None where claims are put to it.

    Claims on LCNEC are put to LCNEC alone; those of other sources wherever some tumour is of the role's histology.
    """
    fit = histology_fit(cohort, role)
    if fit is None or not (fit.none or (fit.others and source == ON_LCNEC and role not in params.ANY_SHARE)):
        return None
    return fit


def holds_own_patients(cohort: Cohort, claim: Claim) -> bool:
    """Whether a cohort has the patients whom a claim of scope `own` counts: those of the trial that it names, else the
    source's own, whom a twin simulates."""
    return cohort.stands_for == claim.trial if claim.trial else cohort.stands_for_source


def histology_notes(cohort: Cohort, role: str) -> list[str]:
    """Sentences on a cohort's histologies: whether they are those of its role, and which claims are put to it."""
    fit = histology_fit(cohort, role)
    if fit is None or not fit.n:
        return []
    if fit.unstated == fit.n:
        return [] if role in params.ANY_SHARE else [f"No column says the histology; taken as {fit.wanted}."]
    notes = []
    if fit.none:
        notes.append(f"{fit.reason}: no claim on {fit.wanted} is put to them.")
    elif fit.others and role in params.ANY_SHARE:
        notes.append(f"{fit.reason}.")
    elif fit.others:
        only = f"its {fit.kept} {fit.wanted}"
        notes.append(
            f"{fit.reason}: claims on {fit.wanted} are put only where a panel, or the run (`histology: LUNE`), "
            f"keeps to {only}."
            if role in params.LCNEC_ROLES
            else f"{fit.reason}: no claim is put to this cohort; lay {only} into a folder of their own."
        )
    if fit.unstated and role not in params.ANY_SHARE:
        notes.append(f"Of {formats.count(fit.unstated, 'tumour')} no column says the histology; taken as {fit.wanted}.")
    return notes


def unknown_word_notes(cohort: Cohort) -> list[str]:
    """Sentences on the words of a cohort's columns that are not understood, one per column that the reader's notes do
    not name already."""
    notes = []
    reading_notes = " ".join(cohort.notes)
    for column, words in sorted(cohort.words.items()):
        if f"column {column}:" in reading_notes:
            continue
        ranked = sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))
        listed = ", ".join(f"'{word}' ({n})" for word, n in ranked[:MOST_WORDS])
        more = f" and {len(ranked) - MOST_WORDS} more" if len(ranked) > MOST_WORDS else ""
        own = column.upper().endswith(OWN_NAMES)
        fate = "shown under their own names, asked no claim" if own else "no answer is made of them"
        notes.append(f"{column}: {listed}{more} not understood: {fate}.")
    return notes


def overlap_notes(role: str, cohorts: dict[str, Cohort]) -> list[str]:
    """Sentences on real patients of the cohort in a role who stand in another of these cohorts too, one per cohort."""
    notes = []
    for other, cohort in cohorts.items():
        both = len(cohorts[role].patients.index.intersection(cohort.patients.index))
        if other != role and both and not (cohort.simulated or cohorts[role].simulated):
            are = "is" if both == 1 else "are"
            notes.append(f"{both} of these patients {are} also in the role '{other}': not independent.")
    return notes
