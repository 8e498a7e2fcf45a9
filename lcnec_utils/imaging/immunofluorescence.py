"""FGL1 by immunofluorescence: nuclei and cells of a field, their FGL1 signal, and the tumours that are positive.

The source (Nassar et al. 2025) says which tumours were positive and not by what rule. Here it is the usual one of
quantitative microscopy, as in ImageJ or CellProfiler: nuclei from DAPI (local background, Otsu's threshold, watershed
of the distance transform), a ring around each as its cytoplasm, and the ring's FGL1 above the background of the field,
compared with the variation of background over areas of the same size. All lengths are in µm.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage, stats
from skimage import filters, measure, morphology, segmentation

from lcnec_utils.core.errors import UserError
from lcnec_utils.imaging.fields import load_picture, picture_of, read_fields, shape_of
from lcnec_utils.stats.proportions import wilson

STAIN = "IF"
PIXEL_UM = (0.02, 5.0)  # the least and largest pixel of a microscope; beyond, the unit is another
# Nuclei. FLOOR_UM: window of the local background of DAPI. NEAR_UM, PALE: a nucleus is brighter than this share of
# the mean around it, which parts neighbours that one threshold runs together. HOLE_UM2: the largest hole filled.
# WAIST_UM: how much wider than the waist between them two parts must be to count as two
SMOOTH_UM, FLOOR_UM, NEAR_UM, PALE, HOLE_UM2, WAIST_UM, AREA_UM2 = 0.5, 25.0, 4.0, 0.6, 4.0, 0.25, (12.0, 400.0)
# nuclei stand out from the rest by so many of its robust sds, or (where they leave little else) the two sides make up
# so much of the variance, which is Otsu's measure of how separable they are; halves of haze or noise: under 5 and .74
LEAST_CONTRAST, LEAST_SEPARABLE = 10.0, 0.77
# Cells: the ring of cytoplasm, and the least area of one to be measured (under it the nucleus is)
RING_UM, LEAST_RING_UM2 = 2.0, 8.0
# Background: the part of a field farthest from nuclei, if at least so far, and all that is farther than the other; at
# least so many rings' areas of it, in at least so many patches
FARTHEST, APART_UM, LEAST_RINGS, PATCHES = 0.10, (3.5, 8.0), 6, 24
LEAST_SIGNAL = 0.06  # of full scale (15 of 255 grey levels): cells shine a little by themselves


def read_channels(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """DAPI and FGL1 of a picture (PNG or TIFF), each rows × columns from 0 to 1.

    An 8-bit RGB composite has DAPI in white and FGL1 in green on top: DAPI is the lesser of red and blue, FGL1 the
    green above it (too little where green is saturated). A TIFF may hold the planes DAPI and FGL1, of 8 or 16 bits;
    16-bit planes without a value over 4095 are of a 12-bit camera. UserError for anything else.

    >>> import tempfile
    >>> from skimage import io
    >>> path = Path(tempfile.mkdtemp()) / "field.png"
    >>> io.imsave(path, np.full((4, 6, 3), (51, 153, 51), np.uint8), check_contrast=False)
    >>> dapi, fgl1 = read_channels(path)
    >>> dapi.shape, round(float(dapi[0, 0]), 2), round(float(fgl1[0, 0]), 2)
    ((4, 6), 0.2, 0.4)
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".tif", ".tiff"):  # JPEG blurs colours, and FGL1 is a difference of two
        raise UserError(f"{path.name}: is neither PNG nor TIFF; export the picture again as one of them")
    picture = np.squeeze(load_picture(path))
    if picture.ndim == 3 and picture.shape[2] == 3 and picture.dtype == np.uint8:
        dapi = np.minimum(picture[..., 0], picture[..., 2]) / 255
        return dapi, np.clip(picture[..., 1] / 255 - dapi, 0, None)
    if picture.ndim == 3 and picture.shape[0] == 2:
        full = 255 if picture.dtype == np.uint8 else 4095 if picture.max() <= 4095 else 65535
        return picture[0] / full, picture[1] / full
    content = f"{shape_of(picture)} values of {picture.dtype}"
    raise UserError(f"{path.name}: holds {content}; save it as 8-bit RGB, or as TIFF with two planes (DAPI, FGL1)")


