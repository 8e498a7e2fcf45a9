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
from xml.sax.saxutils import escape

from lcnec_utils.core import provenance

SVG_SEAL = re.compile(rb"<!-- sha256 ([0-9a-f]{64}) -->\n\Z")
PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_TEXTS = {b"tEXt": "latin-1", b"iTXt": "utf-8"}  # the chunks that hold a text, and how it is written
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
    path.write_bytes(_sealed(path.read_bytes(), path.suffix))


def _sealed(body: bytes, suffix: str) -> bytes:
    digest = provenance.of_bytes(body).encode()
    if suffix == ".svg":
        return body + b"<!-- sha256 " + digest + b" -->\n"
    return body.removesuffix(PNG_END) + _chunk(b"tEXt", PNG_KEY + digest) + PNG_END


def _chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG: the length of its content, its kind, the content and their check sum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


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
        if chunk == _chunk(b"tEXt", text) and text.startswith(PNG_KEY):
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
    typed = isinstance(about["simulated"], bool) and all(isinstance(text, str) for text in about["cohorts"].values())
    if not typed or not KEYS <= about.keys() <= KEYS | FURTHER_KEYS:
        raise NotIntact("its line of provenance is not as it was written")
    return about


def _description(path: Path) -> str:
    if path.suffix == ".svg":
        return ET.parse(path).find(f".//{DESCRIPTION}").text
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return picture.text["Description"]
    except (OSError, SyntaxError, EOFError, struct.error, zlib.error):  # as Pillow says that it cannot read a picture
        raise NotIntact("it is no picture that can be read") from None


def without_paths(about: dict) -> dict:
    """The provenance with each cohort's folder by its last part alone: where a disk keeps patients is nobody's to know.

    >>> without_paths({"cohorts": {"cohort": "/home/me/my study 0123", "icb": "oak 4567"}})
    {'cohorts': {'cohort': 'my study 0123', 'icb': 'oak 4567'}}
    """
    named = {role: str(text).rpartition(" ") for role, text in about["cohorts"].items()}
    last = {role: re.split(r"[/\\]", name.rstrip("/\\"))[-1] + space + digest
            for role, (name, space, digest) in named.items()}  # fmt: skip
    return about | {"cohorts": last}


def published(path: Path) -> bytes:
    """A figure's or table's bytes as they may be published: as they are, or where its line names a cohort by its path
    with the folder's name alone, and sealed anew. Raises NotIntact where the file is not as it was written."""
    about = read(path)
    data, old, new = path.read_bytes(), line(about), line(without_paths(about))
    if old == new:
        return data
    if path.suffix == ".csv":
        return data.replace(old.encode(), new.encode(), 1)
    body, _ = _sealed_body(path)
    if path.suffix == ".svg":
        return _sealed(body.replace(escape(old).encode(), escape(new).encode()), path.suffix)
    chunks, place = [body[: len(PNG_START)]], len(PNG_START)
    while place < len(body):
        size, kind = struct.unpack(">I4s", body[place : place + 8])
        content = body[place + 8 : place + 8 + size]
        if kind in PNG_TEXTS:
            old_text, new_text = (text.encode(PNG_TEXTS[kind], "ignore") for text in (old, new))
            content = content.replace(old_text, new_text)
        chunks.append(_chunk(kind, content))
        place += size + 12
    return _sealed(b"".join(chunks), path.suffix)


def plain_table(text: str) -> str:
    """A table's text without its line of provenance: what a spreadsheet or `read.csv` takes without an option.

    The tracked file keeps the line, for the evidence travels with the numbers; the site offers this beside it.

    >>> plain_table('# {"panel": "fig1a"}\\nregimen,n\\nchemotherapy,119\\n')
    'regimen,n\\nchemotherapy,119\\n'
    """
    return text.partition("\n")[2] if text.startswith("# {") else text
