"""Stand-ins of the partners: strict on contract, with a memory of their own, faulty on demand."""
