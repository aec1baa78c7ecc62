"""``python -m bench [NAME…]``: measure, print the table, write bench/results.json.

``--long`` adds the outage of five minutes, which a full run has anyway. ``python -m bench reliability [SCENARIO…]``
plays the scenarios of docs/reliability.md and, when it was all of them, writes its table.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable

from bench import backfill, exchange_in, exchange_out, flood, gaps, live, outage, reliability, results, simulator
from heliograph import log

CASES: dict[str, Callable[[], Awaitable[list[results.Result]]]] = {
    "backfill": backfill.run,
    "latency": live.latency,
    "rate": live.rate,
    "memory": live.memory,
    "simulator": simulator.run,
    "flood_efficiency": flood.run,
    "gap_live": gaps.live,
    "gap_silent": gaps.silent,
    "restart": gaps.restart,
    "outage": outage.run,
    "import": exchange_in.rate,
    "import_memory": exchange_in.memory,
    "export": exchange_out.run,
}
LONG = {"outage": outage.run_long}


async def main(names: list[str], *, is_long: bool) -> None:
    """Run the named cases, all of them by default, the long ones where asked."""
    cases = CASES | LONG if is_long or not names else CASES
    measured = []
    for name in names or cases:
        print(f"measuring {name} …", file=sys.stderr)
        measured += await cases[name]()
    results.show(measured)
    if not names:
        results.write(measured)


def _check(given: set[str], known: Iterable[str], what: str) -> None:
    if unknown := given - set(known):
        sys.exit(f"There is no {what} {', '.join(sorted(unknown))}; there are {', '.join(known)}.")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    log.setup(level="warning")
    if arguments[:1] == ["reliability"]:
        _check(set(arguments[1:]), [scenario.name for scenario in reliability.SCENARIOS], "scenario")
        asyncio.run(reliability.main(arguments[1:]))
    else:
        chosen = [name for name in arguments if name != "--long"]
        _check(set(chosen), CASES, "benchmark")
        asyncio.run(main(chosen, is_long="--long" in arguments))
