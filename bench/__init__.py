"""Measurements: each prints one table and keeps it in docs/measurements.md. Never part of tests."""
