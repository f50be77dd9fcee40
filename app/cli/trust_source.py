"""Where the commands find the trust folder; read from the environment, as `app.settings` does."""

import os
from pathlib import Path


def default_trust_dir() -> Path:
    """Return the configured trust folder: `APP_DATA_DIR` (default `.motcua`) and `trust` below it.

    It may not exist yet: then nobody is trusted.
    """
    return Path(os.environ.get("APP_DATA_DIR") or ".motcua") / "trust"
