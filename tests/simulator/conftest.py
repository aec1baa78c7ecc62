"""Fixtures of the simulator's own tests."""

from __future__ import annotations

from tests.fixtures.simulator import simulator, start_simulator

__all__ = ["simulator", "start_simulator"]
