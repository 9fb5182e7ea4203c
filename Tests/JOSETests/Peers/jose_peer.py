"""The other side of the JOSE tests: jwcrypto behind one JSON object a line, both ways.

{"op": "sign",    "key", "alg", "payload"}          -> {"compact"}
{"op": "verify",  "key", "alg", "compact"}          -> {"payload"} or {"error"}
{"op": "encrypt", "key", "alg", "enc", "payload"}   -> {"compact"}
{"op": "decrypt", "key", "alg", "enc", "compact"}   -> {"payload"} or {"error"}
{"op": "nest",    "signer", "alg", "key", "wrap", "enc", "payload"} -> {"compact"}

Keys are JWKs, payloads texts. `make-vectors` prints one of each as the vectors that the repository keeps.
"""
import json
import sys

from jwcrypto import jwe, jwk, jws


def sign(request):
    key = jwk.JWK(**request["key"])
    token = jws.JWS(request["payload"])
    header = {"alg": request["alg"], "typ": "JWT"}
    if "kid" in request["key"]:
        header["kid"] = request["key"]["kid"]
    token.add_signature(key, None, json.dumps(header))
    return {"compact": token.serialize(compact=True)}


def verify(request):
    token = jws.JWS()
    token.allowed_algs = [request["alg"]]
    token.deserialize(request["compact"], jwk.JWK(**request["key"]))
    return {"payload": token.payload.decode(), "header": token.jose_header}


def encrypt(request, content_type=None):
    header = {"alg": request["alg"], "enc": request["enc"], "typ": "JWT"}
    if content_type:
        header["cty"] = content_type
    token = jwe.JWE(request["payload"].encode(), json.dumps(header))
    token.add_recipient(jwk.JWK(**request["key"]))
    return {"compact": token.serialize(compact=True)}


def decrypt(request):
    token = jwe.JWE()
    token.allowed_algs = [request["alg"], request["enc"]]
    token.deserialize(request["compact"], jwk.JWK(**request["key"]))
    return {"payload": token.payload.decode(), "header": token.jose_header}


def nest(request):
    inner = sign({"key": request["signer"], "alg": request["alg"], "payload": request["payload"]})["compact"]
    return encrypt({"key": request["key"], "alg": request["wrap"], "enc": request["enc"], "payload": inner}, "JWT")


OPERATIONS = {"sign": sign, "verify": verify, "encrypt": encrypt, "decrypt": decrypt, "nest": nest}


def answer(request):
    try:
        return OPERATIONS[request["op"]](request)
    except Exception as error:  # what jwcrypto refuses is an answer, too
        return {"error": f"{type(error).__name__}: {error}"}


def make_vectors():
    claims = json.dumps({"tkvr": "1.0.0", "jti": "t1@gw1.example.com", "iss": "//sp.example.com/gw1"})
    size = {"HS256": 256, "HS384": 384, "HS512": 512}
    curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
    vectors = []
    for alg in [*size, *curve, "RS256"]:
        if alg in size:
            key = jwk.JWK.generate(kty="oct", size=size[alg], kid=f"key of {alg}")
        elif alg in curve:
            key = jwk.JWK.generate(kty="EC", crv=curve[alg], kid=f"key of {alg}")
        else:
            key = jwk.JWK.generate(kty="RSA", size=2048, kid=f"key of {alg}")
        exported = key.export(as_dict=True)
        compact = sign({"key": exported, "alg": alg, "payload": claims})["compact"]
        kept = exported if alg != "RS256" else {name: exported[name] for name in ("kty", "kid", "n", "e")}
        vectors.append({"name": alg, "kind": "jws", "alg": alg, "key": kept, "compact": compact, "text": claims})
    wraps = {"dir": None, "A128KW": 128, "A192KW": 192, "A256KW": 256}
    for alg in [*wraps, "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"]:
        for enc, bits in {"A128GCM": 128, "A192GCM": 192, "A256GCM": 256}.items():
            if alg in wraps:
                key = jwk.JWK.generate(kty="oct", size=wraps[alg] or bits)
            else:
                key = jwk.JWK.generate(kty="EC", crv="P-256")
            exported = key.export(as_dict=True)
            compact = encrypt({"key": exported, "alg": alg, "enc": enc, "payload": claims})["compact"]
            vectors.append({"name": f"{alg} {enc}", "kind": "jwe", "alg": alg, "enc": enc, "key": exported,
                            "compact": compact, "text": claims})
    json.dump(vectors, sys.stdout, indent=1)


if sys.argv[1:] == ["make-vectors"]:
    make_vectors()
else:
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
