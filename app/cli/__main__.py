"""`python -m app.cli` is `motcua`, and ends with the process that started it."""

from app.cli import main
from app.cli.parent import end_with_parent

if __name__ == "__main__":
    end_with_parent()
    main()
