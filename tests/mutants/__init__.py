"""Known defects as patches, each of which some test must notice; run all of them with ``make mutants``.

A patch begins with lines of what it breaks, and one line ``Killed by: tests/… tests/…`` that names what has to notice.
"""
