"""The `motcua` command, one module per subcommand."""

import typer

from app.cli.agencies import agencies
from app.cli.annex import annex
from app.cli.calendar import calendar
from app.cli.catalogue import catalogue
from app.cli.deliveries import deliveries
from app.cli.demo import demo
from app.cli.due import due
from app.cli.extract import extract
from app.cli.figures import figures
from app.cli.imports import imports
from app.cli.migrate import migrate
from app.cli.mocks import mocks
from app.cli.notices import notices
from app.cli.papers import papers
from app.cli.procedures import procedures
from app.cli.register import register
from app.cli.replay import replay
from app.cli.sample_paper import sample_paper
from app.cli.serve import serve
from app.cli.token import token
from app.cli.up import up
from app.cli.verify_signature import verify_signature
from app.cli.webhooks import webhooks
from app.cli.worker import worker

_app = typer.Typer(
    name="motcua",
    help="Một cửa điện tử: the province's electronic one-stop desk.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _command in (
    up,
    serve,
    worker,
    mocks,
    migrate,
    replay,
    annex,
    papers,
    register,
    due,
    demo,
    token,
):
    _app.command()(_command)
_app.command("sample-paper")(sample_paper)
_app.command("verify-signature")(verify_signature)
_app.add_typer(figures)
_app.add_typer(extract, name="extract")
_app.add_typer(agencies, name="agencies")
_app.add_typer(calendar, name="calendar")
_app.add_typer(catalogue, name="catalogue")
_app.add_typer(deliveries, name="deliveries")
_app.add_typer(imports)
_app.add_typer(procedures, name="procedures")
_app.command()(notices)
_app.add_typer(webhooks, name="webhooks")


def main() -> None:
    _app()
