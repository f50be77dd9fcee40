"""Signing keys of the identity mock: made once, kept in a folder, never lost by a rotation.

Each generation of keys (one RSA, one elliptic) is a file of its own with the next number. A file
appears whole and only if nobody else made that number first, so any number of processes may start
or rotate at the same time without a lock. The newest generation signs, all are published.
"""

import json
import os
from pathlib import Path
from secrets import token_hex
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jose import jwk

FOLDER = "identity-keys"
_PRIVATE_MODE = 0o600

Generation = dict[str, dict[str, Any]]
"""By algorithm: `kid`, `private_pem`, `public_pem` and the public key as a JWK."""


def signing_keys(data_dir: Path) -> Generation:
    """Return the keys that sign now, making the first generation if there is none."""
    return generations(data_dir)[-1]


def generations(data_dir: Path) -> list[Generation]:
    """Return all generations of keys, oldest first; there is always one."""
    folder = data_dir / FOLDER
    if not _numbers(folder):
        _make(folder, 1)  # if another process was faster, its keys are the ones
    return [json.loads(_file(folder, number).read_text()) for number in _numbers(folder)]


def rotate(data_dir: Path) -> Generation:
    """Make a new generation of keys, which signs from now on."""
    folder = data_dir / FOLDER
    generations(data_dir)
    while not _make(folder, _numbers(folder)[-1] + 1):
        pass
    return signing_keys(data_dir)


def _make(folder: Path, number: int) -> bool:
    """Make the generation of this number; answer False if somebody else was faster."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{token_hex(8)}"
    content = json.dumps(_new_generation(number)).encode()
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_MODE)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
        os.link(draft, _file(folder, number))
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _new_generation(number: int) -> Generation:
    keys: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
        "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
    }
    return {
        algorithm: _described(key, algorithm, f"{algorithm.lower()}-{number}-{token_hex(4)}")
        for algorithm, key in keys.items()
    }


def _described(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, algorithm: str, kid: str
) -> dict[str, Any]:
    private_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    public_jwk = {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in jwk.construct(public.decode(), algorithm).to_dict().items()
    }
    return {
        "kid": kid,
        "private_pem": private_pem,
        "public_pem": public.decode(),
        "jwk": public_jwk | {"kid": kid, "use": "sig"},
    }


def _numbers(folder: Path) -> list[int]:
    return sorted(int(file.stem) for file in folder.glob("[0-9]*.json"))


def _file(folder: Path, number: int) -> Path:
    return folder / f"{number:04}.json"
