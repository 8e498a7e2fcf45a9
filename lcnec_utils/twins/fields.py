"""Simulated microscope fields: H&E by the law of Beer and Lambert, immunofluorescence of FGL1, and their truth.

A picture is drawn as light passes: the light of the lamp, absorbed by two stains (intensity = light · 10^−(optical
density)), blurred by the optics, with the noise of the camera, in 8 bits. Nuclei are ellipses whose outline a short
Fourier series bends. Sizes nobody printed stand in laws/fields.yaml; lengths there are in µm.
"""

import dataclasses
import io
import math
from functools import cache

import numpy as np
import pandas as pd
from scipy import interpolate, ndimage, sparse, stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.twins.expression import NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED
from lcnec_utils.twins.studies import Table, described
from lcnec_utils.twins.targets import Targets, laws, stream

TIL, TUMOUR, STROMA = "TIL", "tumour", "stroma"
KINDS = [TIL, TUMOUR, STROMA]
LUAD, LUSC, SCLC, LCNEC, NSCLC = "LUAD", "LUSC", "SCLC", "LCNEC", "NSCLC"
HISTOLOGIES = [LUAD, LUSC, SCLC, LCNEC]
OTHERS = [LUAD, LUSC, SCLC]
KEY = {NSCLC_LIKE: "nsclc_like", SCLC_LIKE: "sclc_like", UNCLASSIFIED: "unclassified", NSCLC: "nsclc", SCLC: "sclc"}
HE, IF = "H&E", "IF"
WHITE = 245.0  # grey level of empty glass where the light has brightness 1
FIRST_TRIES, MORE_TRIES = 30, 400  # places tried for a nucleus
GRID = 32  # cells a side, from which places are drawn
MOST_REDRAWS = 20_000
FACTOR = 2.5  # between a drawn p and the printed one
COLUMNS = ["field", "file", "stain", "slide", "patient", "group", "subtype", "um_per_pixel", "truth_nuclei",
           "truth_til", "truth_positive"]  # fmt: skip
NUCLEI = ["field", "row", "column", "kind", "area_um2"]
COUNTED, ANNOTATED, FLUORESCENT = "counted", "annotated", "immunofluorescence"


@dataclasses.dataclass(frozen=True)
class Look:
    """How a slide was stained and lit.

    haematoxylin, eosin: optical density per unit of stain in R, G, B, unit vectors. brightness: of the light; 1 is a
    white of 245. gradient: relative fall of the light across the field, towards `direction` (radians; 0 is to higher
    columns, π/2 to higher rows). blur_um: of the optics, standard deviation. noise: of the camera, standard deviation
    at white in grey levels; its variance follows the intensity.
    """

    haematoxylin: tuple[float, float, float]
    eosin: tuple[float, float, float]
    haematoxylin_strength: float = 1.0
    eosin_strength: float = 1.0
    brightness: float = 1.0
    gradient: float = 0.0
    direction: float = 0.0
    blur_um: float = 0.35
    noise: float = 1.5


@dataclasses.dataclass
class Fields:
    """Microscope fields ready to be written.

    table: one row per field, columns COLUMNS (truth_… empty where it does not apply). nuclei: field, row, column
    (pixels), kind, area_um2 of the annotated fields. pictures: 8-bit RGB by file.
    """

    table: pd.DataFrame
    nuclei: pd.DataFrame
    pictures: dict[str, np.ndarray]
    targets: Targets
    study: dict


def _law(*path: str):
    """A value of the laws; `planned` records them all."""
    value = laws()["assumed"]["fields"]
    for key in path:
        value = value[key]
    return value


def draw_look(rng: np.random.Generator, targets: Targets) -> Look:
    """The look of one slide, drawn from the laws."""
    law = targets.assume("fields", "look")

    def vector(name: str) -> tuple[float, float, float]:
        drawn = np.maximum(rng.normal(law[name], law["vector_sd"]), 0.01)
        return tuple(float(x) for x in drawn / np.linalg.norm(drawn))

    return Look(
        haematoxylin=vector("haematoxylin"),
        eosin=vector("eosin"),
        haematoxylin_strength=rng.uniform(*law["strength"]),
        eosin_strength=rng.uniform(*law["strength"]),
        brightness=rng.uniform(*law["brightness"]),
        gradient=rng.uniform(*law["gradient"]),
        direction=rng.uniform(0, 2 * math.pi),
        blur_um=rng.uniform(*law["blur_um"]),
        noise=rng.uniform(*law["noise"]),
    )


# --- light and texture


@cache
def _spline(pixels: int, knots: int) -> sparse.csr_array:
    """Values of cubic B-splines at each pixel, pixels × knots; sparse, so that no threaded library multiplies it."""
    places = np.linspace(3, knots, pixels, endpoint=False)
    return interpolate.BSpline.design_matrix(places, np.arange(knots + 4.0), 3).tocsr().astype("f4")


