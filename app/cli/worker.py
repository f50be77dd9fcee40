"""`motcua worker`: one background worker."""


def worker() -> None:
    """Run a worker: partners' ledger, inbox, signature checks, sweeps. Any number may run."""
    from app.cli.database import named  # noqa: PLC0415  (slow to import; other commands do without)
    from app.cli.reading import settings_of  # noqa: PLC0415
    from app.worker import work  # noqa: PLC0415

    with named(settings_of()) as settings:
        work(settings)
