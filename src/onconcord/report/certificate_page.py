"""The page of a certificate."""

from pathlib import Path

from onconcord.files import whole_file
from onconcord.questions.certify import Certificate
from onconcord.report.page import asset, environment


def write_certificate_page(certificate: Certificate, out: Path) -> None:
    """Write a certificate as one page that opens without a network."""
    page = (
        environment()
        .get_template("certificate.html.j2")
        .render(one=certificate, css=asset("style.css"))
    )
    with whole_file(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
