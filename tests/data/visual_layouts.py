"""Small files in the layouts of public sets of pictures and brains; their content is made up."""

import pickle

import h5py
import mne
import nibabel
import numpy as np
import pandas as pd
import scipy.io
from PIL import Image

from neurodecode.data.cards import load_card
from neurodecode.data.readers import find_recordings

RNG = np.random.default_rng(0)
N_CONCEPTS, N_EACH, N_TEST = 3, 10, 2
EEG = [
    "Fp1", "Fp2", "AF7", "AF3", "AFz", "AF4", "AF8", "F7", "F5", "F3", "F1", "F2", "F4", "F6",
    "F8", "FT9", "FT7", "FC5", "FC3", "FC1", "FCz", "FC2", "FC4", "FC6", "FT8", "FT10", "T7",
    "C5", "C3", "C1", "Cz", "C2", "C4", "C6", "T8", "TP9", "TP7", "CP5", "CP3", "CP1", "CPz",
    "CP2", "CP4", "CP6", "TP8", "TP10", "P7", "P5", "P3", "P1", "Pz", "P2", "P4", "P6", "P8",
    "PO7", "PO3", "POz", "PO4", "PO8", "O1", "Oz", "O2",
]  # fmt: skip
OCCIPITAL = [name for name in EEG if name.startswith(("O", "P"))]
"""Electrodes of the released files: those whose names begin with O or P."""


def recordings(card, root, variant=""):
    """Find the recordings of a shipped card in a folder."""
    return find_recordings(load_card(card), variant, root)


def write_pictures(root):
    """Write ``image_set`` of three concepts of ten pictures, and two others to test."""
    for part, n_concepts, n_each in (("training", N_CONCEPTS, N_EACH), ("test", N_TEST, 1)):
        for concept in range(n_concepts):
            name = f"{part}_thing_{'abc'[concept]}"  # names with a separator of their own
            folder = root / "image_set" / f"{part}_images" / f"{concept + 1:05d}_{name}"
            folder.mkdir(parents=True)
            # Written in another order than that of their names.
            for number in reversed(range(n_each)):
                shade = np.full((4, 4, 3), 10 * concept + number, dtype=np.uint8)
                Image.fromarray(shade).save(folder / f"{name}_{number + 1:02d}b.png")


def eeg2_names(part):
    n_concepts, n_each = (N_CONCEPTS, N_EACH) if part == "training" else (N_TEST, 1)
    return [
        f"{part}_thing_{'abc'[concept]}_{number + 1:02d}b"
        for concept in range(n_concepts)
        for number in range(n_each)
    ]


def write_eeg2_raw(root, codes, part="training"):
    """Write a pickled session of 63 electrodes and a stim channel: one code every 200 samples."""
    n_times = 200 * (len(codes) + 2)
    stim = np.zeros(n_times)
    stim[200 * np.arange(1, len(codes) + 1)] = codes
    data = np.vstack([2e-5 * RNG.standard_normal((63, n_times)), stim])
    path = root / f"Raw_data/sub-01/ses-02/raw_eeg_{part}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    held = {"raw_eeg_data": data, "ch_names": [*EEG, "stim"], "ch_types": ["eeg"] * 63 + ["stim"],
            "sfreq": 1000, "highpass": 0.01, "lowpass": 100}  # fmt: skip
    np.save(path, held)
    return data


def write_eeg2_prepared(root, part, *, form="released", n_pictures=None, n_more=0):
    """Write prepared epochs as the authors do (`released`), or as NICE does, cut at the onset."""
    n_pictures = len(eeg2_names(part)) if n_pictures is None else n_pictures
    names, n_times, sfreq, cut = (OCCIPITAL, 100, 100, 0)
    folder = "Preprocessed_data"
    if form != "released":
        names, n_times, sfreq, cut, folder = EEG, 250, 250, 50, "Preprocessed_data_250Hz"
    data = RNG.standard_normal((n_pictures, 2, len(names), n_times))
    times = -0.2 + np.arange(n_times + cut + n_more) / sfreq
    path = root / folder / f"sub-01/preprocessed_eeg_{part}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    held = {"preprocessed_eeg_data": data, "ch_names": names, "times": times}
    if form == "released":
        np.save(path, held)
    else:
        path.write_bytes(pickle.dumps(held, protocol=4))
    return data


N_TRIALS = 750  # of a session of NSD
"""Sizes that the card of NSD states; the images are of a few voxels."""


