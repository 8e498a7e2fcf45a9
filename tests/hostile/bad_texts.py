"""Claim files and gene sets that no ledger and no enrichment reads."""

from bad_base import circle, folder, pipe

HEAD = "source: mine\nseed: mine.txt\nreference: Mine et al.\norder: 9\nclaims:\n"
CLAIM = """- id: mine.fig1.median
  panel: fig1a
  statement: Median survival was 12 months.
  kind: number
  measure: median
  scope: own
  value: '12'
  unit: months
  prints: [{line: 3, numbers: ['12']}]
"""
GOOD = HEAD + CLAIM
EFFECT = CLAIM.replace("kind: number", "kind: effect")
NULL = CLAIM.replace("kind: number", "kind: null_effect").replace("measure: median", "measure: hazard_ratio")
CLAIMS = {
    "no YAML": "claims: [\n",
    "a tab": "claims:\n\t- id: a\n",
    "an empty file of claims": "",
    "a list": "- id: a\n",
    "a word": "claims\n",
    "no claims": "source: mine\nseed: mine.txt\nreference: Mine\n",
    "claims that are a word": HEAD.replace("claims:\n", "claims: many\n"),
    "a claim that is a word": HEAD + "- one\n",
    "a field nobody knows": GOOD.replace("unit:", "units:"),
    "a field of the source nobody knows": "sauce: mine\n" + GOOD,
    "no id": GOOD.replace("- id: mine.fig1.median\n  panel", "- panel"),
    "an id of one part": GOOD.replace("mine.fig1.median", "median"),
    "an id in capitals": GOOD.replace("mine.fig1.median", "Mine.Fig1"),
    "an id twice": GOOD + CLAIM,
    "a panel nobody draws": GOOD.replace("fig1a", "fig99"),
    "a kind nobody knows": GOOD.replace("kind: number", "kind: guess"),
    "a measure nobody knows": GOOD.replace("measure: median", "measure: mode"),
    "a scope nobody knows": GOOD.replace("scope: own", "scope: galaxy"),
    "a statement of a word": GOOD.replace("Median survival was 12 months.", "12 mo"),
    "a value that is a number": GOOD.replace("'12'\n  unit", "12\n  unit"),
    "numbers that are numbers": GOOD.replace("numbers: ['12']", "numbers: [12]"),
    "a line that is a word": GOOD.replace("line: 3", "line: three"),
    "a place without a line": GOOD.replace("line: 3, ", ""),
    "an effect without a direction": HEAD + EFFECT,
    "no effect without a margin": HEAD + NULL + "  direction: none\n",
    "no effect with a margin of 1": HEAD + NULL + "  direction: none\n  margin: '1'\n",
    "no effect with a margin in words": HEAD + NULL + "  direction: none\n  margin: small\n",
    "no effect that is greater": HEAD + NULL + "  direction: greater\n  margin: '1.5'\n",
    "a denominator nobody claims": GOOD + "  of: mine.other\n",
    "a trial whose patients are everybody": GOOD.replace("scope: own", "scope: general\n  trial: TRIAL-1"),
    "a relation of nobody": GOOD + "relations:\n- {type: sum, parts: [mine.none], whole: mine.fig1.median}\n",
    "a relation nobody knows": GOOD + "relations:\n- {type: love, parts: [mine.fig1.median]}\n",
    "a 13th month": GOOD.replace("Mine et al.", "2019-13-01"),
    "5,000 digits": GOOD.replace("line: 3", f"line: {'9' * 5000}"),
    "lists nested 3,000 deep": f"source: {'[' * 3000}{']' * 3000}\n",
    "a tag of Python": "source: !!python/object/apply:os.system ['true']\n",
    "a list as a name": "? [a]\n: b\n",
    "a null byte": GOOD.replace("Mine et", "Mi\0ne et"),
    "Latin-1": GOOD.replace("Mine et", "M\u00fcller et").encode("latin-1"),
    "a pipe": pipe,
    "a folder": folder,
    "a link to itself": circle,
    "nothing there": None,
}
SETS = {
    "a set of a name alone": "CELL_CYCLE\n",
    "a set without genes": "CELL_CYCLE\tof my own\n",
    "a set without a name": "\tof my own\tTP53\n",
    "sets with commas": "CELL_CYCLE,of my own,TP53,RB1\n",
    "sets with spaces": "CELL_CYCLE own TP53 RB1\n",
    "a set twice": "A\td\tTP53\nB\td\tRB1\nA\td\tKRAS\n",
    "an empty file of sets": "",
    "blank lines alone": "\n\n",
    "sets in Latin-1": "A\t\u00e9\tTP53\n".encode("latin-1"),
    "sets compressed": b"\x1f\x8b\x08\0\0\0\0\0",
    "sets with a null byte": "A\td\tTP\x0053\n",
    "sets as a web page": "<!DOCTYPE html>\n<html>\n",
    "a set of empty genes": "A\td\t\t\n",
    "sets as a pipe": pipe,
    "sets as a folder": folder,
    "sets nowhere": None,
}
