"""What web and worker have in common when they are put together: settings become objects."""

from dataclasses import replace
from datetime import time, timedelta

import httpx
from sqlalchemy import Engine

from app.db.access import connect
from app.db.bell import Bell
from app.integrations.national_portal import Account, NationalPortal
from app.integrations.payment_platform import Merchant, PaymentPlatform
from app.services.desk import Desk, Partners, Rules
from app.settings import Settings


def engine_of(settings: Settings, *, pool_size: int) -> Engine:
    if settings.database_url is None:
        raise ValueError("APP_DATABASE_URL is not set; `motcua up` sets it for its children")
    return connect(settings.database_url.get_secret_value(), pool_size=pool_size)


def desk_of(settings: Settings, engine: Engine, bell: Bell | None = None) -> Desk:
    """Put together what use cases work with."""
    rules = Rules(
        payment_wait_stops_clock=settings.payment_wait_stops_clock,
        handover_cutoff=time.fromisoformat(settings.handover_cutoff),
        warn_before_minutes=settings.warn_before_hours * 60,
        escalate_before_minutes=settings.escalate_before_hours * 60,
        claim_lease=timedelta(minutes=settings.claim_lease_minutes),
        due_soon_hours=settings.due_soon_hours,
        answer_soon_hours=settings.answer_soon_hours,
        upload_limit_bytes=settings.upload_limit_mb * 1024 * 1024,
        tracking_per_minute=settings.tracking_per_minute,
    )
    partners = Partners(
        portal=NationalPortal(
            _client(settings, settings.portal),
            Account(
                settings.portal_adapter,
                settings.portal_username,
                settings.portal_password.get_secret_value(),
                settings.portal_unit,
                settings.portal_dstcode,
            ),
        ),
        payment=PaymentPlatform(
            _client(settings, settings.payment),
            Merchant(
                settings.payment_partner,
                settings.payment_secret.get_secret_value(),
                settings.payment_account,
                settings.payment_account_bank,
                settings.payment_account_name,
                settings.payment_signature,
            ),
        ),
        web_url=settings.web_url,
        link_key=settings.link_key,
        trust_dir=settings.trust_dir,
        lease_s=settings.delivery_lease_s,
    )
    desk = Desk(engine, partners, rules)
    return replace(desk, wake=bell.ring) if bell else desk


def _client(settings: Settings, base_url: str) -> httpx.Client:
    limits = httpx.Limits(max_connections=settings.delivery_threads * 2)
    return httpx.Client(
        base_url=base_url, timeout=settings.partner_timeout_s, limits=limits, trust_env=False
    )
