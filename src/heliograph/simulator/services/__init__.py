"""Answers to requests, one module per TL namespace."""
