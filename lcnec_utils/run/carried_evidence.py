"""What a figure and its table carry of how they were made, written into the file and read back from it.

A table's first line is `# {json}`: project, run, panel, whether patients are simulated, cohorts and parameters with
their digests, and the digest of the text below. A figure holds the line of its table as its description, and ends in a
seal, the digest of all its other bytes: one byte that is edited breaks it, wherever the file was copied to.
"""

import json
import re
import struct
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

from lcnec_utils.core import provenance

SVG_SEAL = re.compile(rb"<!-- sha256 ([0-9a-f]{64}) -->\n\Z")
PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
PNG_KEY = b"Seal\x00"
PNG_SEAL_BYTES = 12 + len(PNG_KEY) + 64
DESCRIPTION = "{http://purl.org/dc/elements/1.1/}description"
KINDS = (".svg", ".png", ".csv")
# What a line of provenance says; the further where a panel reads several runs or sweeps, and where it was made by hand
KEYS = {"project", "run", "panel", "simulated", "cohorts", "parameters", "csv"}
FURTHER_KEYS = {"runs", "sweeps", "scratch"}


class NotIntact(Exception):
    """A file that is not as it was written; the message says what of it is not."""


def line(about: dict) -> str:
    """The provenance as the one line that a table begins with, behind `# `, and that its figure holds."""
    return json.dumps(about, ensure_ascii=False)


def seal(path: Path) -> None:
    """Write the digest of a figure's bytes at its end: a comment in an SVG, a text chunk in a PNG."""
    body = path.read_bytes()
    digest = provenance.of_bytes(body).encode()
    if path.suffix == ".svg":
        path.write_bytes(body + b"<!-- sha256 " + digest + b" -->\n")
        return
    text = PNG_KEY + digest
    chunk = struct.pack(">I", len(text)) + b"tEXt" + text + struct.pack(">I", zlib.crc32(b"tEXt" + text))
    path.write_bytes(body.removesuffix(PNG_END) + chunk + PNG_END)


def _sealed_body(path: Path) -> tuple[bytes, bytes]:
    """A figure's bytes without its seal, and the digest in the seal. Raises NotIntact where there is none."""
    data = path.read_bytes()
    if path.suffix == ".svg":
        match = SVG_SEAL.search(data)
        if match:
            return data[: match.start()], match[1]
    elif data.endswith(PNG_END):
        start = len(data) - len(PNG_END) - PNG_SEAL_BYTES
        chunk = data[start : -len(PNG_END)]
        text = chunk[8:-4]
        if chunk[4:8] + text[: len(PNG_KEY)] == b"tEXt" + PNG_KEY and chunk[-4:] == struct.pack(
            ">I", zlib.crc32(chunk[4:-4])
        ):
            return data[:start] + PNG_END, text[len(PNG_KEY) :]
    raise NotIntact("it does not end in a seal")


def without_seal(path: Path) -> bytes:
    """A figure's bytes as they were before it was sealed. Raises NotIntact where there is no seal."""
    return _sealed_body(path)[0]


def read(path: Path) -> dict:
    """The provenance that an SVG, PNG or CSV carries. Raises NotIntact where the file is not as it was written."""
    try:
        if path.suffix == ".csv":
            return _of_table(path)
        body, digest = _sealed_body(path)
        if provenance.of_bytes(body).encode() != digest:
            raise NotIntact("its bytes are not those that were sealed")
        return _known(json.loads(_description(path)))
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError, ET.ParseError):
        raise NotIntact("it carries no provenance that can be read") from None


def _of_table(path: Path) -> dict:
    first, _, body = path.read_bytes().decode("utf-8").partition("\n")
    about = _known(json.loads(first.removeprefix("# ")))
    if first != f"# {line(about)}":
        raise NotIntact("its first line is not as it was written")
    if about["csv"] != provenance.of_bytes(body.encode()):
        raise NotIntact("its numbers are not those that it was written with")
    return about


def _known(about: dict) -> dict:
    if not KEYS <= about.keys() <= KEYS | FURTHER_KEYS:
        raise NotIntact("its line of provenance is not as it was written")
    return about


def _description(path: Path) -> str:
    if path.suffix == ".svg":
        return ET.parse(path).find(f".//{DESCRIPTION}").text
    from PIL import Image

    with Image.open(path) as picture:
        return picture.text["Description"]


def plain_table(text: str) -> str:
    """A table's text without its line of provenance: what a spreadsheet or `read.csv` takes without an option.

    The tracked file keeps the line, for the evidence travels with the numbers; the site offers this beside it.

    >>> plain_table('# {"panel": "fig1a"}\\nregimen,n\\nchemotherapy,119\\n')
    'regimen,n\\nchemotherapy,119\\n'
    """
    return text.partition("\n")[2] if text.startswith("# {") else text
