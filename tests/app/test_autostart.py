"""The login entry names the interpreter in one line, or is not written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.errors import SettingsError
from app.system import autostart


@pytest.mark.parametrize("mark", ["\n", "\r", "\x1b", "\u2028"])
def test_a_folder_whose_name_leaves_its_line_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    monkeypatch.setattr(sys, "executable", f"/opt/lou{mark}Exec=evil/bin/python")
    with pytest.raises(SettingsError) as refused:
        autostart.apply(True)
    assert refused.value.code == "bad_place"
    assert not autostart.is_on()
    assert not [path for path in home.rglob("*.desktop") if path.is_file()]
    monkeypatch.setattr(sys, "executable", "/opt/lou with spaces/bin/python")
    autostart.apply(True)
    assert autostart.is_current()


@pytest.mark.parametrize("on", [True, False])
def test_a_registry_that_refuses_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, on: bool
) -> None:
    def refuse(*_words: str) -> None:
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(autostart, "_SYSTEM", "win32")
    monkeypatch.setattr(autostart, "_value", lambda: "lou")
    monkeypatch.setattr(autostart, "_set_value", refuse)
    monkeypatch.setattr(autostart, "_delete_value", refuse)
    with pytest.raises(SettingsError, match="Access is denied") as refused:
        autostart.apply(on)
    assert refused.value.code == "not_writable"
