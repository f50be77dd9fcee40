"""Orders at the public post, and what it told of each parcel."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.errands import open_index, working_columns
from app.db.metadata import metadata, one_of, surrogate_key
from app.domain.actor import Role
from app.domain.deliveries import DeliveryState
from app.domain.parcels import Parcel, ParcelKind, Wanted

post_order = Table(
    "post_order",
    metadata,
    surrogate_key(),
    Column("dossier_id", ForeignKey("dossier.id"), nullable=False),
    Column("n", SmallInteger, nullable=False, comment="Order within the dossier"),
    Column("number", Text, nullable=False, unique=True, comment="OrderNumber"),
    Column("kind", Text, nullable=False),
    Column("person", JSONB, nullable=False, comment="The applicant's end of the way"),
    Column("cod_vnd", BigInteger, nullable=False, comment="To be collected on delivery"),
    Column("requested_id", Text, nullable=False),
    Column("requested_role", Text, nullable=False),
    Column("requested_name", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("wanted", Text, nullable=False, comment="What the post is to be brought to"),
    *working_columns(),
    Column("item_code", Text, comment="Waybill"),
    Column("parcel", Text, nullable=False),
    Column("moved_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True), comment="Its end was told to the dossier"),
    Column("unmapped_code", Text, comment="Last code of the post without a word of ours"),
    UniqueConstraint("dossier_id", "n"),
    one_of("kind", ParcelKind),
    one_of("requested_role", Role),
    one_of("wanted", Wanted),
    one_of("state", DeliveryState),
    one_of("parcel", Parcel),
    CheckConstraint("cod_vnd >= 0 AND n >= 1", name="numbers"),
    Index(
        "uq_post_order_one_alive",
        "dossier_id",
        "kind",
        unique=True,
        postgresql_where=text("parcel NOT IN ('cancelled', 'undeliverable')"),
    ),
    Index(
        "ix_post_order_delivered",
        "dossier_id",
        postgresql_where=text("kind = 'return' AND parcel = 'delivered' AND closed_at IS NULL"),
    ),
    open_index("post_order"),
    comment="Đơn bưu chính: one parcel of a dossier, beside its legal status",
)

post_track = Table(
    "post_track",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False, comment="The post's own"),
    Column("post_order_id", ForeignKey("post_order.id"), nullable=False, index=True),
    Column("code", Text, nullable=False, comment="The post's own"),
    Column("words", Text, nullable=False),
    Column("parcel", Text, comment="NULL: the code has no word of ours"),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    one_of("parcel", Parcel),
    comment="What the post told of a parcel: rows are added, never changed",
)

post_poll = Table(
    "post_poll",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False, comment="Cursor: everything up to it is here"),
    Column("attempts", SmallInteger, nullable=False, comment="Failed ones in a row"),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("lease", Text),
    Column("leased_until", DateTime(timezone=True)),
    Column("answer", Text, comment="Why the last poll failed"),
    CheckConstraint("id = 1", name="one"),
    comment="The one poll of the post's tracking",
)
