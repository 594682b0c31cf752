"""Small files in the layouts of public sets that encoding studies use; their content is made up."""

import json

import h5py
import numpy as np
import pandas as pd
import scipy.io
from PIL import Image

AREAS = {
    "prf-visualrois": ["Unknown", "V1v", "V1d", "V2v", "V2d", "V3v", "V3d", "hV4"],
    "floc-faces": ["Unknown", "OFA", "FFA-1", "FFA-2", "mTL-faces", "aTL-faces"],
    "floc-bodies": ["Unknown", "EBA", "FBA-1", "FBA-2", "mTL-bodies"],
    "floc-places": ["Unknown", "OPA", "PPA", "RSC"],
    "floc-words": ["Unknown", "OWFA", "VWFA-1", "VWFA-2", "mfs-words", "mTL-words"],
    "streams": ["Unknown", "early", "midventral", "midlateral", "midparietal", "ventral",
                "lateral", "parietal"],
}  # fmt: skip
MESH = 30  # vertices of a hemisphere; of fsaverage 163,842


def write_algonauts2023(root, subject="01", n_train=6, n_test=3, *, with_answers=False):
    """Write a person's folder; gives responses by part and side, inside, labels and ceilings."""
    rng = np.random.default_rng(int(subject))
    person = root / f"subj{subject}"
    masks = person / "roi_masks"
    masks.mkdir(parents=True)
    inside = {side: rng.random(MESH) < 0.5 for side in ("lh", "rh")}
    n = {side: int(one.sum()) for side, one in inside.items()}
    nsd_ids = rng.permutation(73_000)[: n_train + n_test]
    shown = {"training": nsd_ids[:n_train], "test": nsd_ids[n_train:]}
    for part, ids in shown.items():
        folder = person / f"{part}_split/{part}_images"
        folder.mkdir(parents=True)
        for i, number in enumerate(ids):
            shade = np.full((4, 4, 3), i, dtype=np.uint8)
            Image.fromarray(shade).save(
                folder / f"{part.removesuffix('ing')}-{i + 1:04d}_nsd-{number:05d}.png"
            )
    told = {}
    for part, n_rows in (("training", n_train), ("test", n_test)):
        for side in ("lh", "rh"):
            values = rng.standard_normal((n_rows, n[side])).astype(np.float32)
            told[part, side] = values
            path = person / f"{part}_split/{part}_fmri/{side}_{part}_fmri.npy"
            if part == "training" or with_answers:
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, values)
    labels, ceilings = {}, {}
    for side in ("lh", "rh"):
        np.save(masks / f"{side}.all-vertices_fsaverage_space.npy", inside[side].astype(int))
        for name, words in AREAS.items():
            every = rng.integers(0, len(words), MESH)
            labels[name, side] = every[inside[side]]
            np.save(masks / f"{side}.{name}_challenge_space.npy", labels[name, side])
            np.save(masks / f"{side}.{name}_fsaverage_space.npy", every)
        ceilings[side] = rng.random(n[side])
        if with_answers:
            path = person / f"test_split/noise_ceiling/{side}_noise_ceiling.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, ceilings[side])
    for name, words in AREAS.items():
        np.save(masks / f"mapping_{name}.npy", dict(enumerate(words)))
    return told, inside, labels, ceilings, nsd_ids


def write_pereira2018(root, subject="018", session="243sentences", n_voxels=5):
    """Write a person's file of seven sentences of three passages; gives betas, regions, texts."""
    rng = np.random.default_rng(int(subject))
    of_sentence = np.array([1, 1, 1, 2, 2, 3, 3])
    betas = rng.standard_normal((len(of_sentence), n_voxels))
    regions = rng.integers(0, 90, n_voxels)

    def cells(words, shape):
        made = np.empty(shape, dtype=object)
        made.ravel()[:] = words
        return made

    sentences = [f"Sentence {i} is of passage {one}." for i, one in enumerate(of_sentence)]
    held = {
        "examples": betas,
        "labelsSentences": np.arange(1, len(betas) + 1)[:, None],
        "keySentences": cells(sentences, (len(betas), 1)),
        "labelsPassageForEachSentence": of_sentence[:, None].astype(np.uint8),
        "keyPassages": cells(["An apple.", "A bear.", "A pear."], (3, 1)),
        "labelsPassageCategory": np.array([2, 1, 2])[:, None],
        "keyPassageCategory": cells(["animal", "fruit"], (1, 2)),
        "meta": {"roiMultimaskAAL": regions[:, None], "colToCoord": np.ones((n_voxels, 3))},
    }
    path = root / subject / f"examples_{session}.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, held)
    return betas, regions, sentences


