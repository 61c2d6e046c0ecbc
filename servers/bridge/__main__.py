"""`lou-connect SERVER`, the start of the bridge. It runs by path, without a search for packages.

Lou's modules are loaded by their paths, since the search for them lists each folder and asks three
times for each file: on Windows that takes as long as the files themselves.
"""

import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import spec_from_file_location

_ROOT = os.path.abspath(os.path.join(__file__, "..", "..", ".."))
_PACKAGES = frozenset(("servers", "servers.bridge", "servers.contract"))


class OwnModules:
    """Finds the modules of the bridge; of a package it reads no file, for none holds code."""

    @staticmethod
    def find_spec(name: str, *_: object) -> ModuleSpec | None:
        """As `importlib.abc.MetaPathFinder`."""
        if not name.startswith("servers"):
            return None
        place = os.path.join(_ROOT, *name.split("."))
        if name not in _PACKAGES:
            return spec_from_file_location(name, f"{place}.py")
        package = ModuleSpec(name, None, is_package=True)
        package.submodule_search_locations = [place]
        return package


if __name__ == "__main__":
    sys.meta_path.insert(0, OwnModules)

    from servers.bridge.pump import main

    sys.exit(main())
