"""`motcua mocks`: the partners' stand-ins."""

from typing import Annotated

import typer


def mocks(
    port: Annotated[int | None, typer.Option(help="Port; default APP_PORT + 1.")] = None,
    chaos: Annotated[
        float, typer.Option(min=0, max=1, help="Share of requests that fail at random.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the random faults.")] = 0,
    delay_ms: Annotated[float, typer.Option(min=0, help="Added to every request.")] = 0.0,
) -> None:
    """Run the mocks of every partner; the mail server listens on the port after theirs."""
    import uvicorn  # noqa: PLC0415  (slow to import; other commands do without)

    from app.cli.reading import settings_of  # noqa: PLC0415
    from app.mocks.config import MockConfig  # noqa: PLC0415
    from app.mocks.server import create_app  # noqa: PLC0415

    settings = settings_of()
    listens_on = port or settings.port + 1
    config = MockConfig(
        data_dir=settings.data_dir / "mocks",
        public_url=f"http://{settings.host}:{listens_on}",
        audience=settings.identity_audience,
        portal_username=settings.portal_username,
        portal_password=settings.portal_password.get_secret_value(),
        portal_unit=settings.portal_unit,
        portal_dstcode=settings.portal_dstcode,
        portal_submission_url=f"{settings.web_url}/v1/notices/portal",
        portal_submission_secret=settings.portal_inbound_secret.get_secret_value(),
        central_client=settings.central_client,
        central_secret=settings.central_secret.get_secret_value(),
        payment_partner=settings.payment_partner,
        payment_secret=settings.payment_secret.get_secret_value(),
        payment_signature=settings.payment_signature,
        payment_confirm_url=f"{settings.web_url}/v1/notices/payment",
        lgsp_key=settings.lgsp_key,
        lgsp_secret=settings.lgsp_secret.get_secret_value(),
        lgsp_unit=settings.lgsp_unit,
        post_customer_key=settings.post_customer_key,
        post_secret_key=settings.post_secret_key.get_secret_value(),
        post_customer_code=settings.post_customer_code,
        post_agency=settings.post_agency,
        smtp_host=settings.host,
        smtp_port=listens_on + 1,
        smtp_username=settings.smtp_username,
        smtp_password=settings.smtp_password.get_secret_value(),
        sms_key=settings.sms_key,
        sms_secret=settings.sms_secret.get_secret_value(),
        sms_brandname=settings.sms_brandname,
        zalo_token=settings.zalo_token.get_secret_value(),
        chaos=chaos,
        seed=seed,
        delay_ms=delay_ms,
    )
    uvicorn.run(
        create_app(config),
        host=settings.host,
        port=listens_on,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
