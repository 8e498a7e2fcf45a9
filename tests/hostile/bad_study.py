"""What a folder says of itself, and its timelines: cohort.yaml, targets.csv, data_timeline_*.txt."""

from bad_base import TARGETS, YAML, cell, column, drop, end, put, rename

TOX, TREAT = "data_timeline_toxicity.txt", "data_timeline_treatment.txt"
LESION = "data_timeline_lesions.txt"
LESIONS = "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tLESION\tORGAN\tKIND\tDIAMETER_MM\tAXIS\n"
CASES = {
    "a study that is no YAML": ("clinical", put(YAML, "name: [\n")),
    "a study of a list": ("clinical", put(YAML, "- name\n")),
    "a study of a word": ("clinical", put(YAML, "simulated\n")),
    "a field nobody knows": ("clinical", put(YAML, "nmae: mine\n")),
    "a field twice": ("clinical", put(YAML, "simulated: true\nsimulated: false\n")),
    "a caveat twice": ("clinical", put(YAML, "caveats:\n  variants: a\n  variants: b\n")),
    "simulated, perhaps": ("clinical", put(YAML, "simulated: perhaps\n")),
    "simulated as a number": ("clinical", put(YAML, "simulated: 0\n")),
    "a name that is a date": ("clinical", put(YAML, "name: 2019-01-01\n")),
    "a name of a 13th month": ("clinical", put(YAML, "name: 2019-13-01\n")),
    "a name that is a list": ("clinical", put(YAML, "name: [a, b]\n")),
    "a name of 5,000 digits": ("clinical", put(YAML, f"name: {'9' * 5000}\n")),
    "a name nested 3,000 deep": ("clinical", put(YAML, f"name: {'[' * 3000}{']' * 3000}\n")),
    "a name from Python": ("clinical", put(YAML, "name: !!python/object/apply:os.system ['true']\n")),
    "a list as a field": ("clinical", put(YAML, "? [a]\n: b\n")),
    "notes that are numbers": ("clinical", put(YAML, "notes: [1, 2]\n")),
    "notes that are a mapping": ("clinical", put(YAML, "notes: {a: b}\n")),
    "caveats that are a list": ("clinical", put(YAML, "caveats: [variants]\n")),
    "a caveat that is a number": ("clinical", put(YAML, "caveats: {variants: 3}\n")),
    "a caveat of no topic": ("clinical", put(YAML, "caveats: {weather: it rained}\n")),
    "two documents": ("clinical", put(YAML, "name: a\n---\nname: b\n")),
    "a tab in YAML": ("clinical", put(YAML, "caveats:\n\tvariants: a\n")),
    "an alias of nothing": ("clinical", put(YAML, "name: *other\n")),
    "targets without claims": ("clinical", put(TARGETS, "id,origin\na,b\n")),
    "targets with a decimal comma": ("clinical", put(TARGETS, "claim,origin,value\na,planted,1,5\n")),
    "targets with an open quote": ("clinical", put(TARGETS, 'claim,origin\n"a,planted\n')),
    "targets with a column twice": ("clinical", put(TARGETS, "claim,origin,origin\na,b,c\n")),
    "targets that are empty": ("clinical", put(TARGETS, "# nothing\n")),
    # timelines
    "a timeline of nobody": ("timelines", drop(TOX, "PATIENT_ID")),
    "a timeline without days": ("timelines", drop(TOX, "START_DATE")),
    "a timeline without events": ("timelines", drop(TOX, "EVENT_TYPE")),
    "a timeline of a patient nobody knows": ("timelines", cell(TOX, 2, "PATIENT_ID", "P99")),
    "a day in words": ("timelines", cell(TOX, 2, "START_DATE", "Monday")),
    "days as dates": ("timelines", column(TOX, "START_DATE", "2019-01-01")),
    "a day of 5,000 digits": ("timelines", cell(TOX, 2, "START_DATE", "9" * 5000)),
    "a day in the year 3000": ("timelines", cell(TOX, 2, "START_DATE", "358000")),
    "a day of an infinite number": ("timelines", cell(TOX, 2, "START_DATE", "inf")),
    "a toxicity of grade 9": ("timelines", cell(TOX, 2, "GRADE", "9")),
    "toxicities of grades in letters": ("timelines", column(TOX, "GRADE", "severe?")),
    "a timeline with a short row": ("timelines", end(TREAT, "P01\t5\n")),
    "a timeline's column twice": ("timelines", rename(TREAT, "LINE", "SUBTYPE")),
    "a timeline of lesions without organs": (
        "timelines",
        put(LESION, LESIONS.replace("\tORGAN", "") + "P01\t0\t\tL\tA\ttarget\t9\tlong\n"),
    ),
    "a timeline of lesions in centimetres": (
        "timelines",
        put(LESION, LESIONS + "P01\t0\t\tL\tA\tliver\ttarget\t1.2 cm\tlong\n"),
    ),
    "a timeline of lesions without a day": (
        "timelines",
        put(LESION, LESIONS + "P01\t\t\tL\tA\tliver\ttarget\t9\tlong\n"),
    ),
}
