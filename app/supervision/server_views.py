"""One server as a person sees it: its entry, what is observed, and what was counted, together."""

from __future__ import annotations

from app.config import config_model
from app.config.config_model import ServerEntry
from app.metrics.collector import Metrics
from app.supervision.supervisor import ServerStatus
from app.views import ClientEvent, ServerView
from servers.contract import manifest


def view(
    observed: ServerStatus, entry: ServerEntry, metrics: Metrics, connected: tuple[ClientEvent, ...]
) -> ServerView:
    """The view of one server."""
    name = observed.name
    known = manifest.embedded(name) if config_model.is_embedded(name, entry) else None
    calls, errors = metrics.today(name)
    shown = config_model.masked_words(entry)
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
