"""FGL1 by immunofluorescence: against drawn fields of known truth, discs of known value, and plain loops."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy import ndimage
from skimage import io

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.imaging import immunofluorescence as fluorescence
from lcnec_utils.twins.fields import if_field

UM = 0.42  # of a pixel at 20x
RING_UM = 2.0  # of cytoplasm about a nucleus
NSCLC_LIKE = {"group": "LCNEC", "subtype": "NSCLC-like"}
SCLC_LIKE = {"group": "LCNEC", "subtype": "SCLC-like"}


def channels(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DAPI and FGL1 of a composite, without the code under test."""
    red, green, blue = (picture[..., i].astype(int) for i in range(3))
    dapi = np.minimum(red, blue)
    return dapi / 255, np.maximum(green - dapi, 0) / 255


def drawn(seed: int, n: int, share: float, **light) -> tuple[np.ndarray, pd.DataFrame]:
    """A composite and its true nuclei; light falls in a direction of the seed's."""
    rng = np.random.default_rng(seed)
    return if_field(rng, n, share, direction=rng.uniform(0, 2 * math.pi), **light)


def discs(places: list[tuple[float, float]], positive: list[bool], *, pixels: int = 256, um: float = UM, level=0.3,
          radius_um: float = 4.5) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """DAPI and FGL1 without noise: nuclei as discs at places in um, FGL1 in a ring of 2 um about the positive ones."""
    y, x = np.indices((pixels, pixels)) * um
    dapi, fgl1 = np.full((pixels, pixels), 0.02), np.full((pixels, pixels), 0.04)
    for (row, column), stained in zip(places, positive, strict=True):
        far = np.hypot(y - row, x - column)
        dapi[far <= radius_um] = 0.6
        if stained:
            fgl1[(far > radius_um) & (far <= radius_um + 2.5)] = 0.04 + level
    return dapi, fgl1


def lattice(pixels: int = 256, step_um: float = 18.0) -> list[tuple[float, float]]:
    """Places apart from each other and from the edge, in um."""
    along = np.arange(step_um / 2, pixels * UM - step_um / 2 + 1e-9, step_um)
    return [(float(row), float(column)) for row in along for column in along]


def composite(dapi: np.ndarray, fgl1: np.ndarray) -> np.ndarray:
    grey, green = (np.rint(255 * plane).astype(int) for plane in (dapi, fgl1))
    return np.stack([grey, np.minimum(grey + green, 255), grey], axis=-1).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """A function from rows, with a picture each, to a folder of microscope fields."""

    def make(rows: list[dict], **more) -> Path:
        (tmp_path / "images").mkdir(exist_ok=True)
        table = []
        for i, row in enumerate(rows):
            row = dict(row)
            picture = row.pop("picture", None)
            name = f"images/{i}.png"
            if picture is not None:
                io.imsave(tmp_path / name, picture, check_contrast=False)
            base = {"field": f"F{i}", "file": name, "stain": "IF", "slide": f"S{i}", "patient": f"P{i}",
                    "group": "NSCLC", "subtype": "", "um_per_pixel": UM}  # fmt: skip
            table.append(base | row)
        pd.DataFrame(table).assign(**more).to_csv(tmp_path / "table.csv", index=False)
        return tmp_path

    return make


# ---- nuclei ----


def test_nuclei_are_counted_within_5_percent():
    """From sparse fields to those where most nuclei touch; none may be off by more than 15%."""
    found, true = [], []
    for seed, n in enumerate([12, 25, 35, 45, 50, 55, 60, 65, 70, 70]):
        picture, truth = drawn(seed, n, 0.5)
        found.append(fluorescence.nuclei(channels(picture)[0], um_per_pixel=UM).max())
        true.append(len(truth))
    assert sum(found) == pytest.approx(sum(true), rel=0.05)
    assert np.abs(np.array(found) / true - 1).max() <= 0.15


@pytest.mark.parametrize(("um", "pixels"), [(0.21, 512), (0.65, 165)])
def test_the_magnification_does_not_matter(um, pixels):
    """The same 108 um of tissue at 40x and at 10x."""
    counted = share = true = 0
    for seed in range(3):
        picture, truth = drawn(seed, 55, 0.5, pixels=pixels, um_per_pixel=um)
        found = fluorescence.cells(*channels(picture), um_per_pixel=um)
        counted, true = counted + len(found), true + len(truth)
        share += found["positive"].mean() / 3
    assert counted == pytest.approx(true, rel=0.05)
    assert share == pytest.approx(0.5, abs=0.08)


