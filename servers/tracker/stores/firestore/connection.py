"""The connection to Firestore: every call has a deadline, and fails with a StoreError.

When Firestore cannot be reached, calls fail within seconds, and the connection is tried again in
the background until it works. The start and the end of the trouble are reported once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import firebase_admin
from firebase_admin import credentials as certificates
from firebase_admin import firestore_async
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import MalformedError, RefreshError, TransportError

from servers.contract import key_text
from servers.contract.key_text import NotAKeyError
from servers.contract.manifest import FIREBASE_CREDENTIALS
from servers.tracker.stores.base import StoreError, TroubleListener

log = logging.getLogger(__name__)
T = TypeVar("T")
CALL_LIMITS: Mapping[str, Any] = {"retry": None, "timeout": 10.0}
"""Arguments of every call; the library's own retries would go on for minutes."""
_CALL_S = 15.0
_PROBE_S = 3.0
_RETRY_S, _LONGEST_RETRY_S = 2.0, 60.0
_EMULATOR = "FIRESTORE_EMULATOR_HOST"
_EMULATED_PROJECT = "demo-lou"
_LINK = re.compile(r"https://console\.firebase\.google\.com/\S+")

_OFFLINE = StoreError(
    "firestore_offline",
    "Firestore cannot be reached, so the tracker can neither read nor write now.",
    "Check the internet connection. Lou tries again by itself.",
)
_REJECTED = StoreError(
    "firestore_rejected",
    "Firestore refused the service account.",
    "Put the JSON of a service account with access to Firestore into FIREBASE_CREDENTIALS.",
)
_QUOTA = StoreError(
    "firestore_quota",
    "Firestore's quota is used up.",
    "Wait until it is renewed, or raise it in the Firebase console.",
)
_NO_DATABASE = StoreError(
    "firestore_missing",
    "The project of the service account has no Firestore database.",
    "Create one in the Firebase console, in native mode. Lou tries again by itself.",
)
_ERRORS: tuple[tuple[tuple[type[Exception], ...], StoreError], ...] = (
    ((exceptions.Unauthenticated, exceptions.PermissionDenied, RefreshError), _REJECTED),
    ((exceptions.ResourceExhausted,), _QUOTA),
    (
        (
            exceptions.ServerError,
            exceptions.Cancelled,
            exceptions.RetryError,
            TransportError,
            TimeoutError,
        ),
        _OFFLINE,
    ),
)


class FirestoreConnection:
    """One client of one Firestore database, made from a service account's JSON."""

    def __init__(
        self, credentials: str, collection: str, emulator: str, report_trouble: TroubleListener
    ) -> None:
        self.client: Any = None
        self.trouble: StoreError | None = None
        self._credentials = credentials
        self._collection = collection
        self._emulator = emulator
        self._report_trouble = report_trouble
        self._app: Any = None
        self._retrying: asyncio.Task[None] | None = None

    def collection(self, kind: str) -> Any:
        """The collection of this tracker's entries, claims, changes or notes."""
        if self.client is None:
            raise self.trouble or _OFFLINE
        return self.client.collection(f"{self._collection}_{kind}")

    async def open(self) -> None:
        """Make the client and send a probe. A failure is trouble, and tried again."""
        try:
            await self.make_client()
            await asyncio.wait_for(self._probe(), _PROBE_S)
        except Exception as broken:
            if not self._note_trouble(broken):
                raise

    async def close(self) -> None:
        if self._retrying is not None:
            self._retrying.cancel()
            await asyncio.gather(self._retrying, return_exceptions=True)
        if self._app is not None:
            # The client has no public way to end its connection.
            await self.client._firestore_api.transport.close()
            firebase_admin.delete_app(self._app)
            self._app = self.client = None

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`. After a failure a probe has to succeed first.

        Raises:
            StoreError: there was no answer in time. Other exceptions are raised as they are.
        """
        if self.client is None:
            raise self.trouble or _OFFLINE
        try:
            if self.trouble is _OFFLINE:
                await asyncio.wait_for(self._probe(), _PROBE_S)
            async with asyncio.timeout(_CALL_S):
                found = await work()
        except Exception as broken:
            if trouble := self._note_trouble(broken):
                raise trouble from None
            raise
        self._clear_trouble()
        return found

    async def make_client(self) -> None:
        """Make the client, unless there is one. It sends nothing."""
        if self.client is not None:
            return
        options: dict[str, str] = {}
        if self._emulator:
            os.environ[_EMULATOR] = self._emulator
            account: Any = AnonymousCredentials()  # type: ignore[no-untyped-call]
            options["projectId"] = _EMULATED_PROJECT
        else:
            os.environ.pop(_EMULATOR, None)
            account = _certificate(self._credentials)
        self._app = firebase_admin.initialize_app(account, options, name=f"lou-{id(self)}")
        self.client = firestore_async.client(self._app)

    async def _probe(self) -> None:
        await self.collection("notes").document("knock").get(retry=None, timeout=_PROBE_S)

    def _note_trouble(self, broken: Exception) -> StoreError | None:
        """The trouble that `broken` means; it is reported once, and its end is awaited."""
        trouble = store_error(broken)
        if trouble is None:
            return None
        if self.trouble is None or self.trouble.code != trouble.code:
            self.trouble = trouble
            log.warning("%s", trouble.reason)
            self._report_trouble(trouble, cleared=False)
        if self._retrying is None or self._retrying.done():
            self._retrying = asyncio.get_running_loop().create_task(self._try_again())
        return trouble

    def _clear_trouble(self) -> None:
        if self.trouble is not None:
            self._report_trouble(self.trouble, cleared=True)
            self.trouble = None
            log.info("Firestore answers again")

    async def _try_again(self) -> None:
        pause = _RETRY_S
        while self.trouble is not None:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_RETRY_S)
            with contextlib.suppress(Exception):
                await self.make_client()
                await asyncio.wait_for(self._probe(), _CALL_S)
                self._clear_trouble()


def store_error(broken: Exception) -> StoreError | None:
    """The exception as a StoreError; None when Firestore answered and works."""
    if isinstance(broken, exceptions.FailedPrecondition) and "requires an index" in str(broken):
        link = _LINK.search(str(broken))
        where = f"Create it here: {link.group()}" if link else "Deploy firestore.indexes.json."
        return StoreError("firestore_index", "Firestore lacks an index for this search.", where)
    if isinstance(broken, exceptions.NotFound) and "database" in str(broken):
        return _NO_DATABASE
    if isinstance(broken, _AccountError | MalformedError):
        return StoreError(
            "firestore_account",
            f"FIREBASE_CREDENTIALS holds no service account that can be used. {broken}",
            "Lou did not ask Firestore. Set it again: lou keys set FIREBASE_CREDENTIALS",
        )
    return next((trouble for kinds, trouble in _ERRORS if isinstance(broken, kinds)), None)


class _AccountError(ValueError):
    """The text is no service account."""


def _certificate(text: str) -> Any:
    try:
        account = key_text.understood(FIREBASE_CREDENTIALS, text).value
        return certificates.Certificate(json.loads(account))
    except NotAKeyError as wrong:
        raise _AccountError(wrong.words) from None
    except (ValueError, OSError):
        raise _AccountError("Its private key cannot be read.") from None
