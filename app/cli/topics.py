"""What `lou help TOPIC` explains beside the commands; the man page has a section for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """A text about what concerns several commands; an indented line stays a line."""

    summary: str
    text: str


TOPICS: Mapping[str, Topic] = {
    "arguments": Topic(
        "how a tool gets its arguments",
        """`lou call` takes the arguments of a tool as one JSON object or as key=value pairs. The
tool's schema decides the type of a value; what follows -- is an argument, too, even if it begins
with a dash. A single - reads a JSON object from standard input.

  lou call search web_search query="tiny keyboards" max_results=5
  lou call search web_search '{"query": "tiny keyboards", "max_results": 5}'
  echo '{"query": "tiny keyboards"}' | lou call search web_search -
""",
    ),
    "json": Topic(
        "output for programs",
        """--json stands anywhere before --, also before the command, and prints one JSON document
on standard output and nothing else. An error is a document, too: {"error": {"code", "message",
"hint"}}. A stream, as of `lou logs -f`, has one document a line.

  lou --json status
  lou call tracker find_tracked status=new --json
""",
    ),
    "exit-codes": Topic(
        "what the exit code says",
        """  0  done
  1  failed; the reason is on standard error
  2  wrong usage
  3  Lou is not running
""",
    ),
    "environment": Topic(
        "environment variables",
        """  LOU_HOME  the folder for everything of Lou's, instead of the system's places
  NO_COLOR  no colours, if it is set and not empty
""",
    ),
    "files": Topic(
        "where Lou keeps what",
        """`config.json` holds servers and settings, never the value of a key; docs/settings.md
explains each setting. Keys are in the keyring of the system, or in a file that a passphrase seals.
Log lines, figures, kept calls, and backups of clients' files are in the folder of Lou's data. `lou
doctor` names the folders. Only this user can read them.
""",
    ),
}
