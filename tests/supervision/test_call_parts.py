"""`lou call` shows whatever a tool answered, and a flood on a server's stderr is counted."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.running import Lou, lou
from tests.patience import PATIENCE_S, wait_until

SERVER = str(Path(__file__).with_name("parts_server.py"))


@pytest.fixture(scope="module")
def running() -> Iterator[Lou]:
    with lou() as found:
        found.start()
        found.wait_for("tracker", "ready")
        added = found.run("servers", "add", "parts", "--", sys.executable, SERVER)
        assert added.returncode == 0, added.stderr
        found.wait_for("parts", "ready")
        yield found


@pytest.mark.parametrize(
    ("tool", "shown"),
    [
        ("text", "hello\n"),
        ("texts", "hello\nand more\n"),
        ("empty_structure", "hello\n"),
        ("structure", '{\n  "a": [\n    1\n  ]\n}\n'),
        ("structure_and_image", '{\n  "a": [\n    1\n  ]\n}\n[image, image/png, 8 bytes]\n'),
        ("image", "hello\n[image, image/png, 8 bytes]\n"),
        ("sound", "[audio, audio/wav, 4 bytes]\n"),
        ("link", "[resource_link, a.txt, file:///a.txt]\n"),
        ("embedded", "[resource file:///a.txt]\ninside\n"),
        ("blob", "[resource, file:///a.bin, 6 bytes]\n"),
        ("unknown", "[hologram]\n"),
        ("nothing", "\n"),
        ("huge_image", "hello\n[image, image/png, 525,000 bytes]\n"),
    ],
)
def test_every_kind_of_part_is_shown(running: Lou, tool: str, shown: str) -> None:
    done = running.run("call", "parts", tool)
    assert (done.returncode, done.stdout, done.stderr) == (0, shown, "")


def test_as_json_a_text_is_a_text_and_other_parts_are_whole(running: Lou) -> None:
    text = running.json("call", "parts", "text")
    assert (text["data"], text["text"], "content" in text) == (None, "hello", False)
    image = running.json("call", "parts", "image")["content"]
    assert image[1] == {"type": "image", "mimeType": "image/png", "data": "iVBORw0KGgo="}
    blob = running.json("call", "parts", "blob")["content"]
    assert blob[0]["resource"] == {"uri": "file:///a.bin", "blob": "AAECAwQF"}
    assert running.json("call", "parts", "structure")["data"] == {"a": [1]}
    huge = running.json("call", "parts", "huge_image")["content"]
    assert huge[1]["data"] == "(700,000 characters of base64 left out)"


def test_a_failure_says_what_the_tool_said(running: Lou) -> None:
    done = running.run("call", "parts", "fails")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "hello\n[image, image/png, 8 bytes]\n"
    assert running.json("call", "parts", "fails")["is_error"] is True


def test_of_a_burst_on_stderr_every_line_is_kept_or_counted(running: Lou) -> None:
    assert running.run("call", "parts", "burst").returncode == 0

    def lines() -> list[str]:
        return (running.home / "lou/logs/parts.log").read_text().splitlines()

    def told() -> int:
        return sum(
            int(found[1].replace(",", ""))
            for line in lines()
            if (found := re.search(r"suppressed ([\d,]+) log lines .*log_lines_per_second", line))
        )

    def kept() -> int:
        return sum(
            bool(re.search(r" - stderr - \w+ - (ERROR )?line \d+$", line)) for line in lines()
        )

    wait_until(lambda: kept() + told() == 21_000, PATIENCE_S, "all lines are accounted for")
    assert sum(" - stderr - ERROR - ERROR line " in line for line in lines()) == 21
    config = running.home / "lou/config.json"
    document = json.loads(config.read_bytes())
    document["settings"]["parts"] = {"log_lines_per_second": 50_000}
    config.write_text(json.dumps(document))
    before = kept()

    def all_of_another() -> bool:
        seen = kept()
        running.run("call", "parts", "burst")
        wait_until(lambda: kept() + told() >= seen + 200, PATIENCE_S)
        return kept() - seen > 2_000 or kept() - before > 20_000

    wait_until(all_of_another, PATIENCE_S, "the setting reached the server")
