"""One server as a person sees it: its entry, what is observed, and what was counted, together."""

from __future__ import annotations

from app import config as meaning
from app.config import ServerEntry
from app.facts import ClientEvent, ServerView
from app.metrics import Metrics
from app.processes.supervisor import Observed
from servers.contract import manifest


def view(
    observed: Observed, entry: ServerEntry, metrics: Metrics, connected: tuple[ClientEvent, ...]
) -> ServerView:
    """The view of one server."""
    name = observed.name
    known = manifest.embedded(name) if meaning.is_embedded(name, entry) else None
    calls, errors = metrics.today(name)
    shown = meaning.masked_words(entry)
    return ServerView(
        name=name,
        title=known.title if known else name,
        purpose=known.purpose if known else " ".join(shown),
        embedded=known is not None,
        command=tuple(shown),
        wanted=observed.wanted,
        state=observed.state.value,
        pid=observed.pid,
        restarts=observed.restarts,
        tools=observed.tools,
        clients=observed.clients,
        endpoint=observed.endpoint,
        trouble=observed.trouble,
        since=observed.since,
        started_at=observed.started_at,
        rss_bytes=observed.rss_bytes,
        cpu_percent=observed.cpu_percent,
        disabled_tools=entry.disabled_tools,
        calls_today=calls,
        errors_today=errors,
        connected=connected,
    )
