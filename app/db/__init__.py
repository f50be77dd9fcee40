"""Tables and constraints by aggregate, shared read queries, the embedded server."""
