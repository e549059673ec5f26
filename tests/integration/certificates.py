"""Throw-away certificates, made by openssl."""
import subprocess


def make(directory, name="localhost"):
    """Writes cert.pem and key.pem into the directory; returns their paths."""
    certificate, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


def settings(certificate, key):
    return ["tls.self_signed=off", f"tls.certificate={certificate}", f"tls.key={key}"]
