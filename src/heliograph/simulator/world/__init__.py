"""The world that the simulator serves: who exists, who is where, what was said, and in which order each box saw it."""
