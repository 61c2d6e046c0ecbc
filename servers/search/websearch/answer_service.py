"""Answers a question from the web with Anthropic. Out go the text, its citations and its price."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from servers.contract import harmless
from servers.host.redact import excerpt
from servers.host.tools import calls
from servers.outbound.cache import Cache, Made
from servers.outbound.failure import Kind, OutboundError
from servers.search import sanitize
from servers.search.providers import anthropic
from servers.search.providers.provider import at
from servers.search.websearch.provider_line import ProviderLine

_MOST_TURNS = 4
_MOST_TOKENS = 2048
_SEARCH_PRICE = 0.01
_PRICES = {
    "claude-haiku-5": (0.10, 0.50),
    "claude-haiku-4": (1.0, 5.0),
    "claude-sonnet": (2.0, 10.0),
    "claude-opus": (4.0, 20.0),
    "claude-fable": (10.0, 50.0),
}
"""US dollars for a million tokens in and out, by the beginning of the model's name."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage."""

    url: str
    title: str
    quote: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Untrusted text with its sources. `cost_usd`: 0 when cached, -1 when unknown."""

    question: str
    answer: str
    citations: list[Citation]
    model: str
    searches: int
    cost_usd: float
    complete: bool
    cached: bool
    age_s: int
    note: str
    untrusted: bool = True


class AnswerService:
    """Asks a question in as many turns as the service needs, up to a limit."""

    def __init__(self, line: ProviderLine, cache: Cache, ttl_s: Mapping[str, float]) -> None:
        self.line = line
        self._cache = cache
        self._ttl_s = ttl_s["answer"]

    async def answer(self, question: str, site: str, searches: int, deadline: float) -> Answer:
        """The answer to `question`; raises OutboundError if there is none."""

        async def make() -> Made:
            answer = await self._ask_in_turns(question, site, searches, deadline)
            return Made.of_json(asdict(answer), self._ttl_s if answer.complete else 0.0)

        model = self.line.access.options.get("model", anthropic.MODEL)
        key = f"{model}\x1f{searches}\x1f{site}\x1f{' '.join(question.split())}"
        hit = await self._cache.through("answer", key, make)
        kept = json.loads(hit.value)
        kept["citations"] = [Citation(**citation) for citation in kept["citations"]]
        answer = Answer(**kept)
        if hit.cached:
            return replace(answer, cached=True, age_s=int(hit.age_s), cost_usd=0.0)
        return answer

    async def _ask_in_turns(
        self, question: str, site: str, searches: int, deadline: float
    ) -> Answer:
        access = self.line.access
        tool = anthropic.search_tool(access, most=searches, site=site)
        messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
        turns: list[dict[str, Any]] = []
        for turn in range(_MOST_TURNS):
            await calls.progress(turn, message="Asking Anthropic to search and answer")
            request = anthropic.message_request(access, messages, tool, most_tokens=_MOST_TOKENS)
            message = await self.line.exchange(request, anthropic.read_message, deadline)
            turns.append(message)
            if message.get("stop_reason") != "pause_turn":
                break
            messages.append({"role": "assistant", "content": message["content"]})
        return _answer(question, turns)


def _answer(question: str, turns: list[dict[str, Any]]) -> Answer:
    content = [block for turn in turns for block in turn["content"]]
    reason = str(turns[-1].get("stop_reason"))
    text = "".join(_text(block) for block in content if at(block, "type") == "text")
    if reason == "refusal" or not text.strip():
        raise OutboundError(Kind.UPSTREAM, f"it gave no answer (stop_reason {excerpt(reason, 40)})")
    model = sanitize.line(turns[-1].get("model"), 60)
    searches = sum(_count(turn, "server_tool_use", "web_search_requests") for turn in turns)
    return Answer(
        question=question,
        answer=sanitize.passive(text).strip(),
        citations=_citations(content),
        model=model,
        searches=searches,
        cost_usd=_cost(model, turns, searches),
        complete=reason in {"end_turn", "stop_sequence"},
        cached=False,
        age_s=0,
        note="" if reason in {"end_turn", "stop_sequence"} else f"Not complete: {reason}.",
    )


def _text(block: dict[str, Any]) -> str:
    text = block.get("text")
    return text if isinstance(text, str) else ""


def _citations(content: list[Any]) -> list[Citation]:
    found: dict[tuple[str, str], Citation] = {}
    for cited in anthropic.citations(content):
        quote = sanitize.line(cited.get("cited_text"), 200)
        url = harmless.visible(str(cited["url"]))
        found[url, quote] = Citation(url, sanitize.line(cited.get("title"), 200), quote)
    return list(found.values())


def _cost(model: str, turns: list[dict[str, Any]], searches: int) -> float:
    price = next((both for start, both in _PRICES.items() if model.startswith(start)), None)
    if price is None:
        return -1.0
    taken = sum(_count(turn, "input_tokens") for turn in turns)
    given = sum(_count(turn, "output_tokens") for turn in turns)
    tokens = (taken * price[0] + given * price[1]) / 1_000_000
    return round(tokens + searches * _SEARCH_PRICE, 5)


def _count(turn: dict[str, Any], *path: str) -> int:
    found = at(turn, "usage", *path)
    return found if isinstance(found, int) else 0