def test_each_nucleus_found_lies_on_a_true_one():
    picture, truth = drawn(3, 50, 0.4)
    labels = fluorescence.nuclei(channels(picture)[0], um_per_pixel=UM)
    rows, columns = (np.clip(truth[name].round().astype(int), 0, 255) for name in ("row", "column"))
    hit = labels[rows, columns]
    assert (hit > 0).mean() >= 0.95 and len(set(hit[hit > 0])) >= 0.95 * labels.max()
    assert sorted(np.unique(labels)) == list(range(labels.max() + 1))


def test_light_and_exposure_of_dapi_do_not_move_the_count():
    plain = fluorescence.nuclei(channels(drawn(5, 55, 0.5)[0])[0], um_per_pixel=UM).max()
    for light in ({"brightness": 0.5}, {"brightness": 1.4}, {"gradient": 0.5}, {"noise": 6.0}, {"blur_um": 0.8}):
        found = fluorescence.nuclei(channels(drawn(5, 55, 0.5, **light)[0])[0], um_per_pixel=UM).max()
        assert found == pytest.approx(plain, rel=0.1), light


def test_a_field_of_noise_or_of_nothing_has_no_nuclei():
    rng = np.random.default_rng(1)
    y, x = np.indices((256, 256)) / 256
    for dapi in (np.zeros((256, 256)), np.full((256, 256), 0.5), rng.normal(0.1, 0.02, (256, 256)),
                 0.1 + 0.1 * x + 0.03 * np.sin(5 * y) + rng.normal(0, 0.01, (256, 256))):  # fmt: skip
        found = fluorescence.cells(dapi, np.full(dapi.shape, 0.1), um_per_pixel=UM)
        assert not len(found) and found.attrs["outside_limits"] == 0
        assert fluorescence.nuclei(dapi, um_per_pixel=UM).max() == 0


def test_moulded_nuclei_are_parted_by_the_slit_between_them():
    """Discs of 6 um radius, each cut in two by a slit of 1.5 um, as nuclei of SCLC press flat against each other."""
    places, um = lattice(step_um=21), 0.21
    dapi, _ = discs(places, [False] * len(places), radius_um=6.0, um=um, pixels=512)
    x = np.indices(dapi.shape)[1] * um
    for column in sorted({column for _, column in places}):
        dapi[np.abs(x - column) <= 0.75] = 0.02
    labels = fluorescence.nuclei(ndimage.gaussian_filter(dapi, 0.4 / um), um_per_pixel=um)
    assert labels.max() == 2 * len(places)


def test_debris_and_blots_are_left_out_and_counted():
    """A speck of 2 um across is no nucleus, nor is a blot of 30 um; both are counted."""
    dapi, fgl1 = discs([(30, 30), (30, 80), (80, 80)], [False] * 3)
    y, x = np.indices(dapi.shape) * UM
    dapi[np.hypot(y - 60, x - 30) <= 1.0] = 0.6
    dapi[np.hypot(y - 84, x - 24) <= 15.0] = 0.6
    found = fluorescence.cells(dapi, fgl1, um_per_pixel=UM)
    assert len(found) == 3 and found.attrs["outside_limits"] == 2


# ---- signal ----


