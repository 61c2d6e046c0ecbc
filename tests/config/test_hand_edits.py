"""config.json edited by hand: never written over, told with its place, and what runs goes on."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.config import config_model
from app.config.config_file import ConfigFile
from app.config.config_model import Config
from app.errors import SettingsError
from tests.config.hand_edits import edits, lost


@pytest.fixture
def file(home: Path) -> ConfigFile:
    found = ConfigFile(home / "config.json")
    found.load()
    return found


def written(file: ConfigFile) -> dict:
    return json.loads(file.path.read_bytes())


def test_a_file_that_is_broken_at_the_start_is_told_and_stays_as_it_is(home: Path) -> None:
    path = home / "config.json"
    path.write_text('{\n  "mcpServers": {,}\n}')
    file = ConfigFile(path)
    told: list[SettingsError | None] = []
    file.troubled.subscribe(told.append)
    file.load()
    assert file.config == Config(config_model.defaults())
    assert not file.is_known
    assert told == [file.trouble]
    assert "line 2, column 18" in told[0].title
    for _ in range(2):
        with pytest.raises(SettingsError, match="line 2, column 18"):
            file.update(lambda config: config.with_settings(theme="dark"))
    with pytest.raises(SettingsError):
        file.require_writable()
    assert path.read_text() == '{\n  "mcpServers": {,}\n}'
    assert [each.name for each in home.iterdir()] == ["config.json"]
    assert len(told) == 1


def test_an_edit_by_hand_is_taken_over_and_not_overwritten(file: ConfigFile) -> None:
    file.update(lambda config: config.with_settings(theme="dark"))
    document = written(file)
    document["settings"]["notifications"] = False
    document["mcpServers"]["mine"] = {"command": "true", "note": "by hand"}
    file.path.write_text(json.dumps(document))
    file.update(lambda config: config.with_settings(theme="light"))
    assert written(file)["settings"] == {"theme": "light", "notifications": False}
    assert written(file)["mcpServers"]["mine"]["note"] == "by hand"
    assert "mine" in file.config.servers


def test_refresh_tells_of_an_edit_once(file: ConfigFile) -> None:
    told: list[Config] = []
    file.changed.subscribe(told.append)
    assert not file.refresh()
    file.path.write_text('{"settings": {"theme": "dark"}}')
    assert file.refresh()
    assert not file.refresh()
    assert [config.settings.theme for config in told] == ["dark"]


def test_a_file_that_is_broken_while_lou_runs_changes_nothing_in_force(
    file: ConfigFile,
) -> None:
    file.update(lambda config: config.with_settings(theme="dark"))
    file.path.write_text('{"settings": ')
    assert not file.refresh()
    assert file.config.settings.theme == "dark"
    assert file.path.read_text() == '{"settings": '


def test_a_switch_over_a_broken_edit_is_refused_and_what_is_in_force_goes_on(
    file: ConfigFile,
) -> None:
    mine = {"command": "npx", "args": ["-y", "x"], "env": {"A": "b"}}
    file.path.write_text(json.dumps({"mcpServers": {"mine": mine}, "settings": {"theme": "dark"}}))
    assert file.refresh()
    before = file.config
    file.path.write_text('{"mcpServers": {"mine"')
    assert not file.refresh()
    with pytest.raises(SettingsError) as refused:
        file.update(lambda config: config.with_settings(log_level="DEBUG"))
    assert "line 1, column 23" in refused.value.title
    assert str(file.path) in refused.value.hint
    assert file.config is before
    assert file.path.read_text() == '{"mcpServers": {"mine"'
    file.path.write_text(json.dumps({"mcpServers": {"mine": mine}}))
    file.update(lambda config: config.with_settings(log_level="DEBUG"))
    assert file.trouble is None
    assert written(file)["mcpServers"]["mine"] == mine


def test_a_mended_file_is_no_trouble_any_more(home: Path) -> None:
    file = ConfigFile(home / "config.json")
    file.path.write_text("{broken")
    file.load()
    assert file.trouble is not None
    told: list[SettingsError | None] = []
    file.troubled.subscribe(told.append)
    file.path.write_text('{"settings": {"theme": "dark"}}')
    assert file.refresh()
    assert file.trouble is None
    assert told == [None]


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "a disk that is not mounted" / "lou.json")


@pytest.mark.parametrize("put", [a_pipe, a_folder, a_link_to_nothing])
@pytest.mark.parametrize("at_start", [True, False])
def test_what_is_no_file_is_named_and_left_alone(
    home: Path, put: Callable[[Path], None], at_start: bool
) -> None:
    file = ConfigFile(home / "config.json")
    if not at_start:
        file.path.write_text('{"settings": {"theme": "dark"}}')
        file.load()
        file.path.unlink()
    put(file.path)
    if at_start:
        file.load()
    else:
        assert not file.refresh()
        assert file.config.settings.theme == "dark"
    assert file.trouble is not None
    assert (
        "it is no file" in file.trouble.title or "link to what is not there" in file.trouble.title
    )
    with pytest.raises(SettingsError, match=r"cannot be read"):
        file.update(lambda config: config.with_settings(theme="light"))
    assert [each.name for each in home.iterdir()] == ["config.json"]


def test_a_file_that_is_gone_stops_nothing_and_the_next_change_brings_it_back(
    file: ConfigFile,
) -> None:
    content = '{\n  "ofMine": 1,\n  "mcpServers": {"mine": {"command": "true"}}\n}\n'
    file.path.write_text(content)
    file.refresh()
    file.path.unlink()
    assert not file.refresh(at_once=False)
    assert file.trouble is None
    assert not file.refresh(at_once=False)
    assert file.trouble is not None
    assert "mine" in file.config.servers
    file.update(lambda config: config.with_settings(theme="dark"))
    assert file.trouble is None
    assert written(file)["ofMine"] == 1
    assert written(file)["mcpServers"]["mine"] == {"command": "true"}


def test_a_read_only_file_is_not_replaced(file: ConfigFile) -> None:
    file.path.write_text("{}")
    file.path.chmod(0o400)
    with pytest.raises(SettingsError, match="read-only"):
        file.update(lambda config: config.with_settings(theme="dark"))
    with pytest.raises(SettingsError, match="read-only"):
        file.require_writable()
    assert file.path.read_text() == "{}"
    file.path.chmod(0o600)
    file.update(lambda config: config.with_settings(theme="dark"))


def test_an_edit_between_the_reading_and_the_writing_is_kept(file: ConfigFile) -> None:
    edits = iter(range(3))

    def slow(config: Config) -> Config:
        number = next(edits, None)
        if number is not None:
            document = {"mcpServers": {f"mine{number}": {"command": "true"}}}
            fresh = file.path.with_name("saved by an editor")
            fresh.write_text(json.dumps(document))
            fresh.replace(file.path)
        return config.with_settings(theme="dark")

    file.update(slow)
    assert written(file)["mcpServers"]["mine2"] == {"command": "true"}
    assert written(file)["settings"] == {"theme": "dark"}
    assert "mine2" in file.config.servers


def test_edits_and_switches_side_by_side_lose_none(file: ConfigFile) -> None:
    """An editor that saves as fast as it can, each time with one more key of its own."""
    program = (
        "import json, sys; from pathlib import Path\n"
        "path = Path(sys.argv[1])\n"
        "for n in range(int(sys.argv[2])):\n"
        "    while True:\n"
        "        before = path.stat()\n"
        "        document = json.loads(path.read_text())\n"
        "        document[f'by_hand_{n}'] = n\n"
        "        fresh = path.with_name('editor'); fresh.write_text(json.dumps(document))\n"
        "        if path.stat().st_ino == before.st_ino: break\n"
        "    fresh.replace(path); print(n, flush=True)\n"
    )
    file.path.write_text("{}")
    count = 40
    command = [sys.executable, "-c", program, file.path, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as editor:
        for number in itertools.count():
            theme = ("dark", "light")[number % 2]
            with contextlib.suppress(SettingsError):  # it may keep changing for twenty tries
                file.update(lambda config, theme=theme: config.with_settings(theme=theme))
                assert file.config.settings.theme == theme
            if editor.poll() is not None:
                break
        assert editor.wait() == 0
    file.refresh()
    assert written(file)[f"by_hand_{count - 1}"] == count - 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"settings": {"theme": "dark",}}', "line 1, column 30: There is a comma"),
        (b'{\r\n  "mcpServers": {\r\n  },\r\n}', "line 3, column 4: There is a comma"),
        (b'{"a": 1, // mine\n"b": 2}', "line 1, column 10: There is a comment"),
        (b'{"mcpServers": {}, "mcpServers": {}}', "line 1, column 20: `mcpServers` is there twice"),
        (b'{"x": [1, {"y": {"z": 1, "z": 2}}]}', "line 1, column 26: `z` is there twice"),
        (b'{"mcpServers": []}', "line 1, column 2: `mcpServers` is not an object"),
        (b'{"settings": null}', "line 1, column 2: `settings` is not an object"),
        (b"[]", "line 1, column 1: It is not an object"),
        (b" \r\n", "line 1, column 1: It is empty"),
        (b"", "line 1, column 1: It is empty"),
        (b'{"a": NaN}', "line 1, column 7: NaN is not JSON"),
        (b'{\n"a": "\xe4"}', "line 2, column 7: It is not UTF-8 here"),
        ("{}".encode("utf-16"), "line 1, column 1: It is UTF-16"),
        ("{}".encode("utf-16-le"), "line 1, column 1: It is UTF-16"),
        (b"[" * 5000, "nested too deeply"),
        (b'{"a": "b', "line 1, column 7: "),
        (b"{'a': 1}", "line 1, column 2: "),
        (b'{"a": 1}\n<<<<<<< HEAD', "line 2, column 1: Extra data"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_place(
    file: ConfigFile, content: bytes, said: str
) -> None:
    file.path.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        file.update(lambda config: config.with_settings(theme="dark"))
    assert said in refused.value.title
    assert file.path.read_bytes() == content


def test_an_entry_that_went_wrong_stops_no_server_and_is_not_written_over(
    file: ConfigFile,
) -> None:
    entry = {"command": "true", "args": ["a"]}
    file.path.write_text(json.dumps({"mcpServers": {"mine": entry}}))
    file.refresh()
    before = file.config.servers["mine"]
    wrong = '{"mcpServers": {\n "mine": {"command": "true", "args": "a"},\n "search": "off"}}'
    file.path.write_text(wrong)
    assert not file.refresh()
    assert file.config.servers["mine"] == before
    assert len(file.problems) == 2
    assert "line 2, column 2" in file.problems[0]
    for name in ("mine", "search"):
        entry = replace(file.config.servers[name], disabled=True)
        with pytest.raises(SettingsError, match=rf"{name}.* It is at line \d, column 2\."):
            file.update(lambda config, n=name, e=entry: config.with_server(n, e))
        assert file.path.read_text() == wrong
    file.update(lambda config: config.with_settings(theme="dark"))
    assert written(file)["mcpServers"]["mine"]["args"] == "a"
    assert written(file)["mcpServers"]["search"] == "off"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("indent", ["  ", "    ", "\t"])
def test_a_change_touches_the_lines_it_is_about_and_no_others(
    file: ConfigFile, newline: str, bom: str, indent: str
) -> None:
    lines = [
        "{",
        '  "note":   "by hand" ,',
        '  "mcpServers": {',
        '    "mine": {"command": "npx", "args": ["-y",  "x"], "x": 1.50, "disabled": false},',
        '    "search": {"command": "lou-server", "args": ["search"], "requiredTools": [],',
        '      "disabled": false, "disabledTools": []},',
        '    "tracker": {"command": "lou-server", "args": ["tracker"]}',
        "  },",
        '  "settings": {"theme": "dark"}',
        "}",
        "",
    ]
    text = bom + newline.join(lines).replace("  ", indent)
    file.path.write_bytes(text.encode())
    file.refresh()
    entry = replace(file.config.servers["mine"], disabled=True)
    file.update(lambda config: config.with_server("mine", entry))
    wanted = text.replace('1.50, "disabled": false', '1.50, "disabled": true')
    wanted = wanted.replace(
        '"disabled": true}', '"disabled": true, "requiredTools": [], "disabledTools": []}'
    )
    assert file.path.read_bytes().decode() == wanted
    file.update(lambda config: config.with_settings(theme="light"))
    assert file.path.read_bytes().decode() == wanted.replace('"dark"', '"light"')


@pytest.mark.parametrize("at_start", [True, False])
def test_no_switch_loses_what_hands_wrote(home: Path, at_start: bool) -> None:
    for number, (name, content) in enumerate(edits(28, seed=7)):
        read_only = number % 10 == 9
        assert lost(home, name, content, at_start=at_start, read_only=read_only) == []
