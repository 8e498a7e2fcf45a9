"""Fields stained with haematoxylin and eosin: nuclei found, described, told apart and counted.

The way of the source (Nassar et al. 2025, in QuPath): stain vectors are estimated and each picture brought to a common
scale, a watershed finds nuclei in haematoxylin, and a random forest tells TILs (mononuclear immune cells), tumour and
stromal cells by intensity, shape, Haralick texture and averages over neighbours. Pictures have 0.25 to 0.6 µm per
pixel; lengths here are in µm. Tests hold that on simulated fields the number of nuclei changes by at most 10% within:
brightness 0.6–1.1; fall of the light across the field to 0.4; haematoxylin × 0.5–2; eosin × 0.4–2; either vector turned
by 10°; blur (sd) 0.15–0.6 µm. Where a picture holds no empty glass, the colour of the light is taken to be neutral.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage, optimize, spatial, special

from lcnec_utils.cohort.dictionary import TABLE_FILE
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.imaging.fields import load_picture, picture_of, read_columns, read_fields, refuse, shape_of

NUCLEI_FILE = "nuclei.csv"
TIL, TUMOUR, STROMA = KINDS = ("TIL", "tumour", "stroma")
STAIN = "H&E"
SCALES = 0.1, 1.0  # µm per pixel between which nuclei can be told apart
SMALLEST = 32  # pixels, side of a picture

DARKEST = 1e-3  # of full scale: below it a pixel says no more of absorption
BLOCKS = 8  # a side, over which the light is estimated
GLASS = 0.04  # optical density in green, below which there is no tissue
LEAST_STAINS = 0.4, 0.1  # optical density, least of what is 1 on the common scale: a field may lack a stain
REDNESS = 0.55, 0.6  # red over green: least of a haematoxylin, most of an eosin
PARTED = 12  # degrees, least angle between two vectors that are two stains

SMOOTHED, BACKGROUND = 0.3, 26.0
LEAST_LEVEL, OTSU_SHARE = 0.2, 0.8  # a nucleus on the common scale; in shares of Otsu's threshold, for some are pale
DEPTH = 0.04  # of the saddle between two nuclei under the lower peak, in logs of distance · √intensity
AREA, LEAST_SOLIDITY, DIRECTIONS = (12.0, 400.0), 0.6, 64

EVENED, RING, NEIGHBOURHOOD = 0.5, 3.0, 25.0
LEVELS, STEP = 8, 0.5  # of the co-occurrence: grey levels, distance
TEXTURES = ["contrast", "homogeneity", "energy", "correlation", "entropy"]
AVERAGED = ["area_um2", "eccentricity", "circularity", "haematoxylin_mean", "haematoxylin_sd", "eosin_ring"]
WITHIN = 4.0  # between a nucleus found and its annotation
TREES, FOLDS = 100, 5


# --- stains


def read_picture(path: Path) -> np.ndarray:
    """The colour picture of a PNG or TIFF file as it is stored (8 or 16 bit), rows × columns × 3, without alpha.

    Raises UserError where there is no file, no picture in it, a grey one or one too small.

    >>> import tempfile
    >>> from skimage import io
    >>> path = Path(tempfile.mkdtemp()) / "field.png"
    >>> io.imsave(path, np.full((32, 40, 4), (200, 120, 180, 255), np.uint8), check_contrast=False)
    >>> read_picture(path).shape
    (32, 40, 3)
    """
    path = Path(path)
    picture = load_picture(path)
    if picture.ndim == 3 and picture.shape[2] == 4:
        picture = picture[..., :3]
    try:
        return _coloured(picture)
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None


def _coloured(picture: np.ndarray) -> np.ndarray:
    """A picture, refused where it is not in colour or too small for a field."""
    picture, shape = np.asarray(picture), shape_of(picture)
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise UserError(f"is no colour picture ({shape}); save one page of red, green and blue")
    if min(picture.shape[:2]) < SMALLEST:
        raise UserError(f"is too small ({shape}); a field has {SMALLEST} pixels a side at least")
    if np.ptp(picture, axis=2).max() == 0 and picture.min() < 0.5 * picture.max():
        raise UserError("is grey; stains are told apart in a colour picture")
    return picture


def _light(rgb: np.ndarray) -> np.ndarray:
    """The light that falls on each pixel, rows × columns × 3.

    Its fall across the field is a plane in the log of red, which both stains absorb least, through the brightest of
    each block, robustly. Its colour is that of the brightest pixels; where that is not near grey they are no glass, and
    white is neutral at their red.
    """
    sides = rgb.shape[:2]
    height, width = (side // BLOCKS for side in sides)
    blocks = rgb[: height * BLOCKS, : width * BLOCKS, 0].reshape(BLOCKS, height, BLOCKS, width)
    brightest = np.log(np.percentile(blocks, 95, axis=(1, 3))).ravel() / 0.02  # in units of its spread in tissue
    middle = (np.arange(BLOCKS) + 0.5) / BLOCKS - 0.5
    design = np.stack([np.ones(BLOCKS**2), np.repeat(middle, BLOCKS), np.tile(middle, BLOCKS)], axis=1) / 0.02
    plane = optimize.least_squares(lambda x: design @ x - brightest, np.zeros(3), lambda x: design, loss="cauchy").x
    down, along = (np.exp(s * ((np.arange(n) + 0.5) / n - 0.5)) for s, n in zip(plane[1:], sides, strict=True))
    light = (down[:, None] * along).astype("f4")[..., None]
    flat = ndimage.uniform_filter(rgb / light, (3, 3, 1))[::2, ::2].reshape(-1, 3)
    white = flat[flat[:, 1] >= np.percentile(flat[:, 1], 99)].mean(axis=0)
    return light * (white if white[1] >= 0.93 * white[0] else np.full(3, white[0]))


def _unmixed(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, np.ndarray, np.ndarray]:
    """Optical density (rows × columns × 3), `stains`, how many of these are fixed ones, and what `separate` gives."""
    from skimage.color import rgb_from_hed
    from skimage.util import img_as_float32

    rgb = np.maximum(img_as_float32(rgb), DARKEST)
    density = np.log10(_light(rgb).astype("f4") / rgb)
    fixed = rgb_from_hed[:2] / np.linalg.norm(rgb_from_hed[:2], axis=1, keepdims=True)
    pixels = ndimage.uniform_filter(density, (3, 3, 1))[::2, ::2].reshape(-1, 3).astype(float)
    depth = np.linalg.norm(pixels, axis=1)
    stained = pixels[depth > max(0.1, 0.15 * np.percentile(depth, 99))]
    vectors, right = fixed, np.array([False, False])
    if len(stained) > 0.002 * len(pixels):
        plane = np.linalg.eigh(stained.T @ stained)[1][:, [2, 1]]
        plane[:, 0] *= np.sign(plane[:, 0].sum())
        x, y = (stained @ plane).T
        ends = np.percentile(np.arctan2(y, x), [1, 99])
        extremes = (plane @ [np.cos(ends), np.sin(ends)]).T
        extremes = extremes[np.argsort(-extremes[:, 0])]
        # haematoxylin is blue and takes red, eosin is pink and leaves it
        redness = extremes[:, 0] / np.maximum(extremes[:, 1], DARKEST)
        right = np.array([redness[0] > REDNESS[0], redness[1] < REDNESS[1]])
        if right.all() and extremes[0] @ extremes[1] > np.cos(np.radians(PARTED)):
            right[np.argmin((extremes * fixed).sum(axis=1))] = False
        # of one stain alone the extremes are noise
        vectors = np.where(right[:, None], extremes if right.all() else plane[:, 0], fixed)
    amounts = np.maximum(density @ np.linalg.pinv(vectors).astype("f4"), 0)
    amounts /= np.maximum(np.percentile(amounts.reshape(-1, 2)[::2], 99, axis=0), LEAST_STAINS).astype("f4")
    return density, vectors, int((~right).sum()), amounts[..., 0], amounts[..., 1]


def stains(rgb: np.ndarray) -> np.ndarray:
    """Haematoxylin and eosin as this picture shows them: 2 × 3 unit vectors of optical density over R, G, B.

    The extreme angles (percentiles 1 and 99) in the plane of the two leading eigenvectors of the stained pixels
    (Macenko et al. 2009, doi 10.1109/ISBI.2009.5193250). Where the picture holds too little of a stain, its vector is
    the fixed one of Ruifrok & Johnston (2001).

    >>> stains(np.full((64, 64, 3), 240, np.uint8)).round(2)  # empty glass: both are fixed
    array([[0.65, 0.7 , 0.29],
           [0.07, 0.99, 0.11]])
    """
    return _unmixed(rgb)[1]


def separate(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Haematoxylin and eosin at each pixel on the common scale: the 99th percentile of each in the picture is 1.

    A stain that is next to absent has LEAST_STAINS at 1.

    >>> rgb = np.full((64, 64, 3), (240, 238, 241), np.uint8)
    >>> rgb[20:30, 20:30] = (90, 60, 150)  # a nucleus
    >>> haematoxylin, eosin = separate(rgb)
    >>> bool(haematoxylin[25, 25] > 0.9), bool(haematoxylin[5, 5] < 0.1)
    (True, True)
    """
    return _unmixed(rgb)[3:]


