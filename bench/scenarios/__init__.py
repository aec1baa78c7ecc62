"""Stories of faults, each played for Heliograph and for an ordinary crawler and judged by one oracle."""
