"""Throw-away certificates, made by openssl."""
import subprocess

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *arguments], input=stdin, check=True, capture_output=True,
                          text=True).stdout


def make(directory, name="localhost", days=1):
    """Writes cert.pem and key.pem, signed by itself, into the directory; returns their paths."""
    certificate, key = directory / "cert.pem", directory / "key.pem"
    openssl("req", "-x509", *CURVE, "-days", str(days), "-subj", f"/CN={name}",
            "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate)
    return certificate, key


def settings(certificate, key):
    return ["tls.self_signed=off", f"tls.certificate={certificate}", f"tls.key={key}"]


def fingerprint(certificate):
    """SHA-256 in lower-case hex, as the server shows it."""
    told = openssl("x509", "-in", certificate, "-noout", "-fingerprint", "-sha256")
    return told.strip().split("=")[1].replace(":", "").lower()


class Authority:
    """Signs certificates; its own is `path`."""

    def __init__(self, directory, name="Test Authority"):
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.path, self.key = directory / "ca.pem", directory / "ca.key"
        openssl("req", "-x509", *CURVE, "-days", "2", "-subj", f"/CN={name}",
                "-addext", "keyUsage=critical,keyCertSign", "-keyout", self.key, "-out", self.path)

    def sign(self, name, *names, days=90, use="serverAuth,clientAuth"):
        """Writes NAME.pem and NAME.key for these host names; returns their paths."""
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        request, extensions = self.directory / "request", self.directory / "extensions"
        openssl("req", *CURVE, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        alternatives = ",".join(f"DNS:{one}" for one in names)
        extensions.write_text("basicConstraints=critical,CA:FALSE\n"
                              "keyUsage=critical,digitalSignature\n"
                              "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
                              f"extendedKeyUsage={use}\n" +
                              (f"subjectAltName={alternatives}\n" if names else ""))
        openssl("x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self.key,
                "-days", str(days), "-extfile", extensions, "-out", certificate)
        return certificate, key

    def section(self, name, *names, **how):
        """The settings of [tls.NAME] with a new certificate for these names."""
        certificate, key = self.sign(name, *names, **how)
        return [f"tls.{name}.certificate={certificate}", f"tls.{name}.key={key}"]
