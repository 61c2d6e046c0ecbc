"""The tests of the suite that Windows cannot run, by file and name, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping

_MODES = "Windows has access lists, not permission bits"
_LINKS = "making a link needs a right that Windows users lack"
_USERS = "there is no os.getuid, and no second user"
_SOCKETS = "Windows has no Unix sockets in Python"

REASONS: Mapping[str, str] = {
    "contract/test_endpoint.py::test_a_client_with_a_bare_environment_finds_the_app": _SOCKETS,
    "contract/test_endpoint.py::test_everything_hangs_off_lou_home": _SOCKETS,
    "contract/test_endpoint.py::test_two_homes_of_one_user_never_share_a_folder": _SOCKETS,
    "contract/test_endpoint.py::test_a_socket_path_is_short_enough_for_every_system": _SOCKETS,
    "contract/test_endpoint.py::test_a_private_folder_is_private_even_if_it_was_not": _MODES,
    "contract/test_endpoint.py::test_a_link_in_place_of_the_folder_is_refused": _LINKS,
    "contract/test_endpoint.py::test_a_folder_of_somebody_else_is_refused": _USERS,
    "contract/test_greeting.py::test_the_token_is_private_and_the_same_for_all": _MODES,
    "contract/test_greeting.py::test_a_port_file_reads_as_it_was_written_and_holds_no_token": (
        _MODES
    ),
    "keys/test_vault_file.py::test_the_file_is_private_and_holds_no_value": _MODES,
}
