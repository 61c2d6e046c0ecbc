"""Entries as clients and their users write them, each with what Lou should make of it.

A row is a name, the text, and what is expected of the one server in it: parts of its entry, the
secrets that move (`keys`, by value), whether it stays off, or a word of why it is left out.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

Row = tuple[str, str, dict[str, Any]]

VALUES = {
    "HOME": "/home/ann",
    "REGION": "eu",
    "GITHUB_TOKEN": "ghp_resolved0123456789",
    "EMPTY": "",
}
PASSWORD = "hunter2hunter2"


def _of(entry: Any, root: str = "mcpServers") -> str:
    return json.dumps({root: {"one": entry}})


def _env(**variables: Any) -> str:
    return _of({"command": "x", "env": variables})


def _args(*words: Any, command: str = "x") -> str:
    return _of({"command": command, "args": list(words)})


RUNS = {"command": "node", "args": ["x"]}
AT = "http://127.0.0.1:9/mcp"
KEY = "${keyring:ONE_%s}"

FORMATS: list[Row] = [
    ("claude desktop", _of(RUNS), RUNS),
    ("vs code", _of({"type": "stdio", **RUNS}, "servers"), RUNS),
    ("vs code settings", json.dumps({"editor.x": 1, "mcp": {"servers": {"one": RUNS}}}), RUNS),
    ("vs code settings, dotted", json.dumps({"mcp.servers": {"one": RUNS}}), RUNS),
    ("amp", json.dumps({"amp.mcpServers": {"one": RUNS}}), RUNS),
    ("zed", _of({"source": "custom", **RUNS}, "context_servers"), RUNS),
    ("zed, older", _of({"command": {"path": "node", "args": ["x"], "env": {"A": "b"}}},
     "context_servers"), {**RUNS, "env": {"A": "b"}}),
    ("opencode", _of({"type": "local", "command": ["node", "x"], "environment": {"A": "b"}}, "mcp"),
     {**RUNS, "env": {"A": "b"}}),
    ("opencode, remote", _of({"type": "remote", "url": AT, "enabled": True}, "mcp"), {"url": AT}),
    ("crush", _of({"type": "stdio", **RUNS}, "mcp"), RUNS),
    ("claude code, of a project", json.dumps({"mcpServers": {}, "projects": {"/nowhere/p": {
        "mcpServers": {"one": RUNS}}}}), RUNS),
    ("claude code, off in its project", json.dumps({"projects": {"/nowhere/p": {"mcpServers": {
        "one": RUNS}, "disabledMcpServers": ["one"]}}}), {**RUNS, "off": True}),
    ("gemini, off in its list", json.dumps({"mcp": {"excluded": ["one"]}, "mcpServers": {
        "one": RUNS}}), {**RUNS, "off": True}),
    ("codex", '[mcp_servers.one]\ncommand = "node"\nargs = ["x"]\n[mcp_servers.one.env]\nA = "b"\n',
     {**RUNS, "env": {"A": "b"}}),
    ("codex, off", '[mcp_servers.one]\ncommand = "node"\nargs = ["x"]\nenabled = false\n',
     {**RUNS, "off": True}),
    ("codex, remote", f'[mcp_servers.one]\nurl = "{AT}"\nhttp_headers = {{ "X-A" = "b" }}\n',
     {"url": AT, "headers": {"X-A": "b"}}),
    ("vibe", '[[mcp_servers]]\nname = "one"\ntransport = "stdio"\ncommand = "node"\nargs = ["x"]\n',
     RUNS),
    ("goose", "GOOSE_MODEL: m\nextensions:\n  one:\n    type: stdio\n    cmd: node\n    args: [x]\n"
     "    envs: {A: b}\n    enabled: true\n", {**RUNS, "env": {"A": "b"}, "off": False}),
    ("goose, off", "extensions:\n  one:\n    type: stdio\n    cmd: node\n    args:\n      - x\n"
     "    enabled: false\n", {**RUNS, "off": True}),
    ("goose, a part of itself", "extensions:\n  one:\n    type: builtin\n    enabled: true\n"
     "    name: developer\n    command: ''\n", {"left_out": "part of the client"}),
    ("continue", "mcpServers:\n  - name: one\n    command: node\n    args:\n      - x\n", RUNS),
    ("comments and commas",
     '{\n // mine\n "servers": {"one": {"command": "node", "args": ["x",],},},\n}', RUNS),
    ("a byte order mark, CRLF", "\ufeff" + _of(RUNS).replace(",", ",\r\n"), RUNS),
    ("names with entries", json.dumps({"one": RUNS}), RUNS),
    ("the middle of a file", '"one": {"command": "node", "args": ["x"]},', RUNS),
    ("one entry with its name", json.dumps({"name": "one", **RUNS}), RUNS),
    ("a list", json.dumps([{"name": "one", **RUNS}]), RUNS),
    ("windsurf", _of({"serverUrl": AT}), {"url": AT}),
    ("gemini, remote", _of({"httpUrl": AT, "headers": {"X-A": "b"}}),
     {"url": AT, "headers": {"X-A": "b"}}),
    ("cline, remote", _of({"type": "streamableHttp", "url": AT}), {"url": AT}),
    ("sse", _of({"type": "sse", "url": AT}), {"url": AT}),
    ("headers of a request", _of({"url": AT, "requestInit": {"headers": {"X-A": "b"}}}),
     {"url": AT, "headers": {"X-A": "b"}}),
    ("a command with its words", _of({"command": "npx -y @scope/server"}),
     {"command": "npx", "args": ["-y", "@scope/server"]}),
    ("a program in a folder with a space", _of({"command": "/Applications/My App/run"}),
     {"command": "/Applications/My App/run", "args": []}),
    ("numbers and switches", _of({"command": "x", "args": ["--port", 8080], "env": {"D": True}}),
     {"args": ["--port", "8080"], "env": {"D": "true"}}),
    ("tools switched off", _of({**RUNS, "excludeTools": ["a"]}), {"disabled_tools": ["a"]}),
    ("a link of cursor", "cursor://anysphere.cursor-deeplink/mcp/install?name=one&config="
     + base64.b64encode(json.dumps(RUNS).encode()).decode(), RUNS),
    ("a link of cursor's page", "https://cursor.com/install-mcp?name=one&config="
     + quote(base64.b64encode(json.dumps(RUNS).encode()).decode(), safe=""), RUNS),
    ("a link of vs code", "vscode:mcp/install?" + quote(json.dumps({"name": "one", **RUNS})), RUNS),
    ("a link of vs code's page", "https://insiders.vscode.dev/redirect/mcp/install?name=one&config="
     + quote(json.dumps(RUNS)), RUNS),
    ("a link within a link", "https://vscode.dev/redirect?url="
     + quote("vscode:mcp/install?" + quote(json.dumps({"name": "one", **RUNS})), safe=""), RUNS),
    ("a link of kiro", "https://kiro.dev/launch/mcp/add?name=one&config="
     + quote(json.dumps(RUNS)), RUNS),
    ("a link of goose", "goose://extension?cmd=node&arg=x&id=one&name=One", RUNS),
    ("a pipe", _of({"url": "pipe:///x"}), {"left_out": "http"}),
    ("nothing to start", _of({"args": ["x"]}), {"left_out": "command or a url"}),
    ("lou's own", _of({"command": "/usr/bin/lou-connect", "args": ["search"]}),
     {"left_out": "Lou's own"}),
    ("lou's own, as a list", _of({"command": ["/o/lou", "connect", "search"]}, "mcp"),
     {"left_out": "Lou's own"}),
]  # fmt: skip

OFF: list[Row] = [
    ("disabled", _of({**RUNS, "disabled": True}), {"off": True}),
    ("not disabled", _of({**RUNS, "disabled": False}), {"off": False}),
    ("enabled", _of({**RUNS, "enabled": True}), {"off": False}),
    ("not enabled", _of({**RUNS, "enabled": False}), {"off": True}),
    ("not active", _of({**RUNS, "isActive": False}), {"off": True}),
    ("a text", _of({**RUNS, "disabled": "true"}), {"off": True}),
    ("a number", _of({**RUNS, "enabled": 0}), {"off": True}),
    ("a word nobody knows", _of({**RUNS, "enabled": "sometimes"}), {"off": True}),
    ("null", _of({**RUNS, "disabled": None}), {"off": False}),
    ("both", _of({**RUNS, "enabled": True, "disabled": True}), {"off": True}),
    ("status", _of({**RUNS, "status": "disabled"}), {"off": True}),
]

PLACEHOLDERS: list[Row] = [
    ("a question", _env(GITHUB_TOKEN="${input:tok}"),
     {"env": {"GITHUB_TOKEN": KEY % "GITHUB_TOKEN"}, "off": True}),
    ("known", _env(C="${HOME}"), {"env": {"C": "/home/ann"}, "off": False}),
    ("known, of env", _env(C="${env:REGION}"), {"env": {"C": "eu"}, "off": False}),
    ("known, opencode", _env(C="{env:REGION}"), {"env": {"C": "eu"}, "off": False}),
    ("known, bare", _env(C="$REGION"), {"env": {"C": "eu"}, "off": False}),
    ("known, with more", _env(C="${HOME}/x-${REGION}"), {"env": {"C": "/home/ann/x-eu"}}),
    ("known, windows", _env(C="%HOME%\\x"), {"env": {"C": "/home/ann\\x"}, "off": False}),
    ("known and secret", _env(GITHUB_TOKEN="${GITHUB_TOKEN}"),
     {"env": {"GITHUB_TOKEN": KEY % "GITHUB_TOKEN"}, "keys": [VALUES["GITHUB_TOKEN"]],
      "off": False}),
    ("a default", _env(C="${NOWHERE:-x}"), {"env": {"C": "x"}, "off": False}),
    ("a default that is not needed", _env(C="${REGION:-x}"), {"env": {"C": "eu"}}),
    ("unknown", _env(API_KEY="${NOWHERE}"), {"env": {"API_KEY": KEY % "API_KEY"}, "off": True}),
    ("empty", _env(API_KEY="${env:EMPTY}"), {"env": {"API_KEY": KEY % "API_KEY"}, "off": True}),
    ("a workspace", _of({"command": "x", "cwd": "${workspaceFolder}"}),
     {"cwd": "${workspaceFolder}", "off": True}),
    ("a workspace in an argument", _args("${workspaceFolder}/a"), {"off": True}),
    ("the home of the user", _args("${userHome}${/}a"), {"off": False}),
    ("a tilde", _of({"command": "~/bin/x"}), {"off": False}),
    ("a header", _of({"url": AT, "headers": {"Authorization": "Bearer ${input:t}"}}),
     {"headers": {"Authorization": "Bearer " + KEY % "AUTHORIZATION"}, "off": True}),
    ("an address", _of({"url": "https://x.example/mcp?api_key=${KEY}"}),
     {"url": "https://x.example/mcp?api_key=" + KEY % "URL", "off": True}),
    ("a variable for the token",
     f'[mcp_servers.one]\nurl = "{AT}"\nbearer_token_env_var = "NOPE"\n',
     {"headers": {"Authorization": "Bearer " + KEY % "AUTHORIZATION"}, "off": True}),
    ("braces", _env(API_KEY="{{api_key}}"), {"env": {"API_KEY": KEY % "API_KEY"}, "off": True}),
    ("angles", _env(API_KEY="<your key>"), {"env": {"API_KEY": KEY % "API_KEY"}, "off": True}),
    ("an example", _env(API_KEY="YOUR_API_KEY_HERE"), {"off": True, "keys": []}),
    ("an example in a header", _of({"url": AT, "headers": {"Authorization": "Bearer YOUR_TOKEN"}}),
     {"off": True, "keys": []}),
    ("an example of a shape", _env(API_KEY="sk-xxxxxxxx"), {"off": True, "keys": []}),
    ("dots", _env(API_KEY="sk-..."), {"off": True, "keys": []}),
    ("an example of an address", _env(JIRA_URL="https://your-domain.atlassian.net"), {"off": True}),
    ("an example of a path", _args("/path/to/your/project"), {"off": True}),
    ("an example behind a prefix", _env(API_KEY="sk-proj-YOUR-KEY"), {"off": True, "keys": []}),
    ("stars in headers", _env(HEADERS='{"Authorization": "Bearer ntn_****"}'),
     {"off": True, "keys": []}),
    ("a variable in an argument", _args("--api-key=${API_KEY}"), {"off": True, "clear": False}),
    ("in an argument", _args("--key", "<API_KEY>"), {"off": True, "keys": []}),
    ("a secret variable in an argument", _args("--token", "${GITHUB_TOKEN}"),
     {"args": ["--token", "${GITHUB_TOKEN}"], "off": True}),
    ("a script of a shell", _args("-c", "echo $HOME ${X}", command="bash"),
     {"args": ["-c", "echo $HOME ${X}"], "off": False}),
    ("a dollar in a password", _env(PASSWORD="pa$$w0rd$x"), {"keys": ["pa$$w0rd$x"], "off": False}),
    ("a percent sign in an address", _of({"url": "https://x.example/a%20bc%20d"}),
     {"url": "https://x.example/a%20bc%20d", "off": False}),
    ("a format", _env(LOG_FORMAT="%H:%M:%S %(message)s"),
     {"env": {"LOG_FORMAT": "%H:%M:%S %(message)s"}, "off": False}),
    ("goose's own keyring",
     "extensions:\n  one:\n    type: stdio\n    cmd: x\n    env_keys: [A_KEY]\n",
     {"env": {"A_KEY": KEY % "A_KEY"}, "off": True}),
    ("a file of variables", _of({**RUNS, "envFile": ".env"}), {"off": True}),
]  # fmt: skip

SECRETS: list[Row] = [
    (name, _env(**{name: value}), {"keys": [secret], "off": False})
    for name, value, secret in (
        ("GITHUB_PAT", PASSWORD, PASSWORD),
        ("PGPASS", PASSWORD, PASSWORD),
        ("PGPASSWORD", "1234", "1234"),
        ("MYSQL_PWD", PASSWORD, PASSWORD),
        ("COOKIE", PASSWORD, PASSWORD),
        ("SMTP_PASS", "a b", "a b"),
        ("openaiApiKey", PASSWORD, PASSWORD),
        ("GITHUBTOKEN", PASSWORD, PASSWORD),
        ("API_KEY_2", PASSWORD, PASSWORD),
        ("AWS_SECRET_ACCESS_KEY", "wJalr/XUtnFEMI7MDENG", "wJalr/XUtnFEMI7MDENG"),
        ("ODD", "ghp_0123456789abcdefghij", "ghp_0123456789abcdefghij"),
        ("ODD", "sk-ant-api03-abcdefgh0123", "sk-ant-api03-abcdefgh0123"),
        ("DATABASE_URL", f"postgres://u:{PASSWORD}@db/x", PASSWORD),
        ("REDIS", f"redis://:{PASSWORD}@h:6379/0", PASSWORD),
        ("CONNECTION", f"Server=h;User Id=sa;Password={PASSWORD};", PASSWORD),
        ("HOOK", "https://hooks.slack.com/services/T0/B0/abc", "T0/B0/abc"),
        ("NPM_CONFIG__AUTH", "dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("BASIC_AUTH", f"ann:{PASSWORD}", f"ann:{PASSWORD}"),
        ("OTLP_HEADERS", f"authorization=Bearer {PASSWORD}", PASSWORD),
        ("SESSION", "abcDEF1234567890", "abcDEF1234567890"),
    )
] + [
    ("a header", _of({"url": AT, "headers": {"Authorization": f"Bearer {PASSWORD}"}}),
     {"headers": {"Authorization": "Bearer " + KEY % "AUTHORIZATION"}, "keys": [PASSWORD]}),
    ("another header", _of({"url": AT, "headers": {"X-API-Key": PASSWORD, "Accept": "a/b"}}),
     {"headers": {"X-API-Key": KEY % "X_API_KEY", "Accept": "a/b"}, "keys": [PASSWORD]}),
    ("an address", _of({"url": f"https://x.example/mcp/?apiKey={PASSWORD}&profile=home"}),
     {"url": f"https://x.example/mcp/?apiKey={KEY % 'URL'}&profile=home", "keys": [PASSWORD]}),
    ("its user", _of({"url": f"https://ann:{PASSWORD}@x.example/mcp"}),
     {"url": f"https://ann:{KEY % 'URL'}@x.example/mcp", "keys": [PASSWORD]}),
    ("headers in a variable", _env(HEADERS='{"Authorization": "Bearer ntn_0123456789abcdefgh"}'),
     {"keys": ['{"Authorization": "Bearer ntn_0123456789abcdefgh"}']}),
    ("docker", _args("run", "-e", "A_TOKEN=" + PASSWORD, "-e", "MODE=fast", "i", command="docker"),
     {"args": ["run", "-e", "A_TOKEN", "-e", "MODE=fast", "i"], "keys": [PASSWORD],
      "env": {"A_TOKEN": KEY % "A_TOKEN"}}),
    ("mcp-remote", _args("-y", "mcp-remote@latest", "https://x.example/sse", "--header",
                         f"Authorization: Bearer {PASSWORD}", command="npx"),
     {"args": ["-y", "mcp-remote@latest", "https://x.example/sse", "--header",
               "Authorization:${AUTHORIZATION}"], "keys": [PASSWORD],
      "env": {"AUTHORIZATION": "Bearer " + KEY % "AUTHORIZATION"}, "off": False,
      "clear": False}),
    ("mcp-remote with its variable", _of({"command": "npx", "args": [
        "mcp-remote", "https://x.example/sse", "--header", "Authorization:${A}"],
        "env": {"A": f"Bearer {PASSWORD}"}}),
     {"args": ["mcp-remote", "https://x.example/sse", "--header", "Authorization:${A}"],
      "keys": [PASSWORD], "off": False}),
]  # fmt: skip

LEFT: list[Row] = [
    (" ".join(map(str, words)), _args(*words), {"keys": [], "clear": True, "off": False})
    for words in (
        ("--api-key", PASSWORD),
        ("--api-key=" + PASSWORD,),
        ("--token", "abc9"),
        ("--header", f"Authorization: Bearer {PASSWORD}"),
        ("-H", f"X-Api-Key: {PASSWORD}"),
        (f"postgresql://u:{PASSWORD}@db.example/x",),
        ("--config", f'{{"apiKey": "{PASSWORD}"}}'),
        ("-k", "abcDEF123456"),
        (f"--header=Authorization: Bearer {PASSWORD}",),
        ("-u", f"ann:{PASSWORD}"),
        ("--url", f"https://x.example/mcp?token={PASSWORD}"),
        ("ghp_0123456789abcdefghij",),
    )
]

HARMLESS: list[Row] = [
    (name, _env(**{name: value}), {"env": {name: value}, "keys": [], "off": False, "clear": False})
    for name, value in (
        ("TOKENIZERS_PARALLELISM", "false"),
        ("KEYWORDS", "search"),
        ("MAX_TOKENS", "20000"),
        ("AUTHOR", "Ann"),
        ("KEYBOARD", "us"),
        ("KEYMAP", "vim"),
        ("MONKEY", "banana"),
        ("COMPASS", "north"),
        ("BYPASS", "1"),
        ("PATH", "/usr/bin:/bin"),
        ("PWD", "/home/ann"),
        ("SSH_KEY", "~/.ssh/id_ed25519"),
        ("SSH_AUTH_SOCK", "/run/user/1000/ssh"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/ann/key.json"),
        ("TOKEN_FILE", "token.txt"),
        ("AUTH", "oauth"),
        ("AUTH_TYPE", "bearer"),
        ("ENABLE_AUTH", "true"),
        ("TOKEN_TTL", "3600"),
        ("TOKEN_URL", "https://x.example/token"),
        ("PUBLIC_KEY", "abcdef"),
        ("SORT_KEY", "name"),
        ("EOS_TOKEN", "<eos>"),
        ("COOKIE_DOMAIN", "x.example"),
        ("OPENAI_API_KEY", "ollama"),
        ("SECRETARY", "Ann"),
        ("PASSTHROUGH", "yes"),
        ("MODEL", "claude-3-5-sonnet-20241022"),
        ("DATABASE_ID", "d41d8cd9-8f00-b204-e980-0998ecf8427e"),
        ("CLIENT_ID", "abc123abc123abc123"),
        ("HOSTS", "https://a.example,https://b.example"),
        ("LOG", "verbose=false"),
        ("WHERE", "over-here"),
        ("TITLE", "find-your-way"),
    )
] + [
    (" ".join(map(str, words)), _args(*words), {"args": list(words), "clear": False, "off": False})
    for words in (
        ("--max-tokens", "20000"),
        ("--keyboard", "us"),
        ("--auth", "none"),
        ("-y", "@scope/server-github@1.2.3", "/home/ann"),
        ("run", "-i", "--rm", "ghcr.io/x/y:sha-0123456789abcdef"),
        ("--from", "git+https://github.com/x/y", "z"),
        ("-p", "8080:8080"),
        ("--user", "1000:1000"),
        ("--key-file", "/etc/key.pem"),
    )
]

EVERY: dict[str, list[Row]] = {
    "formats": FORMATS, "off": OFF, "placeholders": PLACEHOLDERS, "secrets": SECRETS,
    "left in the clear": LEFT, "harmless": HARMLESS,
}  # fmt: skip
