"""Runs migrations on the connection that `app.db.migrate` hands over, or as SQL for the linter."""

from alembic import context

from app.db.schema import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    context.configure(dialect_name="postgresql", target_metadata=metadata, as_sql=True)
else:
    context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
