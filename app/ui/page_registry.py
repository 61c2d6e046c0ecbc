"""The pages of the window in the order of the navigation; each is imported when first shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from PySide6.QtWidgets import QWidget

from app.ui.page_context import PageContext


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page: name, title, icon, and the module and class that implement it."""

    name: str
    title: str
    icon: str
    module: str
    class_name: str
    is_listed: bool = True
    """Whether it stands in the navigation; the others are opened by a button or a shortcut."""

    def make(self, context: PageContext) -> QWidget:
        page = cast(
            "Callable[[PageContext], QWidget]", getattr(import_module(self.module), self.class_name)
        )
        return page(context)


def offered_pages(context: PageContext, opened: str) -> tuple[PageSpec, ...]:
    """The pages in the navigation; Welcome only until it was finished, or while it is `opened`."""
    shows_welcome = opened == "welcome" or not context.core.settings.config.settings.welcome_seen
    return tuple(
        spec for spec in PAGES if spec.is_listed and (spec.name != "welcome" or shows_welcome)
    )


PAGES = (
    PageSpec("welcome", "Welcome", "welcome", "app.ui.pages.welcome", "WelcomePage"),
    PageSpec("servers", "Servers", "servers", "app.ui.pages.servers", "ServersPage"),
    PageSpec("try", "Try it", "try", "app.ui.pages.try_it", "TryPage"),
    PageSpec("tracked", "Tracked", "tracked", "app.ui.pages.tracked", "TrackedPage"),
    PageSpec("clients", "Clients", "clients", "app.ui.pages.clients", "ClientsPage"),
    PageSpec("calls", "Calls", "calls", "app.ui.pages.calls", "CallsPage"),
    PageSpec("logs", "Logs", "logs", "app.ui.pages.logs", "LogsPage"),
    PageSpec("metrics", "Metrics", "metrics", "app.ui.pages.metrics", "MetricsPage"),
    PageSpec("doctor", "Doctor", "doctor", "app.ui.pages.doctor", "DoctorPage"),
    PageSpec("settings", "Settings", "settings", "app.ui.pages.settings", "SettingsPage"),
    PageSpec("about", "About", "info", "app.ui.pages.about", "AboutPage", is_listed=False),
)