def _smooth(rng: np.random.Generator, pixels: int, scale_pixels: float) -> np.ndarray:
    """A smooth random surface about 0 with sd about 1, pixels × pixels, that varies over scale_pixels."""
    knots = max(5, math.ceil(pixels / scale_pixels) + 4)
    basis = _spline(pixels, knots)
    rows = basis @ rng.standard_normal((knots, knots), dtype="f4")
    return 2.1 * np.ascontiguousarray((basis @ np.ascontiguousarray(rows.T)).T)


def _textures(rng: np.random.Generator, pixels: int, um_per_pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """Coarse and fine chromatin over the field, about 0 with sd 1."""
    found = []
    for name in ("coarse", "fine"):
        noise = rng.standard_normal((pixels, pixels), dtype="f4")
        noise = ndimage.gaussian_filter(noise, _law("chromatin_um", name) / um_per_pixel, mode="wrap", truncate=2.5)
        found.append(noise / noise.std())
    return found[0], found[1]


def _light(pixels: int, brightness: float, gradient: float, direction: float) -> np.ndarray:
    """Relative light over a field, pixels × pixels: its mean is the brightness, it falls by gradient across."""
    way = (np.arange(pixels) - (pixels - 1) / 2) / pixels
    across = way[None, :] * math.cos(direction) + way[:, None] * math.sin(direction)
    return (brightness * (1 - gradient * across)).astype("f4")


def _recorded(rng: np.random.Generator, intensity: np.ndarray, blur_pixels: float, noise: float) -> np.ndarray:
    """8 bit (rows × columns × planes) of an intensity (planes × rows × columns): blurred, with noise whose variance
    follows the intensity."""
    if blur_pixels > 0:
        for axis in (1, 2):
            intensity = ndimage.gaussian_filter1d(intensity, blur_pixels, axis=axis, mode="nearest", truncate=3)
    if noise > 0:
        sd = np.sqrt(np.maximum(intensity, 1.0)) * np.float32(noise / math.sqrt(WHITE))
        intensity = intensity + sd * rng.standard_normal(intensity.shape, dtype="f4")
    return np.ascontiguousarray(np.clip(np.rint(intensity), 0, 255).astype("u1").transpose(1, 2, 0))


# --- nuclei


@dataclasses.dataclass
class _Nuclei:
    """Nuclei of one kind before they have a place.

    depth: µm inside the outline, below 0 outside, over a window round each centre, n × w × w. off: by which part of a
    pixel the centre lies off the window's. radius: pixels, of the circle of the same area.
    """

    law: dict
    depth: np.ndarray
    off: np.ndarray
    radius: np.ndarray

    @property
    def half(self) -> int:
        return self.depth.shape[1] // 2


def _nuclei(rng: np.random.Generator, law: dict, n: int, um_per_pixel: float, angle: float | None = None) -> _Nuclei:
    """n nuclei by the law of their kind, long axes about an angle (radians from the columns) or in any direction."""
    mean, sd = law["radius_um"]
    radius = np.maximum(rng.normal(mean, sd, n), 0.6 * mean) / um_per_pixel
    aspect = np.maximum(rng.normal(*law["aspect"], n), 1.0)
    turn = rng.uniform(0, math.pi, n) if angle is None else angle + rng.normal(0, _law("tissue", "fibre_sd"), n)
    orders = np.arange(2, 7)
    waves = law["irregular"] * (2 / orders) * (rng.normal(size=(n, len(orders), 2)) @ np.array([1, 1j]))
    off = rng.uniform(-0.5, 0.5, (n, 2))
    half = math.ceil((radius * np.sqrt(aspect)).max() * 1.15 + 2) if n else 1
    way = np.arange(-half, half + 1)

    def column(values: np.ndarray) -> np.ndarray:
        return values.astype("f4")[:, None, None]

    y, x = (way[:, None] - column(off[:, 0])).astype("f4"), (way[None, :] - column(off[:, 1])).astype("f4")
    # along and beside the long axis, in units of the half axes
    u = (x * column(np.cos(turn)) + y * column(np.sin(turn))) / column(radius * np.sqrt(aspect))
    v = (y * column(np.cos(turn)) - x * column(np.sin(turn))) / column(radius / np.sqrt(aspect))
    rho = np.sqrt(u * u + v * v) + np.float32(1e-6)
    turned = (u + 1j * v) / rho
    series = np.zeros_like(turned)  # from the highest order down to the second
    for wave in waves.astype("c8").T[::-1]:
        series *= turned
        series += wave[:, None, None]
    outline = 1 + (series * turned * turned).real
    return _Nuclei(law, (outline - rho) * np.sqrt(x * x + y * y) / rho * np.float32(um_per_pixel), off, radius)


class _Ground:
    """Which pixels are taken, by nuclei or for being empty; with a rim about the field, so that no window is cut."""

    def __init__(self, pixels: int, rim: int, empty: np.ndarray | bool = False):
        self.pixels, self.rim = pixels, rim
        self.taken = np.zeros((pixels + 2 * rim, pixels + 2 * rim), bool)
        self.inside = np.zeros_like(self.taken)
        self.inside[rim : rim + pixels, rim : rim + pixels] = True
        self.taken[rim : rim + pixels, rim : rim + pixels] = empty

    def window(self, place: np.ndarray, half: int) -> tuple[slice, slice]:
        row, column = int(place[0]) + self.rim, int(place[1]) + self.rim
        return slice(row - half, row + half + 1), slice(column - half, column + half + 1)

    def settle(self, mask: np.ndarray, near: np.ndarray, allowed: int, candidates: np.ndarray) -> np.ndarray | None:
        """The first candidate where half of mask is inside and at most `allowed` pixels of near are taken."""
        half, least = mask.shape[0] // 2, mask.sum() / 2
        at_rim = ((candidates < half) | (candidates >= self.pixels - half)).any(axis=1)
        for place, cut in zip(candidates, at_rim, strict=True):
            window = self.window(place, half)
            if np.count_nonzero(self.taken[window] & near) > allowed:
                continue
            if not cut or np.count_nonzero(self.inside[window] & mask) >= least:
                return place
        return None


def _candidates(rng: np.random.Generator, weight: np.ndarray, n: int, pixels: int) -> np.ndarray:
    """n places (row, column, whole pixels) by weights over a grid of the field."""
    chosen = np.searchsorted(np.cumsum(weight.ravel()), rng.uniform(0, weight.sum(), n), side="right")
    cell = np.stack(np.divmod(np.minimum(chosen, weight.size - 1), weight.shape[1]), axis=1)
    return np.minimum((cell + rng.uniform(0, 1, (n, 2))) * pixels / weight.shape[0], pixels - 1).astype(int)


def _clustered(rng: np.random.Generator, candidates: np.ndarray, pixels: int, um_per_pixel: float) -> np.ndarray:
    """Candidates of TILs (n × tries × 2), those of some moved about the centres of a few clusters."""
    tissue, n = _law("tissue"), len(candidates)
    centres = candidates[rng.integers(0, n, 1 + n // tissue["cluster_size"]), 0]
    own = centres[rng.integers(0, len(centres), n)][:, None, :]
    about = own + rng.normal(0, tissue["cluster_um"] / um_per_pixel, candidates.shape)
    inside = ((about >= 0) & (about < pixels)).all(axis=2, keepdims=True)
    moved = rng.uniform(size=(n, 1, 1)) < tissue["clustered"]
    return np.where(moved & inside, about, candidates).astype(int)


def _settle_all(
    rng: np.random.Generator, ground: _Ground, nuclei: _Nuclei, candidates: np.ndarray, weight: np.ndarray,
    moulded: float,
) -> tuple[np.ndarray, dict[int, np.ndarray]]:  # fmt: skip
    """Where each nucleus lies (row, column), and of moulded ones which pixels of the window a neighbour has.

    candidates: n × tries × 2; weight: for further ones, where these are taken. Raises UserError where one finds no
    room.
    """
    tissue, n = _law("tissue"), len(candidates)
    masks, near = nuclei.depth >= 0, nuclei.depth >= -tissue["gap_um"]
    chance, presses = rng.uniform(size=n), rng.uniform(size=n) < moulded
    places, cuts = np.zeros((n, 2), int), {}
    for i, mask in enumerate(masks):
        most = int(tissue["most"] * mask.sum())
        overlaps = chance[i] < tissue["overlapping"] or presses[i]
        touches = overlaps or chance[i] < tissue["overlapping"] + tissue["touching"]
        allowed = most if overlaps else 0
        place = ground.settle(mask, mask if touches else near[i], allowed, candidates[i])
        if place is None:  # a crowded field: further on, touching; then overlapping; then anywhere
            more = _candidates(rng, weight, MORE_TRIES, ground.pixels)
            anywhere = rng.integers(0, ground.pixels, (MORE_TRIES, 2))
            for limit, where in ((allowed, more), (most, more), (most, anywhere)):
                if place is None:
                    place = ground.settle(mask, mask, limit, where)
        if place is None:
            raise UserError(f"{n} more nuclei do not fit into a field of {ground.pixels} pixels; ask for fewer")
        window = ground.window(place, nuclei.half)
        if presses[i]:
            cuts[i] = ground.taken[window].copy()
        ground.taken[window] |= mask
        places[i] = place
    return places, cuts


class _Canvas:
    """The stain of nuclei over a field, pixels × pixels: dark (their own), cover (share of the ground they hide)."""

    def __init__(self, rng: np.random.Generator, pixels: int, um_per_pixel: float):
        self.pixels, self.um_per_pixel = pixels, um_per_pixel
        self.coarse, self.fine = _textures(rng, pixels, um_per_pixel)
        self.dark, self.cover = np.zeros((pixels, pixels), "f4"), np.zeros((pixels, pixels), "f4")

    def _add(self, layer: np.ndarray, flat: np.ndarray, values: np.ndarray) -> None:
        layer += np.bincount(flat, values, minlength=self.pixels**2).reshape(layer.shape).astype("f4")

    def draw(self, rng: np.random.Generator, nuclei: _Nuclei, places: np.ndarray, cuts: dict) -> pd.DataFrame:
        """Adds nuclei; their row, column and area_um2 as seen within the field."""
        law, depth, n = nuclei.law, nuclei.depth, len(places)
        way = np.arange(-nuclei.half, nuclei.half + 1)
        rows, columns = places[:, :1] + way, places[:, 1:] + way
        within = ((rows >= 0) & (rows < self.pixels))[:, :, None] & ((columns >= 0) & (columns < self.pixels))[:, None]
        for i, cut in cuts.items():
            within[i] &= ~cut
        edge = 0.65 * self.um_per_pixel  # the outline's pixels are covered in part
        which, i, j = np.nonzero(within & (depth > -edge))
        deep, row, column = depth[which, i, j], rows[which, i], columns[which, j]
        flat = row * self.pixels + column
        cover = np.minimum((deep + edge) / (2 * edge), 1)
        mean, sd = law["haematoxylin"]
        strength = np.maximum(rng.normal(mean, sd, n), 0.4 * mean).astype("f4")
        rim = 1 - law["vesicular"] * (1 - np.exp(-np.square((deep - 0.5) / 0.45) / 2))
        texture = 1 + law["coarse"] * self.coarse.ravel()[flat] + law["fine"] * self.fine.ravel()[flat]
        self._add(self.dark, flat, strength[which] * cover * rim * np.maximum(texture, 0.2))
        self._add(self.cover, flat, cover)
        if law["nucleoli"]:
            self._nucleoli(rng, nuclei, places)
        seen = deep >= 0
        which = which[seen]
        area = np.bincount(which, minlength=n)
        centre = {
            name: np.bincount(which, values[seen], minlength=n) / area
            for name, values in (("row", row), ("column", column))
        }
        return pd.DataFrame(centre | {"area_um2": area * self.um_per_pixel**2})

    def _nucleoli(self, rng: np.random.Generator, nuclei: _Nuclei, places: np.ndarray) -> None:
        """Adds up to three nucleoli to each nucleus, within half its radius."""
        law = _law("nucleoli")
        of = np.repeat(np.arange(len(places)), np.minimum(rng.poisson(nuclei.law["nucleoli"], len(places)), 3))
        radius = nuclei.radius[of]
        angle, far = rng.uniform(0, 2 * math.pi, len(of)), 0.5 * radius * np.sqrt(rng.uniform(size=len(of)))
        centre = places[of] + nuclei.off[of] + far[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
        sd = radius * rng.uniform(*law["radius"], len(of))
        way = np.arange(-5, 6)
        rows, columns = np.rint(centre[:, :1]).astype(int) + way, np.rint(centre[:, 1:]).astype(int) + way
        squares = (rows - centre[:, :1])[:, :, None] ** 2 + (columns - centre[:, 1:])[:, None, :] ** 2
        spot = law["density"] * np.exp(-squares / (2 * sd[:, None, None] ** 2))
        within = ((rows >= 0) & (rows < self.pixels))[:, :, None] & ((columns >= 0) & (columns < self.pixels))[:, None]
        flat = rows[:, :, None] * self.pixels + columns[:, None, :]
        self._add(self.dark, flat[within], spot[within])


# --- H&E


def he_field(
    rng: np.random.Generator,
    counts: dict[str, int],
    *,
    histology: str,
    look: Look,
    pixels: int = 256,
    um_per_pixel: float = 0.49,
) -> tuple[np.ndarray, pd.DataFrame]:
    """An H&E picture (pixels × pixels × 3, 8-bit RGB) and its nuclei: row, column, kind, area_um2.

    counts: nuclei by kind (TIL, tumour, stroma). histology: of the tumour cells, LUAD, LUSC, SCLC or LCNEC. row,
    column: pixels, centre of what is seen of a nucleus, at least half of which lies inside; area_um2: of what is seen.
    Raises UserError where the nuclei do not fit.
    """
    strange = [f"{n} {kind}" for kind, n in sorted(counts.items()) if kind not in KINDS or n < 0]
    if strange or histology not in HISTOLOGIES:
        said = f"asked for {', '.join(strange) or histology}"
        raise UserError(f"fields hold numbers of {', '.join(KINDS)}, in {', '.join(HISTOLOGIES)}; {said}")
    tissue, cell = _law("tissue"), _law("cytoplasm", histology)
    nest, gap, weights = _architecture(rng, counts, cell, pixels, um_per_pixel)
    fibre, angle = _fibres(rng, pixels, um_per_pixel)
    canvas = _Canvas(rng, pixels, um_per_pixel)
    # large nuclei first, so that the small ones find their place between
    names = {TUMOUR: histology, STROMA: STROMA, TIL: TIL}
    drawn = {
        kind: _nuclei(rng, _law("nuclei", name), counts[kind], um_per_pixel, angle if kind == STROMA else None)
        for kind, name in names.items()
        if counts.get(kind)
    }
    ground = _Ground(pixels, max((part.half for part in drawn.values()), default=0) + 1, gap > 0.5)
    found = [pd.DataFrame({"row": [], "column": [], "area_um2": []}).assign(kind="")]
    for kind, nuclei in drawn.items():
        n = len(nuclei.radius)
        candidates = _candidates(rng, weights[kind], n * FIRST_TRIES, pixels).reshape(n, FIRST_TRIES, 2)
        if kind == TIL:
            candidates = _clustered(rng, candidates, pixels, um_per_pixel)
        moulded = cell["moulded"] if kind == TUMOUR else 0.0
        settled = _settle_all(rng, ground, nuclei, candidates, weights[kind], moulded)
        found.append(canvas.draw(rng, nuclei, *settled).assign(kind=kind))
    mottled = 1 + sum(size * _smooth(rng, pixels, scale / um_per_pixel) for scale, size in tissue["mottled"])
    between, on = tissue["stroma"]["eosin"]
    cover = np.minimum(canvas.cover, 1)
    eosin = nest * cell["eosin"] * mottled + (1 - nest) * (between + (on - between) * fibre)
    eosin = np.maximum(eosin, 0) * (1 - gap) * (1 - (1 - tissue["nuclear_eosin"]) * cover)
    pale = nest * cell["haematoxylin"] * mottled + (1 - nest) * tissue["stroma"]["haematoxylin"]
    haematoxylin = np.maximum(pale, 0) * (1 - gap) * (1 - cover) + canvas.dark
    haematoxylin *= look.haematoxylin_strength
    eosin *= look.eosin_strength
    light = WHITE * _light(pixels, look.brightness, look.gradient, look.direction)
    intensity = np.stack(
        [light * np.exp(-math.log(10) * (h * haematoxylin + e * eosin))
         for h, e in zip(look.haematoxylin, look.eosin, strict=True)]
    )  # fmt: skip
    picture = _recorded(rng, intensity, look.blur_um / um_per_pixel, look.noise)
    return picture, pd.concat(found[1:] or found, ignore_index=True)[["row", "column", "kind", "area_um2"]]


def _architecture(rng: np.random.Generator, counts: dict, cell: dict, pixels: int, um_per_pixel: float):
    """Nests of tumour and gaps (0 to 1, pixels × pixels), and where each kind of nucleus likes to lie (on the grid)."""
    tissue = _law("tissue")
    nest_um2, stroma_um2 = counts.get(TUMOUR, 0) * cell["cell_um2"], counts.get(STROMA, 0) * tissue["stroma_um2"]
    used = (nest_um2 + stroma_um2 + counts.get(TIL, 0) * tissue["til_um2"]) / (pixels * um_per_pixel) ** 2
    place, hollow = (_smooth(rng, pixels, tissue[name] / um_per_pixel) for name in ("nest_um", "empty_um"))

    def highest(surface: np.ndarray, share: float) -> float:
        return float(np.quantile(surface[::4, ::4], 1 - share))

    share = nest_um2 / (nest_um2 + stroma_um2) if nest_um2 + stroma_um2 else 0.5
    nest = 1 / (1 + np.exp(-9 * np.clip(place - highest(place, share), -3, 3)))
    # a full field has no room for gaps
    empty = rng.uniform(*tissue["gaps"]) * min(max(2.0 - 1.3 * used, 0.0), 1.0)
    gap = np.clip((hollow - highest(hollow, empty)) * 8, 0, 1)
    middle = ((np.arange(GRID) + 0.5) * pixels / GRID).astype(int)
    coarse_nest, full = nest[np.ix_(middle, middle)], gap[np.ix_(middle, middle)] < 0.2
    weights = {
        TUMOUR: full * (coarse_nest > 0.5) + 1e-9,
        STROMA: full * (coarse_nest <= 0.5) + 1e-9,
        TIL: full * (1 - (1 - tissue["til_in_nest"]) * coarse_nest) + 1e-9,
    }
    return nest, gap, weights


def _fibres(rng: np.random.Generator, pixels: int, um_per_pixel: float) -> tuple[np.ndarray, float]:
    """How much of a fibre lies at each pixel (0 to 1), and the fibres' angle (radians from the columns).

    A random profile over a bent coordinate across the fibres.
    """
    tissue = _law("tissue")
    angle = rng.uniform(0, math.pi)
    way = np.arange(pixels, dtype="f4") * um_per_pixel
    over, by = tissue["bend_um"]
    across = way[:, None] * math.cos(angle) - way[None, :] * math.sin(angle)
    across = (across + by * _smooth(rng, pixels, over / um_per_pixel)) / tissue["fibre_um"]
    first = math.floor(across.min())
    profile = rng.uniform(0, 1, math.ceil(across.max()) - first + 1)
    fibre = np.interp(across - first, np.arange(len(profile)), profile).astype("f4")
    return np.clip(fibre + 0.25 * _smooth(rng, pixels, 9 / um_per_pixel), 0, 1), angle


# --- immunofluorescence


def if_field(
    rng: np.random.Generator,
    n_cells: int,
    positive_share: float,
    *,
    pixels: int = 256,
    um_per_pixel: float = 0.42,
    background: float = 12.0,
    brightness: float = 1.0,
    gradient: float = 0.0,
    direction: float = 0.0,
    blur_um: float = 0.4,
    noise: float = 3.0,
) -> tuple[np.ndarray, pd.DataFrame]:
    """An immunofluorescence composite (pixels × pixels × 3, 8 bit) and its nuclei: row, column, positive (bool).

    DAPI is in all three channels, FGL1 in green on top. positive_share: of the cells, to the nearest whole cell.
    background: autofluorescence in the plane of FGL1, grey levels. Light, blur and noise as in Look. Raises UserError
    without a cell, or where the nuclei do not fit.
    """
    if n_cells < 1 or not 0 <= positive_share <= 1:
        raise UserError(f"a field needs a cell and a share from 0 to 1; asked for {n_cells} and {positive_share:g}")
    law = _law("immunofluorescence")
    nuclei = _nuclei(rng, law["nuclei"], n_cells, um_per_pixel)
    weight = np.ones((GRID, GRID))
    candidates = _candidates(rng, weight, n_cells * FIRST_TRIES, pixels).reshape(n_cells, FIRST_TRIES, 2)
    settled = _settle_all(rng, _Ground(pixels, nuclei.half + 1), nuclei, candidates, weight, 0.0)
    canvas = _Canvas(rng, pixels, um_per_pixel)
    table = canvas.draw(rng, nuclei, *settled)
    table["positive"] = rng.permutation(n_cells) < round(positive_share * n_cells)
    # a pixel belongs to the nearest nucleus
    way, beyond, owner = np.arange(pixels, dtype="f4"), np.full((pixels, pixels), np.inf, "f4"), 0
    for i, (row, column, radius) in enumerate(zip(table["row"], table["column"], nuclei.radius, strict=True)):
        far = np.sqrt((way[:, None] - np.float32(row)) ** 2 + (way[None, :] - np.float32(column)) ** 2)
        far -= np.float32(radius)
        owner = np.where(far < beyond, i, owner)
        np.minimum(beyond, far, out=beyond)
    levels = [law["fgl1"]["positive" if positive else "negative"] for positive in table["positive"]]
    level = np.array([median * math.exp(sd * rng.standard_normal()) for median, sd in levels], "f4")
    reach = np.exp(-np.square(np.maximum(beyond, 0) * um_per_pixel / law["cytoplasm_um"]) / 2)
    over = 1 - (1 - law["over_nucleus"]) * np.minimum(canvas.cover, 1)
    fgl1 = level[owner] * reach * over * np.maximum(1 + law["granular"] * canvas.coarse, 0)
    haze = background * np.maximum(1 + law["background_sd"] * _smooth(rng, pixels, 30 / um_per_pixel), 0.2)
    bright, dim = law["dapi"]
    light = _light(pixels, brightness, gradient, direction)
    planes = np.stack([light * (bright * canvas.dark + dim), light * (fgl1 + haze)])
    recorded = _recorded(rng, planes, blur_um / um_per_pixel, noise).astype(int)
    dapi, green = recorded[..., 0], recorded[..., 1]
    picture = np.stack([dapi, np.minimum(dapi + green, 255), dapi], axis=-1).astype("u1")
    return picture, table[["row", "column", "positive"]]


# --- the cohort


def _p(one: np.ndarray, other: np.ndarray) -> float:
    """Two-sided Wilcoxon p; 1 where `one` is not lower."""
    test = stats.mannwhitneyu(one, other, method="asymptotic")
    return float(test.pvalue) if test.statistic < len(one) * len(other) / 2 else 1.0


def _til_counts(rng: np.random.Generator, law: list[float], n: int) -> np.ndarray:
    """TILs in the field of n patients."""
    density = law[0] * np.exp(law[1] * rng.standard_normal(n))
    return rng.poisson(np.minimum(density, _law("density", "til_most_per_mm2")) * _mm2())


def _mm2() -> float:
    """Area of an H&E field."""
    return (_law("pixels") * _law("um_per_pixel", HE) / 1000) ** 2


def _counted_tils(seed: int, targets: Targets) -> pd.DataFrame:
    """Patients whose TILs are counted: group, subtype, til. LCNEC are redrawn until the printed tests hold."""
    law = targets.assume("fields", "density")["TIL"]
    til, parts = {}, []
    for group in OTHERS:
        n = targets.count(f"fig5h.n.{group.lower()}", "patients")
        til[group] = _til_counts(stream(seed, "fields", "til", group), law[group], n)
        parts.append(pd.DataFrame({"group": group, "subtype": "", "til": til[group]}))
    sizes = {name: targets.count(f"fig5h.n.{KEY[name]}", "patients") for name in (NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED)}
    if sum(sizes.values()) != targets.count("fig5h.n.lcnec", "patients"):
        raise UserError("the printed numbers of LCNEC by subtype do not add up to that of all; see fig5h.n.lcnec")
    lower = targets.planted("fields", "til_of_lcnec")
    knob = f"two-sided Wilcoxon p, within a factor of {FACTOR}; fewer TILs"
    printed = {other: targets.p(f"fig5h.til.nsclc_like_vs_{other.lower()}.legend", knob) for other in OTHERS}
    for other in OTHERS:
        targets.plant(f"fig5h.til.lcnec_vs_{other.lower()}", "TILs of LCNEC; Wilcoxon p below .05")
    targets.plant("fig5h.til.abstract", "TILs of LCNEC against each other group")
    rng = stream(seed, "fields", "til", LCNEC)
    for _ in range(MOST_REDRAWS):
        first = _til_counts(rng, lower, sizes[NSCLC_LIKE])
        if not all(1 / FACTOR < _p(first, til[other]) / printed[other] < FACTOR for other in OTHERS):
            continue
        lcnec = np.concatenate([first, _til_counts(rng, lower, sum(sizes.values()) - len(first))])
        if all(_p(lcnec, til[other]) < 0.05 for other in OTHERS):
            break
    else:
        raise UserError("no TIL counts of these patients meet the printed tests")
    subtype = np.repeat(list(sizes), list(sizes.values()))
    order = rng.permutation(len(lcnec))
    parts.append(pd.DataFrame({"group": LCNEC, "subtype": subtype[order], "til": lcnec[order]}))
    return pd.concat(parts, ignore_index=True)


def _cells(rng: np.random.Generator, histology: str, til: int) -> dict[str, int]:
    """Nuclei by kind in a field with so many TILs."""
    law, nuclei = _law("density"), _law("nuclei")
    counts = {TIL: til}
    for kind in (TUMOUR, STROMA):
        counts[kind] = int(rng.poisson(law[kind][histology] * _mm2() * math.exp(law["log_sd"] * rng.standard_normal())))
    um2 = {kind: math.pi * nuclei[name]["radius_um"][0] ** 2 for kind, name in
           ((TIL, TIL), (TUMOUR, histology), (STROMA, STROMA))}  # fmt: skip
    room = law["most_covered"] * _mm2() * 1e6 - til * um2[TIL] - counts[STROMA] * um2[STROMA]
    counts[TUMOUR] = min(counts[TUMOUR], max(int(room / um2[TUMOUR]), 0))
    return counts


def planned(seed: int, targets: Targets) -> pd.DataFrame:
    """What every field of the cohort holds, before a picture is drawn: one row per field, sorted by field.

    Columns: those of the table, and role (counted, annotated, immunofluorescence), TIL, tumour, stroma (H&E), cells,
    positive (immunofluorescence; numbers of cells).
    """
    for key in sorted(_law()):
        targets.assume("fields", key)
    rows = [*_plan_counted(seed, targets), *_plan_annotated(seed), *_plan_fluorescent(seed, targets)]
    plan = pd.DataFrame(rows).sort_values("field", ignore_index=True)
    plan.insert(1, "file", "images/" + plan["field"] + ".png")
    whole = ["TIL", "tumour", "stroma", "cells", "positive"]
    plan = plan.astype(dict.fromkeys(whole, "Int64"))
    plan["um_per_pixel"] = plan["stain"].map(_law("um_per_pixel"))
    plan["truth_nuclei"] = plan[KINDS].sum(axis=1, min_count=len(KINDS)).astype("Int64")
    plan["truth_til"] = plan[TIL]
    plan["truth_positive"] = (plan["positive"] / plan["cells"]).astype(float)
    return plan


def _named(patient: str, field: int, **more) -> dict:
    slide = f"{patient}-S1"
    return {"field": f"{slide}-F{field}", "slide": slide, "patient": patient, **more}


def _plan_counted(seed: int, targets: Targets) -> list[dict]:
    """One field of each patient whose TILs are counted."""
    rows = []
    for group, patients in _counted_tils(seed, targets).groupby("group", sort=True):
        for i, (subtype, til) in enumerate(zip(patients["subtype"], patients["til"], strict=True)):
            row = _named(f"SIM-{group}-{i + 1:03d}", 1, role=COUNTED, stain=HE, group=group, subtype=subtype)
            rows.append(row | _cells(stream(seed, "fields", row["field"], "cells"), group, int(til)))
    return rows


def _plan_annotated(seed: int) -> list[dict]:
    """The annotated fields of further patients: over the slides of a group, TILs from few to most of the nuclei."""
    law, rows = _law("annotated"), []
    for group in HISTOLOGIES:
        rng = stream(seed, "fields", "annotated", group)
        shares = rng.permutation(np.linspace(*law["til_share"], law["slides"]))
        subtypes = rng.permutation(np.resize([NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED], law["slides"]))
        for i, middle in enumerate(shares):
            for field in range(1, law["fields"] + 1):
                subtype = str(subtypes[i]) if group == LCNEC else ""
                row = _named(f"SIM-{group}-A{i + 1:02d}", field, role=ANNOTATED, stain=HE, group=group,
                             subtype=subtype)  # fmt: skip
                drawn = stream(seed, "fields", row["field"], "cells")
                share = float(np.clip(drawn.normal(middle, law["jitter"]), *law["til_share"]))
                rest = _cells(drawn, group, 0)
                # TILs take the room of half as many others
                total = sum(rest.values()) / (1 - share / 2)
                counts = {
                    kind: round(rest[kind] * total * (1 - share) / sum(rest.values())) for kind in (TUMOUR, STROMA)
                }
                rows.append(row | counts | {TIL: round(share * total)})
    return rows


def _plan_fluorescent(seed: int, targets: Targets) -> list[dict]:
    """The fields stained for FGL1, of as many tumours and positive ones as printed."""
    law, rows = _law("immunofluorescence"), []
    targets.take("fig5g.fgl1_protein.abstract", "follows from the positive tumours")
    for name in (NSCLC_LIKE, SCLC_LIKE, NSCLC, SCLC):
        n = targets.count(f"fig5g.n.{KEY[name]}.legend", "tumours stained for FGL1")
        k = targets.count(f"fig5g.positive.{KEY[name]}", "tumours with FGL1-positive cells")
        group, subtype = (LCNEC, name) if name in (NSCLC_LIKE, SCLC_LIKE) else (name, "")
        positive = stream(seed, "fields", "fluorescent", name).permutation(n) < k
        short = name.replace("-like", "L")
        for i in range(n):
            least, most = law["positive" if positive[i] else "negative"]
            for field in range(1, law["fields"] + 1):
                row = _named(f"SIM-IF-{short}-{i + 1}", field, role=FLUORESCENT, stain=IF, group=group,
                             subtype=subtype)  # fmt: skip
                rng = stream(seed, "fields", row["field"], "cells")
                cells = int(rng.integers(law["cells"][0], law["cells"][1], endpoint=True))
                share = rng.integers(math.ceil(least * cells), math.floor(most * cells), endpoint=True)
                rows.append(row | {"cells": cells, "positive": int(share)})
    return rows


def _fluorescent_picture(seed: int, row) -> np.ndarray:
    """The picture of one planned field stained for FGL1; light and background as the laws have them."""
    law, rng = _law("immunofluorescence"), stream(seed, "fields", row.field)
    lit = {name: rng.uniform(*law[name]) for name in ("background", "brightness", "gradient", "blur_um", "noise")}
    picture, _ = if_field(
        rng, int(row.cells), int(row.positive) / int(row.cells),
        pixels=_law("pixels"), um_per_pixel=row.um_per_pixel, direction=rng.uniform(0, 2 * math.pi), **lit,
    )  # fmt: skip
    return picture


def pictures(seed: int, plan: pd.DataFrame, targets: Targets) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """The pictures of planned fields (rows of `planned`) by file, and the nuclei of the annotated ones.

    Each field has a random stream of its own, so that no picture hangs on which others are drawn.
    """
    drawn, nuclei = {}, [pd.DataFrame(columns=NUCLEI)]
    for row in plan.itertuples(index=False):
        if row.stain == IF:
            drawn[row.file] = _fluorescent_picture(seed, row)
            continue
        drawn[row.file], truth = he_field(
            stream(seed, "fields", row.field), {kind: int(getattr(row, kind)) for kind in KINDS}, histology=row.group,
            look=draw_look(stream(seed, "fields", row.slide, "look"), targets), pixels=_law("pixels"),
            um_per_pixel=row.um_per_pixel,
        )  # fmt: skip
        if row.role == ANNOTATED:
            nuclei.append(truth.assign(field=row.field)[NUCLEI])
    return drawn, pd.concat(nuclei[1:] or nuclei, ignore_index=True)


def microscope_fields(seed: int) -> Fields:
    """The microscope fields of a seed: patients whose TILs are counted, annotated slides, tumours stained for FGL1."""
    targets = Targets()
    plan = planned(seed, targets)
    drawn, nuclei = pictures(seed, plan, targets)
    targets.decline("twin_fields")
    notes = [
        "The pictures are drawn, not photographed: two stains, light, optics and camera by laws that nobody printed.",
        "A patient has one field; what tells the nuclei apart (size, density, texture) is assumed.",
        "TIL counts of LCNEC are redrawn until the printed tests hold; how far they lie below the others is planted.",
    ]
    return Fields(plan[COLUMNS].copy(), nuclei, drawn, targets, described("Microscope fields twin", "", notes))


def make(seed: int) -> dict[str, Table]:
    """The microscope fields as a twin ready to be written, by its name: table, nuclei.csv and the pictures."""
    from PIL import Image

    fields = microscope_fields(seed)
    files = {"nuclei.csv": fields.nuclei.to_csv(index=False, float_format="%.2f", lineterminator="\n").encode()}
    for name, picture in fields.pictures.items():
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG", compress_level=3)
        files[name] = buffer.getvalue()
    return {"twin_fields": Table(fields.table, fields.targets, fields.study, files)}
