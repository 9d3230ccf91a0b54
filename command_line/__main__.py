"""`python -m command_line`, which `./paspor` becomes."""

import sys

from command_line.commands import main

if __name__ == "__main__":
    sys.exit(main())
