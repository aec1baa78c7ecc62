"""Random schedules of faults against what must hold, on three levels; run it with ``make chaos``."""
