"""Known defects as patches, each of which some test must notice; run all of them with ``make mutants``.

A patch begins with lines of what it breaks, and one line ``Killed by: tests/… tests/…`` that names what has to notice.
A test that does not come to an end has noticed nothing, unless a line ``Hangs: …`` says why it cannot end otherwise.
"""
