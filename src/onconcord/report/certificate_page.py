"""The page of a certificate."""

from pathlib import Path

from onconcord.files import write_text
from onconcord.questions.certify import Certificate
from onconcord.report.page import asset, environment


def write_certificate_page(certificate: Certificate, out: Path) -> None:
    """Write a certificate as one page that opens without a network."""
    page = (
        environment()
        .get_template("certificate.html.j2")
        .render(certificate=certificate, css=asset("style.css"))
    )
    write_text(out, page)
