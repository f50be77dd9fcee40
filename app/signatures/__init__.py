"""The room that checks and makes digital signatures (chữ ký số) on documents.

Importing it loads nothing: `sandbox.check` is the entrance for files from outside, and only its
child process loads the parsers. Nothing here reads the network or the system clock.
"""
