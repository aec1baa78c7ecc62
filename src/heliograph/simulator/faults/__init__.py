"""Faults, each an object that is asked at its place: before a request, on a push, on a connection, in a difference.

``rpc`` refuses, delays and swallows requests, ``pushes`` changes what is delivered live, ``connections`` turns on
sockets, sessions, keys and the server's clock, ``boxes`` on the logs behind differences, ``files`` on downloads.
``Faults`` holds the active ones; ``KINDS`` names every kind for the control API.
"""

from heliograph.simulator.faults.boxes import PtsStyle, TooLong
from heliograph.simulator.faults.registry import KINDS, Faults
from heliograph.simulator.faults.rpc import NEVER
from heliograph.simulator.faults.stage import NoStage

__all__ = ["KINDS", "NEVER", "Faults", "NoStage", "PtsStyle", "TooLong"]
