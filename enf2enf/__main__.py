"""`python -m enf2enf`: the command line where no script was installed."""

import sys

from enf2enf.cli import main

sys.exit(main())
