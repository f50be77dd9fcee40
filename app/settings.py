"""Everything that differs between places: read once, in the composition roots only."""

import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, IPvAnyNetwork, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.domain.parcels import TOLD, Parcel


class Settings(BaseSettings):
    """Settings from the environment, prefix `APP_`."""

    model_config = SettingsConfigDict(env_prefix="APP_", frozen=True)

    data_dir: Path = Field(Path(".motcua"), description="Embedded database, keys, mocks' memory")
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL 15 or newer; without it an embedded server is started"
    )
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65533, description="Web; the mocks listen on the next two")
    web_processes: int = Field(2, ge=1, le=64)
    public_url: str | None = Field(None, description="As citizens and partners reach the web")

    identity_issuer: str | None = Field(None, description="Claim `iss`; default: the mock")
    identity_keys_url: str | None = Field(None, description="Key set (JWKS) of the issuer")
    identity_audience: str = "motcua"
    identity_leeway_s: int = Field(30, ge=0, le=300)

    portal_url: str | None = Field(None, description="Adapter of the national portal")
    portal_adapter: Literal["VXPAdapter", "XrdAdapter"] = "VXPAdapter"
    portal_username: str = "sample-province"
    portal_password: SecretStr = SecretStr("sample-portal-password")
    portal_unit: str = "000.00.00.H44"
    portal_dstcode: str = "VN:GOV:000.00.00.G22:vpcpdvcprovider"

    central_url: str | None = Field(None, description="Central portal, generation B")
    central_client: str = "sample-province"
    central_secret: SecretStr = SecretStr("sample-central-secret")

    payment_url: str | None = Field(None, description="National payment platform")
    payment_partner: str = "DT01"
    payment_secret: SecretStr = SecretStr("sample-payment-secret")
    payment_account: str = Field("0000000001", description="TKThuHuong")
    payment_account_bank: str = Field("NHMAU", description="MaNHThuHuong")
    payment_account_name: str = Field("KBNN tỉnh mẫu", description="TenTKThuHuong")
    payment_signature: Literal["sha256", "hmac"] = "sha256"

    lgsp_url: str | None = Field(None, description="Integration platform of the province (LGSP)")
    lgsp_key: str = "sample-lgsp-key"
    lgsp_secret: SecretStr = SecretStr("sample-lgsp-secret")
    lgsp_adapter: Literal["VXPAdapter", "XrdAdapter"] = "VXPAdapter"
    lgsp_unit: str = Field("H44", description="MaDVC")
    lgsp_integration: str = Field("SAMPLE", description="MaTichHop")
    lgsp_population_dstcode: str = "VN:GOV:G01:csdldc"
    lgsp_business_dstcode: str = "VN:GOV:G05:dkdn"
    lgsp_category_dstcode: str = "VN:GOV:G11:danhmuc"
    lgsp_store_dstcode: str = "VN:GOV:G22:khokq"
    lgsp_categories: tuple[str, ...] = Field(("DM_TINH", "DM_XA"), description="Kept up to date")
    lgsp_timeout_s: float = Field(5.0, gt=0)
    lookup_kept_minutes: int = Field(
        1440, ge=1, description="How long an answer about a person may be kept"
    )

    post_url: str | None = Field(None, description="Public post (VNPost BCCI)")
    post_customer_key: str = "sample-post-customer"
    post_secret_key: SecretStr = SecretStr("sample-post-secret")
    post_customer_code: str = "KH-H44"
    post_agency: str = Field("H44", description="govAgencyCode")
    post_sender_name: str = "Trung tâm Phục vụ hành chính công tỉnh mẫu"
    post_sender_phone: str = "0000000044"
    post_sender_address: str = "Số 1, phố Mẫu, phường Việt Trì"
    post_sender_province: int = Field(29, description="The post's own number")
    post_sender_district: int = Field(0, description="The post's own number; 0: none")
    post_poll_s: int = Field(12 * 3600, ge=1)
    post_page_size: int = Field(100, ge=1, le=1000)
    post_statuses: dict[str, Parcel] = Field(
        TOLD, description="The post's status codes as ours (no official list is known)"
    )
    smtp_host: str | None = Field(None, description="Mail server; default: the mock")
    smtp_port: int | None = Field(None, ge=1, le=65535, description="Default: the mock's")
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_from: str = Field("khong-tra-loi@motcua.test", pattern=r"^[^@\s]+@[A-Za-z0-9.-]+$")
    mail_from_name: str = "Một cửa điện tử"
    sms_url: str | None = Field(None, description="SMS gateway")
    sms_key: str = "sample-sms-key"
    sms_secret: SecretStr = SecretStr("sample-sms-secret")
    sms_brandname: str = "MOTCUA"
    sms_accents: bool = Field(
        default=True, description="With diacritics: parts of 70 letters instead of 160"
    )
    zalo_url: str | None = Field(None, description="Zalo OA")
    zalo_token: SecretStr = SecretStr("sample-zalo-token")
    notice_channels: frozenset[Literal["email", "zalo", "sms"]] = frozenset(
        ("email", "zalo", "sms")
    )
    quiet_hours: str = Field(
        "21:00-07:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
    )
    webhook_internal_hosts: frozenset[str] = Field(
        frozenset(), description="Names that events may be sent to inside our own networks"
    )
    webhook_disable_after_h: int = Field(72, ge=1, description="Failing for so many hours")

    extraction_kept_days: int = Field(
        30, ge=1, le=3650, description="How long the files of an extraction can be fetched"
    )
    payment_wait_stops_clock: bool = Field(
        default=True, description="Does waiting for a payment stop the clock?"
    )
    handover_cutoff: str = Field("15:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    warn_before_hours: int = Field(
        16, ge=0, le=2000, description="Working hours before the due instant: the desk is warned"
    )
    escalate_before_hours: int = Field(
        8, ge=0, le=2000, description="Working hours before the due instant: the approver is warned"
    )
    claim_lease_minutes: int = Field(30, ge=1, le=1440, description="A claim lasts so long")
    due_soon_hours: int = Field(8, ge=1, le=400, description="Working hours before due")
    answer_soon_hours: int = Field(2, ge=0, le=8, description="Of the 8 to the first answer")
    upload_limit_mb: int = Field(25, ge=1, le=200)
    partner_timeout_s: float = Field(10.0, gt=0)
    delivery_lease_s: int = Field(60, ge=1, description="After it a claimed message is unknown")
    delivery_threads: int = Field(16, ge=1, le=256)
    link_secret: SecretStr | None = Field(None, description="Signs links that partners may open")
    tracking_per_minute: int = Field(
        60, ge=1, description="Look-ups without login by one client address"
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description="Networks whose X-Forwarded-For is believed; nobody's by default"
    )

    @property
    def web_url(self) -> str:
        return self.public_url or self.web_url_local

    @property
    def web_url_local(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def mocks_url(self) -> str:
        return f"http://{self.host}:{self.port + 1}"

    @property
    def issuer(self) -> str:
        return self.identity_issuer or f"{self.mocks_url}/identity"

    @property
    def keys_url(self) -> str:
        return self.identity_keys_url or f"{self.mocks_url}/identity/jwks"

    @property
    def portal(self) -> str:
        return self.portal_url or f"{self.mocks_url}/national-portal"

    @property
    def central(self) -> str:
        return self.central_url or f"{self.mocks_url}/central-portal"

    @property
    def payment(self) -> str:
        return self.payment_url or f"{self.mocks_url}/payment"

    @property
    def lgsp(self) -> str:
        return self.lgsp_url or f"{self.mocks_url}/lgsp"

    @property
    def post(self) -> str:
        return self.post_url or f"{self.mocks_url}/post"

    @property
    def mail_server(self) -> tuple[str, int]:
        """Where letters are handed in; the mock listens on the second port after the web's."""
        return self.smtp_host or self.host, self.smtp_port or self.port + 2

    @property
    def sms(self) -> str:
        return self.sms_url or f"{self.mocks_url}/sms"

    @property
    def zalo(self) -> str:
        return self.zalo_url or f"{self.mocks_url}/zalo"

    @property
    def trust_dir(self) -> Path:
        return self.data_dir / "trust"

    @cached_property
    def link_key(self) -> bytes:
        """Return the key of partners' links, made once per data folder if none is set."""
        if self.link_secret is not None:
            return self.link_secret.get_secret_value().encode()
        path = self.data_dir / "link.key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f"link.key.{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            fresh.rename(path) if not path.exists() else fresh.unlink()
        return path.read_text().encode()
