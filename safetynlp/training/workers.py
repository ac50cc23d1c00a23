"""Several processes that train one model together, and the device each computes on.

``torchrun`` and ``accelerate launch`` start the same command once for each device and tell the
processes about each other in environment variables (RANK, WORLD_SIZE, MASTER_ADDR, …). Without
those there is one process, and everything here does nothing.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = ["Workers", "workers"]

# The others wait while the first validates, probes or writes.
_TIMEOUT = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Workers:
    """Which of the processes that train together this one is."""

    rank: int  # from 0
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that logs, validates and writes files."""
        return self.rank == 0

    def autocast(self, mixed: bool) -> AbstractContextManager[object]:
        """16-bit arithmetic where ``mixed``, else nothing."""
        return torch.autocast(self.device.type, self.half_type, enabled=mixed)

    @property
    def half_type(self) -> torch.dtype:
        """bfloat16; float16 on a GPU that lacks it."""
        if self.device.type == "cuda" and not torch.cuda.is_bf16_supported():
            return torch.float16
        return torch.bfloat16

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Give all processes the first one's values, in place."""
        if self.count > 1:
            for tensor in tensors:
                there = tensor.detach().to(self.device)
                dist.broadcast(there, 0)
                tensor.detach().copy_(there)

    def shared(self, numbers: Iterable[float]) -> list[float]:
        """The first process's numbers; the others give as many, of any value."""
        tensor = torch.tensor(list(numbers), dtype=torch.float64)
        self.share([tensor])
        return [float(value) for value in tensor]

    def summed(self, *numbers: float) -> list[float]:
        """Sum over the processes of each number."""
        if self.count == 1:
            return list(numbers)
        tensor = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor)
        return [float(value) for value in tensor]


def workers() -> Workers:
    """The processes of this run; the first call makes them known to each other."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    device = _device(int(os.environ.get("LOCAL_RANK", "0")))
    if count == 1:
        return Workers(0, 1, device)
    if not dist.is_initialized():
        if device.type == "cuda":
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_TIMEOUT)
        atexit.register(_leave)
    return Workers(dist.get_rank(), dist.get_world_size(), device)


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def _device(local_rank: int) -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda", local_rank % torch.cuda.device_count())
    if torch.backends.mps.is_available() and "WORLD_SIZE" not in os.environ:
        return torch.device("mps")
    return torch.device("cpu")
