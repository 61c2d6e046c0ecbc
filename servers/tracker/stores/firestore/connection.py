"""The line to Firestore: opened late, every call bounded in time, trouble told once and outwaited.

Nothing here blocks the server: what cannot be reached is an error in words within seconds, and
tried again in the background until it answers.
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
from servers.tracker.stores.base import StoreError, Tell

log = logging.getLogger(__name__)
T = TypeVar("T")
BOUNDED: Mapping[str, Any] = {"retry": None, "timeout": 10.0}
"""What every call is given: the library's own retries go on for minutes."""
_WHOLE_S = 15.0
_FIRST_TRY_S = 3.0
_AGAIN_S, _AGAIN_AT_MOST_S = 2.0, 60.0
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
_TOLD: tuple[tuple[tuple[type[Exception], ...], StoreError], ...] = (
    (
        (exceptions.Unauthenticated, exceptions.PermissionDenied, RefreshError),
        _REJECTED,
    ),
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

    def __init__(self, credentials: str, collection: str, emulator: str, tell: Tell) -> None:
        self.client: Any = None
        self.trouble: StoreError | None = None
        self._credentials = credentials
        self._collection = collection
        self._emulator = emulator
        self._tell = tell
        self._app: Any = None
        self._retrying: asyncio.Task[None] | None = None

    def collection(self, kind: str) -> Any:
        """The collection of this tracker's entries, claims, changes or notes."""
        if self.client is None:
            raise self.trouble or _OFFLINE
        return self.client.collection(f"{self._collection}_{kind}")

    async def open(self) -> None:
        """Make the client and knock; where nobody answers that is trouble, and tried again."""
        try:
            await self.make_client()
            await asyncio.wait_for(self._knock(), _FIRST_TRY_S)
        except Exception as broken:
            trouble = told(broken)
            if trouble is None:
                raise
            self._failed(trouble)

    async def close(self) -> None:
        """Hang up."""
        if self._retrying is not None:
            self._retrying.cancel()
            await asyncio.gather(self._retrying, return_exceptions=True)
        if self._app is not None:
            # The client has no public way to end its connection.
            await self.client._firestore_api.transport.close()
            firebase_admin.delete_app(self._app)
            self._app = self.client = None

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` answers in time; where nobody answered before, somebody has to do so first.

        Raises:
            StoreError: there was no answer, in words; anything that is an answer passes through.
        """
        if self.client is None:
            raise self.trouble or _OFFLINE
        try:
            if self.trouble is _OFFLINE:
                await asyncio.wait_for(self._knock(), _FIRST_TRY_S)
            async with asyncio.timeout(_WHOLE_S):
                found = await work()
        except Exception as broken:
            trouble = told(broken)
            if trouble is None:
                raise
            self._failed(trouble)
            raise trouble from None
        self._healed()
        return found

    async def make_client(self) -> None:
        """Make the client, unless there is one; it asks nobody yet."""
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

    async def _knock(self) -> None:
        await self.collection("notes").document("knock").get(retry=None, timeout=_FIRST_TRY_S)

    def _failed(self, trouble: StoreError) -> None:
        if self.trouble is None or self.trouble.code != trouble.code:
            self.trouble = trouble
            log.warning("%s", trouble.said)
            self._tell(trouble, cleared=False)
        if self._retrying is None or self._retrying.done():
            self._retrying = asyncio.get_running_loop().create_task(self._try_again())

    def _healed(self) -> None:
        if self.trouble is not None:
            self._tell(self.trouble, cleared=True)
            self.trouble = None
            log.info("Firestore answers again")

    async def _try_again(self) -> None:
        pause = _AGAIN_S
        while self.trouble is not None:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _AGAIN_AT_MOST_S)
            with contextlib.suppress(Exception):
                await self.make_client()
                await asyncio.wait_for(self._knock(), _WHOLE_S)
                self._healed()


def told(broken: Exception) -> StoreError | None:
    """What `broken` means to a person; None when it is an answer and no trouble."""
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
            "Lou did not ask Firestore. Set it anew: lou keys set FIREBASE_CREDENTIALS",
        )
    return next((trouble for kinds, trouble in _TOLD if isinstance(broken, kinds)), None)


class _AccountError(ValueError):
    """The text is no service account."""


def _certificate(text: str) -> Any:
    try:
        account = key_text.understood("FIREBASE_CREDENTIALS", text).value
        return certificates.Certificate(json.loads(account))
    except NotAKeyError as wrong:
        raise _AccountError(wrong.words) from None
    except (ValueError, OSError):
        raise _AccountError("Its private key cannot be read.") from None
