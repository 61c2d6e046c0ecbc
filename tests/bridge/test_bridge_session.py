"""Histories of one bridge session: what client and server hear, whatever happens between them."""

from __future__ import annotations

import json

import pytest

from servers.bridge.replies import Replies
from servers.bridge.session import LIVE, LONGEST_HOLD_S, Session
from tests.bridge.histories import (
    AWAY,
    CACHED,
    CHANGED,
    GREETED,
    INITIALIZE,
    INITIALIZED,
    MODERN,
    Play,
    call,
    codes,
    listen,
    notification,
    of_subscription,
    request,
    result,
)


def test_bytes_pass_untouched_while_connected() -> None:
    play = Play().connected()
    odd = b'{ "jsonrpc":"2.0" ,"id": 7, "method":"tools/list"}\n\n junk \xff\n'
    answer = b'{"id":7,"jsonrpc":"2.0",  "result":{}}\n'
    play.session.from_client(odd, 0)
    play.session.from_server(answer)
    play.session.read_passed()
    assert play.session.to_server == [odd]
    assert play.session.to_client == [answer]
    assert play.session.is_idle


def test_each_server_is_told_first_in_whose_file_the_bridge_stands() -> None:
    session = Session("search", "vibe")
    for _ in range(2):
        session.connected()
        session.from_client(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n', 0.0)
        first, *_ = session.to_server
        told = {"method": "notifications/lou/client", "params": {"id": "vibe"}}
        assert json.loads(first) == {"jsonrpc": "2.0", **told}
        session.answers = Replies()
        session.lost(0.0)


def test_a_client_that_comes_first_is_answered_from_the_last_ready() -> None:
    play = Play().client(INITIALIZE, INITIALIZED, request(1, "tools/list"), request(2, "ping"))
    assert play.heard_by_client() == [
        result(0, protocolVersion="2025-11-25"),
        result(1, **CACHED["tools"]),
        result(2),
    ]
    play.connected()
    (replay,) = play.heard_by_server()
    assert (replay["method"], replay["params"]) == ("initialize", INITIALIZE["params"])
    play.server(result(replay["id"], protocolVersion="2025-11-25"))
    assert play.heard_by_server() == [INITIALIZED]
    assert play.heard_by_client() == [CHANGED]
    assert play.session.phase == LIVE


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"), ("2099-01-01", "2025-11-25")],
)
def test_a_cached_handshake_answers_in_the_version_that_was_asked(
    asked: str, answered: str
) -> None:
    play = Play().client(request("a", "initialize", protocolVersion=asked))
    assert play.heard_by_client() == [result("a", protocolVersion=answered)]


def test_a_modern_client_that_comes_first_is_answered_in_its_own_era() -> None:
    play = Play().client(
        request(1, "server/discover", **MODERN), request(2, "tools/list", **MODERN)
    )
    assert play.heard_by_client() == [
        result(1, **CACHED["discover"]),
        result(2, **CACHED["tools_modern"]),
    ]
    play.connected()
    assert play.heard_by_server() == []
    assert play.session.phase == LIVE


def test_with_no_cached_answers_the_handshake_waits_for_the_server() -> None:
    play = Play(None).client(INITIALIZE)
    assert play.heard_by_client() == []
    assert play.session.is_waiting
    play.connected()
    assert play.heard_by_server() == [INITIALIZE]
    play.server(GREETED).client(INITIALIZED)
    assert play.heard_by_client() == [GREETED]
    assert play.heard_by_server() == [INITIALIZED]


def test_what_is_said_during_the_replay_follows_it_in_order() -> None:
    play = Play(None).client(INITIALIZE).connected()
    play.client(INITIALIZED, call(1, "save"), call(2, "find"))
    assert play.heard_by_server() == [INITIALIZE]
    play.server(GREETED)
    assert play.heard_by_server() == [INITIALIZED, call(1, "save"), call(2, "find")]


def test_a_killed_server_fails_its_calls_and_the_session_goes_on() -> None:
    play = Play().greeted().client(call(1, "save"), request(2, "tools/list"))
    play.server(result(2, tools=[])).lost()
    heard = play.heard_by_client()
    assert codes(heard) == [(1, AWAY)]
    assert "tracker" in heard[-1]["error"]["message"]
    assert "save" in heard[-1]["error"]["message"]
    play.connected()
    play.heard_by_server()
    play.server(result("lou-1"))
    assert play.heard_by_client() == [CHANGED]
    play.client(call(3, "save")).server(result(3))
    assert play.heard_by_server() == [INITIALIZED, call(3, "save")]
    assert play.heard_by_client() == [result(3)]


def test_a_call_of_a_read_only_tool_is_sent_once_more_and_only_once() -> None:
    play = Play().greeted().client(call(1, "find")).lost().connected()
    play.server(result("lou-1"))
    assert call(1, "find") in play.heard_by_server()
    play.lost()
    assert codes(play.heard_by_client()) == [(1, AWAY)]
    play.connected()
    play.server(result("lou-2"))
    assert call(1, "find") not in play.heard_by_server()


