"""Mutants of Python files by the operators of Cosmic Ray; run by mutants.py in an environment that has it.

    python mutations.py SEED NUMBER FILE …

Prints JSON: per mutant the file, the operator, the line, and the whole changed text. Places are drawn at random, by
lines of code so that no one line with many operators outweighs others. What changes nothing but annotations is no
mutant.
"""

import ast
import json
import random
import sys
from pathlib import Path

import cosmic_ray.plugins
import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.mutating import mutate_code

# These change what no test could notice, or make code that cannot be imported
LEFT_OUT = ("RemoveDecorator", "NoOp", "VariableReplacer", "VariableInserter")
# Of a comparison: its border moved, or turned round
COMPARED = {
    "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt", "Eq_NotEq", "NotEq_Eq", "Is_IsNot",
    "IsNot_Is", "In_NotIn", "NotIn_In",
}  # fmt: skip


def plain(text: str) -> str:
    """A module without its annotations and docstrings, to be compared."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
            every = [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs, node.args.vararg, node.args.kwarg]
            for argument in filter(None, every):
                argument.annotation = None
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        if isinstance(node, ast.Raise):  # which error is raised is tested, its words are not what this asks
            node.cause = None
    return ast.dump(tree)


def places(path: Path) -> list[tuple[str, int, int]]:
    """Where a file can be mutated: operator, which of its occurrences, line."""
    found, nodes = [], list(ast_nodes(parso.parse(path.read_text(encoding="utf-8"))))
    for name in sorted(cosmic_ray.plugins.operator_names()):
        kind, _, pair = name.rpartition("/")[2].partition("Operator_")
        if any(word in name for word in LEFT_OUT) or (kind == "ReplaceComparison" and pair not in COMPARED):
            continue
        operator, number = cosmic_ray.plugins.get_operator(name)(), 0
        for node in nodes:
            for start, _ in operator.mutation_positions(node):
                found.append((name, number, start[0]))
                number += 1
    return found


def mutants(paths: list[Path], number: int, seed: int) -> list[dict]:
    """So many mutants, drawn over all lines of the files that can be mutated."""
    draw, lines = random.Random(seed), {}
    for path in paths:
        for operator, occurrence, line in places(path):
            lines.setdefault((str(path), line), []).append((operator, occurrence))
    result, order = [], sorted(lines)
    draw.shuffle(order)
    for file, line in order:
        if len(result) == number:
            break
        text = Path(file).read_text(encoding="utf-8")
        name, occurrence = draw.choice(lines[file, line])
        changed = mutate_code(text, cosmic_ray.plugins.get_operator(name)(), occurrence)
        if changed is None:
            continue
        try:
            if plain(changed) == plain(text):
                continue
        except SyntaxError:
            continue
        result.append({"file": file, "line": line, "operator": name.partition("/")[2], "text": changed})
    return result


if __name__ == "__main__":
    seed, number, *files = sys.argv[1:]
    json.dump(mutants([Path(file) for file in files], int(number), int(seed)), sys.stdout)
