"""What web and worker have in common when they are put together: settings become objects."""

import ssl
from dataclasses import replace
from datetime import time, timedelta
from functools import cache

import httpx
from sqlalchemy import Engine

from app.db.access import connect
from app.db.bell import Bell
from app.domain.deliveries import Generation
from app.domain.messages import Channel, Quiet
from app.integrations.central_client import CentralClient, Client
from app.integrations.central_portal import CentralPortal
from app.integrations.lgsp import Lgsp, Subscription
from app.integrations.mapi_portal import MapiPortal
from app.integrations.messaging import Messenger
from app.integrations.national_portal import Account, NationalPortal
from app.integrations.payment_platform import Merchant, PaymentPlatform
from app.integrations.post import Contact, Customer, Post
from app.integrations.sms_gateway import SmsAccount, SmsGateway
from app.integrations.smtp_mail import MailAccount, SmtpMail
from app.integrations.webhook_wire import WebhookWire
from app.integrations.zalo_oa import ZaloAccount, ZaloOa
from app.services.desk import Desk, Partners, Rules
from app.services.portal_registry import PortalRegistry
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
        lookup_kept=timedelta(minutes=settings.lookup_kept_minutes),
        categories=settings.lgsp_categories,
        post_poll_every=timedelta(seconds=settings.post_poll_s),
        post_page_size=settings.post_page_size,
        post_statuses=settings.post_statuses,
        quiet=Quiet(*map(time.fromisoformat, settings.quiet_hours.split("-"))),
        webhook_disable_after=timedelta(hours=settings.webhook_disable_after_h),
        extraction_kept=timedelta(days=settings.extraction_kept_days),
    )
    portal = _portal(settings)
    partners = Partners(
        portal=portal,
        portals={
            Generation.MAPI: MapiPortal(portal),
            Generation.CENTRAL: CentralPortal(_central(settings), PortalRegistry(engine)),
        },
        payment=PaymentPlatform(
            client_of(settings, settings.payment),
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
        messengers=_messengers(settings),
        webhooks=WebhookWire(settings.webhook_internal_hosts, settings.partner_timeout_s),
    )
    desk = Desk(engine, partners, rules)
    return replace(desk, wake=bell.ring) if bell else desk


def _portal(settings: Settings) -> NationalPortal:
    account = Account(
        settings.portal_adapter,
        settings.portal_username,
        settings.portal_password.get_secret_value(),
        settings.portal_unit,
        settings.portal_dstcode,
    )
    return NationalPortal(client_of(settings, settings.portal), account)


def _central(settings: Settings) -> CentralClient:
    client = Client(settings.central_client, settings.central_secret.get_secret_value())
    return CentralClient(client_of(settings, settings.central), client)


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
    return Lgsp(client_of(settings, settings.lgsp, settings.lgsp_timeout_s), subscription)


def _messengers(settings: Settings) -> dict[Channel, Messenger]:
    """Return the clients of the channels that the province uses."""
    host, port = settings.mail_server
    account = MailAccount(
        host,
        port,
        settings.mail_from,
        settings.mail_from_name,
        settings.smtp_security,
        settings.smtp_username,
        settings.smtp_password.get_secret_value(),
    )
    timeout_s = settings.partner_timeout_s
    sms = SmsAccount(
        settings.sms_key,
        settings.sms_secret.get_secret_value(),
        settings.sms_brandname,
        settings.sms_accents,
    )
    zalo = ZaloAccount(settings.zalo_token.get_secret_value())
    every: dict[Channel, Messenger] = {
        Channel.EMAIL: SmtpMail(account, timeout_s, timeout_s * 3),
        Channel.SMS: SmsGateway(client_of(settings, settings.sms), sms),
        Channel.ZALO: ZaloOa(client_of(settings, settings.zalo), zalo),
    }
    return {name: one for name, one in every.items() if name in settings.notice_channels}


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
    return Post(client_of(settings, settings.post), customer)


def client_of(settings: Settings, base_url: str, timeout_s: float | None = None) -> httpx.Client:
    """Return a client for a partner; nothing of the environment changes where it calls."""
    return httpx.Client(
        base_url=base_url,
        timeout=timeout_s or settings.partner_timeout_s,
        limits=httpx.Limits(max_connections=settings.delivery_threads * 2),
        trust_env=False,
        verify=_trusted(),
    )


@cache
def _trusted() -> ssl.SSLContext:
    """Read the certification authorities once: each reading costs 30 ms and a megabyte."""
    return httpx.create_ssl_context(trust_env=False)
