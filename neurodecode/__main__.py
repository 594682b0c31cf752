"""``python -m neurodecode`` is the command ``neurodecode``."""

import sys

from neurodecode.cli import main

sys.exit(main())
