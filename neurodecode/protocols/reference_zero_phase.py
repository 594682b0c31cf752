"""The pseudo-online protocol with preparations that look ahead, to measure what they give away."""

from dataclasses import dataclass
from typing import ClassVar

from neurodecode.protocols._in_use import Demands
from neurodecode.protocols.pseudo_online import PseudoOnline


@dataclass(frozen=True)
class ReferenceZeroPhase(PseudoOnline):
    """Test as `pseudo_online` does, over recordings whose filters may look ahead: a known hole.

    A filter that runs forwards and backwards answers before what it answers to: a Butterworth of
    order 4 from 8 to 32 Hz at 250 Hz by 224 ms, at 1 % of its peak. Published pseudo-online scores
    were computed so. Rows of the table are flagged ``looks_ahead``; no decoder in use has such a
    score. The arguments are those of `pseudo_online`.
    """

    demands: ClassVar[Demands] = Demands(causal=False, gap=True)
