"""Mutations, copy number, rearrangements and gene panels of a study folder, as cBioPortal's importer loads them."""

import collections
import re

import numpy as np
import pandas as pd

from lcnec_utils.cohort import words
from lcnec_utils.cohort.clinical import OF_SAMPLES, Column, Identifiers, missing, quoted
from lcnec_utils.cohort.dictionary import (
    BUILD_NAMES,
    COLUMNS,
    ENTREZ,
    ISOFORMS,
    MUTATION_FILE,
    PREVIOUS_SYMBOLS,
    column_names,
)
from lcnec_utils.cohort.files import Source, table_of
from lcnec_utils.cohort.model import Reading
from lcnec_utils.cohort.tables import fields_of, read_tsv

SYMBOL_OF_ENTREZ = {str(number): symbol for number, symbol in ENTREZ.items()}
POSITION = ["Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2"]
MUTATION_COLUMNS = [
    *COLUMNS[MUTATION_FILE], "NCBI_Build", *POSITION, "End_Position", "Tumor_Seq_Allele1", "t_alt_count", "t_depth",
    "t_ref_count",
]  # fmt: skip
PROTEIN = ["HGVSp_Short", "Amino_Acid_Change", "HGVSp", "Protein_Change", "AAChange", "AAChange.refGene", "AA_Change"]
JUDGEMENTS = {"PATHOGENICITY": "pathogenicity", "ONCOGENIC": "oncogenic", "cbp_driver": "driver"}
STATUSES = {"Mutation_Status": "mutation_status", "Validation_Status": "validation_status"}
# as the importer knows them; a mitochondrion is MT and nothing else
NUMBERED = [*(str(number) for number in range(1, 25)), "X", "Y"]
CHROMOSOMES = {*NUMBERED, *(f"CHR{name}" for name in NUMBERED), "MT", "NA", ""}
NOT_LOADED = ("silent", "intron", "igr", "3'utr", "5'utr", "3'flank", "5'flank")
PROMOTERS = {"5'flank", "5'_flank", "upstream_gene_variant", "upstream", "promoter"}
NULL_SYMBOLS = {"", "NA", "Unknown", "UNKNOWN", ".", "-", "---"}
LEVELS = [-2.0, -1.5, -1.0, 0.0, 1.0, 2.0]
NO_LEVEL = "is no discrete copy number; give -2, -1.5, -1, 0, 1, 2 or leave it empty"
SMALL_LETTERS = re.compile(r"C[0-9XY]+orf[0-9]+")


def symbol_of(symbol: str, entrez: str = "") -> tuple[str, str]:
    """The approved symbol that a symbol and an Entrez identifier mean, and what was made of it: "", or a word for the
    note (previous, small, isoform, entrez, mismatch, date, unknown). A symbol of "" cannot be told.

    Entrez's identifier counts before the symbol, as cBioPortal reads them, where the table of the dictionary holds it.
    """
    name = symbol.split("|")[0].strip()
    entrez = re.sub(r"\.0$", "", entrez.strip())
    by_entrez = SYMBOL_OF_ENTREZ.get(entrez)
    if name in NULL_SYMBOLS or re.fullmatch(r"\d+(\.0)?", name):
        found = by_entrez or SYMBOL_OF_ENTREZ.get(re.sub(r"\.0$", "", name))
        return (found, "entrez") if found else ("", "unknown")
    if words.is_excel_date(name):
        return (by_entrez, "entrez") if by_entrez else ("", "date")
    if re.fullmatch(r"ENS[GT]\d{6,}(\.\d+)?", name):
        return (by_entrez, "entrez") if by_entrez else ("", "unknown")
    how = ""
    if ISOFORMS.fullmatch(name):
        name, how = "CDKN2A", "isoform"
    elif re.search("[a-z]", name) and not SMALL_LETTERS.fullmatch(name):
        name, how = name.upper(), "small"
    if name in PREVIOUS_SYMBOLS:
        name, how = PREVIOUS_SYMBOLS[name], "previous"
    if by_entrez and by_entrez != name:
        return by_entrez, "mismatch" if how == "" else how
    return name, how


