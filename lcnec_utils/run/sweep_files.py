"""Which sweeps there are, where their tables lie, and the digests of those: without pandas, as every run asks."""

from pathlib import Path

from lcnec_utils.core import params, paths, provenance

RUN = "robustness"  # whose folder of figures holds the tables of shipped sweeps


def tracked(name: str) -> tuple[str, str]:
    return f"{name}.csv", f"{name}.variations.csv"


def tracked_files() -> list[str]:
    """The names of the tables that the sweeps of params/sweeps leave in figures/robustness/."""
    return [file for name in names([]) for file in tracked(name)]


def files_of(name: str) -> tuple[Path, Path] | None:
    """A sweep's files of robustness and findings: of a shipped one those of figures/robustness/, written here or else
    tracked; of any other those of its folder. None where there are none."""
    if (paths.PARAMS / "sweeps" / f"{name}.yaml").exists():
        for folder in (paths.figures(RUN), paths.ROOT / "figures" / RUN):
            files = tuple(folder / file for file in tracked(name))
            if all(file.exists() for file in files):
                return files
        return None
    folder = paths.output_root() / "build" / "sweeps" / name
    files = folder / "robustness.csv", folder / "findings.csv"
    return files if all(file.exists() for file in files) else None


def names(asked: list[str]) -> list[str]:
    """The sweeps that a run reads: those it names; all of params/sweeps where it names none, or `all`."""
    if set(asked) <= {params.ALL_RUNS}:
        return sorted(path.stem for path in (paths.PARAMS / "sweeps").glob("*.yaml"))
    return list(asked)


def digests(asked: list[str]) -> dict[str, str]:
    """The digest of the tables of each sweep that there are, by name."""
    there = {name: files_of(name) for name in names(asked)}
    return {name: provenance.of_object([provenance.of_file(file) for file in files])
            for name, files in there.items() if files}  # fmt: skip
