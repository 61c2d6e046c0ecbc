"""The shortcuts of the window, as the About page lists them. Pure."""

from __future__ import annotations

LISTED = (
    ("Ctrl+K", "Find a page, server, tool, client, key, or setting"),
    ("Ctrl+1 ... Ctrl+9", "Open a page by its place in the list"),
    ("Ctrl+,", "Settings"),
    ("F1", "About and help"),
    ("Ctrl+F", "Search on Tracked, Logs, and Clients"),
    ("Esc", "Close a dialog or a message"),
    ("Space", "Switch the chosen server or tool"),
    ("Enter", "Run, open, or edit what is chosen"),
    ("Delete", "Delete the chosen entries"),
    ("Ctrl+W", "Close the window; Lou goes on"),
    ("Ctrl+Q", "Quit Lou and its servers"),
)
