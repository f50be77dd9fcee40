"""HTTP in and out, nothing else: one module per resource."""
