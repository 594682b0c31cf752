"""Pictures made here, of shapes, textures, digits, letters and colours; any of them may be shown.

Each function draws what a table or names ask for; what is left to chance comes from the generator
of chance that it is handed, so equal seeds give equal bytes.
"""

from neurodecode.simulate.pictures._blends import blend as blend
from neurodecode.simulate.pictures._blends import colour_fields as colour_fields
from neurodecode.simulate.pictures._digits import DIGITS as DIGITS
from neurodecode.simulate.pictures._digits import digits as digits
from neurodecode.simulate.pictures._figures import FIGURES as FIGURES
from neurodecode.simulate.pictures._figures import figures as figures
from neurodecode.simulate.pictures._gallery import LABELS as LABELS
from neurodecode.simulate.pictures._gallery import Gallery as Gallery
from neurodecode.simulate.pictures._gallery import Kind as Kind
from neurodecode.simulate.pictures._gallery import gallery as gallery
from neurodecode.simulate.pictures._shapes import BACKGROUNDS as BACKGROUNDS
from neurodecode.simulate.pictures._shapes import COLOURS as COLOURS
from neurodecode.simulate.pictures._shapes import SHAPES as SHAPES
from neurodecode.simulate.pictures._shapes import drawn_shapes as drawn_shapes
from neurodecode.simulate.pictures._shapes import shapes as shapes
from neurodecode.simulate.pictures._textures import DIRECTIONS as DIRECTIONS
from neurodecode.simulate.pictures._textures import FAMILIES as FAMILIES
from neurodecode.simulate.pictures._textures import textures as textures
