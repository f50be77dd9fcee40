"""`motcua token`: a token of the identity mock for a developer."""

from typing import Annotated

import typer

from app.settings import Settings

CITIZEN = ("025099000001", "Trần Thị Mẫu")
_STAFF_NAMES = {
    "receptionist": "Nguyễn Văn Tiếp",
    "officer": "Lê Thị Thụ",
    "approver": "Phạm Văn Duyệt",
    "analyst": "Hoàng Thị Tổng",
    "administrator": "Đỗ Văn Quản",
    "partner": "Hệ thống đối tác mẫu",
}


def token(
    role: Annotated[
        str,
        typer.Option(help="applicant, receptionist, officer, approver, analyst, administrator."),
    ],
    agency: Annotated[str | None, typer.Option(help="Of staff, e.g. H44.10.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Account; of a citizen the 12-digit number.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the person.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=8760, help="Valid for so long.")] = 12,
) -> None:
    """Print a token of the identity mock, ready for `Authorization: Bearer`."""
    from app.cli.reading import settings_of  # noqa: PLC0415  (slow to import)

    try:
        typer.echo(make(settings_of(), role, agency, subject, name, hours))
    except (ValueError, OSError) as error:
        typer.echo(f"motcua: {error}", err=True)
        raise typer.Exit(2) from None


def make(
    settings: Settings,
    role: str,
    agency: str | None = None,
    subject: str | None = None,
    name: str | None = None,
    hours: float = 12,
) -> str:
    """Return a token as `motcua token` prints it; ValueError for what cannot be."""
    from app.mocks.identity_tokens import issue_token  # noqa: PLC0415  (slow to import)

    is_applicant = role == "applicant"
    default_subject = CITIZEN[0] if is_applicant else f"{role}@{agency or 'partner'}"
    default_name = CITIZEN[1] if is_applicant else _STAFF_NAMES.get(role, role)
    return issue_token(
        settings.data_dir / "mocks",
        issuer=settings.issuer,
        audience=settings.identity_audience,
        role=role,
        subject=subject or default_subject,
        name=name or default_name,
        agency=agency,
        lifetime_s=hours * 3600,
    )
