"""PostgreSQL: all SQL, the migrations, the one write transaction, and the private server."""
