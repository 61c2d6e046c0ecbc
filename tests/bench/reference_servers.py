"""The reference servers of the registries, and what each is asked for beside its lists.

`{folder}` stands for a folder of the run, `{url}` for a page on loopback.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Call = tuple[str, dict[str, Any]]
FEWEST_CALLS = 20
CHROMIUM = "/usr/bin/chromium"


@dataclass(frozen=True, slots=True)
class ReferenceServer:
    """A package of npm, or of PyPI if its version stands behind `==`, and its program."""

    package: str
    program: str
    words: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    not_called: frozenset[str] = frozenset()
    """Tools that go on after their call, or whose answer differs from run to run."""


def _thoughts() -> tuple[Call, ...]:
    return tuple(
        ("sequentialthinking", {
            "thought": f"thought {number} \u00e9\u4e16\U0001f600", "thoughtNumber": number,
            "totalThoughts": 24, "nextThoughtNeeded": number < 24, "isRevision": number % 5 == 0,
            **({"revisesThought": 1} if number % 5 == 0 else {}),
        })
        for number in range(1, 25)
    )  # fmt: skip


def _times() -> tuple[Call, ...]:
    zones = ("Europe/Berlin", "Asia/Kolkata", "America/New_York", "Pacific/Apia", "No/Where")
    pairs = [(one, two) for one in zones for two in zones]
    return tuple(
        ("convert_time", {"source_timezone": one, "time": "16:30", "target_timezone": two})
        for one, two in pairs
    )


def _files() -> tuple[Call, ...]:
    at = "{folder}"
    return (
        ("list_allowed_directories", {}),
        ("list_directory", {"path": at}),
        ("list_directory_with_sizes", {"path": at, "sortBy": "size"}),
        ("directory_tree", {"path": at}),
        ("read_text_file", {"path": f"{at}/a.txt"}),
        ("read_text_file", {"path": f"{at}/a.txt", "head": 1}),
        ("read_file", {"path": f"{at}/a.txt", "tail": 1}),
        ("read_text_file", {"path": f"{at}/none"}),
        ("read_text_file", {"path": "/etc/passwd"}),
        ("read_media_file", {"path": f"{at}/sub/picture.png"}),
        ("read_multiple_files", {"paths": [f"{at}/a.txt", f"{at}/none", f"{at}/sub/b.md"]}),
        ("write_file", {"path": f"{at}/new.txt", "content": "caf\u00e9\r\n\u2028 \U0001f600"}),
        ("read_text_file", {"path": f"{at}/new.txt"}),
        ("edit_file", {"path": f"{at}/a.txt", "edits": [{"oldText": "one", "newText": "1"}]}),
        ("edit_file", {"path": f"{at}/a.txt", "edits": [{"oldText": "no", "newText": "1"}]}),
        ("edit_file", {"path": f"{at}/a.txt", "edits": [], "dryRun": True}),
        ("create_directory", {"path": f"{at}/deep/er"}),
        ("move_file", {"source": f"{at}/new.txt", "destination": f"{at}/deep/moved.txt"}),
        ("move_file", {"source": f"{at}/none", "destination": f"{at}/deep/none"}),
        ("search_files", {"path": at, "pattern": "**/*.txt"}),
        ("search_files", {"path": at, "pattern": "*.md", "excludePatterns": ["sub"]}),
        ("get_file_info", {"path": f"{at}/sub/b.md"}),
        ("directory_tree", {"path": at, "excludePatterns": ["deep"]}),
    )


def _graph() -> tuple[Call, ...]:
    ann = {"name": "Ann", "entityType": "person", "observations": ["likes \u4e16\u754c"]}
    bob = {"name": "Bob", "entityType": "person", "observations": []}
    knows = {"from": "Ann", "to": "Bob", "relationType": "knows"}
    return (
        ("read_graph", {}),
        ("create_entities", {"entities": [ann, bob]}),
        ("create_entities", {"entities": [ann]}),
        ("create_relations", {"relations": [knows]}),
        ("add_observations", {"observations": [{"entityName": "Bob", "contents": ["tall"]}]}),
        ("add_observations", {"observations": [{"entityName": "None", "contents": ["tall"]}]}),
        ("read_graph", {}),
        *(("search_nodes", {"query": query}) for query in ("Ann", "tall", "\u4e16", "", "none")),
        *(("open_nodes", {"names": names}) for names in (["Ann"], ["Bob", "Ann"], ["x"], [])),
        ("delete_observations", {"deletions": [{"entityName": "Bob", "observations": ["tall"]}]}),
        ("delete_relations", {"relations": [knows]}),
        ("read_graph", {}),
        ("delete_entities", {"entityNames": ["Bob"]}),
        ("read_graph", {}),
    )


def _repository() -> tuple[Call, ...]:
    at = {"repo_path": "{folder}"}
    return (
        ("git_status", at),
        ("git_log", at),
        ("git_log", {**at, "max_count": 1}),
        ("git_show", {**at, "revision": "HEAD"}),
        ("git_show", {**at, "revision": "none"}),
        ("git_branch", {**at, "branch_type": "local"}),
        ("git_branch", {**at, "branch_type": "remote"}),
        ("git_create_branch", {**at, "branch_name": "other"}),
        ("git_create_branch", {**at, "branch_name": "other"}),
        ("git_checkout", {**at, "branch_name": "other"}),
        ("git_checkout", {**at, "branch_name": "none"}),
        ("git_diff_unstaged", at),
        ("git_diff_staged", at),
        ("git_diff", {**at, "target": "HEAD", "context_lines": 1}),
        ("git_add", {**at, "files": ["."]}),
        ("git_diff_staged", at),
        ("git_reset", at),
        ("git_status", {"repo_path": "/"}),
        ("git_add", {**at, "files": ["none"]}),
        ("git_status", at),
    )


def _pages() -> tuple[Call, ...]:
    lengths = (10, 100, 5_000, 0, -1, 1_000_000)
    return (
        *(("fetch", {"url": "{url}", "max_length": length}) for length in lengths),
        *(("fetch", {"url": "{url}", "raw": True, "start_index": at}) for at in range(0, 60, 6)),
        *(("fetch", {"url": url}) for url in ("{url}none", "no address", "", "http://127.0.0.1:1")),
    )


def _documents() -> tuple[Call, ...]:
    kinds = ("text/html,<h1>A</h1>", "text/plain,caf%C3%A9", "text/csv,a,b%0A1,2", "text/html,")
    data = tuple(f"data:{kind}" for kind in kinds)
    files = tuple(
        f"file://{{folder}}/{name}" for name in ("a.txt", "sub/b.md", "none", "page.html")
    )
    return tuple(
        ("convert_to_markdown", {"uri": uri}) for uri in (*data, *files, "{url}", "none:x", "") * 2
    )


def _browser() -> tuple[Call, ...]:
    scripts = ("1 + 1", "'\u00e9'", "({a: [null, 1.5]})", "document.title", "no()", "undefined")
    return (
        ("browser_navigate", {"url": "{url}"}),
        ("browser_snapshot", {}),
        ("browser_resize", {"width": 800, "height": 600}),
        *(("browser_evaluate", {"function": f"() => {script}"}) for script in scripts),
        ("browser_console_messages", {"level": "info"}),
        ("browser_find", {"text": "Hello"}),
        ("browser_press_key", {"key": "Tab"}),
        ("browser_click", {"target": "none"}),
        ("browser_hover", {"target": "none"}),
        ("browser_select_option", {"target": "none", "values": []}),
        ("browser_tabs", {"action": "list"}),
        ("browser_handle_dialog", {"accept": True}),
        ("browser_file_upload", {}),
        ("browser_wait_for", {"text": "Hello"}),
        ("browser_navigate_back", {}),
        ("browser_navigate", {}),  # not a wrong address: for a while the browser may tell either
        ("browser_close", {}),
    )


def _devtools() -> tuple[Call, ...]:
    page = {"pageId": 1}
    scripts = ("1 + 1", "'\u00e9'", "({a: [null, 1.5]})", "document.title", "no()", "undefined")
    return (
        ("list_pages", {}),
        ("navigate_page", {**page, "type": "url", "url": "{url}"}),
        ("take_snapshot", page),
        *(("evaluate_script", {**page, "function": f"() => {script}"}) for script in scripts),
        ("resize_page", {**page, "width": 800, "height": 600}),
        ("press_key", {**page, "key": "Tab"}),
        ("click", {**page, "uid": "none"}),
        ("hover", {**page, "uid": "none"}),
        ("fill", {**page, "uid": "none", "value": "x"}),
        ("wait_for", {**page, "text": ["Hello"]}),
        ("list_console_messages", page),
        ("get_console_message", {**page, "msgid": 99}),
        ("handle_dialog", {**page, "action": "accept"}),
        ("select_page", {"pageId": 99}),
        ("close_page", {"pageId": 99}),
        ("list_pages", {}),
    )


_NPM, _PYPI = "2026.8.31", "2026.10.19"
SERVERS: dict[str, ReferenceServer] = {
    "everything": ReferenceServer(
        f"@modelcontextprotocol/server-everything@{_NPM}",
        "mcp-server-everything",
        calls=(("echo", {"message": "\u4e16"}), ("get-sum", {"a": 1, "b": 0.5})),
        not_called=frozenset(("get-env", "toggle-simulated-logging", "toggle-subscriber-updates")),
    ),
    "filesystem": ReferenceServer(
        f"@modelcontextprotocol/server-filesystem@{_NPM}",
        "mcp-server-filesystem",
        ("{folder}",),
        calls=_files(),
    ),
    "memory": ReferenceServer(
        f"@modelcontextprotocol/server-memory@{_NPM}",
        "mcp-server-memory",
        env={"MEMORY_FILE_PATH": "{folder}/memory.jsonl"},
        calls=_graph(),
    ),
    "sequential-thinking": ReferenceServer(
        f"@modelcontextprotocol/server-sequential-thinking@{_NPM}",
        "mcp-server-sequential-thinking",
        calls=_thoughts(),
    ),
    "time": ReferenceServer(f"mcp-server-time=={_PYPI}", "mcp-server-time", calls=_times()),
    "git": ReferenceServer(f"mcp-server-git=={_PYPI}", "mcp-server-git", calls=_repository()),
    "fetch": ReferenceServer(
        "mcp-server-fetch==2026.10.24", "mcp-server-fetch", ("--ignore-robots-txt",), calls=_pages()
    ),
    "markitdown": ReferenceServer(
        "markitdown-mcp==0.0.1a8", "markitdown-mcp", calls=_documents()
    ),
    "playwright": ReferenceServer(
        "@playwright/mcp@0.0.83",
        "playwright-mcp",
        ("--headless", "--isolated", "--no-sandbox", "--executable-path", CHROMIUM),
        calls=_browser(),
        not_called=frozenset(("browser_take_screenshot", "browser_run_code_unsafe")),
    ),
    "chrome-devtools": ReferenceServer(
        "chrome-devtools-mcp@1.11.0",
        "chrome-devtools-mcp",
        ("--headless", "--isolated", "--executablePath", CHROMIUM, "--chromeArg=--no-sandbox"),
        calls=_devtools(),
        not_called=frozenset(
            ("lighthouse_audit", "performance_start_trace", "take_heapsnapshot", "screencast_start")
        ),
    ),
}  # fmt: skip
