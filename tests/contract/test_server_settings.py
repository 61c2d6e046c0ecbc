"""The rows of the servers' settings: each is described, and takes what it says."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from servers.contract.server_settings import (
    BY_SERVER,
    EVERY,
    PROVIDER,
    SEARCH,
    TRACKER,
    ServerSetting,
    SettingValueError,
    value_of,
)

ROOT = Path(__file__).parents[2]
ALL = [row for rows in (*BY_SERVER.values(), EVERY, PROVIDER) for row in rows.values()]


def test_the_page_of_the_settings_is_current() -> None:
    made = runpy.run_path(str(ROOT / "packaging" / "settings_page.py"))["page"]()
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == made, "run `make docs`"


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.path)
def test_every_setting_is_described_and_takes_its_own_default(setting: ServerSetting) -> None:
    assert setting.title
    assert setting.help.endswith(".")
    assert value_of(setting, {}) == setting.default
    if not setting.default_text:
        default = setting.default
        assert setting.parse(list(default) if isinstance(default, tuple) else default) == default
    for choice in setting.choices:
        assert setting.parse(choice) == choice


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        (SEARCH["keyless"], 1, "true or false"),
        (SEARCH["keyless"], None, "true or false"),
        (SEARCH["contact"], 5, "a text"),
        (SEARCH["chain"], "brave", "a list of texts"),
        (SEARCH["deadline_s"], True, "a number"),
        (SEARCH["deadline_s"], -1, "a number"),
        (SEARCH["deadline_s"], float("inf"), "a number"),
        (SEARCH["deadline_s"], float("nan"), "a number"),
        (TRACKER["store"], "mysql", "one of auto, sqlite, firestore"),
        (TRACKER["store"], ["auto"], "one of auto, sqlite, firestore"),
    ],
)
def test_a_value_of_another_kind_is_an_error(
    setting: ServerSetting, value: Any, expected: str
) -> None:
    with pytest.raises(SettingValueError) as error:
        setting.parse(value)
    assert (error.value.path, error.value.expected) == (setting.path, expected)


def test_a_number_beyond_the_limits_counts_as_the_limit() -> None:
    parse = SEARCH["deadline_s"].parse
    assert [parse(0), parse(0.5), parse(44.5), parse(10**9)] == [1, 1, 44.5, 45]


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"cache": 7}, "cache"),
        ({"cache": None}, "cache"),
        ({"cache": {"ttl_s": []}}, "cache.ttl_s"),
        ({"cache": {"ttl_s": {"page": "long"}}}, "cache.ttl_s.page"),
    ],
)
def test_the_error_names_the_place_that_is_wrong(settings: dict[str, Any], path: str) -> None:
    with pytest.raises(SettingValueError) as error:
        value_of(SEARCH["cache.ttl_s.page"], settings)
    assert error.value.path == path
