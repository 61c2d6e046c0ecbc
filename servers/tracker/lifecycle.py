"""What is open now: the store, the board on it, and what goes on in the background.

The rule of the key: entries that no key opens are locked, never lost, and nothing new is sealed
beside them with another key. Whoever puts the right key back finds everything as it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from servers.contract import key_text
from servers.contract.key_text import NotAKeyError
from servers.host.tools.service import KeyVerdict, StartRefusedError, ToolError
from servers.tracker import store_opening
from servers.tracker.codec.prefix_words import PrefixWords
from servers.tracker.codec.record_codec import RecordCodec
from servers.tracker.codec.resealing import UNTIDY, Resealer
from servers.tracker.codec.seal import Sealer
from servers.tracker.current_service import CurrentService
from servers.tracker.entry import Rules
from servers.tracker.entry_service import EntryService
from servers.tracker.settings import TrackerSettings
from servers.tracker.store_opening import ENCRYPTION_KEY, FIREBASE_CREDENTIALS
from servers.tracker.stores.base import Store, StoreError, untold
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from servers.tracker.transfer.store_copy import StoreCopy

log = logging.getLogger(__name__)
_LOCKED = StartRefusedError(
    "tracker_locked",
    "The encryption key does not open the tracker's entries. They are all there, but locked.",
    "Put the ENCRYPTION_KEY that they were sealed with, or its recovery key, back in Lou's keys. "
    "Without it nobody can read the addresses again. Lou seals nothing with another key while "
    "there are entries.",
)
_PATIENCE_S = 1.0
_VERDICTS = {"firestore_rejected": "rejected", "firestore_account": "missing"}
"""What a trouble says of the service account; any other says nothing."""
_FORM = 2
"""Of what rows are sealed and found by, in a store that is shared with other machines."""


class TrackerLifecycle:
    """Opens and exchanges what the tools work with."""

    def __init__(self, desk: CurrentService) -> None:
        self.store: Store | None = None
        self.board: EntryService | None = None
        self.resealing: Resealer | None = None
        self.copying: StoreCopy | None = None
        self._desk = desk
        self._beginnings = PrefixWords()
        self._place: tuple[Any, ...] = ()
        self._settings: TrackerSettings | None = None
        self._keys: Mapping[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._opening = asyncio.Lock()

    async def open(self, settings: TrackerSettings, keys: Mapping[str, str]) -> None:
        """Work with these from now on; a store that stays the same stays open.

        Raises:
            StartRefused: the key is missing or does not open what is stored, or the store is taken.
        """
        async with self._opening:
            await self._open(settings, keys)

    async def _open(self, settings: TrackerSettings, keys: Mapping[str, str]) -> None:
        sealer = store_opening.sealer(keys.get(ENCRYPTION_KEY, ""), settings)
        place = store_opening.place(settings, keys)
        if self.store is None or place != self._place:
            await self.close()
            self.store = await store_opening.opened(settings, keys)
            self._beginnings = PrefixWords()
            self._place = place
        self._settings, self._keys = settings, keys
        await self._end("verify", "reseal")
        board = EntryService(self.store, RecordCodec(sealer, settings.rules), self._beginnings)
        try:
            await self._use(board)
        except StoreError as trouble:
            # Which keys it was sealed with cannot be asked now; until then nothing is sealed.
            self._desk.shut(trouble)
            self._begin("verify", self._use_later(board))

    async def close(self) -> None:
        """End what goes on, finish what was acknowledged."""
        await self._end(*self._tasks)
        await self._beginnings.end()
        self._desk.shut(ToolError("The tracker is stopping.", kind="stopping"))
        self.board = None
        if self.store is not None:
            await self.store.close()
            self.store = None

    async def start_copy(self) -> StoreCopy:
        """Begin or go on with the one-time copy from the other store.

        Raises:
            ToolFailure: there is no other store, or it cannot be opened.
        """

        def in_use() -> EntryService:
            return self._desk.board

        in_use()
        async with self._opening:
            if self.copying is None or self.copying.progress.state != "running":
                source = await self._other_store()
                self.copying = StoreCopy(source, in_use)
                self.copying.progress.state = "running"
                self._begin("copy", self._copy(self.copying, source))
                await asyncio.sleep(0)  # from now on it ends in order, whenever it is ended
            return self.copying

    async def stop_copy(self) -> None:
        """Pause the copy; it can go on later."""
        await self._end("copy")

    def start_resealing(self) -> None:
        """Go on with rows of older keys, when there are any and nobody is at it."""
        if self.resealing is not None and not self.resealing.progress.running:
            self._begin("reseal", self.resealing.run())

    async def check_keys(self, keys: Sequence[bytes]) -> KeyVerdict:
        """Whether `keys` open what is stored."""
        if self.store is None:
            return KeyVerdict("unknown", "This is a key. The tracker is not open to try it.")
        sealer = Sealer(keys, Rules())
        try:
            stamps = await self.store.stamps()
        except StoreError as trouble:
            return KeyVerdict("unreachable", trouble.message)
        if stamps and not any(sealer.knows(stamp) for stamp in stamps):
            return KeyVerdict("rejected", "This is a key, but it does not open the entries.")
        return KeyVerdict("accepted", "This key opens the entries.")

    async def check_account(self, text: str) -> KeyVerdict:
        """Whether Firestore takes the service account in `text`."""
        try:
            key_text.understood(FIREBASE_CREDENTIALS, text)
        except NotAKeyError as wrong:
            said = f"{wrong.words} Firestore was not asked. {wrong.hint}"
            return KeyVerdict("missing", said)
        if self._settings is None:
            return KeyVerdict("unknown", "The tracker is not open to try it.")
        store = await store_opening.firestore(self._settings, {FIREBASE_CREDENTIALS: text}, untold)
        try:
            await store.open()
            trouble = store.trouble
        finally:
            await store.close()
        if trouble is None:
            return KeyVerdict("accepted", "Firestore takes this service account.")
        verdict = _VERDICTS.get(trouble.code, "unreachable")
        return KeyVerdict(verdict, trouble.message)

    def other_kind(self) -> str:
        """The kind of the store that is not in use but could be copied from; empty if none."""
        if self.store is None or self._settings is None:
            return ""
        if self.store.kind == "firestore":
            return "sqlite" if (self._settings.folder / "tracker.db").exists() else ""
        return "firestore" if store_opening.has_firestore(self._settings, self._keys) else ""

    async def _use(self, board: EntryService) -> None:
        """Put `board` on the desk when the key opens what is stored.

        Raises:
            StartRefused: it does not.
        """
        assert self.store is not None
        scribe, former = board.scribe, self.board
        stamps = await self.store.stamps()
        if stamps and not any(scribe.sealer.knows(stamp) for stamp in stamps):
            self._desk.shut(ToolError(f"{_LOCKED.message} {_LOCKED.hint}", kind="locked"))
            raise _LOCKED
        await self._require_form(self.store)
        is_untidy = bool(await self.store.recall(UNTIDY))
        scribe.look_for(stamps)
        self.board = board
        self._desk.use(board)
        self.resealing = Resealer(board)
        self._beginnings.look(board.store, scribe)
        if scribe.older or is_untidy or former is not None:
            self._begin("reseal", self._reseal(self.resealing, former))

    async def _require_form(self, store: Store) -> None:
        """That a newer Lou did not write in a form of its own; and say which one this is.

        Raises:
            StartRefused: it did.
        """
        form = await store.recall("form") if store.is_remote else ""  # a file has a version
        if form.isdigit() and int(form) > _FORM:
            refused = StartRefusedError(
                "newer_data",
                "The tracker's entries in Firestore were written by a newer Lou.",
                "Install the newest Lou.",
            )
            self._desk.shut(ToolError(f"{refused.message} {refused.hint}", kind="newer_data"))
            raise refused
        if store.is_remote and form != str(_FORM):
            await store.remember("form", str(_FORM))

    async def _reseal(self, resealing: Resealer, former: EntryService | None) -> None:
        """Bring every row to the present key, those that calls with the former one still write."""
        if former is not None:
            await former.underway.over()
        await resealing.run()

    async def _use_later(self, board: EntryService) -> None:
        while True:
            await asyncio.sleep(_PATIENCE_S)
            try:
                await self._use(board)
            except StoreError as trouble:
                self._desk.shut(trouble)
                continue
            except StartRefusedError as refused:
                store_opening.tell_refused(refused)
            return

    async def _other_store(self) -> Store:
        kind = self.other_kind()
        if not kind or self._settings is None:
            raise ToolError("There is no other store to copy from.", kind="not_found")
        source: Store
        if kind == "sqlite":
            source = SqliteStore(self._settings.folder)
        else:
            source = await store_opening.firestore(self._settings, self._keys, untold)
        await source.open()
        return source

    async def _copy(self, copying: StoreCopy, source: Store) -> None:
        try:
            await copying.run()
        finally:
            await source.close()

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(_say_why)
        self._tasks[name] = task

    async def _end(self, *names: str) -> None:
        tasks = [self._tasks.pop(name) for name in names if name in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _say_why(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("Work in the background failed unexpectedly", exc_info=task.exception())
