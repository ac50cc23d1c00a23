"""Tell regular expressions that can hang from those that cannot.

Python's engine tries every way in which an expression can match. Where a part that is repeated can
match the same words in two ways, ``(?:a+)+`` or ``(?:安全|安全生产|生产)*``, a sentence of n such
words has 2ⁿ ways. Such an expression is found before it meets a text, whatever the machine and
without a clock, so that a score stays the same everywhere: the body of each repetition becomes an
automaton of its characters (Glushkov's construction), and two walks through it that part and
meet again over the same words are the mistake.

Not looked for: expressions that need the square or the cube of a sentence's length (``.*a.*b``).
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["repeats_ambiguously"]

# The parser of the re module; it stood in a module of its own before Python 3.11.
_parser: Any = getattr(re, "_parser", None) or importlib.import_module("sre_parse")

_FEW = 3  # repetitions that are written out; more count as any number
_MAX_STEPS = 300_000  # pairs of places; an expression that needs more is let pass
# Stand-ins for all characters that an expression does not name, one per category.
_SAMPLES = "\n 5x_。龘"


@dataclass
class _Automaton:
    """Places of an expression, each a set of characters, and the ways between them.

    All count ways: two ways from one place to the next, or two of matching nothing before a
    place, are an ambiguity by themselves. ``empty`` counts the ways of matching nothing.
    """

    empty: int
    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)
    follow: Counter[tuple[int, int]] = field(default_factory=Counter)

    def then(self, other: _Automaton) -> _Automaton:
        return _Automaton(
            self.empty * other.empty,
            self.first + _times(self.empty, other.first),
            other.last + _times(other.empty, self.last),
            self.follow + other.follow + _ways(self.last, other.first),
        )

    def either(self, other: _Automaton) -> _Automaton:
        return _Automaton(
            self.empty + other.empty,
            self.first + other.first,
            self.last + other.last,
            self.follow + other.follow,
        )

    def repeated(self) -> _Automaton:
        looped = self.follow + _ways(self.last, self.first)
        return _Automaton(1, self.first, self.last, looped)


def _times(factor: int, ways: Counter[int]) -> Counter[int]:
    return Counter({place: factor * n for place, n in ways.items() if factor})


def _ways(ends: Counter[int], starts: Counter[int]) -> Counter[tuple[int, int]]:
    return Counter({(p, q): n * m for p, n in ends.items() for q, m in starts.items()})


def repeats_ambiguously(expression: str) -> bool:
    """Whether some repetition in ``expression`` can match the same words in several ways.

    Raises:
        re.error: it is not a regular expression.
        OverflowError: it asks for more repetitions than Python counts.

    >>> repeats_ambiguously("(?:[^。]+、?)+整改"), repeats_ambiguously("(?:[^。、]+、)+整改")
    (True, False)
    """
    tree = _parser.parse(expression)
    alphabet = _alphabet(tree)
    return any(_Reader(alphabet).is_ambiguous(body) for body in _bodies(tree))


def _nodes(tree: Any) -> Iterator[tuple[str, Any]]:
    """Every node below ``tree`` as (name of its operation, arguments), outermost first."""
    for op, argument in tree:
        yield str(op), argument
        for part in _parts(str(op), argument):
            yield from _nodes(part)


def _parts(op: str, argument: Any) -> Sequence[Any]:
    """The expressions inside a node."""
    if op == "BRANCH":
        return tuple(argument[1])
    if op == "ATOMIC_GROUP":
        return (argument,)
    if op.endswith("_REPEAT") or op in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
        return (argument[-1],)
    if op == "GROUPREF_EXISTS":
        return tuple(part for part in argument[1:] if part is not None)
    return ()


def _bodies(tree: Any) -> Iterator[Any]:
    """What is repeated more than a few times and is more than one character."""
    for op, argument in _nodes(tree):
        if op in ("MAX_REPEAT", "MIN_REPEAT"):
            _, most, body = argument
            if int(most) > _FEW and not (len(body) == 1 and str(body[0][0]) in _CHARACTERS):
                yield body


_CHARACTERS = ("LITERAL", "NOT_LITERAL", "ANY", "IN")


def _alphabet(tree: Any) -> str:
    """Characters that tell apart all sets of characters in an expression."""
    points = set(map(ord, _SAMPLES))
    for op, argument in _nodes(tree):
        for name, value in argument if op == "IN" else ((op, argument),):
            if str(name) in ("LITERAL", "NOT_LITERAL"):
                points.add(int(value))
            elif str(name) == "RANGE":
                points.update((value[0] - 1, *value, value[1] + 1))
    cased = "".join(chr(point) for point in points if 0 <= point <= 0x10FFFF)
    return "".join(sorted({*cased, *cased.lower(), *cased.upper()}))


class _Reader:
    """Makes an automaton of one body; ``sets`` holds the characters of each place."""

    def __init__(self, alphabet: str) -> None:
        self._alphabet = alphabet
        self._sets: list[frozenset[str]] = []

    def is_ambiguous(self, body: Any) -> bool:
        follow = self._sequence(body).repeated().follow
        if any(ways > 1 for ways in follow.values()):
            return True
        following: dict[int, list[int]] = {}
        for before, after in follow:
            following.setdefault(before, []).append(after)
        # Two walks side by side, in step: from one place, apart, and to one place again.
        waiting = [(place, place) for place in following]
        seen = set(waiting)
        while waiting and len(seen) < _MAX_STEPS:
            one, other = waiting.pop()
            for p in following[one]:
                for q in following[other]:
                    if self._sets[p].isdisjoint(self._sets[q]):
                        continue
                    if p == q and one != other:
                        return True
                    if (p, q) not in seen:
                        seen.add((p, q))
                        waiting.append((p, q))
        return False

    def _sequence(self, tree: Any) -> _Automaton:
        whole = _Automaton(1)
        for op, argument in tree:
            whole = whole.then(self._node(str(op), argument))
        return whole

    def _node(self, op: str, argument: Any) -> _Automaton:
        if op in _CHARACTERS:
            return self._place(op, argument)
        if op.endswith("_REPEAT"):
            return self._repeat(*argument)
        if op in ("BRANCH", "GROUPREF_EXISTS"):
            first, *others = map(self._sequence, _parts(op, argument))
            for other in others:
                first = first.either(other)
            return first
        if op in ("SUBPATTERN", "ATOMIC_GROUP"):
            return self._sequence(_parts(op, argument)[0])
        return _Automaton(1)  # positions, looks ahead and back, references: no character

    def _repeat(self, least: int, most: Any, body: Any) -> _Automaton:
        rest = _Automaton(1)
        if int(most) > _FEW:
            rest = self._sequence(body).repeated() if most != least else rest
        else:
            for _ in range(int(most) - int(least)):  # from the inside: (x(x)?)?
                more = self._sequence(body).then(rest)
                rest = _Automaton(1 + more.empty, more.first, more.last, more.follow)
        for _ in range(min(int(least), _FEW)):
            rest = self._sequence(body).then(rest)
        return rest

    def _place(self, op: str, argument: Any) -> _Automaton:
        self._sets.append(frozenset(filter(_membership(op, argument), self._alphabet)))
        here = Counter([len(self._sets) - 1])
        return _Automaton(0, here, here)


_CATEGORIES = {
    "DIGIT": re.compile(r"\d"),
    "SPACE": re.compile(r"\s"),
    "WORD": re.compile(r"\w"),
}


def _membership(op: str, argument: Any) -> Any:
    """A test for one character, true for those that the node matches."""
    items = argument if op == "IN" else ((op, argument),)
    names = [(str(name), value) for name, value in items]
    negated = names[0][0] == "NEGATE"
    return lambda c: any(_holds(c, *item) for item in names[negated:]) != negated


def _holds(character: str, op: str, value: Any) -> bool:
    if op in (
        "LITERAL",
        "NOT_LITERAL",
    ):  # as with the flag (?i), which is dear only where it is given
        same = character.lower() == chr(value).lower()
        return same == (op == "LITERAL")
    if op == "RANGE":
        return bool(value[0] <= ord(character) <= value[1])
    if op == "CATEGORY":
        _, *negation, name = str(value).split("_")  # CATEGORY_DIGIT, CATEGORY_NOT_DIGIT
        return (_CATEGORIES[name].match(character) is not None) != bool(negation)
    return character != "\n"  # ANY
