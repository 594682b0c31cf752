"""Figures inside a page: their addresses hold their content."""

import base64
import io
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

_WIDE = 440  # pixels: a picture that a phone scrolls, since its letters would be too small


@dataclass(frozen=True)
class Picture:
    """A figure inside the page: its address holds its content.

    Parameters
    ----------
    address : str
        A ``data:`` URI.
    width : int
        Pixels.
    alt : str
        What it shows, for who cannot see it.
    title, caption : str
    """

    address: str
    width: int
    alt: str
    title: str = ""
    caption: str = ""

    @property
    def wide(self) -> bool:
        """Whether it is wider than a phone."""
        return self.width > _WIDE


def as_svg(figure: Figure, alt: str, **said: str) -> Picture:
    """Give a figure of lines and letters, sharp at every size; `said`: its title and caption."""
    return _picture(figure, alt, "svg+xml", said, format="svg", metadata={"Date": None})


def as_webp(figure: Figure, alt: str, quality: int | None = None, **said: str) -> Picture:
    """Pictures of many cells or shades, a tenth of an SVG; lossless where no quality is given."""
    kept = {"lossless": True} if quality is None else {"quality": quality}
    return _picture(
        figure, alt, "webp", said, format="webp", dpi=144, pil_kwargs={"method": 6, **kept}
    )


def _picture(figure: Figure, alt: str, kind: str, said: dict[str, str], **how: Any) -> Picture:
    content = io.BytesIO()
    figure.savefig(content, bbox_inches="tight", **how)
    address = f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
    return Picture(address, round(figure.get_figwidth() * 96), alt, **said)
