# One rule: a notebook of a run, executed by papermill inside `lcnec execute`. Its only declared output is its record,
# which it writes last; panels are moved in before, so a skipped panel never deletes a drawn one.
#
#   lcnec run --params params/msk_met.yaml          what users call: it validates first, then calls this
#   snakemake --cores 2                             the same engine by hand, for the shipped runs
import sys
from pathlib import Path

from lcnec_utils.core import params, provenance
from lcnec_utils.run import progress, records, runs

FILES = config.get("runs") or {file.stem: str(file) for file in runs.shipped()}


rule all:
    input:
        [
            f"build/{run}/{notebook}.json"
            for run, file in FILES.items()
            for notebook in runs.notebooks_of(params.read_run(Path(file)))
        ],


rule notebook:
    input:
        # what reads the others' findings comes after them, in its own run or in those that it brings together
        lambda wildcards: [
            f"build/{run}/{name}.json"
            for run, name in runs.records_before(
                wildcards.notebook, params.read_run(Path(FILES[wildcards.run])), FILES, config.get("notebooks")
            )
        ],
    output:
        "build/{run}/{notebook}.json",
    # the longest first, so that no core is left with one of them at the end
    priority: lambda wildcards: round(progress.expected_seconds(wildcards.run, wildcards.notebook))
    params:
        file=lambda wildcards: FILES[wildcards.run],
        # content, not time stamps: a digest that changes reruns the notebook
        inputs=lambda wildcards: provenance.of_object(
            records.input_digests(wildcards.notebook, params.read_run(Path(FILES[wildcards.run])))
        ),
    shell:
        "{sys.executable:q} -m lcnec_utils.cli execute {wildcards.notebook:q} --params {params.file:q}"