def _objects(dapi: np.ndarray, um_per_pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels of what stands out in DAPI, parted at waists, and of those that have a nucleus's area (1, 2, …)."""
    window = max(3, round(FLOOR_UM / um_per_pixel))
    raised = filters.gaussian(dapi, SMOOTH_UM / um_per_pixel)
    raised = np.clip(raised - ndimage.gaussian_filter(ndimage.minimum_filter(raised, window), window / 2), 0, None)
    # on square roots, where the noise of dim and bright nuclei is alike and dim ones are not lost
    root = np.sqrt(raised)
    bright = root > filters.threshold_otsu(root)
    no_labels = np.zeros(dapi.shape, int)
    if not bright.any():
        return no_labels, no_labels
    noise = stats.median_abs_deviation(raised[~bright], scale="normal")
    contrast = raised[bright].mean() - raised[~bright].mean()
    separable = 1 - (bright.mean() * root[bright].var() + (~bright).mean() * root[~bright].var()) / root.var()
    if contrast <= LEAST_CONTRAST * noise and separable <= LEAST_SEPARABLE:
        return no_labels, no_labels
    bright &= raised > PALE * filters.gaussian(raised, NEAR_UM / um_per_pixel)
    bright = morphology.remove_small_holes(bright, max_size=round(HOLE_UM2 / um_per_pixel**2))
    depth = ndimage.distance_transform_edt(bright) * um_per_pixel
    depth = filters.gaussian(depth, SMOOTH_UM / um_per_pixel)
    objects = segmentation.watershed(-depth, measure.label(morphology.h_maxima(depth, WAIST_UM)), mask=bright)
    area = np.bincount(objects.ravel()) * um_per_pixel**2
    fits = (area >= AREA_UM2[0]) & (area <= AREA_UM2[1]) & (np.arange(len(area)) > 0)
    return objects, (np.cumsum(fits) * fits)[objects]


def nuclei(dapi: np.ndarray, *, um_per_pixel: float) -> np.ndarray:
    """The nuclei of a field as labels 1, 2, … (0 is none), rows × columns; those cut by the edge are among them.

    dapi: rows × columns from 0 to 1, as `read_channels` gives it.

    >>> row, column = np.indices((80, 80)) * 0.5
    >>> dapi = 0.02 + 0.6 * (np.hypot(row - 12, column - 12) < 4) + 0.6 * (np.hypot(row - 28, column - 28) < 4)
    >>> int(nuclei(dapi, um_per_pixel=0.5).max())
    2
    """
    return _objects(_plane(dapi, "DAPI"), um_per_pixel)[1]


def _plane(channel: np.ndarray, name: str) -> np.ndarray:
    """A channel, refused where it is not rows × columns of numbers from 0 to 1."""
    channel = np.asarray(channel)
    if channel.ndim != 2:
        raise UserError(f"{name} holds {shape_of(channel)} values; give one plane of rows × columns")
    if channel.size and not (channel.min() >= 0 and channel.max() <= 1):  # what is missing is neither
        raise UserError(f"{name} holds values that are missing or not from 0 to 1; divide by the full scale")
    return channel


def _background(fgl1: np.ndarray, away_um: np.ndarray, ring: int) -> tuple[np.ndarray, float]:
    """The background of FGL1 (rows × columns), and its robust sd between patches of at most a ring's pixels.

    away_um: distance from what stands out in DAPI. A surface of the second degree is fitted to the patches' means by
    least squares without those beyond 2.5 robust sds, and kept within the patches' range, lest it run off where there
    is none. NaN where pixels are too few.
    """
    rows, columns = np.nonzero(away_um > np.clip(np.quantile(away_um, 1 - FARTHEST), *APART_UM))
    if len(rows) < LEAST_RINGS * ring or len(rows) < PATCHES:
        return np.full(fgl1.shape, np.nan), np.nan
    patch = min(ring, len(rows) // PATCHES)
    count = len(rows) // patch

    def terms(y: np.ndarray, x: np.ndarray) -> np.ndarray:
        y, x = y / fgl1.shape[0] - 0.5, x / fgl1.shape[1] - 0.5
        return np.stack([np.ones_like(y), y, x, y * y, x * x, y * x], axis=-1)

    # neighbouring pixels make a patch: square after square, to and fro
    side = (patch * fgl1.size / len(rows)) ** 0.5
    down, along = (rows // side).astype(int), (columns // side).astype(int)
    order = np.lexsort((np.where(down % 2, -along, along), down))
    values = np.column_stack([terms(rows, columns), fgl1[rows, columns]])[order]
    means = np.array([part.mean(axis=0) for part in np.array_split(values, count)])
    design, mean = means[:, :-1], means[:, -1]
    kept = np.ones(count, bool)
    for _ in range(10):
        weights = np.linalg.lstsq(design[kept], mean[kept], rcond=None)[0]
        rest = mean - design @ weights
        freedom = kept.sum() / (kept.sum() - design.shape[1])
        sd = float(stats.median_abs_deviation(rest[kept], scale="normal") * freedom**0.5)
        near = np.abs(rest) <= 2.5 * sd + 1e-9
        kept = near if near.sum() >= count / 2 else kept
    surface = terms(*np.indices(fgl1.shape)) @ weights
    return np.clip(surface, mean.min(), mean.max()), sd


def cells(dapi: np.ndarray, fgl1: np.ndarray, *, um_per_pixel: float, positive_sd: float = 5.0) -> pd.DataFrame:
    """The cells of a field, one row each, in the order of `nuclei`.

    dapi, fgl1: rows × columns from 0 to 1, as `read_channels` gives them. Columns: row, column (pixels, centre of the
    nucleus), area_um2 (of the nucleus), signal (mean FGL1 of the cytoplasm's ring above the background, of full scale;
    of the nucleus where neighbours leave no ring), background, positive: signal above positive_sd robust sds of
    background patches of about a ring's area, and above LEAST_SIGNAL. In a field without enough pixels away from nuclei
    no background can be told from staining: signal is NaN and positive missing. `attrs` has outside_limits (objects not
    of a nucleus's area) and background_sd. Raises UserError where the channels are no planes of one shape.

    >>> row, column = np.indices((120, 120)) * 0.5
    >>> left, right = np.hypot(row - 30, column - 15), np.hypot(row - 30, column - 45)
    >>> dapi = 0.02 + 0.6 * (np.minimum(left, right) < 4)
    >>> fgl1 = 0.04 + 0.3 * ((left > 4) & (left < 7))
    >>> cells(dapi, fgl1, um_per_pixel=0.5)[["column", "signal", "positive"]].round(2)
       column  signal  positive
    0    30.0     0.3      True
    1    90.0     0.0     False
    """
    dapi, fgl1 = _plane(dapi, "DAPI"), _plane(fgl1, "FGL1")
    if dapi.shape != fgl1.shape:
        raise UserError(f"DAPI has {shape_of(dapi)} pixels and FGL1 {shape_of(fgl1)}; give planes of one field")
    objects, labels = _objects(dapi, um_per_pixel)
    n = int(labels.max())

    def total(where: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(where.ravel(), None if values is None else values.ravel(), minlength=n + 1)[1:]

    ring = np.where(labels > 0, 0, segmentation.expand_labels(labels, RING_UM / um_per_pixel))
    narrow = np.append(False, total(ring) * um_per_pixel**2 < LEAST_RING_UM2)
    measured = np.where(narrow[ring], 0, ring) + np.where(narrow[labels], labels, 0)
    pixels, area = total(measured), total(labels)
    away_um = ndimage.distance_transform_edt(objects == 0) * um_per_pixel
    background, sd = _background(fgl1, away_um, int(np.median(pixels))) if n else (fgl1, np.nan)
    rows, columns = np.indices(labels.shape)
    table = pd.DataFrame({"row": total(labels, rows) / area, "column": total(labels, columns) / area})
    table["area_um2"] = area * um_per_pixel**2
    table["signal"] = total(measured, fgl1 - background) / pixels
    table["background"] = total(measured, background) / pixels
    positive = (table["signal"] > max(positive_sd * sd, LEAST_SIGNAL)).astype("boolean")
    table["positive"] = positive.where(table["signal"].notna())
    table.attrs = {"outside_limits": len(np.unique(objects[objects > 0])) - n, "background_sd": sd}
    return table


def _with_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Counts with the share of positive cells among those judged, and its Wilson limits (95%, fractions)."""
    judged = table["cells"] - table["unjudged"]
    limits = [wilson(int(k), int(n)) for k, n in zip(table["positive_cells"], judged, strict=True)]
    lower, upper = zip(*limits, strict=True)
    return table.assign(share=table["positive_cells"] / judged.where(judged > 0), lower=lower, upper=upper)


def count_folder(
    folder: Path, *, positive_sd: float, positive_percent: float, groups: Mapping[str, Sequence[str]] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every field stained by immunofluorescence in a folder, and the tumours (patients) whose cells they pool.

    folder: as `fields.read_fields` takes it, with groups. positive_sd: as `cells`. positive_percent: the share of
    positive cells, in percent, from which a tumour is positive.

    Fields: field, file, slide, patient, um_per_pixel, truth_positive where the folder has it, group (subtype and
    group), cells, unjudged (no background in the field), outside_limits (objects not of a nucleus's area),
    positive_cells, signal and background (means), background_sd, share, lower, upper (Wilson 95%, fractions). Tumours:
    patient, group, fields, fields_without_cells, cells, unjudged, outside_limits, positive_cells, signal, share, lower,
    upper, and positive: whether the share reaches positive_percent, missing where no cell was judged.

    Raises MissingData without such fields, UserError for a row or picture that cannot be used.

    >>> import tempfile
    >>> from skimage import io
    >>> folder = Path(tempfile.mkdtemp())
    >>> row, column = np.indices((120, 120)) * 0.5
    >>> left, right = np.hypot(row - 30, column - 15), np.hypot(row - 30, column - 45)
    >>> dapi = 5 + 150 * (np.minimum(left, right) < 4)
    >>> picture = np.dstack([dapi, dapi + 10 + 70 * ((left > 4) & (left < 7)), dapi]).astype(np.uint8)
    >>> io.imsave(folder / "one.png", picture, check_contrast=False)
    >>> field = {"field": "F1", "file": "one.png", "stain": "IF", "slide": "S1", "patient": "P1", "group": "SCLC"}
    >>> pd.DataFrame([field | {"subtype": "", "um_per_pixel": 0.5}]).to_csv(folder / "table.csv", index=False)
    >>> fields, tumours = count_folder(folder, positive_sd=5, positive_percent=10)
    >>> tumours[["patient", "group", "cells", "positive_cells", "positive"]]
      patient group  cells  positive_cells  positive
    0      P1  SCLC      2               1      True
    """
    for name, value in {"positive_sd": positive_sd, "positive_percent": positive_percent}.items():
        if not 0 < value <= 100:
            raise UserError(f"{name} is {value:g}; give a number above 0 and up to 100")
    folder, rows = Path(folder).resolve(), []
    listed = read_fields(folder, stain=STAIN, um_per_pixel=PIXEL_UM, groups=groups)
    listed["group"] = (listed["subtype"] + " " + listed["group"]).str.strip()
    kept = [name for name in ("field", "file", "slide", "patient", "um_per_pixel", "truth_positive") if name in listed]
    for row in listed.itertuples():
        channels = picture_of(folder, row, read=read_channels)
        table = cells(*channels, um_per_pixel=row.um_per_pixel, positive_sd=positive_sd)
        counts = {"cells": len(table), "unjudged": int(table["positive"].isna().sum())}
        counts |= {"outside_limits": table.attrs["outside_limits"], "positive_cells": int(table["positive"].sum())}
        levels = {name: table[name].mean() for name in ("signal", "background")}
        levels["background_sd"] = table.attrs["background_sd"]
        rows.append({name: getattr(row, name) for name in [*kept, "group"]} | counts | levels)
    fields = _with_shares(pd.DataFrame(rows))
    if "truth_positive" in fields:
        fields["truth_positive"] = pd.to_numeric(fields["truth_positive"], errors="coerce")
    judged = fields["cells"] - fields["unjudged"]
    summed = fields.assign(fields=1, fields_without_cells=fields["cells"] == 0, signal=fields["signal"] * judged)
    counts = ["fields", "fields_without_cells", "cells", "unjudged", "outside_limits", "positive_cells", "signal"]
    tumours = _with_shares(summed.groupby(["patient", "group"], as_index=False)[counts].sum())
    judged = tumours["cells"] - tumours["unjudged"]
    tumours["signal"] /= judged.where(judged > 0)
    # counts, not shares: so that a share of exactly the percentage reaches it
    positive = (100 * tumours["positive_cells"] >= positive_percent * judged - 1e-9).astype("boolean")
    return fields, tumours.assign(positive=positive.where(judged > 0))
