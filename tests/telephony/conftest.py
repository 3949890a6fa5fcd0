"""Modules whose tests run in virtual time say so by `event_loop = VirtualTime`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest


def pytest_asyncio_loop_factories(item: pytest.Function) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"loop": getattr(item.module, "event_loop", asyncio.new_event_loop)}
