"""Carries out the requests that arrive on the control socket: a function for each method.

In: the params of a request, as decoded from JSON. Out: its result, ready for JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from app.calls.kept_call import CallQuery, as_command, value_of
from app.clients import request_handlers
from app.clients.request_handlers import Params
from app.errors import AppError
from app.keys.store import FILE, SYSTEM
from app.logs.log_search import LogQuery
from app.logs.logbook import LEVELS
from app.metrics.reports import Summary, TimeWindow
from app.services import Services
from app.views import Check

Method = Callable[[Params], Awaitable[dict[str, Any]]]

_MOST_LINES, _MOST_CALLS = 5_000, 1_000
_CALL_CONDITIONS = ("server", "tool", "client", "outcome", "text")
_OFF = "{title} is switched off in Lou. Switch it on there, or with `lou enable {name}`."


class InvalidParamsError(ValueError):
    """A request whose params are not what its method takes."""


async def _bridge_hello(services: Services, params: Params) -> dict[str, Any]:
    name = _text(params, "server")
    if name not in services.settings.config.servers:
        return {"known": False, "wanted": False, "state": "", "message": ""}
    server = services.server(name)
    services.supervisor.need(name)
    message = "" if server.wanted else _OFF.format(title=server.title, name=name)
    if server.state in {"blocked", "failed"} and server.trouble:
        message = str(server.trouble)
    return {"known": True, "wanted": server.wanted, "state": server.state, "message": message}


async def _status(services: Services, params: Params) -> dict[str, Any]:
    del params
    return services.status()


async def _enable(services: Services, params: Params) -> dict[str, Any]:
    on = params.get("on")
    if not isinstance(on, bool):
        raise InvalidParamsError("`on` is neither true nor false")
    server = await services.enable(_text(params, "server"), on, _text(params, "tool", ""))
    return server.as_status()


async def _restart(services: Services, params: Params) -> dict[str, Any]:
    return (await services.restart(_text(params, "server"))).as_status()


async def _tools(services: Services, params: Params) -> dict[str, Any]:
    return {"tools": await services.tools(_text(params, "server"))}


async def _call(services: Services, params: Params) -> dict[str, Any]:
    arguments, timeout = params.get("arguments", {}), params.get("timeout_s", 50.0)
    if not isinstance(arguments, dict):
        raise InvalidParamsError("`arguments` is not an object")
    if not isinstance(timeout, int | float) or not 0 < timeout <= 600:
        raise InvalidParamsError("`timeout_s` is not a number from 0 to 600")
    server, tool = _text(params, "server"), _text(params, "tool")
    own = params.get("own") is True
    return asdict(await services.call(server, tool, arguments, timeout, own=own))


async def _logs(services: Services, params: Params) -> dict[str, Any]:
    server = _text(params, "server", "")
    if server and server not in services.logbook.servers():
        services.server(server)
    limit = _limit(params, _MOST_LINES)
    level = _text(params, "level", "")
    if level not in {"", *LEVELS}:
        raise InvalidParamsError(f"`level` is none of {', '.join(LEVELS)}")
    wanted = LogQuery(server, level, _text(params, "text", ""))
    page = await asyncio.to_thread(services.logbook.page, wanted, limit=limit, budget_s=2.0)
    return {"lines": [asdict(line) for line in reversed(page.lines)]}


async def _calls(services: Services, params: Params) -> dict[str, Any]:
    if "id" in params:
        return await _one_call(services, params)
    limit, before = _limit(params, _MOST_CALLS), params.get("before")
    if not isinstance(before, int | None):
        raise InvalidParamsError("`before` is not the id of a call")
    conditions = {name: _text(params, name, "") for name in _CALL_CONDITIONS}
    query = CallQuery(**conditions, own=params.get("own") is True)
    page = await services.call_log.find(query, before, limit=limit, budget_s=2.0)
    found = [asdict(call) for call in page.calls]
    return {"kept": services.call_log.is_on, "calls": found, "before": page.before}


async def _one_call(services: Services, params: Params) -> dict[str, Any]:
    found = await services.call_log.call(params["id"]) if isinstance(params["id"], int) else None
    if found is None:
        raise AppError("This call is not kept.", "See those that are: lou calls", code="no_call")
    call, detail = found
    return {
        "call": asdict(call),
        "request": value_of(detail.request),
        "answer": value_of(detail.answer),
        "command": as_command(call, detail),
        "masked": list(detail.masked()),
    }


async def _metrics(services: Services, params: Params) -> dict[str, Any]:
    try:
        window = TimeWindow(_text(params, "window", "hour"))
    except ValueError:
        raise InvalidParamsError(f"`window` is none of {', '.join(TimeWindow)}") from None
    server = _text(params, "server", "")
    if server:
        services.server(server)
    report = await services.metrics.report(window, server)
    return {
        "window": str(window),
        "total": _summary(report.total),
        "servers": [_summary(each) for each in report.servers],
        "tools": [_summary(each) for each in report.tools],
    }


async def _keys(services: Services, params: Params) -> dict[str, Any]:
    del params
    state = await services.vault.probe()
    store = services.settings.config.settings.key_store
    return {"state": str(state), "store": store, "keys": [asdict(key) for key in services.keys()]}  # noqa: SIM118


async def _set_key(services: Services, params: Params) -> dict[str, Any]:
    mended = await services.set_key(_text(params, "name"), _text(params, "value"))
    return {"mended": list(mended)}


async def _test_key(services: Services, params: Params) -> dict[str, Any]:
    value = _text(params, "value", "")
    return asdict(await services.test_key(_text(params, "name"), value or None))


async def _unlock(services: Services, params: Params) -> dict[str, Any]:
    await services.unlock(_text(params, "passphrase", ""))
    return {"state": str(services.vault.state())}


async def _key_store(services: Services, params: Params) -> dict[str, Any]:
    kind = _text(params, "kind")
    if kind not in {SYSTEM, FILE}:
        raise InvalidParamsError(f"`kind` is neither {SYSTEM} nor {FILE}")
    await services.use_key_store(kind, _text(params, "passphrase", ""))
    return {"state": str(services.vault.state())}


async def _add_server(services: Services, params: Params) -> dict[str, Any]:
    name = _text(params, "name")
    services.add_server(name, params.get("entry") or {})
    return services.server(name).as_status()


async def _import_servers(services: Services, params: Params) -> dict[str, Any]:
    from app.clients.imports import server_import  # noqa: PLC0415 - see Services.plan_import

    text, variables = _text(params, "text"), params.get("variables")
    if variables is not None and not _is_table(variables):
        raise InvalidParamsError("`variables` does not map names to texts")
    if params.get("preview", False):
        planned = await services.plan_import(text, variables)
    else:
        planned = await services.import_servers(text, variables)
    return {
        "added": list(planned.entries),
        "servers": server_import.preview(planned),
        "keys": list(planned.secrets),
        "skipped": dict(planned.skipped),
    }


def _is_table(found: Any) -> bool:
    return isinstance(found, dict) and all(isinstance(each, str) for each in found.values())


async def _show(services: Services, params: Params) -> dict[str, Any]:
    if services.is_ending:
        raise AppError("Lou is ending.", "Start it again in a moment.", code="ending")
    services.raise_wanted.notify(_text(params, "page", ""))
    return {"mode": services.mode}


async def _quit(services: Services, params: Params) -> dict[str, Any]:
    del params
    asyncio.get_running_loop().call_soon(services.quit_wanted.notify, "the command line")
    return {}


_METHODS: Mapping[str, Callable[[Services, Params], Awaitable[dict[str, Any]]]] = {
    "bridge_hello": _bridge_hello,
    "status": _status,
    "enable": _enable,
    "restart": _restart,
    "tools": _tools,
    "call": _call,
    "logs": _logs,
    "calls": _calls,
    "metrics": _metrics,
    "keys": _keys,
    "set_key": _set_key,
    "test_key": _test_key,
    "unlock": _unlock,
    "key_store": _key_store,
    "add_server": _add_server,
    "import_servers": _import_servers,
    "clients": lambda services, params: request_handlers.answer(services.clients, params),
    "show": _show,
    "quit": _quit,
}


_ACTIONS: Mapping[str, Callable[[Services, Params], Awaitable[None]]] = {
    "unset_key": lambda services, params: services.unset_key(_text(params, "name")),
    "rotate_key": lambda services, params: services.rotate_key(_text(params, "name")),
    "export_key": lambda services, params: services.export_key(
        _text(params, "name"), Path(_text(params, "path"))
    ),
    "remove_server": lambda services, params: services.remove_server(_text(params, "name")),
    "clear_calls": lambda services, _: services.call_log.clear(),
    "pause": lambda services, _: services.pause_all(),
    "resume": lambda services, _: services.resume_all(),
}
"""Methods with an empty result."""


def methods(services: Services, doctor: Callable[[], Awaitable[list[Check]]]) -> dict[str, Method]:
    """Every method of the control socket by its name; `doctor` runs all checks."""

    async def checks(params: Params) -> dict[str, Any]:
        del params
        return {"checks": [asdict(check) for check in await doctor()]}

    async def act(action: str, params: Params) -> dict[str, Any]:
        await _ACTIONS[action](services, params)
        return {}

    found: dict[str, Method] = {name: partial(do, services) for name, do in _METHODS.items()}
    return {**found, **{name: partial(act, name) for name in _ACTIONS}, "doctor": checks}


def _text(params: Params, name: str, otherwise: str | None = None) -> str:
    value = params.get(name, otherwise)
    if not isinstance(value, str):
        raise InvalidParamsError(f"`{name}` is missing or not a text")
    return value


def _limit(params: Params, most: int) -> int:
    limit = params.get("limit", 50)
    if not isinstance(limit, int) or not 0 <= limit <= most:
        raise InvalidParamsError(f"`limit` is not a whole number from 0 to {most}")
    return limit


def _summary(summary: Summary) -> dict[str, Any]:
    rates = {"error_rate": summary.error_rate, "cache_hit_ratio": summary.cache_hit_ratio}
    return {**asdict(summary), **rates}
