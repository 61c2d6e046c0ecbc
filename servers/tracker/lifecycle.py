"""Opens and closes the store, the entry service and the background work.

In come settings and keys. Entries that no key opens are locked, never lost: nothing new is sealed
beside them with another key, and the right key opens everything again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from servers.contract import key_text
from servers.contract.key_text import NotAKeyError
from servers.contract.manifest import ENCRYPTION_KEY, FIREBASE_CREDENTIALS
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
from servers.tracker.stores.base import Store, StoreError, ignore_trouble
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
"""The verdict on the service account by the code of a store error."""
_FORM = 2
"""The form of rows, noted in a store that other machines share."""


class TrackerLifecycle:
    """Opens and replaces the store and the service that the tools use."""

    def __init__(self, current: CurrentService) -> None:
        self.store: Store | None = None
        self.entry_service: EntryService | None = None
        self.resealing: Resealer | None = None
        self.copying: StoreCopy | None = None
        self._current = current
        self._prefix_words = PrefixWords()
        self._place: tuple[Any, ...] = ()
        self._settings: TrackerSettings | None = None
        self._keys: Mapping[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._opening = asyncio.Lock()

    async def open(self, settings: TrackerSettings, keys: Mapping[str, str]) -> None:
        """Use these from now on. The store stays open when it is the same.

        Raises:
            StartRefusedError: the key is missing or wrong, or the store is taken.
        """
        async with self._opening:
            await self._open(settings, keys)

    async def _open(self, settings: TrackerSettings, keys: Mapping[str, str]) -> None:
        sealer = store_opening.sealer(keys.get(ENCRYPTION_KEY, ""), settings)
        place = store_opening.place(settings, keys)
        if self.store is None or place != self._place:
            await self.close()
            self.store = await store_opening.opened(settings, keys)
            self._prefix_words = PrefixWords()
            self._place = place
        self._settings, self._keys = settings, keys
        await self._end("verify", "reseal")
        entry_service = EntryService(
            self.store, RecordCodec(sealer, settings.rules), self._prefix_words
        )
        try:
            await self._use(entry_service)
        except StoreError as trouble:
            # The stamps cannot be read now. Until they are, nothing is sealed.
            self._current.shut(trouble)
            self._begin("verify", self._use_later(entry_service))

    async def close(self) -> None:
        await self._end(*self._tasks)
        await self._prefix_words.end()
        self._current.shut(ToolError("The tracker is stopping.", kind="stopping"))
        self.entry_service = None
        if self.store is not None:
            await self.store.close()
            self.store = None

    async def start_copy(self) -> StoreCopy:
        """Begin or go on with the one copy from the other store; raises ToolError without one."""

        def in_use() -> EntryService:
            return self._current.entry_service

        in_use()
        async with self._opening:
            if self.copying is None or self.copying.progress.state != "running":
                source = await self._other_store()
                self.copying = StoreCopy(source, in_use)
                self.copying.progress.state = "running"
                self._begin("copy", self._copy(self.copying, source))
                await asyncio.sleep(
                    0
                )  # let the task start, so that its cleanup runs when it is cancelled
            return self.copying

    async def stop_copy(self) -> None:
        """Pause the copy; it can go on later."""
        await self._end("copy")

    def start_resealing(self) -> None:
        """Reseal rows of older keys, unless that is running."""
        if self.resealing is not None and not self.resealing.progress.running:
            self._begin("reseal", self.resealing.run())

    async def check_keys(self, keys: Sequence[bytes]) -> KeyVerdict:
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
        try:
            key_text.understood(FIREBASE_CREDENTIALS, text)
        except NotAKeyError as wrong:
            said = f"{wrong.words} Firestore was not asked. {wrong.hint}"
            return KeyVerdict("missing", said)
        if self._settings is None:
            return KeyVerdict("unknown", "The tracker is not open to try it.")
        try:
            store = await store_opening.firestore(
                self._settings, {FIREBASE_CREDENTIALS: text}, ignore_trouble
            )
        except StartRefusedError as refused:
            return KeyVerdict("unknown", f"{refused.message} {refused.hint}")
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

    async def _use(self, entry_service: EntryService) -> None:
        """Let the tools use it; raises StartRefusedError if its key does not open the store."""
        assert self.store is not None
        codec, former = entry_service.codec, self.entry_service
        stamps = await self.store.stamps()
        if stamps and not any(codec.sealer.knows(stamp) for stamp in stamps):
            self._current.shut(ToolError(f"{_LOCKED.message} {_LOCKED.hint}", kind="locked"))
            raise _LOCKED
        await self._require_form(self.store)
        is_untidy = bool(await self.store.recall(UNTIDY))
        codec.look_for(stamps)
        self.entry_service = entry_service
        self._current.use(entry_service)
        self.resealing = Resealer(entry_service)
        self._prefix_words.look(entry_service.store, codec)
        if codec.older or is_untidy or former is not None:
            self._begin("reseal", self._reseal(self.resealing, former))

    async def _require_form(self, store: Store) -> None:
        """Note this Lou's form in the store; raises StartRefusedError if a newer Lou wrote it."""
        form = await store.recall("form") if store.is_remote else ""  # a file has a version
        if form.isdigit() and int(form) > _FORM:
            refused = StartRefusedError(
                "newer_data",
                "The tracker's entries in Firestore were written by a newer Lou.",
                "Install the newest Lou.",
            )
            self._current.shut(ToolError(f"{refused.message} {refused.hint}", kind="newer_data"))
            raise refused
        if store.is_remote and form != str(_FORM):
            await store.remember("form", str(_FORM))

    async def _reseal(self, resealing: Resealer, former: EntryService | None) -> None:
        """Reseal all rows, those included that running calls still write with the former key."""
        if former is not None:
            await former.running.over()
        await resealing.run()

    async def _use_later(self, entry_service: EntryService) -> None:
        while True:
            await asyncio.sleep(_PATIENCE_S)
            try:
                await self._use(entry_service)
            except StoreError as trouble:
                self._current.shut(trouble)
                continue
            except StartRefusedError as refused:
                store_opening.report_refused(refused)
            return

    async def _other_store(self) -> Store:
        kind = self.other_kind()
        if not kind or self._settings is None:
            raise ToolError("There is no other store to copy from.", kind="not_found")
        source: Store
        if kind == "sqlite":
            source = SqliteStore(self._settings.folder)
        else:
            source = await store_opening.firestore(self._settings, self._keys, ignore_trouble)
        await source.open()
        return source

    async def _copy(self, copying: StoreCopy, source: Store) -> None:
        try:
            await copying.run()
        finally:
            await source.close()

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(_log_failure)
        self._tasks[name] = task

    async def _end(self, *names: str) -> None:
        tasks = [self._tasks.pop(name) for name in names if name in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("Work in the background failed unexpectedly", exc_info=task.exception())