def test_the_signal_of_a_cell_by_plain_loops():
    """Mean FGL1 of the pixels within 2 um of its nucleus, less a background that is the same everywhere."""
    rng = np.random.default_rng(2)
    places = lattice()
    dapi, fgl1 = discs(places, [True] * len(places))
    y, x = np.indices(dapi.shape) * UM
    nearest = np.min([np.hypot(y - row, x - column) for row, column in places], axis=0)
    stained = (nearest > 4.5) & (nearest <= 7.0)
    fgl1[stained] *= rng.uniform(0.5, 1.5, stained.sum())
    labels = fluorescence.nuclei(dapi, um_per_pixel=UM)
    found = fluorescence.cells(dapi, fgl1, um_per_pixel=UM)
    for label in (1, 14, len(places)):
        inside = [(i, j) for i in range(256) for j in range(256) if labels[i, j] == label]
        near = range(max(min(i for i, _ in inside) - 6, 0), min(max(i for i, _ in inside) + 7, 256))
        beside = range(max(min(j for _, j in inside) - 6, 0), min(max(j for _, j in inside) + 7, 256))
        values = []
        for i in near:
            for j in beside:
                far = min(math.sqrt((i - a) ** 2 + (j - b) ** 2) for a, b in inside)
                if 0 < far * UM <= RING_UM:
                    values.append(fgl1[i, j])
        cell = found.iloc[label - 1]
        assert cell["signal"] == pytest.approx(sum(values) / len(values) - 0.04, abs=1e-9)
        assert cell["background"] == pytest.approx(0.04, abs=1e-9)
        assert cell["area_um2"] == pytest.approx(len(inside) * UM**2)
        assert cell["row"] == pytest.approx(sum(i for i, _ in inside) / len(inside))
        assert cell["column"] == pytest.approx(sum(j for _, j in inside) / len(inside))


def test_a_sloping_or_vaulted_background_is_no_signal():
    """An oblique lamp (a fourfold fall across the field) and vignetting (to 60% in the corners)."""
    places = lattice()
    dapi, _ = discs(places, [False] * len(places))
    y, x = np.indices(dapi.shape) / 256
    for background in (0.1 + 0.3 * x, 0.2 * (1 - 0.8 * ((y - 0.5) ** 2 + (x - 0.5) ** 2))):
        found = fluorescence.cells(dapi, background, um_per_pixel=UM)
        assert not found["positive"].any() and found["signal"].abs().max() < 0.025
        at = background[found["row"].round().astype(int), found["column"].round().astype(int)]
        np.testing.assert_allclose(found["background"], at, atol=0.025)


def test_positive_needs_both_so_many_sds_and_a_least_signal():
    places = lattice()
    stained = [i % 2 == 0 for i in range(len(places))]
    for level, expected in ((0.3, stained), (0.04, [False] * len(places))):
        assert list(fluorescence.cells(*discs(places, stained, level=level), um_per_pixel=UM)["positive"]) == expected
    # haze in squares of 8 um, about as large as a ring, that varies as much as the stain is bright
    dapi, fgl1 = discs(places, stained)
    haze = np.kron(np.random.default_rng(0).uniform(0, 0.6, (14, 14)), np.ones((19, 19)))[:256, :256]
    strict, lenient = (fluorescence.cells(dapi, fgl1 + haze, um_per_pixel=UM, positive_sd=sd) for sd in (5.0, 1.0))
    assert strict.attrs["background_sd"] > 0.06 and not strict["positive"].any()
    assert lenient["positive"].sum() >= 8
    at = lenient["signal"] > max(lenient.attrs["background_sd"], fluorescence.LEAST_SIGNAL)
    assert list(lenient["positive"]) == list(at)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.85])
def test_the_share_of_positive_cells_is_near_the_truth(share):
    found, true = [], []
    for seed in range(5):
        picture, truth = drawn(seed, 45 + 4 * seed, share)
        found.append(fluorescence.cells(*channels(picture), um_per_pixel=UM)["positive"].mean())
        true.append(truth["positive"].mean())
    assert np.mean(found) == pytest.approx(np.mean(true), abs=0.05)
    assert np.abs(np.subtract(found, true)).max() <= 0.12


def test_without_fgl1_no_cell_is_positive_and_with_all_positive_most_are():
    for seed in range(3):
        negative = fluorescence.cells(*channels(drawn(seed, 60, 0.0)[0]), um_per_pixel=UM)
        assert negative["positive"].mean() <= 0.05
        positive = fluorescence.cells(*channels(drawn(seed, 45, 1.0)[0]), um_per_pixel=UM)
        assert positive["positive"].mean() >= 0.9
    dapi, fgl1 = discs(lattice(), [False] * len(lattice()))
    for empty in (np.zeros_like(fgl1), fgl1):
        found = fluorescence.cells(dapi, empty, um_per_pixel=UM)
        assert len(found) == len(lattice()) and found["positive"].sum() == 0 and not found["positive"].isna().any()