def test_a_handshake_in_flight_is_sent_to_every_server_until_one_answers() -> None:
    play = Play(None).connected().client(INITIALIZE)
    for _ in range(3):
        assert play.heard_by_server() == [INITIALIZE]
        play.lost().connected()
    play.server(GREETED)
    assert play.heard_by_client() == [GREETED]


def test_settings_and_subscriptions_of_the_handshake_era_are_set_again() -> None:
    play = Play().greeted()
    play.client(
        request(1, "logging/setLevel", level="info"),
        request(2, "resources/subscribe", uri="a:1"),
        request(3, "resources/subscribe", uri="a:2"),
        request(4, "resources/unsubscribe", uri="a:1"),
    ).server(*(result(n) for n in (1, 2, 3, 4)))
    play.heard_by_client()
    play.lost().connected().server(result("lou-1"))
    again = [(m["method"], m.get("params")) for m in play.heard_by_server()][-2:]
    assert again == [
        ("logging/setLevel", {"level": "info"}),
        ("resources/subscribe", {"uri": "a:2"}),
    ]
    play.server(result("lou-2"), result("lou-3"))
    assert play.heard_by_client() == [CHANGED]


def test_subscriptions_of_the_modern_era_are_opened_again_and_told_of_changes() -> None:
    acknowledged = of_subscription(
        "listen-1", "notifications/subscriptions/acknowledged", notifications={}
    )
    play = Play().connected().client(listen("listen-1")).server(acknowledged)
    play.heard_by_client()
    play.heard_by_server()
    play.lost().connected()
    assert play.heard_by_server() == [listen("listen-1")]
    assert play.heard_by_client() == [
        of_subscription("listen-1", "notifications/tools/list_changed")
    ]
    news = of_subscription("listen-1", "notifications/tools/list_changed")
    play.server(acknowledged, news)
    assert play.heard_by_client() == [news]


def test_a_subscription_made_while_the_server_is_away_opens_at_once() -> None:
    play = Play().client(listen("listen-1"))
    (opened,) = play.heard_by_client()
    assert opened["method"] == "notifications/subscriptions/acknowledged"
    assert opened["params"]["notifications"] == {"toolsListChanged": True}
    play.connected()
    assert play.heard_by_server() == [listen("listen-1")]


def test_a_cancelled_subscription_is_not_opened_again() -> None:
    play = Play().connected().client(listen("a"))
    play.client(notification("notifications/cancelled", requestId="a"))
    play.heard_by_server()
    play.lost().connected()
    assert play.heard_by_server() == []


def test_a_server_that_stops_in_good_order_does_not_end_a_subscription() -> None:
    play = Play().connected().client(listen("a")).server(result("a"))
    assert play.heard_by_client() == []
    play.heard_by_server()
    play.lost().connected()
    assert play.heard_by_server() == [listen("a")]


def test_a_subscription_that_the_server_ends_while_it_stays_is_over() -> None:
    play = Play().connected().client(listen("a")).server(result("a"))
    play.session.expire(play.now)
    assert play.session.is_waiting
    play.session.expire(play.now + 10)
    assert play.heard_by_client() == [result("a")]
    assert not play.session.is_waiting
    play.heard_by_server()
    play.lost().connected()
    assert play.heard_by_server() == []


def test_a_refused_subscription_is_told_at_once() -> None:
    refusal = {"jsonrpc": "2.0", "id": "a", "error": {"code": -32603, "message": "No."}}
    play = Play().connected().client(listen("a")).server(refusal)
    assert play.heard_by_client() == [refusal]
    play.heard_by_server()
    play.lost().connected()
    assert play.heard_by_server() == []


def test_a_switched_off_server_refuses_calls_in_the_apps_words_and_still_lists_tools() -> None:
    play = Play().greeted().client(call(1, "find")).lost()
    play.session.refuse("The tracker is switched off.")
    play.client(call(2, "save"), request(3, "tools/list"))
    heard = play.heard_by_client()
    assert codes(heard) == [(1, AWAY), (2, AWAY)]
    assert {m["error"]["message"] for m in heard[:2]} == {"The tracker is switched off."}
    assert heard[2] == result(3, **CACHED["tools"])
    play.session.refuse("")
    play.client(call(4, "save")).connected().server(result("lou-1"))
    assert call(4, "save") in play.heard_by_server()


def test_nobody_waits_for_ever() -> None:
    play = Play().greeted().lost().client(call(1, "save"))
    play.now += LONGEST_HOLD_S - 1
    play.client(call(2, "save"))
    play.session.expire(play.now)
    assert play.heard_by_client() == []
    play.now += 1
    play.session.expire(play.now)
    assert codes(play.heard_by_client()) == [(1, AWAY)]


