"""An index of the words that stand in polls, lists of tasks and actions."""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL file beside this one, on the driver's connection, since SQLAlchemy would read % as its own."""
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(Path(__file__).with_suffix(".sql").read_text("utf-8"))


def downgrade() -> None:
    """Refuse: restoring a backup is how this is undone."""
    raise NotImplementedError("restore a backup instead")