def test_in_a_crowded_stained_field_the_share_is_understated_never_overstated():
    """Gaps between crowded stained cells hold FGL1 too, so that little stands out from them; the call holds."""
    for seed in range(4):
        picture, truth = drawn(seed, 68, 0.85)
        found = fluorescence.cells(*channels(picture), um_per_pixel=UM)["positive"].mean()
        assert 0.1 <= found <= truth["positive"].mean() + 0.05


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (1, 300), (40, 25)])
@pytest.mark.parametrize("um", fluorescence.PIXEL_UM)
def test_a_picture_of_any_size_is_taken(shape, um):
    rng = np.random.default_rng(0)
    found = fluorescence.cells(rng.uniform(0, 1, shape), rng.uniform(0, 1, shape), um_per_pixel=um)
    assert list(found) == ["row", "column", "area_um2", "signal", "background", "positive"]
    assert found["row"].between(0, shape[0] - 1).all() and found["column"].between(0, shape[1] - 1).all()


def test_a_sheet_of_cells_without_gaps_is_not_judged():
    """Nuclei every 10 um leave no pixel 3.5 um from one: background cannot be told from staining."""
    places = [(5 + 10.0 * i, 5 + 10.0 * j) for i in range(11) for j in range(11)]
    dapi, fgl1 = discs(places, [True] * 121)
    found = fluorescence.cells(dapi, fgl1, um_per_pixel=UM)
    assert len(found) == pytest.approx(121, abs=6)
    assert found["positive"].isna().all() and found["signal"].isna().all()
    # one nucleus less leaves a gap of a few um, too little; a row less leaves enough
    for gone, judged in ((lambda i: i == 60, False), (lambda i: 44 <= i < 55, True)):
        kept = [place for i, place in enumerate(places) if not gone(i)]
        found = fluorescence.cells(*discs(kept, [True] * len(kept)), um_per_pixel=UM)
        assert len(found) == pytest.approx(len(kept), abs=6)
        assert found["positive"].notna().all() if judged else found["positive"].isna().all()


def test_the_same_pictures_give_the_same_cells_and_are_left_as_they_are():
    dapi, fgl1 = channels(drawn(1, 50, 0.5)[0])
    before = dapi.copy(), fgl1.copy()
    one, other = (fluorescence.cells(dapi, fgl1, um_per_pixel=UM) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
    assert (dapi == before[0]).all() and (fgl1 == before[1]).all()
    assert list(one) == ["row", "column", "area_um2", "signal", "background", "positive"]


# ---- reading ----


def test_a_composite_and_two_planes_are_one_picture(tmp_path):
    picture, _ = drawn(4, 45, 0.6)
    dapi, fgl1 = (np.rint(255 * plane).astype(np.uint16) for plane in channels(picture))
    io.imsave(tmp_path / "rgb.png", picture)
    io.imsave(tmp_path / "rgb.tif", picture)
    tifffile.imwrite(tmp_path / "eight.tif", np.stack([dapi, fgl1]).astype(np.uint8), photometric="minisblack")
    tifffile.imwrite(tmp_path / "sixteen.TIFF", np.stack([dapi, fgl1]) * 257, photometric="minisblack")
    read = [fluorescence.read_channels(path) for path in sorted(tmp_path.iterdir())]
    assert len(read) == 4
    for planes in read:
        for plane, expected in zip(planes, channels(picture), strict=True):
            np.testing.assert_allclose(plane, expected, atol=1e-12)
    tables = [fluorescence.cells(*planes, um_per_pixel=UM) for planes in read]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])


