"""Answers about persons as they are kept: encrypted, readable only with the installation's key."""

import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


def seal(content: dict[str, Any], key: bytes, about: str) -> bytes:
    """Encrypt a JSON object; `about` says whose it is and must be given again to read it."""
    nonce = secrets.token_bytes(_NONCE)
    plain = json.dumps(content, ensure_ascii=False).encode()
    return nonce + _cipher(key).encrypt(nonce, plain, about.encode())


def unseal(sealed: bytes, key: bytes, about: str) -> dict[str, Any] | None:
    """Decrypt what `seal` made; None if the key has changed or it is somebody else's."""
    try:
        plain = _cipher(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
    except InvalidTag:
        return None
    content: dict[str, Any] = json.loads(plain)
    return content


def _cipher(key: bytes) -> AESGCM:
    derived = HKDF(SHA256(), 32, salt=None, info=b"motcua lookup answers").derive(key)
    return AESGCM(derived)
