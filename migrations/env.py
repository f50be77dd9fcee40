"""Runs migrations on the connection that `app.db.migrate` hands over, or as SQL for the linter."""

from alembic import context

from app.db.schema import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    context.configure(dialect_name="postgresql", target_metadata=metadata, as_sql=True)
else:
    context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    # A migration that has to wait, or takes long, gives way to the citizens instead.
    context.execute("SET LOCAL lock_timeout = '4s'")
    context.execute("SET LOCAL statement_timeout = '30s'")
    context.run_migrations()
