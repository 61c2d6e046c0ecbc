"""`lou calls` lists what clients called, newest last; with --id, what one call asked and got."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from typing import Any

from app.cli.output import Output, data_size, milliseconds
from app.cli.parser import CommandParser
from app.control.client import ask
from servers.contract import messages

_MOST = 1_000
_CUT = {
    "long": "A part is left out, because it is long.",
    "busy": "Request and answer are left out, because calls came too quickly.",
    "large": "Request and answer are left out, because they are too large.",
}


def declare(parser: CommandParser) -> None:
    """Filters, or the id of one call."""
    parser.add_server(optional=True)
    parser.add_argument("--tool", default="", metavar="TOOL", help="only calls of this tool")
    parser.add_argument("--client", default="", metavar="NAME", help="only calls of this client")
    outcomes = ", ".join(messages.OUTCOMES)
    parser.add_argument(
        "--outcome",
        default="",
        choices=messages.OUTCOMES,
        metavar="OUTCOME",
        help=f"only calls that ended so: {outcomes}",
    )
    parser.add_argument("--text", default="", help="only calls with this text in them")
    parser.add_switch("--own", "also those that Lou made for itself")
    parser.add_count(50, _MOST, "calls")
    parser.add_argument("--id", type=int, metavar="ID", help="one call: its request and its answer")
    parser.add_switch("--clear", "delete every kept call")
    parser.set_defaults(run=_calls)


def _calls(args: Namespace, output: Output) -> int:
    if args.clear:
        ask("clear_calls")
        return output.answer({"cleared": True}, "Every kept call is deleted.")
    if args.id is not None:
        return _show(ask("calls", id=args.id), output)
    names = ("server", "tool", "client", "outcome", "text", "own")
    found = ask("calls", limit=args.n, **{name: getattr(args, name) for name in names})
    if output.is_json:
        output.document(found)
    elif not found["kept"]:
        output.line("Lou keeps no calls. Switch it on in Settings: keep_calls.")
    elif not found["calls"]:
        output.line("No call was kept that matches.")
    else:
        headers = ("ID", "TIME", "SERVER", "TOOL", "CLIENT", "OUTCOME", "MS", "SIZE")
        output.table(headers, [_row(call) for call in reversed(found["calls"])])
    return 0


def _row(call: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(call["id"]),
        time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(call["at"])),
        call["server"],
        call["tool"],
        f"{call['client']} (own)" if call["own"] else call["client"],
        call["outcome"],
        milliseconds(call["ms"]),
        data_size(call["size"]),
    )


def _show(found: dict[str, Any], output: Output) -> int:
    if output.printed(found):
        return 0
    call = found["call"]
    reason = f" ({call['error']})" if call["error"] else ""
    output.line(
        f"{call['tool']} of {call['server']}, for {call['client']} {call['version']}", "bold"
    )
    output.line(f"{call['outcome']}{reason} in {milliseconds(call['ms'])} ms")
    for title, name in (("Request", "request"), ("Answer", "answer")):
        output.line(f"\n{title}:", "bold")
        output.line(json.dumps(found[name], indent=2, ensure_ascii=False))
    if call["cut"]:
        output.line(f"\n{_CUT.get(call['cut'], '')}", "dim")
    output.line(f"\n{found['command']}", "dim")
    if found["masked"]:
        output.line(f"Not as it was sent: {', '.join(found['masked'])}.", "yellow")
    return 0
