"""config.json: nothing of the user's is lost, whatever happens to the file."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import config_model
from app.config.config_file import ConfigFile
from app.config.settings import Settings, problem_with, shown_fields
from app.errors import SettingsError
from app.system import files

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "command": st.text(max_size=6) | json_values,
        "args": st.lists(st.text(max_size=5), max_size=3) | json_values,
        "env": st.dictionaries(st.text(max_size=5), st.text(max_size=5)) | json_values,
        "url": st.text(max_size=5),
        "disabled": st.booleans() | json_values,
        "disabledTools": st.lists(st.text(max_size=5)),
        "unknown": json_values,
    },
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "mcpServers": st.dictionaries(
            st.sampled_from(["search", "tracker", "mine", "Bad Name"]), entries | json_values
        ),
        "settings": st.fixed_dictionaries(
            {},
            optional={
                "theme": st.sampled_from(["dark", "light", "pink", 3]),
                "log_total_mb": st.integers() | json_values,
                "search": json_values,
                "of_a_newer_lou": json_values,
            },
        ),
        "ofSomebodyElse": json_values,
    },
)


@pytest.fixture
def file(home: Path) -> ConfigFile:
    found = ConfigFile(home / "config.json")
    found.load()
    return found


def written(file: ConfigFile) -> dict:
    return json.loads(file.path.read_bytes())


@given(documents)
def test_any_document_is_understood_or_its_parts_are_named(document: dict) -> None:
    config, problems = config_model.parse(document)
    assert {"search", "tracker"} <= config.servers.keys()
    assert all(problem.words and len(problem.path) == 2 for problem in problems)


@given(documents, st.sampled_from(["light", "dark"]), st.booleans())
def test_a_change_leaves_everything_else_as_it_was(
    document: dict, theme: str, disabled: bool
) -> None:
    before, _ = config_model.parse(document)
    entry = replace(before.servers["search"], disabled=disabled)
    after = before.with_server("search", entry).with_settings(theme=theme)
    try:
        merged = config_model.merge(document, after, before)
    except SettingsError:
        with pytest.raises(SettingsError):
            config_model.parse_entry("search", document["mcpServers"]["search"])
        return
    again, _ = config_model.parse(merged)
    assert again == after
    assert merged.get("ofSomebodyElse") == document.get("ofSomebodyElse")
    for part in ("settings", "mcpServers"):
        found = document.get(part)
        if not isinstance(found, dict):
            continue
        for key, value in found.items():
            if key not in {"theme", "search", "tracker"}:
                assert merged[part][key] == value
    found = document.get("mcpServers")
    if isinstance(found, dict) and isinstance(found.get("search"), dict):
        unknown = found["search"].get("unknown", "absent")
        assert merged["mcpServers"]["search"].get("unknown", "absent") == unknown


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"command": "a\0b"}, "NUL"),
        ({"command": "a", "args": ["\0"]}, "NUL"),
        ({"command": "a", "env": {"A": "\0"}}, "NUL"),
        ({"command": "a", "env": {"A=B": "x"}}, "no variable can have"),
        ({"command": "a", "env": {"": "x"}}, "no variable can have"),
        ({"command": "a", "env": {"A": "${keyring:}"}}, "not written"),
        ({"command": "a", "args": ["--key", "${keyring:A}"]}, "everybody could read"),
        ({"command": "a", "env": {"A": "\ud83d"}}, "within a character"),
        ({"url": "https://a.net", "headers": {"A": "b\r\nC: d"}}, "line break"),
        *(
            ({"url": "https://a.net", "headers": {name: "b"}}, "name that none can have")
            for name in ("", "A B", "A:B", "\u00fc", "A\r\nB")
        ),
        *(
            ({"url": url}, "no address of a server")
            for url in (
                *("https://", "https:///x", "https://a.net:99999/", "https://[::1", "mine"),
                *("https://a b.net/", "http://a.net\r\nHost: b", "https://a.net\\@b.net/"),
            )
        ),
        ({"command": "a", "args": 0}, "not a list"),
        ({"command": "a", "env": False}, "does not map"),
    ],
)
def test_what_would_reach_a_process_as_something_else_is_named(entry: dict, said: str) -> None:
    config, problems = config_model.parse({"mcpServers": {"mine": entry}})
    assert "mine" not in config.servers
    assert [said in problem.words for problem in problems] == [True]


@pytest.mark.parametrize("name", ["con", "nul", "aux", "com1", "lpt9"])
def test_a_device_of_windows_is_no_name_of_a_server_there(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config_model.parse_entry(name, {"command": "x"}).command == "x"
    monkeypatch.setattr(config_model, "_IS_WINDOWS", True)
    with pytest.raises(SettingsError, match="no device"):
        config_model.parse_entry(name, {"command": "x"})
    assert config_model.parse_entry(f"{name}-2", {"command": "x"}).command == "x"


def test_an_address_may_have_keys_in_it() -> None:
    url = "https://${keyring:USER}@a.net:8443/${keyring:A}/mcp?key=${keyring:B}"
    config, problems = config_model.parse({"mcpServers": {"mine": {"url": url}}})
    assert (config.servers["mine"].url, problems) == (url, [])


def test_a_servers_own_settings_of_another_shape_are_named() -> None:
    _, problems = config_model.parse({"settings": {"search": 7, "tracker": {}, "ofOthers": 7}})
    assert [problem.words for problem in problems] == ["`settings.search` is not an object."]


def test_half_a_surrogate_pair_in_the_file_keeps_no_change_from_being_saved(home: Path) -> None:
    file = ConfigFile(home / "config.json")
    file.path.write_text('{"note": "\\ud83d", "mcpServers": {}}')
    file.load()
    file.update(lambda config: config.with_settings(theme="dark"))
    assert written(file)["note"] == "\ud83d"
    assert written(file)["settings"]["theme"] == "dark"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=60))
def test_any_bytes_load_and_stay_on_disk(home: Path, content: bytes) -> None:
    for left in home.glob("config.json*"):
        left.unlink()
    file = ConfigFile(home / "config.json")
    file.path.write_bytes(content)
    file.load()
    assert file.path.read_bytes() == content
    with contextlib.suppress(SettingsError):
        file.update(lambda config: config.with_settings(theme="dark"))
        return
    assert file.path.read_bytes() == content
    assert {"search", "tracker"} <= file.config.servers.keys()


def test_the_file_is_private_and_a_link_stays_a_link(home: Path) -> None:
    real = home / "elsewhere" / "lou.json"
    real.parent.mkdir()
    real.write_text("{}")
    (home / "config.json").symlink_to(real)
    file = ConfigFile(home / "config.json")
    file.load()
    file.update(lambda config: config.with_settings(theme="dark"))
    assert (home / "config.json").is_symlink()
    assert json.loads(real.read_text())["settings"]["theme"] == "dark"
    assert real.stat().st_mode & 0o777 == 0o600


def test_a_value_that_is_not_allowed_is_refused_and_nothing_changes(file: ConfigFile) -> None:
    file.update(lambda config: config.with_settings(theme="dark"))
    before = file.path.read_bytes()
    with pytest.raises(SettingsError) as refused:
        file.update(lambda config: config.with_settings(log_total_mb=1))
    assert "between 5 and" in refused.value.title
    assert file.path.read_bytes() == before
    assert file.config.settings.log_total_mb == 200


def test_every_shown_setting_explains_itself() -> None:
    for each in shown_fields():
        assert each.metadata["label"]
        assert each.metadata["help"].endswith(".")
        assert not problem_with(each, each.default)
    assert {each.name for each in fields(Settings)} >= {"theme", "start_at_login"}


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 2 MB; where mounting is not allowed, a limit on the size of a file."""
    place = folder / "disk"
    place.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place],
            capture_output=True,
            check=False,
        ).returncode
    )
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.getsignal(signal.SIGXFSZ)
    try:
        if not mounted:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        yield place
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
        if mounted:
            subprocess.run(["umount", place], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a small file system")
def test_on_a_full_disk_the_old_file_stays_whole_and_the_reason_is_said(home: Path) -> None:
    with small_disk(home) as disk:
        file = ConfigFile(disk / "config.json")
        file.load()
        file.update(lambda config: config.with_settings(theme="dark"))
        before = file.path.read_bytes()
        big = {f"KEY_{n}": "x" * 1000 for n in range(4000)}
        entry = replace(file.config.servers["search"], env=big)
        with pytest.raises(SettingsError) as full:
            file.update(lambda config: config.with_server("search", entry))
        assert full.value.code == "disk_full"
        assert file.path.read_bytes() == before
        assert file.config.servers["search"].env == {}
        assert [path.name for path in disk.iterdir()] == ["config.json"]
        file.update(lambda config: config.with_settings(theme="light"))
        assert written(file)["settings"]["theme"] == "light"


def test_what_a_killed_write_left_behind_is_swept(home: Path) -> None:
    old, fresh, other = (home / name for name in (".lou-1-aa-x", ".lou-2-bb-x", "other"))
    for path in (old, fresh, other):
        path.write_text("secret")
    os.utime(old, (1, 1))
    files.sweep(home)
    assert not old.exists()
    assert fresh.exists()
    assert other.exists()


def test_kill_in_the_middle_of_writes_leaves_a_whole_file(home: Path) -> None:
    path = home / "config.json"
    program = (
        "import sys; from pathlib import Path; from app.system.files import write_atomic\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1; write_atomic(Path(sys.argv[1]), b'%d %s' % (n, b'x' * 20000))\n"
        "    print(n, flush=True)\n"
    )
    for _ in range(5):
        command = [sys.executable, "-c", program, path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            acknowledged = [writer.stdout.readline() for _ in range(20)]
            writer.kill()
            rest = writer.stdout.read().split()
        last = int((rest or acknowledged)[-1])
        number, filling = path.read_bytes().split(b" ")
        assert int(number) >= last
        assert filling == b"x" * 20000
