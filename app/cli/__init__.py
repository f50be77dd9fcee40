"""The `motcua` command, one module per subcommand."""

import typer

from app.cli.annex import annex
from app.cli.demo import demo
from app.cli.due import due
from app.cli.figures import figures
from app.cli.migrate import migrate
from app.cli.mocks import mocks
from app.cli.replay import replay
from app.cli.serve import serve
from app.cli.token import token
from app.cli.up import up
from app.cli.verify_signature import verify_signature
from app.cli.worker import worker

_app = typer.Typer(
    name="motcua",
    help="Một cửa điện tử: the province's electronic one-stop desk.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _command in (up, serve, worker, mocks, migrate, replay, annex, due, demo, token):
    _app.command()(_command)
_app.command("verify-signature")(verify_signature)
_app.add_typer(figures)


def main() -> None:
    _app()
