"""https: verified unless the plan says otherwise; HTTP/2 where asked."""

import subprocess

import pytest

from servers import connections


def test_a_certificate_of_nobody_known_fails_each_request(run, plan, nginx):
    done = run(plan(nginx.tls_url, "get = /x"), "-n", 6, "-u", 3).check()
    assert done.status == 1, done.said
    assert done.failed == 6
    assert all("certificate" in text.lower() and text.endswith(
        ": write ca_file = FILE to trust it, or insecure = yes to take any")
        for _, _, text in done.failures)
    assert nginx.log() == []


@pytest.mark.parametrize("http", ["insecure = yes", "ca_file = {ca}"])
def test_a_certificate_that_is_accepted_or_known_passes(
        run, plan, nginx, certificate, http):
    done = run(plan(nginx.tls_url, "get = /x",
                    http=http.format(ca=certificate.cert)),
               "-n", 30, "-u", 3).check()
    hits = nginx.log()
    assert done.status == 0, done.said
    assert done.requests == len(hits) == 30
    assert {hit.protocol for hit in hits} == {"HTTP/1.1"}
    assert connections(hits) == 3
    phases = {row["Phase"]: row for row in done.table("phases")
              if row["Name"] == "/x"}
    assert int(phases["tls"]["Count"]) == 3


def test_a_certificate_for_another_name_fails(
        run, plan, nginx, tmp_path, stranger, certificate):
    """Known, but the host is not in it."""
    url = f"https://shop.example:{nginx.tls_port}"
    http = (f"ca_file = {certificate.cert}\n"
            f"resolve = shop.example:{nginx.tls_port}:127.0.0.1")
    done = run(plan(url, "get = /x", http=http), "-n", 2).check()
    assert (done.status, done.failed) == (1, 2)
    assert [text for _, _, text in done.failures if "ca_file" not in text
            and text.endswith(": write insecure = yes to take any")]
    assert nginx.log() == []
    done = run(plan(nginx.tls_url, "get = /x",
                    http=f"ca_file = {stranger.cert}"), "-n", 2).check()
    assert (done.status, done.failed) == (1, 2)
    assert nginx.log() == []


def test_http_2_over_tls_where_it_is_asked_for(run, plan, nginx):
    done = run(plan(nginx.tls_url, "get = /x",
                    http="insecure = yes\nhttp_version = 2"),
               "-n", 40, "-u", 4, "-w", 2).check()
    hits = nginx.log()
    assert done.status == 0, done.said
    assert done.requests == len(hits) == 40
    assert {hit.protocol for hit in hits} == {"HTTP/2.0"}
    assert connections(hits) == 4


def test_plain_http_on_a_tls_port_and_the_reverse_fail(run, plan, nginx):
    done = run(plan(f"http://127.0.0.1:{nginx.tls_port}", "get = /x"),
               "-n", 2).check()
    assert (done.status, done.failed) == (1, 2)
    done = run(plan(f"https://127.0.0.1:{nginx.port}", "get = /x"),
               "-n", 2).check()
    assert (done.status, done.failed) == (1, 2)
    assert all(text.endswith(": the server does not speak TLS there: write "
                             "http:// perhaps")
               for _, _, text in done.failures)


def test_a_ca_file_that_is_missing_is_a_mistake_of_the_plan(run, plan, nginx):
    done = run(plan(nginx.tls_url, "get = /x", http="ca_file = missing.pem"))
    assert done.status == 2
    assert "missing.pem" in done.err


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


def signed(folder, name, issuer, *extensions):
    """A key and a certificate below the issuer's."""
    key, request, cert = (folder / f"{name}.{end}"
                          for end in ["key", "csr", "crt"])
    openssl("req", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", request)
    (folder / "extensions").write_text("\n".join(extensions))
    openssl("x509", "-req", "-in", request, "-CA", issuer.cert, "-CAkey",
            issuer.key, "-CAcreateserial", "-CAserial", folder / "serial",
            "-days", "2", "-extfile", folder / "extensions", "-out", cert)
    return type(issuer)(cert, key)


def test_a_client_certificate_may_stand_in_front_of_its_issuers(
        run, plan, nginx, certificate, tmp_path):
    """The server knows the root alone."""
    middle = signed(tmp_path, "middle", certificate,
                    "basicConstraints=critical,CA:TRUE")
    client = signed(tmp_path, "client", middle, "basicConstraints=CA:FALSE")
    chain = tmp_path / "chain.pem"
    chain.write_text(client.cert.read_text() + middle.cert.read_text())

    def played(cert):
        return run(plan(nginx.mutual_url, "get = /", load="iterations = 3",
                        rest=f"[http]\ninsecure = yes\ncert = {cert}\n"
                             f"key = {client.key}"))

    assert played(chain).check().status == 0
    assert played(client.cert).status == 1
    both = tmp_path / "all.pem"  # the key in the same file
    both.write_text(chain.read_text() + client.key.read_text())
    done = run(plan(nginx.mutual_url, "get = /", load="iterations = 3",
                    rest=f"[http]\ninsecure = yes\ncert = {both}"))
    assert done.check().status == 0
