"""One module per partner: its client, its wire codes, its two errors."""
