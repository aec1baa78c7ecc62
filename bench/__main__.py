"""``python -m bench [NAME…]``: measure, print the table, write bench/results.json."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from bench import backfill, flood, live, results, simulator
from heliograph import log

CASES: dict[str, Callable[[], Awaitable[list[results.Result]]]] = {
    "backfill": backfill.run,
    "latency": live.latency,
    "rate": live.rate,
    "memory": live.memory,
    "simulator": simulator.run,
    "flood_efficiency": flood.run,
}


async def main(names: list[str]) -> None:
    """Run the named cases, all of them by default."""
    measured = []
    for name in names or CASES:
        print(f"measuring {name} …", file=sys.stderr)
        measured += await CASES[name]()
    results.show(measured)
    if not names:
        results.write(measured)


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(CASES)
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(CASES)}.")
    log.setup(level="warning")
    asyncio.run(main(sys.argv[1:]))
