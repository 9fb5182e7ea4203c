"""Certificates as a hub and an onboarding tool would issue them, made with the openssl command line."""

import os
import subprocess

OCF_IDENTITY = "1.3.6.1.4.1.44924.1.6"


def _openssl(*arguments, text=None):
    subprocess.run(["openssl", *arguments], input=text, text=True, check=True, capture_output=True)


def make_authority(folder, name="ca"):
    os.makedirs(folder, exist_ok=True)
    key, pem = os.path.join(folder, f"{name}.key"), os.path.join(folder, f"{name}.pem")
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    _openssl("req", "-x509", "-new", "-key", key, "-sha256", "-days", "30", "-subj", f"/CN=Scripted {name}",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
             "-out", pem)
    return pem


def make_leaf(folder, name, uuid, authority="ca", starts=None):
    """A leaf with CN uuid:<uuid>, the three key usages of OCF and no subjectAltName; `starts` is YYMMDDHHMMSSZ."""
    key, pem = os.path.join(folder, f"{name}.key"), os.path.join(folder, f"{name}.pem")
    request, extensions = os.path.join(folder, f"{name}.csr"), os.path.join(folder, f"{name}.ext")
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    _openssl("req", "-new", "-key", key, "-subj", f"/CN=uuid:{uuid}", "-out", request)
    with open(extensions, "w") as file:
        file.write("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyAgreement\n"
                   f"extendedKeyUsage=serverAuth,clientAuth,{OCF_IDENTITY}\n")
    ca_pem, ca_key = os.path.join(folder, f"{authority}.pem"), os.path.join(folder, f"{authority}.key")
    if starts is None:
        _openssl("x509", "-req", "-in", request, "-CA", ca_pem, "-CAkey", ca_key, "-CAcreateserial", "-sha256",
                 "-days", "30", "-extfile", extensions, "-out", pem)
    else:
        # Only `openssl ca` sets the first day of validity.
        base = os.path.join(folder, f"{name}.d")
        os.makedirs(base, exist_ok=True)
        open(os.path.join(base, "index"), "w").close()
        with open(os.path.join(base, "serial"), "w") as file:
            file.write("1000\n")
        config = os.path.join(base, "ca.cnf")
        with open(config, "w") as file:
            file.write("[ca]\ndefault_ca=d\n[d]\n"
                       f"database={base}/index\nserial={base}/serial\nnew_certs_dir={base}\n"
                       "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        _openssl("ca", "-batch", "-notext", "-config", config, "-cert", ca_pem, "-keyfile", ca_key, "-in", request,
                 "-extfile", extensions, "-startdate", starts, "-enddate", "21000101000000Z", "-out", pem)
    return pem, key
