"""Waiting for whatever comes first."""

import asyncio
from collections.abc import Awaitable

__all__ = ["first_of"]


async def first_of(*awaitables: Awaitable[object]) -> None:
    """Return when one of them is done, and cancel the others; raises what it raised."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
