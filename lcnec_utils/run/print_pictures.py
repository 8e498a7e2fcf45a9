"""Pictures of panels that show prints alone: drawn once, and taken by every run, each with its own line of provenance.

What such a panel shows hangs on code, claims and parameters, and on no cohort, so that sixteen runs would draw the same
picture sixteen times. The pictures lie in build/prints/, named by a digest of all of that and of the numbers plotted.
They carry their seals; one that is not intact is drawn anew.
"""

import dataclasses
import struct
import zlib
from html import escape
from pathlib import Path

from lcnec_utils.core import params, paths, provenance
from lcnec_utils.run import carried_evidence

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
SCREEN = ".screen.png"
MOST_KEPT = 8  # sets of pictures per panel: runs with other parameters draw their own


@dataclasses.dataclass(unsafe_hash=True)
class Drawn:
    """The pictures of a panel as a run before may have drawn them: `<panel>.<digest>.svg`, `.png`, `.screen.png`.

    screen: the picture for the screen, once they are taken or kept.
    """

    panel: str
    digest: str
    screen: bytes = dataclasses.field(default=b"", compare=False, repr=False)

    def _path(self, kind: str) -> Path:
        return paths.output_root() / "build" / "prints" / f"{self.panel}.{self.digest}{kind}"

    def take(self, vector: Path, raster: Path, line: str) -> bool:
        """Write the pictures with this line of provenance, sealed; False where none was drawn before, or not intact."""
        try:
            texts = [_with_line(self._path(path.suffix), line) for path in (vector, raster)]
            self.screen = self._read_screen()
        except (OSError, carried_evidence.NotIntact):
            return False
        for path, text in zip((vector, raster), texts, strict=True):
            path.write_bytes(text)
            carried_evidence.seal(path)
        return True

    def _read_screen(self) -> bytes:
        data = self._path(SCREEN).read_bytes()
        digest, picture = data[:64], data[64:]
        if provenance.of_bytes(picture).encode() != digest:
            raise carried_evidence.NotIntact("it is not as it was written")
        return picture

    def keep(self, vector: Path, raster: Path, screen: bytes) -> None:
        """Keep the pictures of a panel for the runs to come, and of earlier ones the last few."""
        self.screen = screen
        folder = self._path("").parent
        folder.mkdir(parents=True, exist_ok=True)
        files = {path.suffix: path.read_bytes() for path in (vector, raster)}
        files[SCREEN] = provenance.of_bytes(screen).encode() + screen
        for kind, data in files.items():
            unfinished = self._path(f"{kind}.{provenance.of_bytes(data)[:8]}.tmp")
            unfinished.write_bytes(data)
            unfinished.replace(self._path(kind))
        for old in sorted(folder.glob(f"{self.panel}.*.svg"), key=_age)[MOST_KEPT:]:
            for kind in files:
                old.with_suffix(kind).unlink(missing_ok=True)


def _age(path: Path) -> float:
    """For sorting, the newest first; a file that has gone meanwhile last."""
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0


def drawn(panel: str, run: params.RunParameters, tables: list[str], **more) -> Drawn:
    """Where the pictures of a panel lie. tables: the text of its tables; more: what else its picture depends on.

    The run's parameters count, but for its name and its cohorts.
    """
    roles = {"run", "runs", *params.ROLES}
    values = {name: value for name, value in run.model_dump().items() if name not in roles}
    return Drawn(panel, provenance.of_object({"parameters": values, "tables": tables, **more})[: provenance.SHORT])


def _with_line(path: Path, line: str) -> bytes:
    """A sealed picture with another line of provenance, without its seal. Raises NotIntact, and OSError."""
    before = carried_evidence.line(carried_evidence.read(path))
    data = carried_evidence.without_seal(path)
    if path.suffix == ".svg":
        old, new = (escape(text, quote=False).encode() for text in (before, line))
        if data.count(old) != 1:
            raise carried_evidence.NotIntact("its provenance does not stand where it should")
        return data.replace(old, new)
    chunks, replaced = [PNG_HEAD], 0
    for kind, body in _chunks(data):
        if kind in (b"tEXt", b"iTXt") and body.startswith(b"Description\x00"):
            code = "utf-8" if kind == b"iTXt" else "latin-1"
            replaced += body.count(before.encode(code))
            body = body.replace(before.encode(code), line.encode(code))
        chunks.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
    if replaced != 1:
        raise carried_evidence.NotIntact("its provenance does not stand where it should")
    return b"".join(chunks)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG, as (kind, body) pairs."""
    place, chunks = len(PNG_HEAD), []
    while place < len(data):
        (size,) = struct.unpack(">I", data[place : place + 4])
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + size]))
        place += 12 + size
    return chunks
