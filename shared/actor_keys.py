"""The Ed25519 keys of actor tokens: the gateway alone holds the private one, every service the public ones.

A private key is a JSON Web Key with a `kid`, the public keys are a JSON Web Key Set, so that a new key can be told to
the services before the gateway signs with it.
"""

import json
import secrets
from collections.abc import Mapping
from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

ALGORITHM = "EdDSA"
_PRIVATE_PART = "d"


def new_key() -> str:
    """A private key nobody else has."""
    key = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
    return json.dumps({**key, "kid": secrets.token_hex(8), "alg": ALGORITHM})


def public_keys(*private_keys: str) -> str:
    """The set that verifies what any of these private keys has signed."""
    keys = [json.loads(key) for key in private_keys]
    return json.dumps({"keys": [{name: part for name, part in key.items() if name != _PRIVATE_PART} for key in keys]})


@cache
def signing(private_key: str) -> jwt.PyJWK:
    """Raises ValueError when this is no private Ed25519 key with a kid."""
    try:
        key = jwt.PyJWK.from_json(private_key, ALGORITHM)
    except (ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
        raise ValueError("the actor key is no JSON Web Key") from error
    if not isinstance(key.key, Ed25519PrivateKey) or not key.key_id:
        raise ValueError("the actor key is no private Ed25519 key with a kid")
    return key


@cache
def verifying(public_key_set: str) -> Mapping[str, jwt.PyJWK]:
    """The keys by kid. Raises ValueError when one of them is no public Ed25519 key with a kid."""
    try:
        keys = [jwt.PyJWK.from_dict(key, ALGORITHM) for key in json.loads(public_key_set)["keys"]]
    except (ValueError, TypeError, KeyError, AttributeError, jwt.PyJWTError) as error:
        raise ValueError("the actor keys are no JSON Web Key Set") from error
    # a private key among them would let this service act towards the others
    if not keys or not all(isinstance(key.key, Ed25519PublicKey) and key.key_id for key in keys):
        raise ValueError("the actor keys are not public Ed25519 keys with a kid each")
    return {str(key.key_id): key for key in keys}


if __name__ == "__main__":
    made = new_key()
    print(f"private, for the gateway alone: {made}\npublic, for every service: {public_keys(made)}")