def write_nsd(root, subject="02", n_sessions=2, mask_values=(-1, 0, 1)):
    """Write two sessions of NSD's layout; gives betas (trial, voxel), order, and own ids.

    Own ids are any numbers from 1 on; the first 1000 are shared. Each picture is shown thrice.
    """
    rng = np.random.default_rng(1)
    shared, others = np.split(rng.permutation(73_000) + 1, [1000])
    own = np.stack([np.r_[shared, rng.permutation(others)[:9000]] for _ in range(8)])
    places = rng.permutation(10_000)[: N_TRIALS * n_sessions // 3] + 1
    order = rng.permutation(np.repeat(places, 3))
    experiment = root / "nsddata/experiments/nsd"
    experiment.mkdir(parents=True)
    scipy.io.savemat(
        experiment / "nsd_expdesign.mat",
        {"masterordering": order[None].astype(np.uint16), "subjectim": own.astype(np.uint32),
         "sharedix": own[0, :1000]},
    )  # fmt: skip
    shape, affine = (4, 3, 2), np.diag([1.8, 1.8, 1.8, 1.0])
    mask = rng.choice(mask_values, shape).astype(np.int16)
    _image(root / f"nsddata/ppdata/subj{subject}/func1pt8mm/roi/nsdgeneral.nii.gz", mask, affine)
    folder = "func1pt8mm/betas_fithrf_GLMdenoise_RR"
    betas = []
    for session in range(n_sessions):
        stored = rng.integers(-3000, 3000, (*shape, N_TRIALS)).astype(np.int16)
        path = f"nsddata_betas/ppdata/subj{subject}/{folder}/betas_session{session + 1:02d}.nii.gz"
        _image(root / path, stored, affine)
        betas.append(stored[mask > 0].T / 300)
    return betas, order, own


def write_nsd_hdf5(root, subject="02", n_sessions=2):
    """Write the betas of `write_nsd` as HDF5 too, as MATLAB does: the first axis is the fastest."""
    folder = root / f"nsddata_betas/ppdata/subj{subject}/func1pt8mm/betas_fithrf_GLMdenoise_RR"
    for session in range(n_sessions):
        image = nibabel.load(folder / f"betas_session{session + 1:02d}.nii.gz")
        with h5py.File(folder / f"betas_session{session + 1:02d}.hdf5", "w") as file:
            file["betas"] = np.asarray(image.dataobj).T


def write_nsd_ncsnr(root, subject="02", shape=(4, 3, 2)):
    """Write a map of single-trial signal-to-noise, one voxel unknown; gives it."""
    ncsnr = np.random.default_rng(5).uniform(0, 2, shape).astype(np.float32)
    ncsnr[0, 0, 0] = np.nan
    folder = f"nsddata_betas/ppdata/subj{subject}/func1pt8mm/betas_fithrf_GLMdenoise_RR"
    _image(root / folder / "ncsnr.nii.gz", ncsnr, np.diag([1.8, 1.8, 1.8, 1.0]))
    return ncsnr


def write_nsd_surface(root, subject="02", n_vertices=12):
    """Write a session on a mesh of a few vertices; gives betas, ncsnr, inside and labels by side.

    One vertex inside was not measured: its ncsnr and betas are NaN.
    """
    rng = np.random.default_rng(4)
    betas_at = root / f"nsddata_betas/ppdata/subj{subject}/fsaverage/betas_fithrf_GLMdenoise_RR"
    label_at = root / "nsddata/freesurfer/fsaverage/label"
    for folder in (betas_at, label_at):
        folder.mkdir(parents=True)
    made = {}

    def save(path, values, kind):
        nibabel.MGHImage(values.astype(kind), np.eye(4)).to_filename(path)

    for side in ("lh", "rh"):
        betas = rng.standard_normal((n_vertices, 1, 1, N_TRIALS))
        ncsnr, inside = rng.uniform(0, 2, (n_vertices, 1, 1)), np.arange(n_vertices) % 3 > 0
        betas[1], ncsnr[1] = np.nan, np.nan
        labels = rng.integers(0, 3, n_vertices)
        save(betas_at / f"{side}.betas_session01.mgh", betas, np.float32)
        save(betas_at / f"{side}.ncsnr.mgh", ncsnr, np.float32)
        save(label_at / f"{side}.nsdgeneral.mgz", inside[:, None, None], np.int32)
        save(label_at / f"{side}.streams.mgz", labels[:, None, None], np.int32)
        made[side] = betas[:, 0, 0].T, ncsnr.ravel(), inside, labels
    table = "0 Unknown 0 0 0 0\n1 early 255 0 0 0\n2 midventral 0 255 0 0\n"
    (label_at / "streams.mgz.ctab").write_text(table)
    return made


def write_nsd_pictures(root):
    """Write 73,000 pictures of 2 x 2 pixels, whose numbers they show."""
    path = root / "nsddata_stimuli/stimuli/nsd/nsd_stimuli.hdf5"
    path.parent.mkdir(parents=True)
    number = np.arange(73_000, dtype=np.uint32)
    bricks = np.zeros((73_000, 2, 2, 3), dtype=np.uint8)
    bricks[:, 0, 0] = np.stack([number >> 16, number >> 8 & 255, number & 255], axis=1)
    with h5py.File(path, "w") as file:
        file["imgBrick"] = bricks


def _image(path, values, affine):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.Nifti1Image(values, affine).to_filename(path)


N_MEG = 271
CATCH = 999999


def meg_rows(n, seed=0):
    """Rows of a table of attributes: training, test and catch trials, thrice each."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        kind = ("exp", "test", "catch")[i % 3]
        name = f"a_thing_{i % 6:02d}s.jpg"
        path = {"exp": f"images_meg/a_thing/{name}", "test": f"images_test_meg/{name}",
                "catch": f"images_catch_meg/{i}.jpg"}[kind]  # fmt: skip
        number = CATCH if kind == "catch" else int(rng.integers(1, 26_000))
        rows.append({"image_path": path, "things_image_nr": number, "trial_type": kind,
                     "session_nr": 1 + i // (n // 2), "run_nr": 1, "image_on": i})  # fmt: skip
    return pd.DataFrame(rows)


def meg_raw(onsets, sfreq=1200.0, *, lag=40):
    """Make a recording of 271 channels, a broken one, and triggers `lag` samples early."""
    n_times = int(onsets[-1] + 2 * sfreq)
    names = [f"M{i:03d}-1609" for i in range(N_MEG)]
    kinds = ["mag"] * N_MEG + ["mag", "stim", "stim", "misc"]
    info = mne.create_info(
        [*names, "MRO11-1609", "UPPT001", "UPPT002", "UADC016-2104"], sfreq, kinds
    )
    data = 1e-13 * RNG.standard_normal((N_MEG + 4, n_times))
    data[N_MEG + 1 :] = 0
    for onset in onsets:
        data[N_MEG + 1, onset - lag : onset - lag + 20] = 64
    data[N_MEG + 1, -300:-280] = 32  # the end of the run
    data[N_MEG + 2, onsets[0] + 7 : onsets[0] + 9] = 1  # a channel that mne might pick
    return mne.io.RawArray(data, info, verbose="error")


def write_meg_run(root, session="01", *, n=6, change=None):
    """Write a run's folder, its events and the table of attributes; gives onsets in samples."""
    rows = meg_rows(2 * n)
    onsets = 1200 + 1300 * np.arange(n)
    folder = root / f"sub-BIGMEG1/ses-{session}/meg"
    stem = f"sub-BIGMEG1_ses-{session}_task-main_run-01"
    (folder / f"{stem}_meg.ds").mkdir(parents=True)
    (folder / f"{stem}_meg.ds/{stem}_meg.meg4").write_bytes(b"")
    mine = rows[rows["session_nr"] == int(session)].reset_index(drop=True)
    value = mine["things_image_nr"].astype(object).where(mine["trial_type"] != "catch", "n/a")
    events = pd.DataFrame({"onset": (onsets + 180) / 1200, "duration": 0.5, "value": value,
                           "sample": onsets})  # fmt: skip
    if change is not None:
        events, rows = change(events, rows)
    events.to_csv(folder / f"{stem}_events.tsv", sep="\t", index=False)
    (root / "sourcedata").mkdir(exist_ok=True)
    rows.to_csv(root / "sourcedata/sample_attributes_P1.csv", index=False)
    return onsets


def write_meg_epochs(root, n=12):
    """Write epochs as the authors do: the code is the picture's number, values are z-scores."""
    rows = meg_rows(n)
    info = mne.create_info([f"M{i:03d}-1609" for i in range(N_MEG)], 200.0, "mag")
    data = RNG.standard_normal((n, N_MEG, 281))
    events = np.c_[1000 * np.arange(n), np.zeros(n, int), rows["things_image_nr"]].astype(int)
    epochs = mne.EpochsArray(data, info, events, tmin=-0.1, metadata=rows, verbose="error")
    path = root / "derivatives/preprocessed/preprocessed_P1-epo.fif"
    path.parent.mkdir(parents=True)
    epochs.save(path, verbose="error")
    return data, rows


N_VOXELS, REGIONS = 60, ("V1", "V2", "V3", "hV4", "VO1", "VO2", "LO1 (prf)", "LO2 (prf)", "TO1",
    "TO2", "V3b", "V3a", "lFFA", "rFFA", "lOFA", "rOFA", "lEBA", "rEBA", "lPPA", "rPPA", "lRSC",
    "rRSC", "lTOS", "rTOS", "lLOC", "rLOC", "lSTS", "rSTS", "IT")  # fmt: skip


def write_things_fmri(root):
    """Write responses as pandas lays out an HDF5 file, and both tables; gives all three."""
    rng = np.random.default_rng(2)
    names = [f"thing{i % 4}_{i % 6:02d}s" for i in range(24)]
    stimuli = pd.DataFrame(
        {"trial_type": ["test" if i % 6 == 5 else "train" for i in range(24)],
         "session": np.repeat([1, 2], 12), "run": np.tile([1, 2], 12), "subject_id": 1,
         "trial_id": np.arange(24), "stimulus": [f"{name}.jpg" for name in names],
         "concept": [name.rpartition("_")[0] for name in names]}
    )  # fmt: skip
    inside = rng.random((N_VOXELS, len(REGIONS))) < 0.02
    ceiling = rng.uniform(0, 20, N_VOXELS)
    voxels = pd.DataFrame({"voxel_id": np.arange(N_VOXELS), "nc_singletrial": ceiling})
    voxels = voxels.assign(**{name: inside[:, i].astype(int) for i, name in enumerate(REGIONS)})
    responses = rng.standard_normal((N_VOXELS, 24))
    folder = root / "betas_csv"
    folder.mkdir()
    with h5py.File(folder / "sub-01_ResponseData.h5", "w") as file:
        group = file.create_group("ResponseData")
        group["block0_items"], group["block0_values"] = np.arange(24), responses
        group["block1_items"] = np.array([b"voxel_id"])
        group["block1_values"] = np.arange(N_VOXELS)[:, None]
        group["axis1"] = np.arange(N_VOXELS)
    stimuli.to_csv(folder / "sub-01_StimulusMetadata.csv", index=False)
    voxels.to_csv(folder / "sub-01_VoxelMetadata.csv", index=False)
    return responses, stimuli, voxels


REGIONS_OF_GOD = ("V1", "V2", "V3", "V4", "LOC", "FFA", "PPA", "LVC", "HVC", "VC")
GOD_UNIONS = {"LVC": ("V1", "V2", "V3", "V4"), "HVC": ("LOC", "FFA", "PPA")}


def write_god(root, form="hdf5", subject="1", dtype: type[np.floating] = np.float64):
    """Write a person in the layout of bdpy: three training pictures, two seen thrice and imagined.

    Gives the voxels (trial, voxel), their flags by region, and the numbers that name pictures.
    """
    rng = np.random.default_rng(3)
    trained = [1518878.005958, 1518878.01902, 2084071.000109]
    tested = [1443537.022563, 4572121.003262]
    label = np.array([*trained, *tested * 3, *tested])
    kind = np.repeat([1, 2, 3], [3, 6, 2])
    run = np.array([1, 1, 2, 1, 1, 2, 2, 3, 3, 1, 1])
    single = rng.permutation(np.arange(21) % 8)  # the eighth is in VC alone
    inside = {name: single == i for i, name in enumerate(REGIONS_OF_GOD[:7])}
    inside["V2"] |= rng.random(21) < 0.2  # regions overlap
    for union, parts in GOD_UNIONS.items():
        inside[union] = np.logical_or.reduce([inside[part] for part in parts])
    inside["VC"] = np.ones(21, dtype=bool)
    inside["VC"][5] = any(inside[part][5] for part in REGIONS_OF_GOD[:7])
    voxels = rng.standard_normal((len(label), 21))
    dataset = np.column_stack([kind, run, label, voxels]).astype(dtype)
    columns = ["DataType", "Run", "stimulus_id" if form == "hdf5" else "Label"]
    keys = [*columns, "VoxelData", "voxel_x", *(f"ROI_{name}" for name in REGIONS_OF_GOD)]
    value = np.full((len(keys), dataset.shape[1]), np.nan)
    value[[0, 1, 2], [0, 1, 2]] = 1
    value[3, 3:] = 1
    value[4, 3:] = rng.standard_normal(21)
    for i, name in enumerate(REGIONS_OF_GOD):
        value[5 + i, 3:] = np.where(inside[name], 1, np.nan if i % 2 else 0)
    root.mkdir(parents=True, exist_ok=True)
    said = [f"1 = {key}" for key in keys]
    if form == "hdf5":
        with h5py.File(root / f"Subject{subject}.h5", "w") as file:
            file["dataset"], file["metadata/value"] = dataset, value
            file["metadata/key"], file["metadata/description"] = keys, said
    else:
        cells = {name: np.array(words, dtype=object)[None] for name, words in
                 (("key", keys), ("description", said))}  # fmt: skip
        scipy.io.savemat(
            root / f"Subject{subject}.mat",
            {"dataSet": dataset, "metaData": {**cells, "value": value}},
        )
    return voxels, inside, label