def test_a_handshake_that_was_refused_may_be_tried_again() -> None:
    play = Play(None)
    play.session.refuse("No such server.")
    assert codes(play.client(INITIALIZE).heard_by_client()) == [(0, AWAY)]
    play.connected().client(INITIALIZE).server(GREETED)
    assert play.heard_by_client() == [GREETED]


def test_a_call_that_the_client_cancelled_is_neither_answered_nor_sent() -> None:
    play = Play().greeted().lost()
    play.client(call(1, "save"), notification("notifications/cancelled", requestId=1))
    play.connected().server(result("lou-1"))
    assert call(1, "save") not in play.heard_by_server()
    assert play.heard_by_client() == [CHANGED]


def test_a_cancelled_call_in_flight_is_not_failed_when_the_server_dies() -> None:
    play = Play().greeted().client(call(1, "save"))
    play.client(notification("notifications/cancelled", requestId=1)).lost()
    assert play.heard_by_client() == []


def test_an_answer_to_a_dead_servers_question_reaches_no_other_server() -> None:
    play = Play().greeted().server(request(1, "roots/list")).lost().connected()
    play.server(result("lou-1"))
    play.heard_by_server()
    play.client(result(1, roots=[]))
    assert play.heard_by_server() == []
    play.server(request(1, "roots/list")).client(result(1, roots=["new"]))
    assert play.heard_by_server() == [result(1, roots=["new"])]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"junk\n", (None, -32700)),
        (b"\xff\xfe\n", (None, -32700)),
        (b"[" * 100_000 + b"\n", (None, -32700)),
        (b'{"id":' + b"9" * 5000 + b"}\n", (None, -32700)),
        (b'"text"\n', (None, -32700)),
        (b"{}\n", (None, -32600)),
        (b'{"id":4}\n', (4, -32600)),
        (b'{"id":[1],"method":"ping"}\n', (None, -32600)),
        (b'{"id":true,"method":"ping"}\n', (None, -32600)),
        (b'[1,{"id":5}]\n', (None, -32600)),
    ],
)
def test_what_is_no_message_is_answered_while_away(line: bytes, answer: tuple[object, int]) -> None:
    heard = Play().client(line).heard_by_client()
    assert codes(heard)[0] == answer


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"\r\n",
        b'{"jsonrpc":"2.0","method":"notifications/progress"}\n',
        b'{"jsonrpc":"2.0","id":9,"result":{}}\n',
        b'{"jsonrpc":"2.0","method":"subscriptions/listen"}\n',
        b'{"jsonrpc":"2.0","method":"initialize"}\n',
    ],
)
def test_what_wants_no_answer_gets_none_while_away(line: bytes) -> None:
    play = Play().client(line)
    assert play.heard_by_client() == []
    assert not play.session.is_waiting


@pytest.mark.parametrize("id_", [0, -1, 1.5, 2.0, "", "a"])
def test_a_request_is_answered_whatever_its_id_while_away(id_: object) -> None:
    line = json.dumps({"jsonrpc": "2.0", "id": id_, "method": "ping"}).encode() + b"\n"
    assert Play().client(line).heard_by_client() == [result(id_)]
    refused = Play().client(line.replace(b"ping", b"tools/call"))
    refused.session.refuse("no")
    assert codes(refused.heard_by_client()) == [(id_, -32010)]


def test_a_batch_is_answered_message_by_message_while_away() -> None:
    batch = b'[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]\n'
    assert Play().client(batch).heard_by_client() == [result(1), result(2)]


@pytest.mark.parametrize(
    "line",
    [
        b'[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]\n',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"n":NaN}}}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"n":-Infinity}}}\n',
    ],
)
def test_nobody_waits_for_answers_to_a_line_that_the_server_refuses_whole(line: bytes) -> None:
    play = Play().greeted().client(line)
    play.server({"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no"}})
    assert codes(play.heard_by_client()) == [(None, -32600)]
    assert play.session.is_idle


def test_what_is_held_is_bounded() -> None:
    play = Play()
    big = request(1, "tools/call", name="save", text="x" * (3 << 20))
    play.client(big, {**big, "id": 2})
    assert codes(play.heard_by_client()) == [(2, AWAY)]


def test_a_long_line_is_refused_to_the_call_that_sent_it() -> None:
    play = Play().greeted()
    play.session.dropped(3, 17 << 20, by_client=True)
    play.session.dropped(None, 17 << 20, by_client=True)
    assert codes(play.heard_by_client()) == [(3, -32600), (None, -32600)]


def test_an_answer_that_is_too_long_fails_its_call() -> None:
    play = Play().greeted().client(call(1, "find"))
    play.session.dropped(1, 17 << 20, by_client=False)
    assert codes(play.heard_by_client()) == [(1, AWAY)]
    assert play.session.is_idle
