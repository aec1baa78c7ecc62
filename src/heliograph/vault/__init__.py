"""Encryption of session keys at rest."""
