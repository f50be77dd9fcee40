"""`motcua worker`: one background worker."""


def worker() -> None:
    """Run a worker: partners' ledger, inbox, signature checks, sweeps. Any number may run."""
    from app.worker import main  # noqa: PLC0415  (slow to import; other commands do without)

    main()
