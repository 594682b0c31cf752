"""Maps that a searchlight made: as images, tables of peaks, pictures and files."""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.spatial import KDTree

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.files import whole_file, write_json
from neurodecode.linalg.searchlight import Searchlight
from neurodecode.report.searchlight_data import Surface, Volume

Shown = Literal["score", "p", "p_max"]
_MAX_CUTS = 7


@dataclass(frozen=True, eq=False)
class SearchlightMaps:
    """Scores around every centre, with chance and p.

    Parameters
    ----------
    scores : dict of str to ndarray, shape (n_centres,)
        A metric of decoding, or each model's similarity.
    chance : float
        Of the scores.
    p, p_max : dict of str to ndarray, shape (n_centres,)
        One-sided, of each centre by itself and corrected for all centres and models; NaN without
        permutations.
    light : Searchlight
    where : Volume or Surface
    said : dict
        How it was made.
    """

    scores: dict[str, np.ndarray]
    chance: float
    p: dict[str, np.ndarray]
    p_max: dict[str, np.ndarray]
    light: Searchlight
    where: Volume | Surface
    said: dict[str, Any]

    def __repr__(self) -> str:
        name = next(iter(self.scores))
        best = self.peaks(name, n=1).iloc[0]
        corrected = "" if np.isnan(best["p_max"]) else f", p {best['p_max']:.3g} corrected"
        at = ", ".join(f"{best[one]:.0f}" for one in "xyz")
        return (
            f"SearchlightMaps({self.said['method']}, {name} at {len(self.light)} centres, radius "
            f"{self.said['radius']:g} mm: best {best['score']:.3f} at ({at}){corrected}; chance "
            f"{self.chance:.3f})"
        )

    def image(self, name: str | None = None, of: Shown = "score") -> Any:
        """Give a map as an image; NaN where there is no centre.

        Parameters
        ----------
        name : str, optional
            Of `scores`; the first without.
        of : {"score", "p", "p_max"}

        Returns
        -------
        image : nibabel.Nifti1Image or nilearn.surface.SurfaceImage
        """
        return self.where.image(self.light, self._values(name, of))

    def peaks(self, name: str | None = None, *, n: int = 10, apart: float | None = None):
        """List the highest scores that are not near a higher one.

        Parameters
        ----------
        name : str, optional
        n : int
            Peaks, at most.
        apart : float, optional
            Millimetres between peaks; the radius without.

        Returns
        -------
        peaks : DataFrame
            ``x y z`` in millimetres, the voxel (or hemisphere and vertex), ``n_neighbours``,
            ``score``, ``p`` and ``p_max``, the highest score first.
        """
        table = self.where.coordinates(self.light)
        table["n_neighbours"] = self.light.sizes
        for of in ("score", "p", "p_max"):
            table[of] = self._values(name, of)
        places = table[["x", "y", "z"]].to_numpy()
        tree, taken = KDTree(places), np.isnan(table["score"].to_numpy())
        rows = []
        for at in np.argsort(-table["score"].to_numpy(), kind="stable"):
            if not taken[at] and len(rows) < n:
                rows.append(at)
                taken[tree.query_ball_point(places[at], apart or self.said["radius"])] = True
        return table.iloc[rows].reset_index(drop=True)

    def plot(self, name: str | None = None, *, p_below: float | None = None, **options: Any) -> Any:
        """Draw a map as nilearn does: scores less chance, red above, blue below.

        Parameters
        ----------
        name : str, optional
        p_below : float, optional
            Show centres alone whose corrected p is at most this.
        **options
            Of ``nilearn.plotting.plot_stat_map``, or of ``plot_surf_stat_map``; such as
            ``bg_img``, an anatomy.

        Returns
        -------
        display : nilearn display, or matplotlib Figure of a surface
        """
        import matplotlib.pyplot as plt
        from nilearn import plotting

        name = self._name(name)
        values = self.scores[name] - self.chance
        if p_below is not None:
            values = np.where(self.p_max[name] <= p_below, values, 0)
        largest = float(np.nanmax(np.abs(values), initial=0)) or 1.0
        image = self.where.image(self.light, np.nan_to_num(values), 0)
        title = f"{name} less chance ({self.chance:.3g})" if self.chance else name
        given = {"vmax": largest, "vmin": -largest, "cmap": "RdBu_r"}
        if isinstance(self.where, Surface):
            return plotting.plot_surf_stat_map(stat_map=image, **given | {"title": title} | options)
        if not options.keys() & {"cut_coords", "display_mode"}:
            given |= self._cuts()
        if not options.keys() & {"axes", "figure"}:
            wide = 2.2 * len(
                np.atleast_1d(options.get("cut_coords", given.get("cut_coords", "xyz")))
            )
            given["figure"] = plt.figure(figsize=(wide + 1.6, 2.8))
        # Without an anatomy all centres stand behind, so that the same window is always drawn.
        beneath = self.where.image(self.light, np.ones(len(self.light)), 0)
        given |= {"bg_img": beneath, "black_bg": False}
        display = plotting.plot_stat_map(image, **given | options)
        if "title" not in options:
            display.title(title, size=10, color="black", bgcolor="white", alpha=0)
        return display

    def save(self, folder: str | Path) -> Path:
        """Write maps, peaks, a picture of each and how they were made.

        Parameters
        ----------
        folder : path
            Made where it is not there. Of volumes, ``NAME.nii.gz``, ``NAME_p.nii.gz`` and
            ``NAME_p_max.nii.gz``; of surfaces a ``.gii`` a hemisphere.

        Returns
        -------
        folder : Path
        """
        import matplotlib.pyplot as plt

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.scores:
            file = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
            for of in ("score", "p", "p_max"):
                if np.isnan(self._values(name, of)).all():
                    continue
                image, ending = self.image(name, of), "" if of == "score" else f"_{of}"
                if isinstance(self.where, Volume):
                    with whole_file(folder / f"{file}{ending}.nii.gz") as path:
                        path.write_bytes(gzip.compress(image.to_bytes(), mtime=0))
                    continue
                for part, data in image.data.parts.items():
                    with whole_file(folder / f"{file}{ending}_{part}.gii") as path:
                        path.write_bytes(_gifti(data).to_bytes())
            self.peaks(name, n=50).to_csv(folder / f"{file}_peaks.csv", index=False)
            shown = self.plot(name)
            with whole_file(folder / f"{file}.png") as path:
                shown.savefig(path, format="png")
            plt.close("all")
        write_json(folder / "searchlight.json", self.said | {"chance": self.chance})
        return folder

    def _cuts(self) -> dict[str, Any]:
        """Cut axially where there are centres, so that one slice is not drawn from three sides."""
        height = self.where.coordinates(self.light)["z"].to_numpy()
        levels = np.unique(np.round(height, 3))
        if len(levels) > _MAX_CUTS:
            levels = levels[np.linspace(0, len(levels) - 1, _MAX_CUTS + 2).astype(int)[1:-1]]
        return {"display_mode": "z", "cut_coords": levels.tolist()}

    def _name(self, name: str | None) -> str:
        if name is None:
            return next(iter(self.scores))
        if name not in self.scores:
            raise ConfigError(f"searchlight: no map {name!r}.{nearest(name, self.scores)}")
        return name

    def _values(self, name: str | None, of: Shown) -> np.ndarray:
        maps = {"score": self.scores, "p": self.p, "p_max": self.p_max}
        if of not in maps:
            raise ConfigError(f"of: {of!r}. There are score, p and p_max.")
        return maps[of][self._name(name)]


def _gifti(values: np.ndarray) -> Any:
    from nibabel.gifti.gifti import GiftiDataArray, GiftiImage

    return GiftiImage(darrays=[GiftiDataArray(values.astype(np.float32))])
