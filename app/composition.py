"""What web and worker have in common when they are put together: settings become objects."""

from dataclasses import replace
from datetime import time, timedelta

import httpx
from sqlalchemy import Engine

from app.db.access import connect
from app.db.bell import Bell
from app.integrations.lgsp import Lgsp, Subscription
from app.integrations.national_portal import Account, NationalPortal
from app.integrations.payment_platform import Merchant, PaymentPlatform
from app.integrations.post import Contact, Customer, Post
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
        upload_limit_bytes=settings.upload_limit_mb * 1024 * 1024,
        lookup_kept=timedelta(minutes=settings.lookup_kept_minutes),
        categories=settings.lgsp_categories,
        post_poll_every=timedelta(seconds=settings.post_poll_s),
        post_page_size=settings.post_page_size,
        post_statuses=settings.post_statuses,
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
        lgsp=_lgsp(settings),
        post=_post(settings),
        web_url=settings.web_url,
        link_key=settings.link_key,
        trust_dir=settings.trust_dir,
        lease_s=settings.delivery_lease_s,
    )
    desk = Desk(engine, partners, rules)
    return replace(desk, wake=bell.ring) if bell else desk


def _lgsp(settings: Settings) -> Lgsp:
    subscription = Subscription(
        settings.lgsp_key,
        settings.lgsp_secret.get_secret_value(),
        settings.lgsp_adapter,
        settings.lgsp_unit,
        settings.lgsp_integration,
        {
            "population": settings.lgsp_population_dstcode,
            "business": settings.lgsp_business_dstcode,
            "categories": settings.lgsp_category_dstcode,
            "store_list": settings.lgsp_store_dstcode,
        },
    )
    return Lgsp(_client(settings, settings.lgsp, settings.lgsp_timeout_s), subscription)


def _post(settings: Settings) -> Post:
    office = Contact(
        settings.post_sender_name,
        settings.post_sender_phone,
        settings.post_sender_address,
        settings.post_sender_province,
        settings.post_sender_district,
    )
    customer = Customer(
        settings.post_customer_key,
        settings.post_secret_key.get_secret_value(),
        settings.post_customer_code,
        settings.post_agency,
        office,
    )
    return Post(_client(settings, settings.post), customer)


def _client(settings: Settings, base_url: str, timeout_s: float | None = None) -> httpx.Client:
    limits = httpx.Limits(max_connections=settings.delivery_threads * 2)
    timeout = timeout_s or settings.partner_timeout_s
    return httpx.Client(base_url=base_url, timeout=timeout, limits=limits, trust_env=False)
