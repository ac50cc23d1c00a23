"""Ctrl-C and SIGTERM at a moment that suits: after the step under way."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupts"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Notes the first Ctrl-C or SIGTERM within its block; a second one acts at once.

    >>> with Interrupts() as interrupts:
    ...     while not interrupts.came:
    ...         step()
    ...     save()
    ...     interrupts.act()  # what the signal would have done

    Outside the main thread, where Python delivers no signals, it notes nothing.
    """

    def __init__(self) -> None:
        self._number: int | None = None
        self._before: dict[int, Any] = {}

    @property
    def came(self) -> bool:
        """Whether a signal has come."""
        return self._number is not None

    def act(self) -> None:
        """Do what the signal that came does by default: Ctrl-C raises KeyboardInterrupt.

        Where another process was told to stop and this one was not, it is as if it had been.
        """
        self._restore()
        if self._number in (None, signal.SIGINT):
            raise KeyboardInterrupt
        os.kill(os.getpid(), self._number)

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # None: set by other than Python, and not to be put back.
                if signal.getsignal(number) not in (None, signal.SIG_IGN):
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._number = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
