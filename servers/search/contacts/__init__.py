"""The contact services Lou knows. Adding one is one file beside this and one line in the table."""

from __future__ import annotations

from servers.search.contacts.anymailfinder import AnyMailFinder
from servers.search.contacts.contact import ContactService
from servers.search.contacts.rapidapi import WebsiteContacts

SERVICES: tuple[ContactService, ...] = (WebsiteContacts(), AnyMailFinder())
"""Cheapest first; all of them need a key. A page scan, which needs none, always comes before."""