def _symbols(file: str, table: pd.DataFrame, what: str, reading: Reading) -> pd.Series:
    """The approved symbol of each row of a table; "" where it cannot be told. What changes is counted."""
    symbol = table["Hugo_Symbol"] if "Hugo_Symbol" in table else pd.Series("", table.index)
    entrez = table["Entrez_Gene_Id"] if "Entrez_Gene_Id" in table else pd.Series("", table.index)
    # an identifier beside a symbol says something only where the dictionary holds it: few pairs are left to read
    entrez = entrez.where(entrez.isin(SYMBOL_OF_ENTREZ) | symbol.isin(NULL_SYMBOLS) | entrez.str.endswith(".0"), "")
    if table.empty:
        return pd.Series([], table.index, dtype=object)
    codes, pairs = pd.factorize(symbol.str.cat(entrez, sep="\t"))
    distinct = [tuple(pair.split("\t")) for pair in pairs]
    read = [symbol_of(*pair) for pair in distinct]
    counts = np.bincount(codes, minlength=len(distinct))
    by_kind = collections.defaultdict(int)
    strange: dict[str, int] = {}
    nameless = 0
    for (name, how), (old, number), count in zip(read, distinct, counts, strict=True):
        by_kind[how] += int(count)
        if not name and (old not in NULL_SYMBOLS or number not in ("", "0", "NA")):
            strange[old if old not in NULL_SYMBOLS else f"Entrez {number}"] = int(count)
        elif not name and old != "Unknown":  # calls between genes are counted where they are left out
            nameless += int(count)
    reading.strange("Hugo_Symbol", strange)
    total = f"of {len(table)} {what}"
    for how, said in (
        ("small", "give the gene in small letters: read as capitals"),
        ("previous", "carry a previous gene symbol (as MLL2 for KMT2D)"),
        ("isoform", "name an isoform of CDKN2A: read as the gene"),
        ("entrez", "name the gene by its Entrez identifier only"),
        ("mismatch", "give a symbol that is not that of their Entrez identifier, which counts"),
    ):
        if by_kind[how]:
            reading.note(f"{by_kind[how]} {total} {said}")
    if nameless:
        reading.note(f"{nameless} {total} name no gene and are left out, as cBioPortal does")
    if strange:
        dates = sum(count for name, count in strange.items() if words.is_excel_date(name))
        why = f"; {dates} are dates that a spreadsheet made of gene symbols" if dates else ""
        reading.odd(
            f"{sum(strange.values())} {total} name no gene that can be told ({quoted(strange)}) and are left out, as "
            f"cBioPortal does{why}"
        )
    return pd.Series(np.array([name for name, _ in read], dtype=object)[codes], table.index)


def read_mutations(source: Source | None, identifiers: Identifiers, reading: Reading):
    """The mutation rows that count, each once, under approved symbols; every gene that any row names; and the samples
    that the file's own line `#sequenced_samples:` lists.

    Returns (None, None, set()) where there is no file or it is refused.
    """
    nothing = (None, None, set())
    if source is None:
        return nothing
    file = source.path.name
    wanted = {name.lower() for name in [*MUTATION_COLUMNS, *PROTEIN]} | _spellings()
    table = read_tsv(source.path, reading, columns=wanted, keep_nulls=True, may_be_empty=True)
    if table is None:
        return nothing
    in_header = _sequenced_in(table.attrs.get("comments", []))
    table = _named_columns(source, table, reading)
    if not _judge_mutations(file, table, reading):
        return nothing
    samples = identifiers.resolve(file, "Tumor_Sample_Barcode", table["Tumor_Sample_Barcode"], reading)
    if samples is None:
        return nothing
    table["Tumor_Sample_Barcode"] = samples
    symbols = _symbols(file, table, "mutation rows", reading)
    unnamed = symbols == ""
    if "Hugo_Symbol" in table:
        unnamed &= table["Hugo_Symbol"] != "Unknown"
    if unnamed.sum() > max(1, 0.5 * len(table)):
        row = symbols.index[unnamed][0]
        cell = table.at[row, "Hugo_Symbol"] if "Hugo_Symbol" in table else ""
        reading.refuse(
            file,
            f"'{cell}' is an identifier of Entrez or Ensembl and no symbol; give the HGNC symbol",
            row,
            "Hugo_Symbol",
        )
        return nothing
    seen = set(symbols.unique()) - {""}  # of rows that are not loaded, and of normals, too: their gene was looked at
    of_normals = int((samples == "").sum())
    if of_normals:
        reading.note(f"{of_normals} of {len(table)} mutation rows are of normal tissue: left out")
        table = table[samples != ""]
    table = _loaded(table, file, reading)
    symbols = symbols.loc[table.index]
    table = table.assign(Hugo_Symbol=symbols)[symbols != ""]
    table = _changing(table, source.meta, reading)
    table = _frequencies(file, _judged(file, table, reading), reading)
    _protein_changes(table)
    return _once(table, reading).reset_index(drop=True), seen, in_header