def test_a_12_bit_camera_fills_a_sixteenth_of_16_bits(tmp_path):
    planes = np.array([[[0, 4095], [100, 7]], [[0, 2048], [5, 4000]]], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="minisblack")
    dapi, fgl1 = fluorescence.read_channels(tmp_path / "a.tif")
    assert dapi.max() == 1 and fgl1[0, 1] == pytest.approx(2048 / 4095)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [("grey.png", np.zeros((8, 8), np.uint8), "holds 8 × 8 values of uint8"),
     ("alpha.png", np.zeros((8, 8, 4), np.uint8), "holds 8 × 8 × 4 values of uint8"),
     ("three.tif", np.zeros((3, 9, 8), np.uint16), "holds 9 × 8 × 3 values of uint16"),
     ("float.tif", np.zeros((2, 9, 8), np.float32), "holds values of the type float32"),
     ("lossy.jpg", np.zeros((8, 8, 3), np.uint8), "is neither PNG nor TIFF"),
     ("text.png", None, "no picture that can be read"), ("text.tif", None, "no picture that can be read"),
     ("absent.png", 0, "no such picture")],
)  # fmt: skip
def test_a_picture_that_cannot_be_used_is_refused_in_one_line(tmp_path, name, values, said):
    if values is None:
        (tmp_path / name).write_text("this is\nno picture")
    elif isinstance(values, np.ndarray) and name.endswith("tif"):
        tifffile.imwrite(tmp_path / name, values, photometric="minisblack")
    elif isinstance(values, np.ndarray):
        io.imsave(tmp_path / name, values, check_contrast=False)
    with pytest.raises(UserError) as error:
        fluorescence.read_channels(tmp_path / name)
    assert str(error.value).startswith(f"{name}: ") and said in str(error.value) and "\n" not in str(error.value)


# ---- folders ----


def test_fields_and_tumours_of_a_folder(folder):
    """By hand: 36 nuclei a field, 12 and 3 stained in the fields of one tumour, none in that of another."""
    places = lattice(step_um=17)
    n = len(places)
    assert n == 36

    def picture(k: int) -> np.ndarray:
        return composite(*discs(places, [i < k for i in range(n)]))

    own = folder(
        [{"patient": "A", "picture": picture(12), **NSCLC_LIKE}, {"patient": "B", "picture": picture(0), **SCLC_LIKE},
         {"patient": "A", "picture": picture(3), **NSCLC_LIKE}, {"stain": "H&E", "um_per_pixel": "", "group": "LUAD"}],
        truth_positive=[12 / 36, 0.0, 3 / 36, ""],
    )  # fmt: skip
    fields, tumours = fluorescence.count_folder(own, positive_sd=5.0, positive_percent=10.0)
    assert list(fields["field"]) == ["F0", "F1", "F2"] and list(fields["cells"]) == [36, 36, 36]
    assert list(fields["positive_cells"]) == [12, 0, 3]
    np.testing.assert_allclose(fields["share"], fields["truth_positive"], atol=1e-6)
    assert list(fields["group"]) == ["NSCLC-like LCNEC", "SCLC-like LCNEC", "NSCLC-like LCNEC"]
    # Wilson's interval of 15 in 72, by its formula
    z, p, m = 1.959963984540054, 15 / 72, 72
    middle, half = p + z * z / (2 * m), z * math.sqrt(p * (1 - p) / m + z * z / (4 * m * m))
    first, other = tumours.set_index("patient").loc[["A", "B"]].itertuples()
    assert (first.fields, first.cells, first.positive_cells, first.positive) == (2, 72, 15, True)
    assert first.lower == pytest.approx((middle - half) / (1 + z * z / m))
    assert first.upper == pytest.approx((middle + half) / (1 + z * z / m))
    mine = fields[fields["patient"] == "A"]
    assert first.signal == pytest.approx(mine["signal"].mean())
    assert (other.share, other.lower, other.positive) == (0, 0, False) and other.upper > 0
    # 15 of 72 is 20.83%: the percentage decides, and exactly reached counts
    for percent, positive in ((20.0, True), (100 * 15 / 72, True), (21.0, False)):
        _, tumours = fluorescence.count_folder(own, positive_sd=5.0, positive_percent=percent)
        assert tumours.set_index("patient").loc["A", "positive"] == positive


def test_fields_without_cells_or_background_are_counted_and_said(folder):
    places = [(5 + 10.0 * i, 5 + 10.0 * j) for i in range(11) for j in range(11)]
    sheet = composite(*discs(places, [True] * 121))
    full = composite(*discs(lattice(), [True] * len(lattice())))
    bare = np.full((256, 256, 3), 9, np.uint8)
    own = folder(
        [{"patient": "A", "picture": full}, {"patient": "A", "picture": bare}, {"patient": "B", "picture": bare},
         {"patient": "C", "picture": sheet}]
    )  # fmt: skip
    fields, tumours = fluorescence.count_folder(own, positive_sd=5.0, positive_percent=10.0)
    n = len(lattice())
    assert list(fields["cells"])[:3] == [n, 0, 0] and fields["cells"][3] == fields["unjudged"][3] > 100
    assert list(tumours["fields_without_cells"]) == [1, 1, 0] and tumours["positive"][0]
    assert list(tumours["positive"].isna()) == [False, True, True]
    assert list(tumours["unjudged"]) == [0, 0, fields["cells"][3]]


