"""What a card says of the files of a surface."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rows:
    """Rows of one official part.

    Parameters
    ----------
    data : str
        Template of the values, with ``{hemisphere}``: npy (rows, vertices), or mgh, whose fourth
        axis counts rows.
    pictures : str
        Folder of pictures that name the rows by their order; empty where a `Design` does.
    withheld : bool
        Whether the part may be missing, as the answers of a challenge are.
    """

    data: str
    pictures: str = ""
    withheld: bool = False


@dataclass(frozen=True)
class Labels:
    """A set of regions.

    Parameters
    ----------
    path : str
        Template, with ``{hemisphere}``: whole numbers, one a vertex; 0 is no region.
    names : str
        Template of what they stand for: a colour table, or a dict that numpy pickled, which is
        read as data.
    """

    path: str
    names: str