def _sequenced_in(comments: list[str]) -> set[str]:
    """The samples that a line `#sequenced_samples:` above a MAF's header lists."""
    found: set[str] = set()
    for line in comments:
        match = re.match(r"#\s*sequenced_samples:(.*)", line, re.I)
        found |= set(match[1].split()) if match else set()
    return found


def _spellings() -> set[str]:
    from lcnec_utils.cohort.dictionary import _DICTIONARY

    names = (
        "Hugo_Symbol",
        "Tumor_Sample_Barcode",
        "Variant_Classification",
        "Chromosome",
        "Start_Position",
        "End_Position",
    )
    return {other.lower() for name in names for other in _DICTIONARY["aliases"][name]}


def _named_columns(source: Source, table: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """The table under MAF's names, and the columns of the file that are not used."""
    file = source.path.name
    names = column_names(list(table.columns), [name for name in MUTATION_COLUMNS if name != "HGVSp_Short"])
    names |= {name: "HGVSp_Short" for name in table.columns if name.lower() == "hgvsp_short"}
    renamed = {old: new for old, new in names.items() if old != new}
    if any(old.lower() != new.lower() for old, new in renamed.items()):
        reading.note(f"{file}: read {', '.join(f'{new} from {old!r}' for old, new in renamed.items())}")
    reading.used[file] = [name for name in table.columns if name in names or name in PROTEIN]
    table = table.rename(columns=renamed)
    known = table.columns.intersection([*MUTATION_COLUMNS, *PROTEIN])
    table = table[known].copy()
    for name in known:
        if name not in POSITION[2:] and name != "Tumor_Seq_Allele1":
            nulls = table[name].isin(["NA", "N/A", "[Not Available]", "NULL", "null", "nan", "NaN", "na"])
            if name == "Hugo_Symbol":
                nulls &= False
            if nulls.any():
                table[name] = table[name].mask(nulls, "")
    return table


def _judge_mutations(file: str, table: pd.DataFrame, reading: Reading) -> bool:
    """Whether a mutation table can be read: who and which gene each row is of, one genome build."""
    for name, instead in (("Tumor_Sample_Barcode", ()), ("Hugo_Symbol", ("Entrez_Gene_Id",))):
        if name not in table and not any(other in table for other in instead):
            reading.refuse(file, "is missing; add it", column=name)
            return False
    if "Hugo_Symbol" in table:
        empty = (table["Hugo_Symbol"] == "") & (
            (table["Entrez_Gene_Id"].isin(["", "0"])) if "Entrez_Gene_Id" in table else True
        )
        if empty.any():
            reading.refuse(
                file, "is empty; every row needs a gene symbol", row=int(table.index[empty][0]), column="Hugo_Symbol"
            )
            return False
    if "NCBI_Build" in table:
        build = table["NCBI_Build"].str.lower().replace(BUILD_NAMES)
        builds = sorted(set(build) - {""})
        if len(builds) > 1:
            row = int(table.index[build == builds[1]][0])
            message = f"mixes the genome builds {' and '.join(builds)}; lift all calls to one"
            reading.refuse(file, message, row=row, column="NCBI_Build")
            return False
    return True


def _loaded(table: pd.DataFrame, file: str, reading: Reading) -> pd.DataFrame:
    """The rows that cBioPortal's importer loads, by status, chromosome and symbol; the others are counted."""
    total = len(table)
    for name, vocabulary in STATUSES.items():
        if name not in table:
            continue
        listed = words.vocabularies()[vocabulary]
        meaning = {cell: listed.get(re.sub(r"[\s_-]+", " ", cell.lower())) for cell in table[name].unique() if cell}
        counts = table[name].value_counts()
        strange = {
            cell: int(counts[cell]) for cell, said in meaning.items() if said is None and not words.is_null(cell)
        }
        reading.strange(name, strange)
        if strange:
            reading.odd(
                f"{file}, column {name}: {quoted(strange)}: not understood; the rows are loaded, as cBioPortal does"
            )
        gone = table[name].map(meaning) == "not loaded"
        if gone.any():
            said = ", ".join(sorted(set(table.loc[gone, name])))
            reading.note(f"{int(gone.sum())} of {total} mutation rows have {name} {said}: not loaded, as in cBioPortal")
            table = table[~gone]
        germline = table[name].str.lower() == "germline" if name == "Mutation_Status" else pd.Series(False, table.index)
        if germline.any():
            reading.note(
                f"{int(germline.sum())} of {total} mutation rows are of the germline: they count, as in cBioPortal"
            )
    if "Chromosome" in table:
        gone = ~table["Chromosome"].str.upper().isin(CHROMOSOMES)
        if gone.any():
            strange = quoted(dict(table.loc[gone, "Chromosome"].value_counts()))
            reading.odd(f"{int(gone.sum())} of {total} mutation rows are on no chromosome ({strange}): not loaded")
            table = table[~gone]
    if "Hugo_Symbol" in table:
        nowhere = table["Hugo_Symbol"].eq("Unknown")
        if "Entrez_Gene_Id" in table:
            nowhere &= table["Entrez_Gene_Id"].isin(["0", ""])
        if nowhere.any():
            reading.note(
                f"{int(nowhere.sum())} of {total} mutation rows lie between genes: not loaded, as in cBioPortal"
            )
            table = table[~nowhere]
    return table


def _changing(table: pd.DataFrame, meta: dict[str, str], reading: Reading) -> pd.DataFrame:
    """The rows that change a protein, and mutations of TERT's promoter; words that no list knows are named and stay."""
    if "Variant_Classification" not in table:
        reading.note("mutations come without consequence: every call counts, variants of unknown significance included")
        return table
    column = table["Variant_Classification"]
    counts = column.value_counts()
    filtered = {word.strip() for word in meta.get("variant_classification_filter", "").split(",")} - {""}
    silent, strange = set(), collections.Counter()
    for cell, count in counts.items():
        kind, unknown = words.consequence(cell)
        # the importer looks at how a word begins; of combined words the most severe counts
        begins = cell.lower().startswith(NOT_LOADED) and not re.search(r"[&,;|+/]", cell)
        for part in unknown:
            strange[part] += int(count)
        silently = begins or (kind == "" and not unknown)
        if cell in filtered or (not filtered and silently) or cell.lower() == "rna":
            silent.add(cell)
    reading.strange("Variant_Classification", strange)
    if strange:
        reading.odd(
            f"Variant_Classification: {quoted(strange)}: no known consequence; these {sum(strange.values())} rows "
            "count as mutations, as in cBioPortal, but for words that begin with one that is not loaded"
        )
    gone = column.isin(silent)
    if not filtered:
        promoter = column.str.lower().isin(PROMOTERS) | column.str.lower().str.startswith("5'flank")
        gone &= ~((table["Hugo_Symbol"] == "TERT") & promoter)
    if gone.any():
        why = (
            "are filtered by variant_classification_filter"
            if filtered
            else "change no protein (silent, intron, UTR, flank)"
        )
        reading.note(f"{int(gone.sum())} of {len(table)} mutation rows {why}: left out")
    return table[~gone]


def _judged(file: str, table: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """The table with the columns that judge a mutation read by their vocabularies; an unknown word does not count."""
    table = table.copy()
    for name, vocabulary in JUDGEMENTS.items():
        if name not in table or not (table[name] != "").any():
            continue
        listed = words.vocabularies()[vocabulary]
        counts = collections.Counter(table[name][table[name] != ""])
        meaning = {
            cell: listed.get(re.sub(r"[\s_-]+", " ", cell.lower()), "" if words.is_null(cell) else None)
            for cell in counts
        }
        # a known word in another spelling (LP, class 4, Benign/Likely_benign) as its meaning, a null word as empty
        respelled = {
            cell: said for cell, said in meaning.items() if said is not None and cell.lower().replace("_", " ") != said
        }
        table[name] = table[name].replace(respelled)
        odd = {cell: count for cell, count in counts.items() if meaning[cell] is None}
        reading.strange(name, odd)
        if sum(odd.values()) > max(1, 0.1 * sum(counts.values())):
            reading.refuse_column(
                file, name, f"{quoted(odd)}: not understood; write {', '.join(dict.fromkeys(listed.values()))}"
            )
            table = table.drop(columns=name)
        elif odd:
            reading.odd(f"{file}, column {name}: {quoted(odd)}: not understood; these mutations do not count as judged")
            table[name] = table[name].mask(table[name].isin(odd), "")
    return table


def _frequencies(file: str, table: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """The table with gnomAD's frequencies as text of numbers from 0 to 1; a cell that is none is empty and named."""
    if "GNOMAD_AF" not in table:
        return table
    cells = table["GNOMAD_AF"].mask(table["GNOMAD_AF"].map(words.is_null), "")
    column = Column(file, "GNOMAD_AF", cells, reading)
    meaning = {cell: cell if (read := words.number(cell)) and 0 <= read[0] <= 1 else None for cell in column.counts}
    read = column.by_word(meaning, "no frequency from 0 to 1", "give it as a fraction, or leave the cell empty")
    return table.drop(columns="GNOMAD_AF") if read is None else table.assign(GNOMAD_AF=read.fillna(""))


def _protein_changes(table: pd.DataFrame) -> None:
    """HGVSp_Short in one notation, from the first of PROTEIN that says a change; only where the file has any."""
    change = None
    for name in PROTEIN:
        if name in table:
            codes, distinct = pd.factorize(table[name])
            said = words.PLAIN_CHANGE.fullmatch
            each = [cell if said(cell) else words.protein_change(cell) for cell in distinct]
            read = np.array(each, dtype=object)[codes] if len(distinct) else []
            read = pd.Series(read, table.index, dtype=object)
            change = read if change is None else change.mask(change == "", read)
    if change is not None:
        table["HGVSp_Short"] = change


def _once(table: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Each call once; one without a position cannot be told from the next, and both stay."""
    if not set(POSITION) <= set(table.columns):
        return table
    located = (table[POSITION] != "").all(axis=1)
    again = located & table.duplicated(["Tumor_Sample_Barcode", "Hugo_Symbol", *POSITION])
    if again.any():
        reading.note(f"{int(again.sum())} of {len(table)} mutation rows repeat a call and are counted once")
    return table[~again]


# --- copy number


def _long(table: pd.DataFrame, file: str, identifiers: Identifiers, reading: Reading) -> pd.DataFrame | None:
    """Copy number in rows (gene, sample, value) as a matrix of text with the rows of the genes."""
    names = {name.lower(): name for name in table.columns}
    sample, value = (next((names[key] for key in keys if key in names), None)
                     for keys in (("sample_id", "tumor_sample_barcode"), ("value",)))  # fmt: skip
    if sample is None or value is None:
        reading.refuse(file, "is missing; add it", column="Sample_Id" if sample is None else "Value")
        return None
    samples = identifiers.resolve(file, sample, table[sample], reading)
    if samples is None:
        return None
    levels = pd.to_numeric(table[value], errors="coerce")
    for row in table.index[(table[value] != "") & ~levels.isin(LEVELS)][:1]:
        reading.refuse(file, f"'{table.at[row, value]}' {NO_LEVEL}", int(row), value)
        return None
    table = table.assign(**{sample: samples})[samples != ""]
    gene = "Hugo_Symbol" if "Hugo_Symbol" in table else "Entrez_Gene_Id"
    twice = table.drop_duplicates([gene, sample, value]).duplicated([gene, sample])
    if twice.any():
        row = int(twice.index[twice][0])
        same = (table[gene] == table.at[row, gene]) & (table[sample] == table.at[row, sample])
        message = f"gene '{table.at[row, gene]}' has another value of sample '{table.at[row, sample]}' in row "
        message += f"{table.index[same][0]}; keep one"
        reading.refuse(file, message, row=row, column=value)
        return None
    matrix = table.pivot_table(index=gene, columns=sample, values=value, aggfunc="first", sort=False).fillna("")
    rows = table.drop_duplicates(gene).set_index(gene)
    result = matrix.reset_index().rename_axis(None, axis=1)
    if gene == "Hugo_Symbol" and "Entrez_Gene_Id" in rows:
        result.insert(1, "Entrez_Gene_Id", rows["Entrez_Gene_Id"].reindex(matrix.index).to_numpy())
    result.index = (
        table.groupby(gene, sort=False).apply(lambda part: part.index[0], include_groups=False).reindex(matrix.index)
    )
    return result


def read_copy_number(source: Source | None, long: bool, identifiers: Identifiers, reading: Reading):
    """Discrete copy number, genes × samples, -2 to 2, each gene once; None where there is no file or it is refused.

    Rows that come to one symbol are merged: an altered value stands over a 0 or an empty cell.
    """
    table = table_of(source, reading)
    if table is None:
        return None
    file = source.path.name
    table = table.rename(
        columns={
            name: known
            for name in table.columns
            for known in ("Hugo_Symbol", "Entrez_Gene_Id", "Cytoband")
            if name.lower() == known.lower()
        }
    )
    if "Hugo_Symbol" not in table and "Entrez_Gene_Id" not in table:
        reading.refuse(file, "is missing; add it", column="Hugo_Symbol")
        return None
    if long or {"value", "sample_id"} <= {name.lower() for name in table.columns}:
        table = _long(table, file, identifiers, reading)
        if table is None:
            return None
    reading.used[file] = [name for name in ("Hugo_Symbol", "Entrez_Gene_Id") if name in table]
    symbols = _symbols(file, table, "copy-number rows", reading)
    values = table.drop(columns=["Hugo_Symbol", "Entrez_Gene_Id", "Cytoband", "Locus ID"], errors="ignore")
    samples = identifiers.resolve(file, OF_SAMPLES, pd.Series(values.columns, values.columns), reading)
    if samples is None:
        return None
    values = values.loc[:, (samples != "").to_numpy()]
    values.columns = list(samples[samples != ""])
    if values.columns.has_duplicates:
        twice = values.columns[values.columns.duplicated()][0]
        reading.refuse(file, f"sample '{twice}' has two columns; keep one")
        return None
    if values.shape[1] == 0:
        reading.refuse(file, "has no column of a sample; add them, or take the file away")
        return None
    numeric = values.apply(lambda cells: pd.to_numeric(cells, errors="coerce"))
    strange = (values != "") & ~numeric.isin(LEVELS)
    if strange.to_numpy().any():
        row, column = np.argwhere(strange.to_numpy())[0]
        message = f"'{values.iat[row, column]}' {NO_LEVEL}"
        reading.refuse(file, message, row=int(table.index[row]), column=str(values.columns[column]))
        return None
    numeric = numeric.replace(-1.5, -2)  # a possible deep deletion, which cBioPortal imports as one
    merged = _merge(numeric[symbols != ""], symbols[symbols != ""], file, reading)
    return None if merged is None else merged.rename_axis("Hugo_Symbol")


def _merge(numeric: pd.DataFrame, symbols: pd.Series, file: str, reading: Reading) -> pd.DataFrame | None:
    """Rows of one symbol as one; a sample with two different altered values in them is refused, naming both rows."""
    once = ~symbols.duplicated(keep=False)
    parts = [numeric[once].set_axis(symbols[once])]
    several = symbols[~once]
    for name, rows in several.groupby(several, sort=False).groups.items():
        levels = numeric.loc[rows]
        altered = levels.where(levels != 0)
        least, most = altered.min(), altered.max()
        torn = least != most
        torn &= least.notna()
        if torn.any():
            sample = torn.index[torn][0]
            first, second = (
                altered[sample].dropna().index[:1][0],
                altered.index[altered[sample].notna() & (altered[sample] != altered[sample].dropna().iloc[0])][0],
            )
            message = f"gene '{name}' has other values of sample '{sample}' in row {first}; keep one"
            reading.refuse(file, message, row=int(second), column="Hugo_Symbol")
            return None
        filler = levels.max().where(levels.notna().any(), np.nan)
        parts.append(most.fillna(filler).to_frame(name).T)
    if len(several):
        reading.note(
            f"{len(several)} copy-number rows come to {several.nunique()} symbols: merged, an altered value over a 0"
        )
    merged = pd.concat(parts)
    order = list(dict.fromkeys(symbols))
    return merged.loc[order]


# --- rearrangements

SV_COLUMNS = {
    "Sample_Id": ["sample_id", "tumor_sample_barcode", "sample"],
    "Site1_Hugo_Symbol": ["site1_hugo_symbol", "site1_gene", "gene1"],
    "Site2_Hugo_Symbol": ["site2_hugo_symbol", "site2_gene", "gene2"],
    "Site1_Entrez_Gene_Id": ["site1_entrez_gene_id"],
    "Site2_Entrez_Gene_Id": ["site2_entrez_gene_id"],
}


def read_structural_variants(source: Source | None, identifiers: Identifiers, reading: Reading) -> pd.DataFrame | None:
    """Structural variants with Sample_Id, Site1_Hugo_Symbol and Site2_Hugo_Symbol ("" where a site has no gene)."""
    table = table_of(source, reading, may_be_empty=True)
    if table is None:
        return None
    file = source.path.name
    lower = {name.lower(): name for name in table.columns}
    renamed = {lower[key]: name for name, keys in SV_COLUMNS.items() for key in keys[::-1] if key in lower}
    table = table.rename(columns=renamed)
    for name in ("Sample_Id",):
        if name not in table:
            reading.refuse(file, "is missing; add it", column=name)
            return None
    samples = identifiers.resolve(file, "Sample_Id", table["Sample_Id"], reading)
    if samples is None:
        return None
    reading.used[file] = [name for name in table.columns if name in SV_COLUMNS]
    table = table.assign(Sample_Id=samples)[samples != ""].copy()
    for site in ("Site1", "Site2"):
        part = pd.DataFrame({
            "Hugo_Symbol": table.get(f"{site}_Hugo_Symbol", pd.Series("", table.index)),
            "Entrez_Gene_Id": table.get(f"{site}_Entrez_Gene_Id", pd.Series("", table.index)),
        })  # fmt: skip
        named = ~part["Hugo_Symbol"].isin(NULL_SYMBOLS) | ~part["Entrez_Gene_Id"].isin(["", "0"])
        table[f"{site}_Hugo_Symbol"] = ""
        if named.any():
            table.loc[named, f"{site}_Hugo_Symbol"] = _symbols(
                file, part[named], f"sites {site[-1]} of structural variants", reading
            )
    return table.reset_index(drop=True)


def read_fusions(source: Source | None, identifiers: Identifiers, reading: Reading) -> pd.DataFrame | None:
    """Fusions of cBioPortal's older format (a row per gene, the fusion in words) as structural variants, one row per
    fusion of a sample."""
    table = table_of(source, reading)
    if table is None:
        return None
    file = source.path.name
    for name in ("Hugo_Symbol", "Tumor_Sample_Barcode", "Fusion"):
        if name not in table:
            reading.refuse(file, "is missing; add it", column=name)
            return None
    samples = identifiers.resolve(file, "Tumor_Sample_Barcode", table["Tumor_Sample_Barcode"], reading)
    if samples is None:
        return None
    reading.used[file] = ["Hugo_Symbol", "Tumor_Sample_Barcode", "Fusion"]
    table = table.assign(Sample_Id=samples, gene=_symbols(file, table, "fusion rows", reading))
    table = table[(samples != "") & (table["gene"] != "")]
    rows = []
    for (sample, fusion), part in table.groupby(["Sample_Id", "Fusion"], sort=False):
        genes = list(dict.fromkeys([*part["gene"], *_partners(fusion, part["gene"].iloc[0])]))
        rows.append(
            {
                "Sample_Id": sample,
                "Site1_Hugo_Symbol": genes[0],
                "Site2_Hugo_Symbol": genes[1] if len(genes) > 1 else genes[0],
                "Event_Info": fusion,
            }
        )
    return pd.DataFrame(rows, columns=["Sample_Id", "Site1_Hugo_Symbol", "Site2_Hugo_Symbol", "Event_Info"])


def _partners(fusion: str, gene: str) -> list[str]:
    """The genes that a fusion's words name, as EML4-ALK fusion, where one of them is the row's own gene."""
    match = re.match(r"([A-Z0-9]+)\s*(?:-|::|/|_)\s*([A-Z0-9]+)\b", fusion)
    pair = [symbol_of(name)[0] for name in match.groups()] if match else []
    return pair if gene in pair else []


# --- panels


def read_panel_genes(sources: list[Source], reading: Reading) -> dict[str, set[str]]:
    """The genes of each panel whose list the folder holds, under approved symbols."""
    panels: dict[str, set[str]] = {}
    for source in sources:
        fields, file = fields_of(source.path, reading), source.path.name
        if name := fields.get("stable_id"):
            listed = re.split(r"[\s,;]+", fields.get("gene_list", "").strip())
            genes = {symbol_of(gene)[0] for gene in listed if gene} - {""}
            if not genes:  # every tumour on it would count as profiled for nothing
                reading.refuse(file, "names no gene; write `gene_list:` and the symbols, or delete the file")
            elif panels.get(name, genes) != genes:
                reading.refuse(file, f"is of panel '{name}', of which another file lists other genes; keep one")
            panels[name] = genes
    return panels


WHOLE = {"WXS", "WGS", "WXS/WGS"}  # cBioPortal's words for every gene


def read_panels(
    matrix: Source | None,
    mutations: Source | None,
    study: str,
    samples: pd.DataFrame,
    identifiers: Identifiers,
    reading: Reading,
) -> tuple[pd.Series | None, set[str] | None]:
    """The panel that each sample's mutations were called on (missing where none), and the samples said to be read for
    every gene; (None, None) where nothing says it.

    By the panel matrix, else the column GENE_PANEL.
    """
    meta = mutations.meta if mutations else {}
    profile = meta.get("stable_id", "mutations")
    column = None if matrix is None else _matrix_column(matrix, profile, bool(meta), study, identifiers, reading)
    if column is None and "GENE_PANEL" in samples and samples["GENE_PANEL"].notna().any():
        column = samples["GENE_PANEL"].copy()
    if column is None:
        return None, None
    whole = set(column.index[column.isin(WHOLE)])
    return column.mask(column.isin(WHOLE)), whole


def check_other_panels(matrix: Source | None, others: list[Source | None], reading: Reading) -> None:
    """Refuses a panel that is given both in the matrix and in the meta file of a profile, as cBioPortal's validator
    does for profiles other than mutations."""
    named = [source for source in others if source and source.meta.get("gene_panel")]
    if matrix is None or not named:
        return
    table = read_tsv(matrix.path, Reading())
    for source in named:
        if table is not None and source.meta.get("stable_id") in table.columns:
            message = (
                f"names gene_panel {source.meta['gene_panel']}, and {matrix.path.name} has a column of the profile too"
            )
            reading.refuse(source.meta_path.name, f"{message}; keep one, as cBioPortal asks")


def _matrix_column(
    matrix: Source, profile: str, described: bool, study: str, identifiers: Identifiers, reading: Reading
) -> pd.Series | None:
    file = matrix.path.name
    table = read_tsv(matrix.path, reading)
    if table is None:
        return None
    lower = {name.lower(): name for name in table.columns}
    if "sample_id" not in lower:
        reading.refuse(file, "is missing; add it", column="SAMPLE_ID")
        return None
    cells = table[lower["sample_id"]]
    samples = identifiers.resolve(file, "SAMPLE_ID", cells, reading)
    if samples is None:
        return None
    doubled = samples.duplicated() & (samples != "")
    for row in samples.index[doubled]:
        reading.refuse(file, "stands in an earlier row too; keep one row per sample", row, "SAMPLE_ID")
    names = [profile, f"{study}_{profile}", "mutations", f"{study}_mutations"]
    name = next((lower[key.lower()] for key in names if key.lower() in lower), None)
    reading.used[file] = ["SAMPLE_ID", *([name] if name else [])]
    reading.unused[file] = [column for column in table.columns if column not in reading.used[file]]
    if name is None and described and len(table.columns) > 1:
        other = ", ".join(column for column in table.columns if column != lower["sample_id"])
        reading.refuse(
            file, f"has no column '{profile}', which the mutations' meta file calls their profile, but {other}"
        )
    if name is None or doubled.any():
        return None
    return missing(table[name].set_axis(samples))[lambda values: values.index != ""].rename("panel")
