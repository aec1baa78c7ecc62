"""Queued and scheduled work, and the exports that people ask for."""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL files beside this one, on the driver's connection, since SQLAlchemy would read % as its own."""
    driver: Any = op.get_bind().connection.driver_connection
    for name in ("0006_procrastinate.sql", "0006_jobs.sql"):
        driver.execute(Path(__file__).with_name(name).read_text("utf-8"))


def downgrade() -> None:
    """Refuse: restoring a backup is how this is undone."""
    raise NotImplementedError("restore a backup instead")