LIGHTS = [
    {},
    {"background": 5.0}, {"background": 30.0}, {"gradient": 0.4}, {"brightness": 0.6}, {"brightness": 1.3},
    {"noise": 6.0}, {"background": 25.0, "gradient": 0.3, "brightness": 0.8, "noise": 4.0},
]  # fmt: skip


def test_background_light_and_noise_do_not_move_the_calls(folder):
    """Autofluorescence of 5 to 30 grey levels, 0.6 to 1.3 of the light and 40% of fall across the field."""
    rows = []
    for i, light in enumerate(LIGHTS):
        for kind, share in (("stained", 0.4), ("unstained", 0.02)):
            for seed in range(2):
                picture = drawn(7 * seed + 1, 50 + 8 * seed, share, **light)[0]
                rows.append({"patient": f"{kind} {i}", "picture": picture})
    fields, tumours = fluorescence.count_folder(folder(rows), positive_sd=5.0, positive_percent=10.0)
    assert len(tumours) == 2 * len(LIGHTS)
    stained = tumours["patient"].str.startswith("stained")
    assert tumours.loc[stained, "positive"].all() and not tumours.loc[~stained, "positive"].any()
    assert tumours.loc[stained, "share"].between(0.28, 0.5).all()
    assert fields["cells"].sum() == pytest.approx(len(fields) * 54, rel=0.05)


def test_groups_are_free_unless_they_are_given(folder):
    picture = composite(*discs([(50, 50)], [False]))
    own = folder([{"picture": picture, "group": "mesothelioma", "subtype": "biphasic"}])
    _, tumours = fluorescence.count_folder(own, positive_sd=5, positive_percent=10)
    assert list(tumours["group"]) == ["biphasic mesothelioma"]
    with pytest.raises(UserError, match="row 2, column group: 'mesothelioma' is none of SCLC"):
        fluorescence.count_folder(own, positive_sd=5, positive_percent=10, groups={"SCLC": []})


def test_a_picture_that_cannot_be_used_is_named_with_its_row(folder):
    own = folder([{"picture": composite(*discs([(50, 50)], [False]))}, {"picture": np.zeros((8, 8), np.uint8)}])
    with pytest.raises(UserError, match=r"/table.csv, row 3, column file: 1.png: holds 8 × 8 values of uint8; save"):
        fluorescence.count_folder(own, positive_sd=5, positive_percent=10)


def test_no_field_of_the_stain_is_a_stated_skip_and_a_cut_of_nothing_is_refused(folder):
    with pytest.raises(MissingData, match="has no field stained by immunofluorescence"):
        fluorescence.count_folder(folder([{"stain": "H&E"}]), positive_sd=5, positive_percent=10)
    own = folder([{"picture": composite(*discs([(50, 50)], [False]))}])
    for sd, percent, said in ((0, 10, "positive_sd is 0"), (5, 0, "positive_percent is 0"), (5, 101, "is 101")):
        with pytest.raises(UserError, match=said):
            fluorescence.count_folder(own, positive_sd=sd, positive_percent=percent)


def test_channels_that_are_no_planes_of_one_field_are_refused_in_one_line():
    plane = np.full((40, 40), 0.5)
    for dapi, fgl1, said in (
        (255 * plane, plane, "DAPI holds values that are missing or not from 0 to 1"),
        (plane, np.full((40, 40), np.nan), "FGL1 holds values that are missing or not from 0 to 1"),
        (np.dstack([plane] * 3), plane, "DAPI holds 40 × 40 × 3 values"),
        (plane, plane[:30], "DAPI has 40 × 40 pixels and FGL1 30 × 40"),
    ):
        with pytest.raises(UserError, match=said) as error:
            fluorescence.cells(dapi, fgl1, um_per_pixel=UM)
        assert "\n" not in str(error.value)
