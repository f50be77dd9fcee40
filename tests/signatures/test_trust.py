"""The trust folder is sorted by content, and only its own subfolders are read."""

from pathlib import Path

from asn1crypto import pem
from cryptography.hazmat.primitives import serialization

from app.signatures.trust import TrustStore, read_trust
from tests.signatures.office import Desk


def test_the_ordered_layout_is_read_folder_by_folder(desk: Desk) -> None:
    store = desk.store

    assert [len(pile) for pile in (store.anchors, store.intermediates, store.crls)] == [2, 2, 4]
    assert store.ocsps == ()


def test_keys_are_never_read(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "anchors").mkdir()
    (tmp_path / "keys").symlink_to(desk.keys)

    assert read_trust(tmp_path) == TrustStore()


def test_the_flat_layout_is_sorted_by_content(troubled: Desk) -> None:
    store = troubled.store

    assert [len(pile) for pile in (store.anchors, store.intermediates, store.crls)] == [1, 1, 2]


def test_names_and_encodings_say_nothing(desk: Desk, tmp_path: Path) -> None:
    everything = [*desk.store.anchors, *desk.store.intermediates, *desk.store.crls]
    for number, der in enumerate(everything):
        armour = "X509 CRL" if der in desk.store.crls else "CERTIFICATE"
        data = der if number % 2 else pem.armor(armour, der)
        (tmp_path / f"{number}.txt").write_bytes(data)

    store = read_trust(tmp_path)

    assert set(store.anchors) == set(desk.store.anchors)
    assert set(store.intermediates) == set(desk.store.intermediates)
    assert set(store.crls) == set(desk.store.crls)


def test_a_bundle_is_read_whole_and_its_private_keys_are_passed_over(
    desk: Desk, tmp_path: Path
) -> None:
    chain = (desk.keys / "firm.crt").read_bytes()
    key = (desk.keys / "firm.key").read_bytes()
    (tmp_path / "bundle.pem").write_bytes(key + chain)

    assert len(read_trust(tmp_path).intermediates) == 2


def test_junk_is_not_trusted_and_stops_nothing(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.crt").write_bytes(b"junk")
    (tmp_path / "b.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END")
    (tmp_path / "c.crl").write_bytes(desk.store.crls[0][:-5])
    (tmp_path / "d.crt").write_bytes(desk.store.anchors[0])
    (tmp_path / "e").mkdir()
    (tmp_path / "f.crt").write_bytes(b"")

    assert read_trust(tmp_path) == TrustStore(anchors=(desk.store.anchors[0],))


def test_an_absent_folder_trusts_nobody(tmp_path: Path) -> None:
    assert read_trust(tmp_path / "absent") == TrustStore()


def test_private_keys_match_their_certificates(desk: Desk) -> None:
    for path in desk.keys.glob("*.key"):
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        assert key.public_key() is not None
