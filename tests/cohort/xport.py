"""A SAS transport file (version 5) written by its published record layout, for tests of what reads one."""

import struct

import pandas as pd


def _ibm(value: float) -> bytes:
    """A number as the eight bytes of IBM's hexadecimal floating point; SAS's missing value for NaN."""
    if value != value:
        return b"." + bytes(7)
    if value == 0:
        return bytes(8)
    sign, value, exponent = 0x80 * (value < 0), abs(value), 64
    while value >= 1:
        value, exponent = value / 16, exponent + 1
    while value < 1 / 16:
        value, exponent = value * 16, exponent - 1
    return bytes([sign | exponent]) + int(value * 2**56).to_bytes(7, "big")


def _header(kind: str, tail: str) -> bytes:
    return f"HEADER RECORD*******{kind} HEADER RECORD!!!!!!!{tail}".ljust(80).encode()


def _padded(data: bytes) -> bytes:
    return data + b" " * (-len(data) % 80)


def xport(table: pd.DataFrame, name: str) -> bytes:
    """The bytes of a transport file with one data set: columns of text and of numbers."""
    stamp = "01JAN26:00:00:00"
    first = _header("LIBRARY", "000000000000000000000000000000")
    first += f"{'SAS':8}{'SAS':8}{'SASLIB':8}{'9.4':8}{'':8}{'':24}{stamp}".encode() + f"{stamp:80}".encode()
    first += _header("MEMBER ", "000000000000000001600000000140")
    first += _header("DSCRPTR", "000000000000000000000000000000")
    first += (
        f"{'SAS':8}{name:8}{'SASDATA':8}{'9.4':8}{'':8}{'':24}{stamp}".encode() + f"{stamp:16}{'':16}{'':48}".encode()
    )
    first += _header("NAMESTR", f"000000{len(table.columns):04d}00000000000000000000")
    fields, place, widths = b"", 0, {}
    for number, column in enumerate(table, start=1):
        numeric = pd.api.types.is_numeric_dtype(table[column])
        widths[column] = 8 if numeric else max(1, int(table[column].str.len().max()))
        fields += struct.pack(
            ">hhhh8s40s8shhh2s8shhl52s", 1 if numeric else 2, 0, widths[column], number, f"{column:8}".encode(),
            f"{column:40}".encode(), b" " * 8, 0, 0, 0, b"\0\0", b" " * 8, 0, 0, place, b"\0" * 52,
        )  # fmt: skip
        place += widths[column]
    rows = b""
    for row in table.itertuples(index=False):
        for cell, width in zip(row, widths.values(), strict=True):
            rows += f"{cell:{width}}".encode() if isinstance(cell, str) else _ibm(float(cell))
    return first + _padded(fields) + _header("OBS    ", "000000000000000000000000000000") + _padded(rows)
