"""The command line: lcnec run | batch | execute | cohort | twin | power | claims | verify | refresh | site."""

import argparse
import errno
import os
import re
import sys
from pathlib import Path

from lcnec_utils import __version__
from lcnec_utils.core.commands import as_called, called
from lcnec_utils.core.errors import UserError

OK, FAILED, REFUSED = 0, 1, 2
ENVIRONMENT = """environment variables:
  LCNEC_OUTPUT_DIR   gets figures/ and build/ instead of the project's folder
  LCNEC_COHORTS_DIR  holds the twins and public cohorts (default: build/cohorts)
  LCNEC_DATA_DIR     holds public files, as <dataset>/<file>
  LCNEC_CACHE_DIR    keeps downloaded files (default: the user's cache)
  LCNEC_MIRROR       a URL from which files are downloaded, as <dataset>/<file>"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lcnec",
        description="Rerun the LCNEC compendium on any cohort.",
        epilog=ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lcnec-compendium {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run one params file through the notebooks; only what changed is run")
    run.add_argument("--params", required=True, type=Path, metavar="FILE", help="the run's YAML file")
    batch = commands.add_parser("batch", help="run several params files; all shipped ones where none is named")
    batch.add_argument("files", nargs="*", type=Path, metavar="FILE")
    for command in (run, batch):
        command.add_argument(
            "-n",
            "--notebook",
            action="append",
            metavar="NAME",
            help="only this notebook (02_outcomes or 02); may be repeated",
        )
        command.add_argument(
            "--cores", type=int, metavar="N", help="notebooks at a time (2, or as many `jobs` as a profile says)"
        )
    batch.add_argument(
        "--sweep",
        action="append",
        metavar="KEY=VALUES",
        help="instead run them at every value of a parameter: KEY=FROM:TO:STEP or KEY=v1,v2; several make a grid. Or "
        "the name of a sweep in params/sweeps. Tables go to build/sweeps/NAME",
    )
    batch.add_argument("--name", metavar="NAME", help="of the sweep's folder (a digest of what is swept)")
    batch.add_argument(
        "--profile", type=Path, metavar="DIR", help="a Snakemake profile, for a cluster: profiles/slurm, or a copy"
    )

    execute = commands.add_parser("execute", help="run one notebook now, whether it changed or not")
    execute.add_argument("notebook", metavar="NAME")
    execute.add_argument("--params", required=True, type=Path, metavar="FILE")

    cohort = commands.add_parser("cohort", help="build a twin or a public cohort, or judge a study folder")
    actions = cohort.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser("build", help="make twins and public cohorts; all where none is named")
    build.add_argument("names", nargs="*", metavar="NAME", help="a name of `lcnec cohort list`; a twin with another "
                       "seed as twin_cohort_1@7")  # fmt: skip
    check = actions.add_parser(
        "check", help="judge a cBioPortal study folder: every problem, and what panels it can feed"
    )
    check.add_argument("folder", type=Path, metavar="FOLDER", help="a study folder, or a table of the study view")
    check.add_argument("--json", action="store_true", help="all that was found, for machines")
    check.add_argument("--strict", action="store_true", help="refuse every oddity, also one that can be read")
    geo = actions.add_parser("geo", help="write a study folder from a user's file of GEO, as of GSE197977 (ZUMA-1)")
    geo.add_argument("file", type=Path, metavar="FILE", help="GSE…_family.soft.gz, or GSE…_series_matrix.txt.gz")
    geo.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="a folder that is not there yet")
    geo.add_argument("--platform", type=Path, metavar="FILE", help="the platform's file, beside a series matrix")
    geo.add_argument("--panel", default="", metavar="NAME", help="the nCounter panel where no title names it")
    geo.add_argument("--patient", default="", metavar="FIELD", help="the patient's field, or (…) in samples' titles")
    actions.add_parser("columns", help="print the columns that panels know")
    actions.add_parser("list", help="print the twins and the public cohorts")

    twin = commands.add_parser(
        "twin",
        help="draw any number of simulated patients, independent of one another",
        description="Draws simulated patients from the laws of a twin: for teaching, power and scale. Unlike the "
        "twins, which are conditioned on the printed summaries, a free draw varies as a sample does.",
    )
    twin.add_argument("--patients", required=True, type=int, metavar="N")
    twin.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed gives the same patients (1)")
    twin.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="a folder that is not there yet")
    twin.add_argument("--like", default="cohort_1", metavar="COHORT", help="cohort_1 (default) or cohort_2")
    for option, what in (("--regimen", "first-line regimen"), ("--subtype", "genomic subtype")):
        twin.add_argument(option, action="append", default=[], metavar="NAME=COUNT",
                          help=f"so many patients of a {what}; may be repeated, others by the shares")  # fmt: skip

    power = commands.add_parser(
        "power",
        help="how many patients a cohort needs to answer a claim, by drawing simulated ones",
        description="Draws free twins of several sizes, runs the claim's notebook on each, and prints the share of "
        "draws that answer it `equal` or `compatible`, beside the closed form. Simulated patients: what the share says "
        "is how large a cohort must be if the laws of the twin are true.",
    )
    power.add_argument("claim", metavar="CLAIM", help="a claim's id, as `lcnec claims --csv` prints them")
    power.add_argument("--patients", metavar="N,N,…", default="50,100,200,400,800", help="sizes (50,100,200,400,800)")
    power.add_argument("--draws", type=int, default=10, metavar="N", help="cohorts of each size (10)")
    power.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the first draw (1)")
    power.add_argument("--cores", type=int, metavar="N", help="notebooks at a time (2)")

    verify = commands.add_parser(
        "verify",
        help="tell current figures from stale, altered and missing ones, and why each other panel was skipped",
        description="Of a run, one line per panel: current, stale (code, parameters, claims or data are others today), "
        "altered or missing (a file is not what was written), tracked (a figure of the repository, not made here), or "
        "skipped, with the reason. Of one figure or table, wherever it lies: the same, which input moved, and the "
        "command that draws it again. Exit status 1 where any is stale, altered or missing.",
    )
    verify.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a run's .yaml, or an .svg, .png or .csv")
    verify.add_argument("--skipped", action="store_true", help="only the skipped panels, each with its reason")

    ledger = commands.add_parser("claims", help="print the ledger: what the sources claim and what each cohort answers")
    ledger.add_argument("--params", type=Path, metavar="FILE", help="the run whose answers to print (the default run)")
    ledger.add_argument("--cohort", metavar="NAME", help="only this body of evidence, by its folder's name")
    ledger.add_argument(
        "--table", metavar="SOURCE", help="instead every cell of a source's printed tables, each with its audit"
    )
    ledger.add_argument("--all", action="store_true", help="every claim over all runs, each patient counted once")
    form = ledger.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="one row per claim and cohort, as CSV")
    form.add_argument("--json", action="store_true", help="the same as JSON")

    refresh = commands.add_parser(
        "refresh", help="store the outputs of the default run in the notebooks (nbval's reference)"
    )
    refresh.add_argument("-n", "--notebook", action="append", metavar="NAME")

    site = commands.add_parser("site", help="build the pages for readers from what the runs drew; they open from disk")
    site.add_argument("--out", type=Path, metavar="FOLDER", help="where they go (build/site)")
    site.add_argument("--runs", nargs="+", metavar="NAME", help="show the figures of these runs only")
    return parser


def _run(files: list[Path] | None, notebooks: list[str] | None, cores: int | None, profile: Path | None = None) -> int:
    if cores is not None and cores < 1:
        raise UserError(f"--cores {cores}: give 1 or more")
    from lcnec_utils.run.execution import SINGLE_THREAD

    os.environ.update(SINGLE_THREAD)  # before numpy starts threads
    from lcnec_utils.core import formats, paths
    from lcnec_utils.run import progress, runs

    outcome = runs.batch(
        files or runs.shipped(), notebooks, cores, say=lambda line: print(as_called(line), flush=True), profile=profile
    )
    if not outcome.drawn and not outcome.failed:
        return FAILED  # no cohort can be had, as was said
    if not outcome.ran:
        print("Everything is current: no notebook was run.")
    drawn = sum(map(len, outcome.drawn.values()))
    skipped = sum(map(len, outcome.skipped.values()))
    where = paths.output_root() / "figures"
    print(f"\n{formats.count(drawn, 'panel')} drawn, {skipped} skipped; figures are in {where}")
    for line in progress.by_reason(outcome.skipped):
        print(as_called(f"  skipped {line}"))
    if skipped:
        named = "".join(f" {file}" for file in files or [])
        print(f"  `{called()} verify --skipped{named}` lists them panel by panel")
    for key, why in outcome.failed.items():
        print(f"  failed  {key}: {why}")
    return FAILED if outcome.failed or not drawn else OK


def _sweep(given: argparse.Namespace) -> int:
    from lcnec_utils.run.execution import SINGLE_THREAD

    os.environ.update(SINGLE_THREAD)
    from lcnec_utils.run import sweep

    asked = sweep.define(given.sweep, given.files, given.notebook, given.name)
    outcome = sweep.run(asked, given.cores, _say, given.profile)
    for key, why in outcome.failed.items():
        print(f"  failed  {key}: {why}")
    if outcome.failed:
        print("No table is written before every variation has its results; the same command runs the rest again.")
        return FAILED
    if not (outcome.folder / "robustness.csv").exists():
        return FAILED  # no cohort can be had, as was said
    print(f"{len(outcome.variations)} variations; findings.csv and robustness.csv are in {outcome.folder}")
    return OK


def _power(given: argparse.Namespace) -> int:
    from lcnec_utils.run.execution import SINGLE_THREAD

    os.environ.update(SINGLE_THREAD)
    from lcnec_utils.run import power

    sizes = power.read_sizes(given.patients)
    print(power.study(given.claim, sizes, given.draws, given.seed, given.cores, _say))
    return OK


def _say(line: str) -> None:
    print(as_called(line), flush=True)


def _execute(notebook: str, file: Path) -> int:
    from lcnec_utils.run import forks

    status = forks.ask("lcnec_utils.cli", ["execute", notebook, "--params", str(file)])
    if status is not None:
        return status
    from lcnec_utils.run import runs

    try:
        [name] = runs.choose([notebook])
        print(runs.run_one(name, file), flush=True)
    except runs.NotebookFailed as error:
        print(f"lcnec: {error}", file=sys.stderr)
        return FAILED
    return OK


def _build(names: list[str]) -> int:
    from lcnec_utils.core import params
    from lcnec_utils.public import build
    from lcnec_utils.twins import build as twins

    known = [*twins.names(), *build.names()]
    for name in names:
        if name not in known and not twins.is_twin(name):
            raise UserError(f"no cohort '{name}'{params.nearest(name, known)}; there are {', '.join(known)}")
    failed = False
    for name in names or known:
        if not names and name in build.names() and build.larger_files(name):
            print(f"{name}: of larger files; `{called()} cohort build {name}` downloads them")
            continue
        try:
            print(f"{name}: {twins.build(name) if twins.is_twin(name) else build.build(name)}")
        except UserError as error:
            failed = True
            print(f"lcnec: {name}: {error}", file=sys.stderr)
    return FAILED if failed else OK


def _counts(option: str, words: list[str]) -> dict[str, int]:
    """NAME=COUNT words of an option as numbers by name."""
    found = {}
    for word in words:
        name, _, number = word.partition("=")
        if not re.fullmatch("-?[0-9]{1,9}", number):
            raise UserError(f"{option} {word}: write NAME=COUNT, as chemotherapy=60")
        if name in found:
            raise UserError(f"{option} {name}: is given twice; keep one")
        found[name] = int(number)
    return found


def _new_folder(out: Path) -> Path:
    from lcnec_utils.core import paths

    folder = paths.as_given(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"--out {folder}: is there already; name a new folder, or delete it first")
    return folder


def _geo(given: argparse.Namespace) -> int:
    from lcnec_utils.core import paths
    from lcnec_utils.public import geo

    folder, file = _new_folder(given.out), paths.as_given(given.file)
    notes = geo.convert(file, folder, platform=given.platform, panel=given.panel, patient=given.patient)
    print("\n".join([f"{folder}: written", *notes]))
    return OK


def _twin(arguments: argparse.Namespace) -> int:
    from lcnec_utils.twins import free, studies

    regimens, subtypes = _counts("--regimen", arguments.regimen), _counts("--subtype", arguments.subtype)
    free.check_request(arguments.patients, arguments.seed, arguments.like, regimens, subtypes)
    folder = _new_folder(arguments.out)
    study = free.draw(arguments.seed, arguments.patients, arguments.like, regimens, subtypes)
    command = f"lcnec twin --patients {arguments.patients} --seed {arguments.seed} --like {arguments.like}"
    for option, words in (("--regimen", arguments.regimen), ("--subtype", arguments.subtype)):
        command += "".join(f" {option} {word}" for word in words)
    studies.write(folder, study, study.study["name"], command)
    print(f"{folder}: {len(study.patients)} simulated patients, {len(study.mutations)} mutations")
    return OK


def _check(folder: Path, as_json: bool, strict: bool) -> int:
    import json

    from lcnec_utils.run import inventory

    found = inventory.inventory(folder, strict)
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    for line in found["refused"]:
        print(line, file=sys.stderr)
    if found["refused"]:
        return REFUSED
    if not as_json:
        print(inventory.as_text(found, folder))
    return OK


def _columns() -> int:
    from lcnec_utils.cohort.dictionary import COLUMNS, STUDY_FIELDS, STUDY_FILE

    for file, columns in {**COLUMNS, STUDY_FILE: STUDY_FIELDS}.items():
        print(file)
        for name, what in columns.items():
            print(f"  {name:<26} {what}")
    return OK


def _list() -> int:
    from lcnec_utils.public import build
    from lcnec_utils.public.fetch import registry
    from lcnec_utils.twins import build as twins

    for name in twins.names():
        state = "built" if twins.is_current(name) else "not built"
        print(f"{name:<22} {twins.TITLES[name] + ', simulated':<62} {state}")

    for name in build.names():
        entry = registry()["cohorts"][name]
        state = "built" if build.is_current(name) else "not built"
        print(f"{name:<22} {entry['title']:<62} {state}")
    return OK


def _verify(files: list[Path], only_skipped: bool) -> int:
    from lcnec_utils.core import params, paths
    from lcnec_utils.run import runs, verification

    bad, why = False, []
    made = runs.runs_made()
    for file in files or [file for file in runs.shipped() if file.stem in made]:
        if verification.is_figure(file):
            judgement = verification.judge(file)
            bad |= not judgement.good
            print(as_called(f"{file}: {judgement}"))
            continue
        run, stale = params.read_run(file), {}
        for notebook, panel, state in runs.verify(run):
            bad |= state in ("stale", "altered", "missing")
            stale |= {notebook: None} if state == "stale" else {}
            if not only_skipped or state.startswith("skipped"):
                print(as_called(f"{run.run:<14} {notebook:<24} {panel:<22} {state}"))
        why += verification.stale_notebooks(run, list(stale))
    for line in why:
        print(as_called(line))
    if not files and not made:
        raise UserError(f"no figures in {paths.output_root() / 'figures'}; `make figures` makes them")
    return FAILED if bad else OK


def _refresh(wanted: list[str] | None) -> int:
    from lcnec_utils.run import runs, stored_outputs

    for name in runs.choose(wanted):
        stored_outputs.refresh(name)
        print(f"{name}: outputs stored")
    return OK


def _site(folder: Path | None, wanted: list[str] | None) -> int:
    from lcnec_utils.site import build

    site = build.build(folder, wanted)
    for note in site.notes:
        print(as_called(f"lacks: {note}"))
    print(site)
    return OK


def _claims(file: Path | None, cohort: str | None, as_csv: bool, as_json: bool) -> int:
    from lcnec_utils.core import params
    from lcnec_utils.run import records

    run = params.read_run(file) if file else params.RunParameters()
    if not any(record["findings"] for record in records.read_records(run.run)):
        raise UserError(f"run {run.run} has answered no claim yet; `lcnec run --params params/{run.run}.yaml` does")
    import pandas as pd

    from lcnec_utils.run import ledger

    table = ledger.table(run)
    known = list(dict.fromkeys(table["body"]))
    if cohort:
        if cohort not in known:
            raise UserError(
                f"no cohort '{cohort}' in {run.run}{params.nearest(cohort, known)}; there are {', '.join(known)}"
            )
        table = table[table["body"] == cohort]
    table = table.assign(audit=table["claim"].map(ledger.audit_by_claim()))
    if as_csv:
        print(table.to_csv(index=False), end="")
        return OK
    if as_json:
        print(table.to_json(orient="records", indent=1, force_ascii=False))
        return OK
    names = {"the arithmetic": "arithmetic", "it would fit": "fits"}
    slips = ledger.inconsistencies().reset_index().rename(columns=names)
    print(ledger.coverage(table, run.run).to_string())
    print(f"\nWhat the answers rest on:\n{ledger.origins(table).to_string()}")
    print(f"\nInconsistencies within the papers ({len(slips)}):")
    for row in slips.itertuples():
        fits = f" [{row.fits}]" if row.fits else ""
        print(f"  {row.severity:<13} {row.claims.split(', ')[0]}: {row.arithmetic}{fits}")
    for title, verdicts, caveat in (
        ("What the cohorts contradict", ["contradicted"], False),
        ("What they contradict, measured otherwise", ["contradicted"], True),
        ("What else they answer", ["equal", "compatible", "inconclusive"], None),
    ):
        rows = ledger.answers_table(table, verdicts, caveat)
        print(f"\n{title} ({len(rows)}):")
        for row in rows.reset_index().rename(columns={"turned by": "turned_by"}).itertuples():
            topics = ", ".join(ledger.topics_of(row.caveats))
            turns = "; ".join(words for words in (row.robust, row.turned_by and f"turned by {row.turned_by}") if words)
            print(
                f"  {row.verdict:<13} {row.origin:<12} {row.body:<20} {row.claim}: printed {row.printed}, "
                f"found {row.found}{f' [{topics}]' if topics else ''}{f' | {turns}' if turns else ''}"
            )
    print("\nWhy the rest is not answered:")
    with pd.option_context("display.max_colwidth", 90, "display.width", 160):
        print(ledger.reason_counts(table).to_string())
    return OK


def _all_runs(file: Path | None, as_csv: bool, as_json: bool) -> int:
    from lcnec_utils.core import params, paths
    from lcnec_utils.run import replication

    evidence = replication.gather(params.read_run(file or paths.PARAMS / "replication.yaml"))
    if evidence.answers.empty:
        raise UserError(replication.NO_RUN)
    table = replication.per_claim(evidence).reset_index()
    if as_csv:
        print(table.to_csv(index=False), end="")
    elif as_json:
        print(table.to_json(orient="records", indent=1, force_ascii=False))
    else:
        print(as_called(replication.as_text(evidence)))
    return OK


def _printed_tables(source: str, as_csv: bool, as_json: bool) -> int:
    from lcnec_utils.core import params
    from lcnec_utils.ledger import claims, table_cells
    from lcnec_utils.run import ledger

    tabled = [name for name, known in claims.sources().items() if known.tables]
    if source not in tabled:
        raise UserError(
            f"no source '{source}' with a table{params.nearest(source, tabled)}; there is {', '.join(tabled)}"
        )
    cells = ledger.printed_tables(source)
    if as_csv:
        print(cells.to_csv(index=False), end="")
    elif as_json:
        print(cells.to_json(orient="records", indent=1, force_ascii=False))
    else:
        print(table_cells.summary(cells).to_string())
        for row in ledger.questioned_cells(source).reset_index().itertuples():
            named = ", ".join(part for part in (row.trial, row.stratum, row.arm) if part)
            print(f"  {row.verdict:<13} {named}: {row.column} {row.printed}: {row.arithmetic}")
    return OK


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 something failed, 2 refused with one line on stderr."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command != "cohort" or arguments.action in ("build", "list"):
            from lcnec_utils.core import paths

            paths.compendium()
        match arguments.command:
            case "run":
                return _run([arguments.params], arguments.notebook, arguments.cores)
            case "batch":
                if arguments.sweep:
                    return _sweep(arguments)
                if arguments.name:
                    raise UserError("--name names a sweep; give --sweep too")
                return _run(arguments.files, arguments.notebook, arguments.cores, arguments.profile)
            case "execute":
                return _execute(arguments.notebook, arguments.params)
            case "verify":
                return _verify(arguments.files, arguments.skipped)
            case "claims":
                if arguments.table:
                    return _printed_tables(arguments.table, arguments.csv, arguments.json)
                if arguments.all:
                    return _all_runs(arguments.params, arguments.csv, arguments.json)
                return _claims(arguments.params, arguments.cohort, arguments.csv, arguments.json)
            case "refresh":
                return _refresh(arguments.notebook)
            case "site":
                return _site(arguments.out, arguments.runs)
            case "twin":
                return _twin(arguments)
            case "power":
                return _power(arguments)
        match arguments.action:
            case "build":
                return _build(arguments.names)
            case "check":
                return _check(arguments.folder, arguments.json, arguments.strict)
            case "geo":
                return _geo(arguments)
            case "columns":
                return _columns()
            case _:
                return _list()
    except UserError as error:
        print(f"lcnec: {as_called(str(error))}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:
        return OK
    except OSError as error:
        # the disk's state, which a person mends; anything else is a fault of ours and shows where
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG):
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"lcnec: {where}cannot be written ({error.strerror}); mend that and give the command again, it goes on "
              "where it stopped", file=sys.stderr)  # fmt: skip
        return FAILED
    except KeyboardInterrupt:
        print("lcnec: interrupted; the next run goes on where this one stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