def write_pereira2018_language(root, subject="018", part="n72", n_voxels=6):
    """Write the file of a person's language network; gives betas, and who is of its tenth."""
    betas = np.random.default_rng(4).standard_normal((7, n_voxels))
    # A cell an atlas: the region of each voxel, from 1, or nothing.
    atlases = {
        "DMN_FIXminusH_from90to100prcnt": [np.nan, 1, np.nan, 2, np.nan, np.nan],
        "language_from80to100prcnt": [1, np.nan, 2, 2, np.nan, 1],
        "language_from90to100prcnt": [1, np.nan, 5, np.nan, np.nan, 1],
    }
    names, masks, rois = (np.empty((3, 1), dtype=object) for _ in range(3))
    for i, (name, mask) in enumerate(atlases.items()):
        names[i, 0], masks[i, 0] = name, np.array(mask)[:, None]
        rois[i, 0] = np.array([f"region {j}" for j in range(i + 2)], dtype=object)[:, None]
    meta = {"atlases": names, "roiMultimask": masks, "rois": rois}
    path = root / f"language/{subject}_complang_passages_{part}_persent.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"data": betas, "meta": meta})
    return betas, np.isfinite(atlases["language_from90to100prcnt"])


def write_pereira2018_concepts(root, subject="P01", words=("ability", "dog", "big")):
    """Write a person's three files of words, which do not stand in one order; gives betas."""
    made, rng = {}, np.random.default_rng(5)
    key = np.empty((len(words), 1), dtype=object)
    key[:, 0] = words
    for i, way in enumerate(("pictures", "sentences", "wordclouds")):
        made[way] = rng.standard_normal((len(words), 5))
        held = {
            "examples": made[way],
            "keyConcept": key,
            "labelsConcept": np.roll(np.arange(1, len(words) + 1), i)[:, None],
            "labelsConcreteness": rng.random((len(words), 1)),
            "meta": {"roiMultimaskAAL": np.arange(5)[:, None]},
        }
        path = root / subject / f"examples_180concepts_{way}.mat"
        path.parent.mkdir(parents=True, exist_ok=True)
        scipy.io.savemat(path, held)
    return made


N_PARCELS = 6  # of the real files 1000
_ATLAS = "space-MNI152NLin2009cAsym_atlas-Schaefer18_parcel-1000Par7Net"
MOVIE10 = "fmri/sub-{0}/func/sub-{0}_task-movie10_" + _ATLAS + "_bold.h5"
FRIENDS = "fmri/sub-{0}/func/sub-{0}_task-friends_" + _ATLAS + "_desc-s123456_bold.h5"


def write_cneuromod(root, lengths, subject="01", path=MOVIE10, values=None):
    """Write a person's file of one array a run; `lengths` by its key. Gives the arrays."""
    rng = np.random.default_rng(6)
    held = values or {
        k: rng.standard_normal((n, N_PARCELS)).astype("f4") for k, n in lengths.items()
    }
    place = root / path.format(subject)
    place.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(place, "w") as file:
        for key, values in held.items():
            file[key] = values
    return held


def write_transcript(root, name, n_rows):
    """Write what is said in a part of a film, a row a volume; nothing in every third."""
    rows = []
    for i in range(n_rows):
        words = [] if i % 3 == 2 else [f"it's{i}", "so"]
        starts = [round(1.49 * i + 0.25 + 0.5 * k, 2) for k in range(len(words))]
        rows.append((" ".join(words), str(words), str(starts), str([0.2] * len(words))))
    columns = ["text_per_tr", "words_per_tr", "onsets_per_tr", "durations_per_tr"]
    path = root / "stimuli/transcripts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=columns).to_csv(path, sep="\t", index=False)


TREEBANK = ["*LA1", "LA2", "LA3#", "LA_4", "RB1", "RB2"]
"""Labels as the files have them, with marks."""


