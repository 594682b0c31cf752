"""What was shown: pictures of arrays, zips and folders, upright, by id, one at a time."""

import stat
import zipfile

import numpy as np
import pytest
import scipy.io
from PIL import Image

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.data.cards import load_card
from neurodecode.data.stimuli import open_stimuli

CARD = """
name: own
modality: fmri
licence: {name: CC0-1.0}
reader: {arrays: {path: a.npz, data: X, axes: [trial, voxel]}}
"""
# Neither symmetric nor square: turned or mirrored it is another picture.
ARROW = np.zeros((4, 6, 3), dtype=np.uint8)
ARROW[0, :, 0] = ARROW[:, 0, 1] = 255


@pytest.fixture
def opened(tmp_path):
    """Open the stimuli of a card; its lines stand under the key."""

    def find(lines, more=""):
        (tmp_path / "own.yaml").write_text(f"{CARD}stimuli: {lines}\n{more}")
        return open_stimuli(load_card(tmp_path / "own.yaml"), tmp_path)

    return find


@pytest.fixture
def pictures(tmp_path):
    """Write a folder of two pictures and a text, and a zip of it."""
    folder = tmp_path / "shown"
    folder.mkdir()
    Image.fromarray(ARROW).save(folder / "image02.png")
    Image.fromarray(ARROW[:, :, 0]).save(folder / "image01.bmp")
    (folder / "word.txt").write_text("näve", encoding="utf-8")
    (folder / "notes.md").write_text("not shown")
    with zipfile.ZipFile(tmp_path / "shown_1.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    return folder


@pytest.mark.parametrize("path", ["shown", '"shown_{session}.zip"'])
def test_files_of_a_folder_or_zip_are_stimuli_by_their_names(opened, pictures, path):
    stimuli = opened(f"{{path: {path}}}")
    assert stimuli.table.index.tolist() == ["image01", "image02", "word"]
    assert stimuli.table["licence"].unique().tolist() == ["CC0-1.0"] and stimuli.show
    np.testing.assert_array_equal(stimuli["image02"], ARROW)
    np.testing.assert_array_equal(stimuli["image01"], ARROW[:, :, 0])
    assert stimuli["word"] == "näve"
    with pytest.raises(DataError, match="no stimulus 'image03' among 3"):
        stimuli["image03"]


def test_a_path_of_one_stimulus_is_led_to_the_folder_and_to_columns(opened, pictures):
    with pytest.raises(ConfigError, match=r"Give path: shown: names .* columns: \{stimulus: …\}"):
        opened('{path: "shown/{stimulus}.png"}')


def test_zips_with_the_same_names_are_told_apart_by_the_id(opened, pictures, tmp_path):
    (tmp_path / "shown_2.zip").write_bytes((tmp_path / "shown_1.zip").read_bytes())
    with pytest.raises(DataError, match=r"shown_2.zip: stimulus 'image01' is in shown_1.zip too"):
        opened('{path: "shown_{session}.zip"}')
    stimuli = opened(
        '{path: "shown_{session}.zip", columns: {stimulus: {template: "{session}/{name}"}}}',
        "show_stimuli: never\n",
    )
    assert len(stimuli) == 6 and not stimuli.show
    np.testing.assert_array_equal(stimuli["2/image02"], ARROW)


def test_a_picture_is_turned_as_its_camera_says(opened, tmp_path):
    (tmp_path / "shown").mkdir()
    lying = Image.fromarray(np.rot90(ARROW))  # a quarter turn to the left
    exif = lying.getexif()
    exif[0x0112] = 6  # shown upright after a quarter turn to the right
    lying.save(tmp_path / "shown" / "a.png", exif=exif)
    np.testing.assert_array_equal(opened("{path: shown}")["a"], ARROW)


def test_an_array_is_read_as_it_is_stored_and_each_id_once(opened, tmp_path):
    shown = np.arange(3 * 2 * 5, dtype=np.uint8).reshape(3, 2, 5)
    np.savez(tmp_path / "a.npz", stim=shown[[0, 1, 0, 2]], figure=np.array([7, 8, 7, 9]),
             kind=list("aaab"))  # fmt: skip
    stimuli = opened(
        "{path: a.npz, key: stim, columns: {category: kind, "
        'stimulus: {key: figure, codes: {"7": seven}}}}'
    )
    assert stimuli.table.index.tolist() == ["seven", "8", "9"]
    assert stimuli.table["category"].tolist() == ["a", "a", "b"]
    for name, picture in zip(stimuli.table.index, shown, strict=True):
        np.testing.assert_array_equal(stimuli[name], picture)
    assert opened("{path: a.npz, key: stim}").table.index.tolist() == ["1", "2", "3", "4"]


def test_flat_columns_of_matlab_and_official_parts_come_upright(opened, tmp_path):
    shown = np.random.default_rng(0).integers(0, 256, (3, 2, 5)).astype(np.uint8)
    flat = np.array([one.ravel(order="F") for one in shown])
    scipy.io.savemat(tmp_path / "a.mat", {"stimTrn": flat[:2], "stimTest": flat[2:]})
    stimuli = opened(
        '{path: a.mat, splits: {train: Trn, test: Test}, key: "stim{split}", shape: [2, 5], '
        'order: F, columns: {stimulus: {template: "{split}{number:02d}"}}}'
    )
    assert stimuli.table["split"].to_dict() == {
        "train01": "train",
        "train02": "train",
        "test01": "test",
    }
    np.testing.assert_array_equal(stimuli["test01"], shown[2])


def test_structs_of_matlab_are_stimuli(opened, tmp_path):
    struct = np.empty((1, 2), dtype=[("category", object), ("image", object)])
    struct[0] = [("face", ARROW), ("hand", ARROW[::-1])]
    scipy.io.savemat(tmp_path / "a.mat", {"shown": struct})
    stimuli = opened("{path: a.mat, key: shown.image, columns: {category: shown.category}}")
    assert stimuli.table["category"].tolist() == ["face", "hand"]
    np.testing.assert_array_equal(stimuli["2"], ARROW[::-1])


def test_nothing_is_read_before_it_is_asked_for(opened, pictures, monkeypatch):
    stimuli = opened('{path: "shown_{session}.zip"}')
    read = []
    plain = zipfile.ZipFile.read
    monkeypatch.setattr(
        zipfile.ZipFile, "read", lambda self, name: read.append(name) or plain(self, name)
    )
    assert stimuli["image02"].shape == (4, 6, 3) and read == ["image02.png"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../out.png", "leaves the archive"),
        ("/etc/out.png", "leaves the archive"),
        ("a/../../out.png", "leaves the archive"),
        ("..\\out.png", "leaves the archive"),
        ("C:/out.png", "leaves the archive"),
    ],
)
def test_a_member_that_climbs_out_is_refused(opened, tmp_path, name, said):
    with zipfile.ZipFile(tmp_path / "shown.zip", "w") as archive:
        archive.writestr("good.png", b"")
        archive.writestr(name, b"")
    with pytest.raises(DataError, match=f"{said}, so nothing of it is read"):
        opened("{path: shown.zip}")