# --- nuclei


def _pairs(*planes: np.ndarray, step: int = 1):
    """For each of four directions each of the planes twice: pixels, and their neighbours `step` pixels away."""
    height, width = planes[0].shape
    for angle in np.pi / 4 * np.arange(4):
        down, along = round(step * np.sin(angle)), round(step * np.cos(angle))
        here = slice(0, height - down), slice(max(-along, 0), width - max(along, 0))
        there = slice(down, height), slice(max(along, 0), width + min(along, 0))
        yield [(plane[here].ravel(), plane[there].ravel()) for plane in planes]


def _merged(basins: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Basins of a watershed from every peak, joined over each saddle less than DEPTH under the lower of two peaks.

    What h-maxima as markers give (Soille, Morphological Image Analysis), in a fraction of the time. Labels from 1 on.
    """
    basins, passes = basins.astype(np.int64), []
    n = basins.max() + 1
    for (one, other), (here, there) in _pairs(basins, height):
        at = np.flatnonzero((one != other) & (one > 0) & (other > 0))
        one, other = one[at], other[at]
        passes.append([np.minimum(one, other), np.maximum(one, other), np.minimum(here[at], there[at])])
    low, high, saddle = map(np.concatenate, zip(*passes, strict=True))
    order = np.lexsort((high, low, -saddle))
    first = np.sort(np.unique(low[order] * n + high[order], return_index=True)[1])  # the saddle is the highest pass
    peak, into = ndimage.maximum(height, basins, np.arange(n)), np.arange(n)

    def root(basin: int) -> int:
        while into[basin] != basin:
            basin = into[basin]
        return basin

    for i in order[first]:
        lower, higher = sorted((root(low[i]), root(high[i])), key=lambda basin: (peak[basin], basin))
        if peak[lower] - saddle[i] < DEPTH:
            into[lower] = higher
    return np.unique([root(basin) for basin in range(n)], return_inverse=True)[1][basins]


def _pixels(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of nuclei, one nucleus after the other, their labels; and the area of each."""
    rows, columns = np.nonzero(labels)
    own = labels[rows, columns]
    order = np.argsort(own, kind="stable")
    return rows[order], columns[order], own[order], np.bincount(own, minlength=labels.max() + 1)[1:]


def _hulls(labels: np.ndarray) -> np.ndarray:
    """Area and perimeter (pixels) of the convex hull of each label from 1 on, n × 2; a pixel is a square.

    Of the polygon of the lines that touch it from DIRECTIONS directions, 0.1% too large for a circle.
    """
    rows, columns, own, area = _pixels(labels)
    if not len(area):
        return np.zeros((0, 2))
    # of each row of a nucleus only the ends can touch
    first = np.flatnonzero(np.diff(own * (labels.shape[0] + 1) + rows, prepend=-1))
    last = np.append(first[1:], len(own)) - 1
    ends = np.stack([rows[first], columns[first], columns[last]]).astype("f4")
    turn = 2 * np.pi / DIRECTIONS
    down, along = (f(turn * np.arange(DIRECTIONS)).astype("f4")[:, None] for f in (np.sin, np.cos))
    far = down * ends[0] + np.maximum(along * ends[1], along * ends[2]) + (np.abs(down) + np.abs(along)) / 2
    far = np.maximum.reduceat(far, np.flatnonzero(np.diff(own[first], prepend=0)), axis=1).astype(float)
    sides = (np.roll(far, 1, axis=0) + np.roll(far, -1, axis=0) - 2 * np.cos(turn) * far) / np.sin(turn)
    return np.stack([(far * sides).sum(axis=0) / 2, sides.sum(axis=0)], axis=1)


def nuclei(haematoxylin: np.ndarray, *, um_per_pixel: float) -> np.ndarray:
    """The nuclei of a field: whole numbers from 1 on, 0 between them, rows × columns.

    haematoxylin: on the common scale. What lies above a share of Otsu's threshold, less its local background, is parted
    by a watershed of distance to the rim and intensity; what is too small, too large or too ragged is dropped.

    >>> row, column = np.indices((100, 100)) * 0.5
    >>> near = np.minimum(np.hypot(row - 12, column - 12), np.hypot(row - 35, column - 35))
    >>> int(nuclei(np.where(near < 4, 0.9, 0.05), um_per_pixel=0.5).max())
    2
    """
    from skimage import filters, measure, morphology, segmentation

    level = ndimage.gaussian_filter(haematoxylin, SMOOTHED / um_per_pixel)
    every = max(1, round(1.5 / um_per_pixel))
    lowest = ndimage.gaussian_filter(haematoxylin, 1 / um_per_pixel)[every // 2 :: every, every // 2 :: every]
    window = round(BACKGROUND / (every * um_per_pixel)) | 1
    lowest = ndimage.gaussian_filter(ndimage.minimum_filter(lowest, window), window / 3)
    larger = np.divide(level.shape, lowest.shape)
    level = np.maximum(level - ndimage.zoom(lowest, larger, order=1, mode="nearest", grid_mode=True), 0)
    mask = level > max(LEAST_LEVEL, OTSU_SHARE * filters.threshold_otsu(level))
    mask = morphology.remove_small_objects(mask, max_size=int(AREA[0] / um_per_pixel**2))
    mask = morphology.remove_small_holes(mask, max_size=int(20 / um_per_pixel**2))
    rim = round(6 / um_per_pixel)  # beyond the edge of the field a nucleus goes on
    distance = ndimage.distance_transform_edt(np.pad(mask, rim, mode="edge"))[rim:-rim, rim:-rim] * um_per_pixel
    distance = ndimage.gaussian_filter(distance.astype("f4"), 0.5 / um_per_pixel)
    # paler than nuclei is between them; darker says nothing, for chromatin and overlaps are
    pale = np.minimum(level, np.percentile(level[mask], 25) if mask.any() else 0)
    height = np.log(distance + 0.01) + np.log(ndimage.gaussian_filter(pale, 1 / um_per_pixel) + 0.01) / 2
    peaks = measure.label(morphology.local_maxima(np.where(mask, height, -np.inf)) & mask)
    labels = _merged(segmentation.watershed(-height, peaks, mask=mask), height)
    area = np.bincount(labels.ravel())[1:]
    keep = (area * um_per_pixel**2 >= AREA[0]) & (area * um_per_pixel**2 <= AREA[1])
    keep &= area >= LEAST_SOLIDITY * _hulls(labels)[:, 0]
    return np.append(0, np.cumsum(keep) * keep)[labels]


def texture(labels: np.ndarray, stain: np.ndarray, *, um_per_pixel: float) -> pd.DataFrame:
    """Haralick's texture (TEXTURES) of each label from 1 on, by the properties that scikit-image has.

    One symmetric co-occurrence matrix over four directions, STEP apart, of LEVELS grey levels of the stain between 0
    and 1.25 of the common scale; only pairs within a nucleus count (Haralick et al. 1973).

    >>> labels = np.zeros((12, 12), int)
    >>> labels[2:9, 2:9] = 1
    >>> texture(labels, np.full((12, 12), 0.6), um_per_pixel=0.5)[["contrast", "homogeneity"]]  # an even nucleus
       contrast  homogeneity
    0       0.0          1.0
    """
    from skimage.feature import graycoprops

    n = labels.max() + 1
    if n == 1:
        return pd.DataFrame(columns=TEXTURES, dtype=float)
    grey = np.clip(stain * (LEVELS / 1.25), 0, LEVELS - 1).astype(int)
    counts = np.zeros(n * LEVELS**2)
    for (one, other), (here, there) in _pairs(labels, grey, step=max(1, round(STEP / um_per_pixel))):
        within = (one == other) & (one > 0)
        counts += np.bincount((one[within] * LEVELS + here[within]) * LEVELS + there[within], minlength=len(counts))
    counts = counts.reshape(n, LEVELS, LEVELS)[1:].transpose(1, 2, 0)[..., None]
    return pd.DataFrame({name: graycoprops(counts + counts.swapaxes(0, 1), name)[:, 0] for name in TEXTURES})


def neighbourhood(table: pd.DataFrame, *, shape: tuple[int, int], um_per_pixel: float) -> pd.DataFrame:
    """Averages of AVERAGED over the nuclei around each, itself among them (around_…), and their number per_mm2.

    table: row, column (pixels) and AVERAGED. Weights are Gaussian with the sd NEIGHBOURHOOD, up to three of it; the
    number takes account of what lies outside the field of this shape (rows, columns).

    >>> table = pd.DataFrame({"row": [50, 50], "column": [50, 51]}).assign(**dict.fromkeys(AVERAGED, [1.0, 3.0]))
    >>> neighbourhood(table, shape=(100, 100), um_per_pixel=0.5)["around_area_um2"].round(2).tolist()
    [2.0, 2.0]
    """
    places = table[["row", "column"]].to_numpy() * um_per_pixel
    tree = spatial.cKDTree(places)
    weights = tree.sparse_distance_matrix(tree, 3 * NEIGHBOURHOOD, output_type="coo_matrix").tocsr()
    weights.data = np.exp(-np.square(weights.data / NEIGHBOURHOOD) / 2)
    weights.setdiag(1)
    total = np.asarray(weights.sum(axis=1)).ravel()
    edges = [(np.array(edge) - 0.5) * um_per_pixel - places for edge in (shape, (0, 0))]
    inside = np.prod(np.subtract(*(special.ndtr(edge / NEIGHBOURHOOD) for edge in edges)), axis=1)
    area_mm2 = 2 * np.pi * NEIGHBOURHOOD**2 * (1 - np.exp(-4.5)) * inside / 1e6
    means = (weights @ table[AVERAGED].to_numpy()) / total[:, None]
    return pd.DataFrame(means, columns=[f"around_{name}" for name in AVERAGED]).assign(per_mm2=total / area_mm2)


def features(labels: np.ndarray, haematoxylin: np.ndarray, eosin: np.ndarray, *, um_per_pixel: float) -> pd.DataFrame:
    """One row per nucleus: row, column (pixels, centre), and in all other columns what the classifier looks at.

    labels, haematoxylin, eosin: rows × columns. area_um2; eccentricity of the ellipse of the same moments; solidity;
    circularity, 4π · area / perimeter² of the convex hull; haematoxylin and eosin within and in a RING around (common
    scale), haematoxylin evened out first so that the optics matter less; `texture`; `neighbourhood`. Never NaN.

    >>> labels = np.zeros((40, 60), int)
    >>> labels[10:30, 10:50] = 1  # a rectangle of 20 × 40 pixels
    >>> even = np.full(labels.shape, 0.5)
    >>> features(labels, even, even, um_per_pixel=0.5)[["row", "column", "area_um2", "solidity"]].round(2)
        row  column  area_um2  solidity
    0  19.5    29.5     200.0       1.0
    """
    from skimage import segmentation

    haematoxylin = ndimage.gaussian_filter(haematoxylin, EVENED / um_per_pixel)
    rows, columns, own, area = _pixels(labels)
    n, hulls = len(area), _hulls(labels)

    def mean(values: np.ndarray, of: np.ndarray = own) -> np.ndarray:
        return np.bincount(of, values, n + 1)[1:] / np.maximum(np.bincount(of, minlength=n + 1)[1:], 1)

    row, column = mean(rows), mean(columns)
    down, along = rows - row[own - 1], columns - column[own - 1]
    spread, other, both = mean(down**2) + 1 / 12, mean(along**2) + 1 / 12, mean(down * along)  # 1/12: of a square
    apart = np.hypot(spread - other, 2 * both)
    dark = haematoxylin[rows, columns].astype(float)
    table = {
        "row": row, "column": column, "area_um2": area * um_per_pixel**2,
        "eccentricity": np.sqrt(2 * apart / (spread + other + apart)), "solidity": np.minimum(area / hulls[:, 0], 1),
        "circularity": 4 * np.pi * area / hulls[:, 1] ** 2, "haematoxylin_mean": mean(dark),
        "eosin_mean": mean(eosin[rows, columns]),
    }  # fmt: skip
    table["haematoxylin_sd"] = np.sqrt(mean(np.square(dark - table["haematoxylin_mean"][own - 1])))
    ordered, first = dark[np.lexsort((dark, own))], np.cumsum(area) - area
    for percent in (10, 50, 90):
        table[f"haematoxylin_p{percent}"] = ordered[first + (area - 1) * percent // 100]
    ring = np.where(labels == 0, segmentation.expand_labels(labels, RING / um_per_pixel), 0)
    inside = ring > 0
    ringed = np.isin(np.arange(1, n + 1), ring[inside])
    for name, stain in (("haematoxylin", haematoxylin), ("eosin", eosin)):
        # where neighbours wall a nucleus in its own stain stands for the ring's
        table[f"{name}_ring"] = np.where(ringed, mean(stain[inside], ring[inside]), table[f"{name}_mean"])
    table = pd.DataFrame(table)
    textures = texture(labels, haematoxylin, um_per_pixel=um_per_pixel)
    around = neighbourhood(table, shape=labels.shape, um_per_pixel=um_per_pixel)
    return pd.concat([table, textures, around], axis=1)


def match_annotations(
    found: pd.DataFrame, annotated: pd.DataFrame, *, um_per_pixel: float, within_um: float = WITHIN
) -> pd.Series:
    """The kind of each nucleus found, of the annotation that is its own; missing where it has none.

    found, annotated: row, column (pixels), annotated also kind. Pairs are one to one, the sum of distances least, and
    none is within_um or more apart.

    >>> found = pd.DataFrame({"row": [10.0, 50.0], "column": [10.0, 50.0]})
    >>> annotated = pd.DataFrame({"row": [12.0], "column": [11.0], "kind": ["TIL"]})
    >>> match_annotations(found, annotated, um_per_pixel=0.5).fillna("not annotated").tolist()
    ['TIL', 'not annotated']
    """
    places = (table[["row", "column"]].to_numpy(float) * um_per_pixel for table in (found, annotated))
    distance = spatial.distance.cdist(*places)
    nucleus, annotation = optimize.linear_sum_assignment(np.minimum(distance, within_um))
    close = distance[nucleus, annotation] < within_um
    kind = pd.Series(None, found.index, dtype=object, name="kind")
    kind.iloc[nucleus[close]] = annotated["kind"].to_numpy()[annotation[close]]
    return kind


# --- kinds


@dataclasses.dataclass(frozen=True)
class Classifier:
    """A classifier of nuclei by these columns of `features`. simulated: whether simulated slides taught it."""

    forest: object
    columns: list[str]
    simulated: bool
    slides: int
    nuclei: int

    def kinds(self, table: pd.DataFrame, *, simulated: bool) -> pd.Series:
        """The kind of each nucleus of `features`. UserError where simulated slides taught it and real ones ask."""
        if self.simulated and not simulated:
            raise UserError("a classifier taught by simulated slides is not applied to real ones; annotate real nuclei")
        kind = self.forest.predict(table[self.columns].to_numpy()) if len(table) else []
        return pd.Series(kind, table.index, dtype=object, name="kind")


def train(table: pd.DataFrame, kind: pd.Series, slide: pd.Series, *, seed: int, simulated: bool) -> Classifier:
    """A random forest of `features`, with the kind and slide of each nucleus. simulated: whether the slides are.

    Raises UserError where a nucleus has no kind of KINDS, or a feature is missing; MissingData where no TIL or nothing
    else is annotated.

    >>> table = pd.DataFrame({"area_um2": [20.0, 22.0, 80.0, 90.0] * 10})
    >>> kind, slide = pd.Series(["TIL", "TIL", "tumour", "tumour"] * 10), pd.Series(["A"] * 40)
    >>> classifier = train(table, kind, slide, seed=1, simulated=False)
    >>> classifier.kinds(pd.DataFrame({"area_um2": [21.0, 85.0]}), simulated=False).tolist()
    ['TIL', 'tumour']
    """
    from sklearn.ensemble import RandomForestClassifier

    _check_annotated(table, kind)
    if not 0 < (til := int((kind == TIL).sum())) < len(kind):
        raise MissingData(f"of {len(kind)} annotated nuclei {til} are TILs: both TILs and others are needed")
    columns = [name for name in table.columns if name not in ("row", "column")]
    forest = RandomForestClassifier(TREES, min_samples_leaf=3, max_samples=0.5, random_state=seed, n_jobs=1)
    forest.fit(table[columns].to_numpy(), kind.to_numpy(str))
    return Classifier(forest, columns, simulated, slide.nunique(), len(table))


def _check_annotated(table: pd.DataFrame, kind: pd.Series) -> None:
    """Refuses nuclei without a known kind, and missing features."""
    for row in kind.index[~kind.isin(KINDS).to_numpy()][:1]:
        raise UserError(f"nucleus {row}, kind: '{kind[row]}' is none of {', '.join(KINDS)}; leave the nucleus out")
    wrong = ~np.isfinite(table.to_numpy(float))
    for row, column in np.argwhere(wrong)[:1]:
        where = f"nucleus {table.index[row]}, {table.columns[column]}"
        raise UserError(f"{where}: is missing or infinite; leave the nucleus out")


def cross_validate(
    table: pd.DataFrame, kind: pd.Series, slide: pd.Series, *, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How forests call nuclei of slides left out of their training, in FOLDS folds of whole slides, or one per slide.

    Two tables: fold, slides, nuclei, til, auc (TIL against the rest, missing where the fold lacks either); and over all
    folds truth, called, n. Raises what `train` does, and MissingData where fewer than two slides are annotated.

    >>> table = pd.DataFrame({"area_um2": [20.0, 22.0, 80.0, 90.0] * 20})
    >>> kind = pd.Series(["TIL", "TIL", "tumour", "tumour"] * 20)
    >>> folds, confusion = cross_validate(table, kind, pd.Series(["A"] * 40 + ["B"] * 40), seed=1)
    >>> folds[["fold", "slides", "nuclei", "til", "auc"]]
       fold  slides  nuclei  til  auc
    0     1       1      40   20  1.0
    1     2       1      40   20  1.0
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    if slide.nunique() < 2:
        raise MissingData("nuclei of one slide are annotated; two are needed, one to learn from and one to judge on")
    rows, called = [], np.full(len(table), "", dtype=object)
    folds = GroupKFold(min(FOLDS, slide.nunique())).split(table, groups=slide)
    for fold, (seen, unseen) in enumerate(folds, start=1):
        model = train(table.iloc[seen], kind.iloc[seen], slide.iloc[seen], seed=seed, simulated=True)
        probability = model.forest.predict_proba(table.iloc[unseen][model.columns].to_numpy())
        called[unseen] = model.forest.classes_[probability.argmax(axis=1)]
        is_til = (kind.iloc[unseen] == TIL).to_numpy()
        both = 0 < is_til.sum() < len(unseen)
        auc = roc_auc_score(is_til, probability[:, list(model.forest.classes_).index(TIL)]) if both else np.nan
        rows.append((fold, slide.iloc[unseen].nunique(), len(unseen), int(is_til.sum()), auc))
    confusion = [(a, b, int(((kind == a) & (called == b)).sum())) for a in KINDS for b in KINDS]
    names = ["fold", "slides", "nuclei", "til", "auc"], ["truth", "called", "n"]
    return pd.DataFrame(rows, columns=names[0]), pd.DataFrame(confusion, columns=names[1])


# --- fields and folders


def describe(rgb: np.ndarray, *, um_per_pixel: float) -> tuple[pd.DataFrame, dict]:
    """The `features` of a picture's nuclei; and of the field mm2_tissue (what is not empty glass), mm2_field, and
    fixed_stains, the number of stains of which it held too little to see their vectors.

    Raises UserError where the picture is not rows × columns × 3 in colour, or too small.

    >>> table, field = describe(np.full((64, 64, 3), 240, np.uint8), um_per_pixel=0.5)  # empty glass
    >>> len(table), field["mm2_tissue"], field["mm2_field"]
    (0, 0.0, 0.001024)
    """
    from skimage import morphology

    density, _, fixed, *stained = _unmixed(_coloured(rgb))
    table = features(nuclei(stained[0], um_per_pixel=um_per_pixel), *stained, um_per_pixel=um_per_pixel)
    tissue, least = ndimage.gaussian_filter(density[..., 1], 1 / um_per_pixel) > GLASS, int(100 / um_per_pixel**2)
    tissue = morphology.remove_small_holes(morphology.remove_small_objects(tissue, max_size=least), max_size=least)
    mm2 = (um_per_pixel / 1000) ** 2
    return table, {"mm2_tissue": int(tissue.sum()) * mm2, "mm2_field": tissue.size * mm2, "fixed_stains": fixed}


def _with_densities(fields: pd.DataFrame, field: pd.Series, kinds: pd.Series | None) -> pd.DataFrame:
    """Fields with the number and density of their nuclei, of each kind where kinds are known. field: the label of the
    field of each nucleus."""
    parts = {"nuclei": field} | ({} if kinds is None else {kind.lower(): field[kinds == kind] for kind in KINDS})
    counts = {name: part.value_counts().reindex(fields.index, fill_value=0) for name, part in parts.items()}
    fields = fields.assign(**counts)
    for name in [name for name in ("nuclei", "til") if name in counts]:
        fields[f"{name}_per_mm2"] = fields[name] / fields["mm2_tissue"].where(fields["mm2_tissue"] > 0)
        fields[f"{name}_per_mm2_field"] = fields[name] / fields["mm2_field"]
    return fields


def field_counts(
    rgb: np.ndarray, *, um_per_pixel: float, model: Classifier | None = None, simulated: bool = False
) -> dict:
    """What one picture holds: the columns that `count_folder` adds; til, tumour, stroma only with a model.

    simulated: whether the picture is. Raises UserError where simulated slides taught the model and it is real, or the
    picture is not one of `describe`.

    >>> counts = field_counts(np.full((64, 64, 3), 240, np.uint8), um_per_pixel=0.5)
    >>> counts["nuclei"], counts["nuclei_per_mm2_field"]
    (0, 0.0)
    """
    table, field = describe(rgb, um_per_pixel=um_per_pixel)
    kinds = None if model is None else model.kinds(table, simulated=simulated)
    return _with_densities(pd.DataFrame([field]), pd.Series(0, table.index), kinds).to_dict("records")[0]


@dataclasses.dataclass(frozen=True)
class CountedFields:
    """The H&E fields of a folder, counted.

    fields: the counted rows of table.csv with nuclei, mm2_tissue, mm2_field, fixed_stains, nuclei_per_mm2 (of tissue;
    missing where there is none), nuclei_per_mm2_field, and where kinds are told apart til, tumour, stroma,
    til_per_mm2, til_per_mm2_field. annotated: field, slide, found, annotated, matched of the annotated fields. model,
    folds, confusion (of `cross_validate`): None where kinds are not told apart, and reason says why. left_out: H&E
    fields not counted, by reason.
    """

    fields: pd.DataFrame
    annotated: pd.DataFrame
    model: Classifier | None
    folds: pd.DataFrame | None
    confusion: pd.DataFrame | None
    reason: str
    left_out: dict[str, int]

    @property
    def til(self) -> pd.DataFrame | None:
        """The fields where kinds are told apart, else None."""
        return self.fields if self.model else None


def _annotations(folder: Path, fields: pd.DataFrame) -> pd.DataFrame:
    """The annotated nuclei (nuclei.csv): field, row, column, kind; no row where there is no such file."""
    columns = ["field", "row", "column", "kind"]
    if not (folder / NUCLEI_FILE).exists():
        return pd.DataFrame(columns=columns)
    table = read_columns(folder, file=NUCLEI_FILE, columns=columns)

    def check(column: str, wrong: pd.Series, message: str) -> None:
        refuse(folder, table, file=NUCLEI_FILE, column=column, wrong=wrong, message=message)

    check("field", ~table["field"].isin(fields["field"]), f"'{{}}' is no H&E field of {TABLE_FILE}; correct it")
    check("kind", ~table["kind"].isin(KINDS), f"'{{}}' is none of {', '.join(KINDS)}; write one of them")
    for name in ("row", "column"):
        number = pd.to_numeric(table[name], errors="coerce")
        check(name, ~np.isfinite(number), "'{}' is not a number; correct it")
        table[name] = number
    return table[columns]


def _inside(folder: Path, annotated: pd.DataFrame, picture: np.ndarray) -> pd.DataFrame:
    """The annotated nuclei of a picture, refused where one lies outside it."""
    for name, side in zip(("row", "column"), picture.shape, strict=False):
        outside = ~annotated[name].between(-0.5, side - 0.5)
        message = f"'{{}}' lies outside the picture's {side} pixels; correct it"
        refuse(folder, annotated, file=NUCLEI_FILE, column=name, wrong=outside, message=message)
    return annotated


def count_folder(
    folder: Path, *, seed: int, simulated: bool, groups: Mapping[str, Sequence[str]] | None = None
) -> CountedFields:
    """The H&E fields of a folder counted, by a classifier that the folder's own annotated fields teach.

    folder: as `fields.read_fields` takes it, with groups; nuclei.csv lists every nucleus of the annotated fields
    (field, row, column, kind). seed: of the random forests. simulated: whether the slides are.

    Each picture is read once. Not counted are annotated fields and other fields of their patients. Where annotations do
    not suffice to teach and judge a classifier, nuclei are counted and kinds are not. Raises UserError for what is
    wrong in table.csv, nuclei.csv or a picture, MissingData where there is no H&E field.

    >>> import tempfile
    >>> from skimage import io
    >>> folder = Path(tempfile.mkdtemp())
    >>> io.imsave(folder / "one.png", np.full((64, 64, 3), 240, np.uint8), check_contrast=False)  # empty glass
    >>> field = {"field": "F1", "file": "one.png", "stain": "H&E", "slide": "S1", "patient": "P1", "group": "SCLC"}
    >>> pd.DataFrame([field | {"subtype": "", "um_per_pixel": 0.5}]).to_csv(folder / "table.csv", index=False)
    >>> counted = count_folder(folder, seed=1, simulated=False)
    >>> counted.fields[["patient", "nuclei", "mm2_field"]]
      patient  nuclei  mm2_field
    0      P1       0   0.001024
    >>> counted.reason.endswith("has no annotated nuclei (nuclei.csv)")
    True
    """
    folder = Path(folder).resolve()
    fields = read_fields(folder, stain=STAIN, um_per_pixel=SCALES, groups=groups)
    known = _annotations(folder, fields)
    teaches = fields["field"].isin(known["field"])
    spared = ~teaches & fields["patient"].isin(fields.loc[teaches, "patient"])
    tables, measured, lessons, annotated = [], {}, [], []
    for row in fields[~spared].itertuples():
        picture = picture_of(folder, row, read=read_picture)
        own = _inside(folder, known[known["field"] == row.field], picture)
        table, field = describe(picture, um_per_pixel=row.um_per_pixel)
        if own.empty:
            tables.append(table.assign(field=row.Index))
            measured[row.Index] = field
        else:
            kind = match_annotations(table, own, um_per_pixel=row.um_per_pixel)
            lessons.append(table.assign(kind=kind, slide=row.slide)[kind.notna()])
            annotated.append((row.field, row.slide, len(table), len(own), int(kind.notna().sum())))
    model = folds = confusion = kinds = None
    nuclei_counted = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"field": []})
    reason = f"{folder.name} has no annotated nuclei ({NUCLEI_FILE})"
    if lessons:
        lesson = pd.concat(lessons, ignore_index=True)
        cases = lesson.drop(columns=["kind", "slide"]), lesson["kind"], lesson["slide"]
        try:
            folds, confusion = cross_validate(*cases, seed=seed)
            model, reason = train(*cases, seed=seed, simulated=simulated), ""
            kinds = model.kinds(nuclei_counted, simulated=simulated)
        except MissingData as lacking:
            reason = str(lacking)
    measures = pd.DataFrame(measured.values(), list(measured), ["mm2_tissue", "mm2_field", "fixed_stains"])
    annotated = pd.DataFrame(annotated, columns=["field", "slide", "found", "annotated", "matched"])
    fields = fields.loc[list(measured)].join(measures)
    counted = _with_densities(fields, nuclei_counted["field"], kinds).reset_index(drop=True)
    left_out = {"annotated": int(teaches.sum()), "other fields of annotated patients": int(spared.sum())}
    return CountedFields(counted, annotated, model, folds, confusion, reason, left_out)
