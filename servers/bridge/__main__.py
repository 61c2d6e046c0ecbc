"""`lou-connect SERVER`, run by path: the interpreter was told to look nowhere for packages."""

import os
import sys

if __name__ == "__main__":
    here = os.path.abspath(__file__)
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(here))))

    from servers.bridge.pump import main

    sys.exit(main())
