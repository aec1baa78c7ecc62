"""Telegram on loopback: real MTProto over TCP, a world model, faults, and the ground truth."""
