"""Reading settings for a command, with options that win over the environment."""

import sys
from typing import Any

from pydantic import ValidationError

from app.settings import Settings


def settings_of(**options: Any) -> Settings:  # noqa: ANN401  (each setting has its own type)
    """Return the settings; a value that cannot be read ends the command with its name."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        for fault in error.errors():
            name = "_".join(str(part) for part in fault["loc"]).upper()
            sys.stderr.write(f"motcua: APP_{name}: {fault['msg']}\n")
        raise SystemExit(2) from None
    return settings.model_copy(update={"data_dir": settings.data_dir.resolve()})