def write_brain_treebank(
    root, subject="1", trial="000", sfreq=2048.0, n_seconds=40, start=(0.26, 3.5, 12.31, 33.07)
):
    """Write a recording of a film that was paused; gives its values and the words' true samples.

    The film begins at sample 1000; before second 10 of it, it stands still for three seconds.
    Words begin at the seconds `start`, and one when nobody knows. LA2 answers the loudness of a
    word from .1 to .3 s.
    """
    rng = np.random.default_rng(7)
    stem, n = f"sub_{subject}_trial{trial}", round((n_seconds + 5) * sfreq)
    values = rng.standard_normal((len(TREEBANK), n)).astype("f4")

    def sample_of(seconds):
        return 1000 + (seconds + 3.0 * (seconds >= 10)) * sfreq

    start = np.array([*start, n_seconds + 1.0])
    loud = np.random.default_rng(9).standard_normal(len(start))
    for one, at in zip(loud[:-1], np.round(sample_of(start[:-1])).astype(int), strict=True):
        values[1, at + round(0.1 * sfreq) : at + round(0.3 * sfreq)] += one
    for folder in ("all_subject_data", "subject_timings", "subject_metadata", "transcripts/a-film",
                   f"electrode_labels/sub_{subject}", f"localization/sub_{subject}"):  # fmt: skip
        (root / folder).mkdir(parents=True, exist_ok=True)
    with h5py.File(root / f"all_subject_data/{stem}.h5", "w") as file:
        for i, row in enumerate(values):
            file[f"data/electrode_{i}"] = row
    regions = pd.DataFrame({"ID": np.arange(5), "Electrode": ["RB2", "LA1", "LA2", "LA3#", "LA4"]})
    regions["DesikanKilliany"] = ["ctx-rh-insula", *["ctx-lh-superiortemporal"] * 3, np.nan]
    regions.to_csv(root / f"localization/sub_{subject}/depth-wm.csv", index=False)
    labels = root / f"electrode_labels/sub_{subject}/electrode_labels.json"
    labels.write_text(json.dumps(TREEBANK))
    metadata = root / f"subject_metadata/{stem}_metadata.json"
    metadata.write_text(json.dumps({"filename": "a-film", "title": "A film"}))

    film = np.arange(0, n_seconds, 0.5)
    triggers = pd.DataFrame({"type": "trigger", "movie_time": film, "index": sample_of(film)})
    triggers.to_csv(root / f"subject_timings/{stem}_timings.csv", index=False)
    said = [("so", "it", "goes", "on", "on")[i % 5] for i in range(len(start))]
    words = {"text": said, "start": start, "end": start + 0.2}
    numbers = {name: rng.standard_normal(len(start)) for name in
               ("gpt2_surprisal", "word_length", "rms", "delta_rms", "pitch", "delta_pitch",
                "mean_pixel_brightness", "max_global_magnitude", "max_vector_magnitude",
                "face_num")}  # fmt: skip
    numbers["rms"] = loud
    numbers["pitch"][1] = np.nan  # where nobody speaks aloud
    parts = [("ADV", "PRON", "VERB", "ADP", "ADP")[i % 5] for i in range(len(start))]
    table = pd.DataFrame({**words, **numbers, "pos": parts})
    table.to_csv(root / "transcripts/a-film/features.csv")
    return values, np.round(sample_of(start[:-1])), table


def write_allen(root, session="501559087", *, scenes=True, n_scenes=4, n_showings=2):
    """Write a session's file: 3 cells, scenes and a blank, some showings each, uneven frames.

    Cell 1 answers each scene by its own number. Gives dF/F, time stamps, and the scene and first
    frame of each presentation.
    """
    rng = np.random.default_rng(8)
    shown = rng.permutation(np.repeat(np.arange(-1, n_scenes), n_showings))
    first = 20 + 8 * np.arange(len(shown))
    n_frames = max(200, first[-1] + 40)
    stamps = 10.0 + np.cumsum(rng.uniform(0.02, 0.045, n_frames))
    traces = rng.standard_normal((3, n_frames)).astype("f4")
    for number, frame in zip(shown, first, strict=True):
        traces[1, frame : frame + 8] += 0.5 * (number + 1)
    path = root / f"ophys_experiment_data/{session}.nwb"
    path.parent.mkdir(parents=True, exist_ok=True)
    pipeline = "processing/brain_observatory_pipeline"
    with h5py.File(path, "w") as file:
        file[f"{pipeline}/DfOverF/imaging_plane_1/data"] = traces
        file[f"{pipeline}/DfOverF/imaging_plane_1/timestamps"] = stamps
        file[f"{pipeline}/ImageSegmentation/cell_specimen_ids"] = [517472416, 517472419, 517472450]
        file["general/experiment_container_id"] = b"511507650"
        file["general/optophysiology/imaging_plane_1/location"] = b"VISp"
        if scenes:
            file["stimulus/presentation/natural_scenes_stimulus/data"] = shown
            both = np.stack([first, first + 7, np.zeros_like(first)], axis=1)
            file["stimulus/presentation/natural_scenes_stimulus/frame_duration"] = both
            pictures = np.arange(n_scenes * 5 * 6, dtype=np.uint8).reshape(n_scenes, 5, 6)
            file["stimulus/templates/natural_scenes_image_stack/data"] = pictures
    return traces, stamps, shown, first