def test_a_link_within_a_zip_or_out_of_a_folder_is_refused(opened, tmp_path):
    link = zipfile.ZipInfo("a.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "shown.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match=r"'a\.png' is a link"):
        opened("{path: shown.zip}")
    (tmp_path / "folder").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "folder" / "a.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(DataError, match="a link that leaves the folder of stimuli"):
        opened("{path: folder}")


def test_a_bomb_is_refused_before_it_is_unpacked(opened, tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "shown.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.png", "w", force_zip64=True) as member,
    ):
        for _ in range(300):
            member.write(bytes(1 << 20))
    with pytest.raises(DataError, match="unpacks to more than 256 MB"):
        opened("{path: shown.zip}")


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", "half"])
def test_a_damaged_picture_is_one_sentence(opened, pictures, content):
    path = pictures / "image02.png"
    if content == "half":
        content = path.read_bytes()
        content = content[: len(content) // 2]
    path.write_bytes(content)
    stimuli = opened("{path: shown}")
    with pytest.raises(DataError, match=r"'image02\.png' cannot be read"):
        stimuli["image02"]


def test_stimuli_that_are_nowhere_are_said(opened, tmp_path):
    with pytest.raises(DataMissing, match=r"own: its stimuli \(shown.zip\) are not in"):
        opened("{path: shown.zip}")
    (tmp_path / "own.yaml").write_text(CARD)
    with pytest.raises(ConfigError, match="its card names no stimuli"):
        open_stimuli(load_card(tmp_path / "own.yaml"), tmp_path)


def test_a_damaged_zip_is_one_sentence(opened, pictures, tmp_path):
    path = tmp_path / "shown_1.zip"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"cannot be read .*Fetch it again"):
        opened('{path: "shown_{session}.zip"}')


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("{path: ../shown}", "leaves the data set's folder"),
        ("{path: shown, shape: [2, 2]}", "belong to a key"),
        ("{path: a.npz, key: x, order: Z}", "expected C or F"),
        ("{pth: shown}", "Did you mean 'path'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(opened, lines, said):
    with pytest.raises(ConfigError, match=said) as caught:
        opened(lines)
    assert "own.yaml:6: stimuli" in str(caught.value)


def test_a_shape_that_does_not_fit_is_one_sentence(opened, tmp_path):
    np.savez(tmp_path / "a.npz", stim=np.zeros((2, 10)))
    stimuli = opened("{path: a.npz, key: stim, shape: [3, 3]}")
    with pytest.raises(DataError, match="cannot reshape array of size 10"):
        stimuli["1"]
