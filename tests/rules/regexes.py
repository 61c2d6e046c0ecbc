"""Every regular expression of the code, and the texts that would cost each of them most."""

from __future__ import annotations

import ast
import importlib
import itertools
import random
import re
import re._constants as ops
import re._parser as parser
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
USES = {"search", "sub", "subn", "split", "findall", "finditer", "match", "fullmatch"}
ANCHORED = {"match", "fullmatch"}


@dataclass(frozen=True)
class Found:
    """One expression; `anchored` when it is never looked for behind the beginning."""

    where: str
    pattern: re.Pattern[Any]
    anchored: bool


def calls() -> Iterator[tuple[Path, ast.Call, bool]]:
    """Every call of `re`, and whether it runs when its module is imported."""
    for path in sorted((*ROOT.glob("app/**/*.py"), *ROOT.glob("servers/**/*.py"))):
        tree = ast.parse(path.read_text())
        inside = {
            id(node)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for node in ast.walk(function)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr in USES | {"compile"}
            ):
                yield path, node, id(node) not in inside


def constants() -> list[Found]:
    """Those written in a call itself, within functions."""
    return [
        Found(f"{path.relative_to(ROOT)}:{call.lineno}", re.compile(call.args[0].value, flags),
              _attr(call) in ANCHORED)
        for path, call, on_import in calls()
        if not on_import and isinstance(call.args[0], ast.Constant)
        for flags in (_flags(call),)
    ]  # fmt: skip


def computed() -> set[str]:
    """The files with expressions that are put together while the program runs."""
    return {
        str(path.relative_to(ROOT))
        for path, call, on_import in calls()
        if not on_import and not isinstance(call.args[0], ast.Constant)
    }


def of_modules() -> list[Found]:
    """Those that modules hold under a name, alone or in tables."""
    found = []
    paths = {path for path, _, on_import in calls() if on_import}
    for path in sorted(paths):
        where = path.relative_to(ROOT)
        module = importlib.import_module(".".join(where.with_suffix("").parts))
        text = path.read_text()
        for name, value in vars(module).items():
            anchored = _is_anchored(name, text)
            found += [Found(f"{where}:{name}", each, anchored) for each in _patterns(value)]
    return found


