"""The tests of the suite that Windows cannot run, by file and name, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping

_MODES = "Windows has access lists, not permission bits"
_LINKS = "making a link needs a right that Windows users lack"
_USERS = "there is no os.getuid, and no second user"
_SOCKETS = "Windows has no Unix sockets in Python"
_FORKS = "there is no os.fork"
_NAMES = "Windows allows no such name"
_IN_USE = "a file that Lou has open can be neither moved nor deleted"
_LIMITS = "there is no module `resource`, and no small disk to mount"
_FIRESTORE = "Firestore's packages are not among those of the set-up"

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
    "logs/test_logbook.py::test_a_file_that_somebody_deletes_is_made_anew": _IN_USE,
    "logs/test_logbook.py::test_the_file_is_private_and_holds_no_secret": _MODES,
    "logs/test_logbook.py::test_lines_wait_while_the_disk_is_full_and_none_is_lost": _LIMITS,
    "tracker/test_exchange_names.py::test_a_link_to_nothing_is_something": _LINKS,
    "tracker/test_exchange_names.py::test_the_folder_itself_may_have_any_name": _NAMES,
    "tracker/test_exchange_names.py::"
    "test_a_name_that_is_no_file_everywhere_is_refused_in_words[a\\\\b.csv]": (
        "a backslash stands between folders"
    ),
    "tracker/test_first_form.py::test_killed_at_any_moment_it_goes_on_and_loses_nothing": _FORKS,
    "tracker/test_sqlite_disk.py::test_files_and_folders_are_for_their_owner_alone": _MODES,
    "tracker/test_sqlite_disk.py::"
    "test_a_file_that_is_taken_away_confirms_no_write_until_it_is_back": _IN_USE,
    "tracker/test_sqlite_disk.py::"
    "test_a_really_full_disk_is_read_only_and_recovers_by_itself": _LIMITS,
    "tracker/test_sqlite_disk.py::test_a_start_on_a_full_disk_reads_and_waits_for_room": _LIMITS,
    "tracker/test_tracker_tools.py::test_an_import_reports_rows_and_an_export_gives_them_back": (
        _MODES
    ),
    "tracker/test_tracker_tools.py::test_nothing_outside_the_folder_is_touched[link.csv]": _LINKS,
    "tracker/test_tracker_tools.py::test_a_folder_a_pipe_and_a_missing_file_are_refused": (
        "there are no pipes with a name in a folder"
    ),
    "tracker/test_workroom.py::test_what_is_no_account_is_trouble_and_blocks_nothing": _FIRESTORE,
}
