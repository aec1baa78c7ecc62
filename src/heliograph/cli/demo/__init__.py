"""``heliograph demo``: a simulated Telegram, mirrored by the real program, and the proof that nothing is lost."""