def _patterns(value: Any) -> list[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        return [value]
    if isinstance(value, dict):
        value = (*value, *value.values())
    if is_dataclass(value) and not isinstance(value, type):
        value = tuple(getattr(value, each.name, None) for each in fields(value))
    if isinstance(value, tuple | list | set | frozenset):
        return [found for each in value for found in _patterns(each)]
    return []


def _is_anchored(name: str, text: str) -> bool:
    uses = set(re.findall(rf"\b{name}\.(\w+)\(", text))
    is_passed_on = len(re.findall(rf"\b{name}\b", text)) > 1 + len(
        re.findall(rf"\b{name}\.\w+\(", text)
    )
    return bool(uses) and uses <= ANCHORED and not is_passed_on and name.startswith("_")


def _attr(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _flags(call: ast.Call) -> int:
    names = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
    return sum(getattr(re, name) for name in names & {"MULTILINE", "IGNORECASE", "DOTALL"})


def sample(tree: Any, dice: random.Random, repeats: int = 0) -> str:
    """A text that `tree` matches, as far as one can say without looking around."""
    return "".join(_one(op, given, dice, repeats) for op, given in tree)


def _one(op: Any, given: Any, dice: random.Random, repeats: int) -> str:
    if op is ops.LITERAL:
        return chr(given)
    if op is ops.NOT_LITERAL:
        return "a" if given != ord("a") else "b"
    if op is ops.ANY:
        return "x"
    if op is ops.IN:
        return _member(given, dice)
    if op is ops.BRANCH:
        return sample(dice.choice(given[1]), dice, repeats)
    if op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
        least, most, inner = given
        count = min(int(most), int(least) + repeats, 70)
        return "".join(sample(inner, dice, repeats) for _ in range(count))
    if op is ops.SUBPATTERN:
        return sample(given[3], dice, repeats)
    if op is ops.ATOMIC_GROUP:
        return sample(given, dice, repeats)
    return ""


_CATEGORIES = {
    "WORD": "a1_é",
    "DIGIT": "7",
    "SPACE": " \t\n",
    "NOT_WORD": "@-. ",
    "NOT_DIGIT": "a@ ",
    "NOT_SPACE": "a1@.",
}


def _member(given: Any, dice: random.Random) -> str:
    negated = given[0][0] is ops.NEGATE
    rows = given[1:] if negated else given
    shown = []
    for op, what in rows:
        if op is ops.LITERAL:
            shown.append(chr(what))
        elif op is ops.RANGE:
            shown.append(chr(dice.choice((what[0], what[1]))))
        elif op is ops.CATEGORY:
            shown += _CATEGORIES.get(str(what).removeprefix("CATEGORY_"), "x")
    if not negated:
        return dice.choice(shown)
    return next(one for one in "a1 -.é@:/\n" if not re.match(_class(given), one)) if (
        any(not re.match(_class(given), one) for one in "a1 -.é@:/\n")
    ) else "\u4e00"  # fmt: skip


def _class(given: Any) -> str:
    parts = []
    for op, what in given[1:]:
        if op is ops.LITERAL:
            parts.append(re.escape(chr(what)))
        elif op is ops.RANGE:
            parts.append(f"{re.escape(chr(what[0]))}-{re.escape(chr(what[1]))}")
        elif op is ops.CATEGORY:
            name = str(what)
            letter = {"WORD": "w", "DIGIT": "d", "SPACE": "s"}[name.rpartition("_")[2]]
            parts.append(f"\\{letter.upper() if '_NOT_' in name else letter}")
    return f"[{''.join(parts)}]"


def repeats_of(tree: Any) -> Iterator[Any]:
    """What is repeated in `tree`, outermost first, and each alternative."""
    for op, given in tree:
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            yield given[2]
            yield from repeats_of(given[2])
        elif op is ops.SUBPATTERN:
            yield from repeats_of(given[3])
        elif op is ops.BRANCH:
            for one in given[1]:
                yield one
                yield from repeats_of(one)
        elif op in (ops.ASSERT, ops.ASSERT_NOT):
            yield from repeats_of(given[1])
        elif op is ops.ATOMIC_GROUP:
            yield from repeats_of(given)


ENDS = ("", "\0!")
_TURNS = 6


def units(pattern: re.Pattern[Any]) -> tuple[list[str], list[str]]:
    """What to repeat, and what to begin with, so that much matches and the end does not."""
    text = pattern.pattern
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    tree = parser.parse(text, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes)
                        else pattern.flags)  # fmt: skip
    dice = random.Random(repr(text))
    parts = [tree, *itertools.islice(repeats_of(tree), 10)]
    found = {sample(part, dice, more) for part in parts for more in (0, 1, 3)}
    whole = [sample(tree, dice, more) for more in (0, 1, 2, 3, 4)]
    found |= {one[: len(one) * share // 4] for one in whole for share in (1, 2, 3)}
    found |= {one[:-1] for one in whole}
    begins = ["", *sorted({one[: max(1, len(one) // 2)] for one in whole if one})[:1]]
    return sorted(one for one in found if one)[:12], begins


def candidates(found: Found, size: int) -> Iterator[Any]:
    """Texts of `size` characters that are bad for the expression, if any are."""
    repeated, begins = units(found.pattern)
    for unit in repeated:
        body = unit * (size // len(unit) + 1)
        for begin in begins:
            for end in ENDS if begin == "" else ENDS[1:]:
                text = (begin + body)[: size - len(end)] + end
                yield (
                    text.encode("latin-1", "replace")
                    if isinstance(found.pattern.pattern, bytes)
                    else text
                )


def used(found: Found) -> Callable[[Any], object]:
    """The dearest way in which it is used."""
    if found.anchored:
        return lambda text: (found.pattern.match(text), found.pattern.fullmatch(text))
    return lambda text: sum(1 for _ in found.pattern.finditer(text))


def spent(work: Callable[[Any], object], text: Any, times: int = 1) -> float:
    """Seconds of this thread's own time, the least of `times`."""
    best = float("inf")
    for _ in range(times):
        began = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - began)
    return best


def grows_more(work: Callable[[Any], object], less: Any, more: Any,
               factor: float, quick: float) -> tuple[float, float] | None:  # fmt: skip
    """The seconds for `less` and `more` when `more` takes over `factor` times as long, else None.

    A time below a quarter of `quick` counts as that. Both take turns, and what else the machine
    does is waited out: only a text that is slow each time is slow.
    """
    of_less = of_more = float("inf")
    for _ in range(_TURNS):
        of_less = min(of_less, spent(work, less, 2))
        of_more = min(of_more, spent(work, more))
        if of_more <= factor * max(of_less, quick / 4):
            return None
    return of_less, of_more


def is_linear(work: Callable[[Any], object], texts: Callable[[int], Iterator[Any]],
              size: int, quick: float) -> tuple[bool, float, Any]:  # fmt: skip
    """Whether twice the text takes about twice the time; the worst time and its text."""
    worst, worst_text = 0.0, ""
    for small, half, whole in zip(texts(size // 16), texts(size // 2), texts(size), strict=True):
        if spent(work, small) > quick and (took := spent(work, small, 3)) > quick:
            return False, took, small[:60]
        took = spent(work, whole)
        if took > quick:
            took = min(took, spent(work, whole, 3))
            if took > quick and grows_more(work, half, whole, 3.2, quick):
                return False, took, whole[:60]
        if took > worst:
            worst, worst_text = took, whole[:60]
    return True, worst, worst_text
